"""Rules that apply to the very same alerts with the same priority: neither ever runs."""

from collections.abc import Iterable, Iterator

from aegis.scope import Scope
from functions.rule_matcher.matching import Rule


def tied(rule: Rule, others: Iterable[Rule], scope: Scope) -> Iterator[Rule]:
    """The other rules that select what this one does, by the same words, and count where it counts.

    Rules that say the same in other words are found only once an alert meets both.
    """
    for other in others:
        if (
            other.where != rule.where
            and other.spec.priority == rule.spec.priority
            and _counts_with(other, rule, scope)
            and other.selection == rule.selection
            and not other.problems
        ):
            yield other


def _counts_with(one: Rule, other: Rule, scope: Scope) -> bool:
    """Whether there can be an alert for which both count."""
    namespaces = {one.where.namespace, other.where.namespace}
    return len(namespaces) == 1 or any(map(scope.is_shared, namespaces))
