"""Whether the template that a rule names is there. It is no obstacle where it is not: it may be applied later."""

from typing import Literal

from aegis.errors import NotFound
from aegis.kube import Kube
from aegis.models.base import Object
from aegis.models.conditions import Condition, ConditionType
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from aegis.names import is_object_name
from aegis.nearest import similar
from aegis.scope import scope
from functions.rule_matcher.matching import Rule

NOT_FOUND = "TemplateNotFound"


class Template(Object):
    """Of a template only which it is."""

    resource = AegisOpsTemplate.resource


async def template_found(kube: Kube, rule: AegisAlertOpsRule) -> Condition | None:
    """What there is to say of a rule's template; nothing where the rule names none that can be.

    Raises:
        Unavailable: when the API server does not answer.
    """
    namespace, name = Rule.of(rule).template.namespace, rule.spec.ops_template.name
    if not (is_object_name(namespace) and is_object_name(name)):
        return None
    try:
        await kube.get(Template, namespace=namespace, name=name)
    except NotFound:
        meant = await _near(kube, rule, namespace=namespace, name=name)
        message = f"there is no AegisOpsTemplate {namespace}/{name} yet{f'; did you mean {meant}?' if meant else ''}"
        return _condition(rule, "False", NOT_FOUND, message)
    return _condition(rule, "True", "Found", f"AegisOpsTemplate {namespace}/{name} is there.")


async def _near(kube: Kube, rule: AegisAlertOpsRule, *, namespace: str, name: str) -> str:
    """The template that was probably meant; what another namespace has is told of where it counts for all alone."""
    if namespace != rule.metadata.namespace and not scope().is_shared(namespace):
        return ""
    found = await kube.list(Template, namespace=namespace, metadata_only=True)
    return similar(name, (template.metadata.name for template in found.items))


def _condition(rule: AegisAlertOpsRule, status: Literal["True", "False"], reason: str, message: str) -> Condition:
    return Condition(
        type=ConditionType.TEMPLATE_FOUND,
        status=status,
        reason=reason,
        message=message,
        observed_generation=rule.metadata.generation,
    )
