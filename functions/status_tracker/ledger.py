"""The counts of templates and rules together: a workflow counts for the one, then for the other."""

from aegis.kube import Kube
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from aegis.names import Uid
from functions.status_tracker.counters import Counter
from functions.status_tracker.origin import Ended, Origin


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
