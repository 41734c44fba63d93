"""What a workflow counts for: the template it was rendered from and the rule that asked for it, one after the other."""

from typing import NamedTuple

from aegis.kube import Kube
from aegis.models.alert import PhaseRecord
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from aegis.models.workflow import RULE_ANNOTATION, TEMPLATE_ANNOTATION, Workflow
from aegis.names import Uid
from functions.status_tracker.counters import Counter, Ended, Reference


class Origin(NamedTuple):
    """Template and rule of a workflow, as far as they are known."""

    template: Reference | None
    rule: Reference | None

    @classmethod
    def of_workflow(cls, workflow: Workflow) -> "Origin":
        """As the workflow is annotated."""
        annotations = workflow.metadata.annotations
        return cls(
            template=Reference.read(annotations.get(TEMPLATE_ANNOTATION, "")),
            rule=Reference.read(annotations.get(RULE_ANNOTATION, "")),
        )

    @classmethod
    def of_record(cls, record: PhaseRecord) -> "Origin":
        """As the alert has it, for a workflow that is there no more."""
        template, rule = record.template, record.rule
        return cls(
            template=Reference(template.namespace, template.name) if template else None,
            rule=Reference(rule.namespace, rule.name) if rule else None,
        )


class Ledger:
    """The counts of all templates and rules; one that was deleted has none."""

    def __init__(self, kube: Kube) -> None:
        self.templates = Counter(kube, AegisOpsTemplate)
        self.rules = Counter(kube, AegisAlertOpsRule)

    async def learn(self, origin: Origin) -> None:
        """Know both from before the workflow's outcome is recorded."""
        if origin.template:
            await self.templates.learn(origin.template)
        if origin.rule:
            await self.rules.learn(origin.rule)

    async def count(self, origin: Origin, ended: Ended) -> None:
        """Count the workflow for both, unless it is counted."""
        if origin.template:
            await self.templates.count(origin.template, ended)
        if origin.rule:
            await self.rules.count(origin.rule, ended)

    def released(self, origin: Origin, uid: Uid) -> None:
        """The workflow's finalizer is gone."""
        if origin.template:
            self.templates.released(origin.template, uid)
        if origin.rule:
            self.rules.released(origin.rule, uid)
