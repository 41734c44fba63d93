"""The states of an alert and its work, and what each of them means."""

from enum import StrEnum
from typing import Self


class AlertStatus(StrEnum):
    """Whether the sender says that the alert holds."""

    FIRING = "Firing"
    RESOLVED = "Resolved"


class TriggerStatus(StrEnum):
    """What came of looking for something to do about the alert; empty while nobody looked.

    What each of them means is said here and nowhere else.
    """

    NONE = ""
    TRIGGERED = "Triggered"
    RULE_NOT_FOUND = "RuleNotFound"
    TOO_MANY_RULES_FOUND = "TooManyRulesFound"
    RULE_ERROR = "RuleError"
    TEMPLATE_NOT_FOUND = "TemplateNotFound"
    TEMPLATE_INVALID = "TemplateInvalid"
    UNSAFE_VALUE = "UnsafeValue"
    TRIGGER_FAILED = "TriggerFailed"
    CANCELLED = "Cancelled"
    SUPERSEDED = "Superseded"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Alerts that the Go system left behind carry two of these in its spelling."""
        spelled = {"TooManyRuletFound": "TooManyRulesFound", "RuleErrorFound": "RuleError"}.get(str(value))
        return cls(spelled) if spelled else None

    @property
    def is_taken_back(self) -> bool:
        """Whether what was to be done is needless by now; what was matched for it stays on record."""
        return self in (TriggerStatus.CANCELLED, TriggerStatus.SUPERSEDED)

    @property
    def stands(self) -> bool:
        """Whether the decision stands; else nobody looked yet, or nothing was done and a repeat asks again."""
        return self is TriggerStatus.TRIGGERED or self.is_taken_back

    @property
    def asks_again(self) -> bool:
        """Whether nothing could be done, and another look may find otherwise: at a repeat, or once that is mended."""
        return self is not TriggerStatus.NONE and not self.stands

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is done because nothing is to be done: nobody has anything to mend."""
        return self is TriggerStatus.RULE_NOT_FOUND or self.is_taken_back


REFUSED_BY_RULES = (TriggerStatus.RULE_NOT_FOUND, TriggerStatus.TOO_MANY_RULES_FOUND, TriggerStatus.RULE_ERROR)
"""What a rule that was mended may answer otherwise."""
REFUSED_BY_TEMPLATE = (
    TriggerStatus.TEMPLATE_NOT_FOUND,
    TriggerStatus.TEMPLATE_INVALID,
    TriggerStatus.UNSAFE_VALUE,
    TriggerStatus.TRIGGER_FAILED,
)
"""What a template that was mended may answer otherwise."""


class OpsPhase(StrEnum):
    """How far the workflow got; empty where there is none."""

    NONE = ""
    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"

    @property
    def ended(self) -> bool:
        """Whether there is an outcome."""
        return self in (OpsPhase.SUCCEEDED, OpsPhase.FAILED)

    @property
    def is_under_way(self) -> bool:
        """Whether a workflow waits or runs."""
        return self in (OpsPhase.PENDING, OpsPhase.RUNNING)


class Phase(StrEnum):
    """Which half of an alert's life a rule and a workflow belong to."""

    FIRING = "firing"
    RESOLVED = "resolved"
