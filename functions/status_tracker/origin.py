"""What a workflow counts for, and as what: the template it was rendered from and the rule that asked for it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from aegis.models.alert import PhaseRecord
from aegis.models.states import OpsPhase
from aegis.models.workflow import RULE_ANNOTATION, TEMPLATE_ANNOTATION, Workflow
from aegis.names import NamespacedName, Uid


class Origin(NamedTuple):
    """Template and rule of a workflow, as far as they are known."""

    template: NamespacedName | None
    rule: NamespacedName | None

    @classmethod
    def of_workflow(cls, workflow: Workflow) -> "Origin":
        """As the workflow is annotated."""
        annotations = workflow.metadata.annotations
        return cls(
            template=NamespacedName.read(annotations.get(TEMPLATE_ANNOTATION, "")),
            rule=NamespacedName.read(annotations.get(RULE_ANNOTATION, "")),
        )

    @classmethod
    def of_record(cls, record: PhaseRecord) -> "Origin":
        """As the alert has it, for a workflow that is there no more."""
        template, rule = record.template, record.rule
        return cls(
            template=NamespacedName(template.namespace, template.name) if template else None,
            rule=NamespacedName(rule.namespace, rule.name) if rule else None,
        )


@dataclass(slots=True, kw_only=True)
class Ended:
    """A workflow that ended. At the moment ``uncounted_at`` nobody had counted it; ``prove`` says whether still so."""

    uid: Uid
    outcome: OpsPhase
    uncounted_at: float
    prove: Callable[[], Awaitable[bool]]
