"""Whether the template that a rule names is there. It is no obstacle where it is not: it may be applied later."""

from aegis.kube import Kube
from aegis.models.alert import TemplateReference
from aegis.models.base import Object
from aegis.models.conditions import Condition, ConditionType, with_condition
from aegis.models.rule import AegisAlertOpsRule, RuleState
from aegis.models.template import AegisOpsTemplate
from aegis.names import is_object_name
from aegis.nearest import similar
from aegis.scope import scope
from functions.rule_matcher.matching import Rule


class Template(Object):
    """Of a template only which it is."""

    resource = AegisOpsTemplate.resource


async def template_found(kube: Kube, rule: AegisAlertOpsRule) -> Condition | None:
    """What there is to say of a rule's template; nothing where the rule names none that can be.

    Raises:
        Unavailable: when the API server does not answer.
    """
    template = Rule.of(rule).template
    if not (is_object_name(template.namespace) and is_object_name(template.name)):
        return None
    if await is_there(kube, template):
        return found(rule, there=True)
    return found(rule, there=False, meant=await _near(kube, rule, template))


async def is_there(kube: Kube, template: TemplateReference) -> bool:
    """Whether there is such a template.

    Raises:
        Unavailable: when the API server does not answer.
    """
    return await kube.find(Template, namespace=template.namespace, name=template.name) is not None


def found(rule: AegisAlertOpsRule, *, there: bool, meant: str = "") -> Condition:
    """Say of the template that a rule names whether it is there, and which one was probably meant if not."""
    template = Rule.of(rule).template
    name = f"AegisOpsTemplate {template.namespace}/{template.name}"
    hint = f"; did you mean {meant}?" if meant else ""
    return Condition(
        type=ConditionType.TEMPLATE_FOUND,
        status="True" if there else "False",
        reason="Found" if there else "TemplateNotFound",
        message=f"{name} is there." if there else f"there is no {name} yet{hint}",
        observed_generation=rule.metadata.generation,
    )


def with_template(rule: AegisAlertOpsRule, condition: Condition, *, now: str) -> RuleState | None:
    """Say that of the template and leave the rest, unless it is said already."""
    conditions = with_condition(rule.status.conditions, condition, now=now)
    return None if conditions == rule.status.conditions else RuleState(conditions=conditions)


async def _near(kube: Kube, rule: AegisAlertOpsRule, template: TemplateReference) -> str:
    """The template that was probably meant; what another namespace has is told of where it counts for all alone."""
    if template.namespace != rule.metadata.namespace and not scope().is_shared(template.namespace):
        return ""
    listed = await kube.list(Template, namespace=template.namespace, metadata_only=True)
    return similar(template.name, (each.metadata.name for each in listed.items))
