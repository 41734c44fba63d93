"""Whether a rule can work, and if not, where and why.

All that is wrong with it is said at once. Whether the template is there does not count: it may be applied later.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from aegis.models.conditions import Condition, ConditionType, with_condition
from aegis.models.rule import AegisAlertOpsRule, RuleSpec, RuleState
from aegis.models.selectors import LabelSelector
from aegis.names import is_label_key, is_label_value, is_object_name
from functions.rule_matcher.matchers import read_matcher
from functions.rule_matcher.patterns import BadPattern, check, meant_as_text

NAMESPACE_BYTES = 16 * 2**20
"""Of rules in one namespace, as JSON; those of a namespace that counts for all are its operator's, and not bounded."""
_log = logging.getLogger(__name__)
RECORDED, INVALID = "Recorded", "Invalid"
_NOTES = 5
_APPLIES = "The rule applies to the alerts that it selects."


class Problem(NamedTuple):
    """One thing that is wrong with a rule: a word for it, the field, and what is accepted there."""

    reason: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


_NO_ROOM = Problem(
    "NoRoom",
    "spec",
    f"the rules of this namespace are larger than {NAMESPACE_BYTES // 2**20} MiB together, and this one is left out: "
    "make them fewer or shorter, and apply it again",
)


def problems(spec: RuleSpec) -> tuple[Problem, ...]:
    """Everything that keeps a rule from ever applying as it is written."""
    try:
        return (*_conditions(spec), *_selector(spec.selector), *_matchers(spec), *_template(spec))
    except Exception as error:  # noqa: BLE001  (whatever it is, it ends on the rule: none fails the alerts that it selects)
        _log.exception("checking a rule failed")
        return (Problem("CheckFailed", "spec", f"checking it failed: {type(error).__name__}: {error}"),)


def _conditions(spec: RuleSpec) -> Iterator[Problem]:
    if not spec.alert_conditions:
        yield Problem("InvalidAlertConditions", "spec.alertConditions", "empty: the rule would never apply")
    for position, condition in enumerate(spec.alert_conditions):
        field = f"spec.alertConditions[{position}].type"
        if not condition.type:
            yield Problem("InvalidAlertConditions", field, "empty: write .* for alerts of any type")
            continue
        try:
            check(condition.type)
        except BadPattern as error:
            yield Problem("InvalidAlertConditions", field, str(error))


def _selector(selector: LabelSelector | None) -> Iterator[Problem]:
    if selector is None:
        return
    for key, value in selector.match_labels.items():
        yield from _label("spec.selector.matchLabels", key, (value,))
    for position, requirement in enumerate(selector.match_expressions):
        field = f"spec.selector.matchExpressions[{position}]"
        yield from _label(field, requirement.key, requirement.values)
        if requirement.operator in ("In", "NotIn") and not requirement.values:
            yield Problem("InvalidSelector", f"{field}.values", f"empty: {requirement.operator} wants at least one")
        if requirement.operator in ("Exists", "DoesNotExist") and requirement.values:
            yield Problem("InvalidSelector", f"{field}.values", f"{requirement.operator} takes none")


def _matchers(spec: RuleSpec) -> Iterator[Problem]:
    for position, text in enumerate(spec.matchers):
        try:
            read_matcher(text)
        except ValueError as error:
            yield Problem("InvalidMatchers", f"spec.matchers[{position}]", str(error))


def _label(field: str, key: str, values: tuple[str, ...] | list[str]) -> Iterator[Problem]:
    if not is_label_key(key):
        yield Problem("InvalidSelector", field, f"{key!r} is no label key")
    for value in values:
        if not is_label_value(value):
            yield Problem("InvalidSelector", field, f"{value!r} is no label value, so no alert can have it")


def _template(spec: RuleSpec) -> Iterator[Problem]:
    namespace, name = spec.ops_template.namespace, spec.ops_template.name
    if not name:
        yield Problem("InvalidOpsTemplate", "spec.opsTemplate.name", "empty: name the AegisOpsTemplate to run")
    elif not is_object_name(name):
        yield Problem("InvalidOpsTemplate", "spec.opsTemplate.name", f"{name!r} is no name of an object")
    if namespace and not is_object_name(namespace):
        yield Problem("InvalidOpsTemplate", "spec.opsTemplate.namespace", f"{namespace!r} is no name of an object")


def notes(spec: RuleSpec) -> Iterator[str]:
    """What a rule that is valid probably does not mean."""
    for position, condition in enumerate(spec.alert_conditions):
        if meant := meant_as_text(condition.type):
            field = f"spec.alertConditions[{position}].type"
            yield f"{field}: a regular expression, in which parentheses group; to have them in the type, write {meant}"


def recorded(
    rule: AegisAlertOpsRule,
    *,
    now: str,
    noted: Sequence[str] = (),
    template: Condition | None = None,
    has_room: bool = True,
) -> RuleState | None:
    """Say on a rule whether it is valid, once for each generation and finding; ``noted`` goes before other notes.

    With that goes what there is to say of its template, if there is anything. One for which there is no room is
    not valid.
    """
    found = problems(rule.spec) if has_room else (_NO_ROOM,)
    generation = rule.metadata.generation
    valid = Condition(
        type=ConditionType.VALID,
        status="False" if found else "True",
        reason=found[0].reason if found else RECORDED,
        message="; ".join(map(str, found or islice(chain(noted, notes(rule.spec)), _NOTES))) or _APPLIES,
        observed_generation=generation,
    )
    conditions = with_condition(rule.status.conditions, valid, now=now)
    if template is not None:
        conditions = with_condition(conditions, template, now=now)
    status = INVALID if found else RECORDED
    if (rule.status.status, rule.status.observed_generation, rule.status.conditions) == (
        status,
        generation,
        conditions,
    ):
        return None
    return RuleState(status=status, observed_generation=generation, conditions=conditions)
