"""Rules that apply to the very same alerts with the same priority: where both count, neither runs.

They are kept by what they select, so that one finds those like it without asking all others.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from aegis.scope import Scope
from functions.rule_matcher.matching import SHARED, Rule, group_of


class Twins:
    """Rules by namespace, priority and selection.

    Rules that say the same in other words are found only once an alert meets both.
    """

    def __init__(self, rules: Iterable[Rule], scope: Scope) -> None:
        """Keep the rules; the scope says which namespaces' rules count for everybody's alerts."""
        self._scope = scope
        self._rules: dict[object, dict[tuple[str, str], Rule]] = defaultdict(dict)
        for rule in rules:
            self.add(rule)

    def add(self, rule: Rule) -> None:
        """A rule is there."""
        self._rules[self._key(group_of(rule, self._scope), rule)][rule.where] = rule

    def remove(self, rule: Rule) -> None:
        """A rule is there no more."""
        key = self._key(group_of(rule, self._scope), rule)
        self._rules[key].pop(rule.where, None)
        if not self._rules[key]:
            del self._rules[key]

    def of(self, rule: Rule) -> Iterator[Rule]:
        """The others that keep it from running: of its own namespace, and of those that count for everybody's alerts.

        What is written in a namespace that counts for itself alone stops no rule of another.
        """
        for group in {group_of(rule, self._scope), SHARED}:
            for other in self._rules.get(self._key(group, rule), {}).values():
                if other.where != rule.where and not other.problems:
                    yield other

    @staticmethod
    def _key(group: str, rule: Rule) -> object:
        return group, rule.spec.priority, rule.selection
