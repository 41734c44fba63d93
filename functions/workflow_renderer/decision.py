"""What is said of a template when it is applied, without I/O: whether it can work."""

from collections.abc import Sequence

from aegis.models.conditions import Condition, ConditionType, with_condition
from aegis.models.template import AegisOpsTemplate, TemplateState

SOURCE = "/aegis/workflow-renderer"


def recorded(
    template: AegisOpsTemplate, *, problems: Sequence[str], notes: Sequence[str] = (), now: str
) -> TemplateState | None:
    """Say on a template whether it is valid, and what there is to note, once for each generation and finding."""
    valid = Condition(
        type=ConditionType.VALID,
        status="False" if problems else "True",
        reason="InvalidTemplate" if problems else "Recorded",
        message="; ".join(problems or notes),
        observed_generation=template.metadata.generation,
    )
    conditions = with_condition(template.status.conditions, valid, now=now)
    status = "Invalid" if problems else "Recorded"
    known = (template.status.status, template.status.observed_generation, template.status.conditions)
    if known == (status, template.metadata.generation, conditions):
        return None
    return TemplateState(status=status, observed_generation=template.metadata.generation, conditions=conditions)
