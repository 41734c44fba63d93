"""Which rule applies to an alert, found without asking every rule.

Ten thousand rules must cost about as much as ten. Types without a pattern are looked up. A pattern is tried only on
types that hold its literal text: it is filed under three characters of it, those that the fewest others are filed
under. Only patterns without such a text (``.*``, ``(?i)disk``) are tried on every type. Many rules of one pattern are
told apart by a label that they select, or a value that a matcher of theirs wants. The rules of each namespace are filed
apart, and when an alert first asks for them: those that do not count for an alert cost it nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple, Self

from aegis.lifecycle.match import Finding
from aegis.models.alert import STATUS_LABEL, AegisAlert, RuleReference, TemplateReference
from aegis.models.rule import AegisAlertOpsRule, RuleSpec
from aegis.models.selectors import LabelSelector
from aegis.models.states import TriggerStatus
from aegis.names import NamespacedName
from aegis.scope import EACH_ITS_OWN, SETTING, Scope
from functions.rule_matcher.matchers import Matcher, read_matcher, values_of
from functions.rule_matcher.patterns import Branch, branches, matches
from functions.rule_matcher.validity import Problem, problems

_GRAM = 3
_NAMED = 10
_SHOWN = 60  # characters of a value

_Wish = tuple[str, str, str]
"""Of what (a label, a value), its name, and what it must be."""


@dataclass(frozen=True)
class Rule:
    """A rule, as far as finding it needs."""

    where: NamespacedName
    uid: str
    generation: int
    spec: RuleSpec

    @classmethod
    def of(cls, rule: AegisAlertOpsRule) -> Self:
        """The rule as the API server stores it."""
        meta = rule.metadata
        return cls(NamespacedName(meta.namespace, meta.name), meta.uid, meta.generation, rule.spec)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with it, checked when it is first in question."""
        return problems(self.spec)

    @property
    def reference(self) -> RuleReference:
        """The rule as an alert records it."""
        namespace, name = self.where
        return RuleReference.model_validate(
            {"namespace": namespace, "name": name, "uid": self.uid, "generation": self.generation}
        )

    @cached_property
    def template(self) -> TemplateReference:
        """The template it names, in its own namespace unless it says otherwise."""
        template = self.spec.ops_template
        return TemplateReference(namespace=template.namespace or self.where.namespace, name=template.name)

    @cached_property
    def matchers(self) -> tuple[Matcher, ...]:
        """Its matchers; none where one cannot be read, for the rule is invalid then and says so."""
        try:
            return tuple(map(read_matcher, self.spec.matchers))
        except ValueError:
            return ()

    @cached_property
    def selection(self) -> object:
        """What it selects; equal where the same is said in another order."""
        spec, selector = self.spec, self.spec.selector or LabelSelector()
        expressions = ((each.key, each.operator, frozenset(each.values)) for each in selector.match_expressions)
        return (
            frozenset((condition.type, condition.status) for condition in spec.alert_conditions),
            frozenset(selector.match_labels.items()),
            frozenset(expressions),
            frozenset(spec.matchers),
        )

    @property
    def wishes(self) -> Iterator[_Wish]:
        """What an alert must have for it to apply, each by itself."""
        if self.spec.selector:
            yield from (("label", *label) for label in self.spec.selector.match_labels.items())
        yield from (("value", m.name, m.value) for m in self.matchers if m.operator == "=" and m.value)

    def misses(self, asked: "Asked") -> str:
        """What it wants that the alert has not; empty if it has all."""
        selector = self.spec.selector
        if selector and not selector.selects(asked.labels):
            return selector.misses(asked.labels)
        matcher = next((matcher for matcher in self.matchers if not matcher.holds(asked.values)), None)
        return f"wants {matcher}, this alert has {asked.values.get(matcher.name, '')[:_SHOWN]!r}" if matcher else ""

    def __str__(self) -> str:
        return str(self.where)


class Asked:
    """An alert, as far as rules look at it; what they look at is worked out when the first one does."""

    def __init__(self, alert: AegisAlert) -> None:
        """Ask for this alert."""
        self._alert = alert
        self.type = alert.spec.type

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """What selectors see."""
        return labels_of(self._alert)

    @cached_property
    def values(self) -> Mapping[str, str]:
        """What matchers see."""
        return values_of(self._alert)

    @cached_property
    def wishes(self) -> frozenset[_Wish]:
        """The wishes that it meets."""
        labels = (("label", *label) for label in self.labels.items())
        return frozenset(chain(labels, (("value", *value) for value in self.values.items())))


class Verdict(NamedTuple):
    """What came of looking for a rule: the one that applies, or why there is none."""

    trigger_status: TriggerStatus
    message: str
    rule: Rule | None = None

    @property
    def finding(self) -> Finding:
        """The verdict as an alert records it."""
        rule = self.rule
        if rule is None:
            return Finding(self.trigger_status, self.message)
        return Finding(self.trigger_status, self.message, rule.reference, rule.template)


def labels_of(alert: AegisAlert) -> dict[str, str]:
    """The labels that rules select: those of the AegisAlert object, and its status as it is now.

    The status moves on first, and the label of an alert made by hand stays.
    """
    return {**alert.metadata.labels, STATUS_LABEL: alert.status.status.value}


def judge(
    alert: AegisAlert, applying: Iterable[Rule], scope: Scope = EACH_ITS_OWN, near: Sequence[tuple[Rule, str]] = ()
) -> Verdict:
    """Choose among the rules that count and match: the highest priority wins, unless several have it.

    A rule that cannot work never applies. It is named only where there is none besides; where there is no rule at all,
    those are ``near`` that match but for their selector or matchers, each with what it misses.
    """
    found = list(applying)
    able = [rule for rule in found if not rule.problems]
    if not found:
        message = (
            f"no rule in {alert.metadata.namespace}, or in a namespace that {SETTING} names, selects alerts of type "
            f"{alert.spec.type!r} and status {alert.status.status} with its labels"
        )
        if near:
            told = "; ".join(f"{rule} {missed}" for rule, missed in near[:_NAMED])
            more = "; …" if len(near) > _NAMED else ""
            message = f"{message}; for this type and status: {told}{more}"
        return Verdict(TriggerStatus.RULE_NOT_FOUND, message)
    if not able:
        told = "; ".join(f"{rule}: {rule.problems[0]}" for rule in _in_order(found)[:_NAMED])
        return Verdict(TriggerStatus.RULE_ERROR, f"the rules that match are invalid: {told}")
    priority = max(rule.spec.priority for rule in able)
    best = _in_order(rule for rule in able if rule.spec.priority == priority)
    if len(best) == 1:
        return _trigger(alert, best[0], scope)
    more = f" and {len(best) - _NAMED} more" if len(best) > _NAMED else ""
    message = f"{len(best)} rules match with priority {priority}: {', '.join(map(str, best[:_NAMED]))}{more}"
    return Verdict(TriggerStatus.TOO_MANY_RULES_FOUND, message)


def _trigger(alert: AegisAlert, rule: Rule, scope: Scope) -> Verdict:
    if refusal := scope.refusal(rule.template, alert_namespace=alert.metadata.namespace):
        return Verdict(TriggerStatus.TEMPLATE_NOT_FOUND, f"rule {rule} applies, but {refusal}")
    return Verdict(TriggerStatus.TRIGGERED, f"rule {rule} applies", rule)


def _in_order(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: rule.where)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One status and pattern, and the rules that have it, each under one of its wishes or under none."""

    text: str
    rules: dict[_Wish | None, list[Rule]] = field(default_factory=lambda: defaultdict(list))

    def file(self, rules: Sequence[Rule]) -> None:
        """Place each rule under the wish that the fewest others of the pattern have too."""
        shared = Counter(chain.from_iterable(rule.wishes for rule in rules))
        for rule in rules:
            self.rules[min(rule.wishes, key=shared.__getitem__, default=None)].append(rule)

    def in_question(self, asked: "Asked") -> Iterator[Rule]:
        """The rules that are filed under nothing, or under a wish that the alert meets."""
        yield from self.rules.get(None, ())
        if len(self.rules) > (None in self.rules):
            yield from chain.from_iterable(self.rules[wish] for wish in asked.wishes & self.rules.keys())


class _Filed(NamedTuple):
    """A pattern where it is filed: under some literal text of one of its branches."""

    literals: tuple[str, ...]
    pattern: _Pattern


class _Patterns:
    """The patterns of one status."""

    def __init__(self, rules: Mapping[str, Sequence[Rule]]) -> None:
        """File all patterns, each with its rules."""
        self._exact: dict[str, list[_Pattern]] = defaultdict(list)
        self._by_gram: dict[str, list[_Filed]] = defaultdict(list)
        self._unfiled: list[_Pattern] = []
        read = {text: branches(text) for text in rules}
        shared = Counter(chain.from_iterable(_grams(branch) for found in read.values() for branch in found))
        for text, found in read.items():
            pattern = _Pattern(text)
            pattern.file(rules[text])
            self._file(pattern, found, shared)

    def _file(self, pattern: _Pattern, found: Sequence[Branch], shared: Mapping[str, int]) -> None:
        if not all(branch.exact or _grams(branch) for branch in found):
            self._unfiled.append(pattern)
            return
        for branch in found:
            if branch.exact:
                self._exact[branch.literals[0]].append(pattern)
            else:
                gram = min(_grams(branch), key=lambda gram: (shared[gram], gram))
                self._by_gram[gram].append(_Filed(branch.literals, pattern))

    def matching(self, text: str) -> Iterator[_Pattern]:
        """The patterns that match a type; one may come twice."""
        yield from self._exact.get(text, ())
        for gram in {text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1)} & self._by_gram.keys():
            for filed in self._by_gram[gram]:
                if all(literal in text for literal in filed.literals) and matches(filed.pattern.text, text):
                    yield filed.pattern
        for pattern in self._unfiled:
            if matches(pattern.text, text):
                yield pattern


def _grams(branch: Branch) -> set[str]:
    return {text[at : at + _GRAM] for text in branch.literals for at in range(len(text) - _GRAM + 1)}


class _Filing:
    """The rules of some namespaces, filed by their conditions once they are asked for."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Keep the rules."""
        self.rules = tuple(rules)

    @cached_property
    def _patterns(self) -> dict[str, _Patterns]:
        by_status: dict[str, dict[str, list[Rule]]] = defaultdict(lambda: defaultdict(list))
        for rule in self.rules:
            for status, text in dict.fromkeys((c.status, c.type) for c in rule.spec.alert_conditions):
                by_status[status][text].append(rule)
        return {status: _Patterns(found) for status, found in by_status.items()}

    def applying(self, asked: Asked) -> dict[NamespacedName, Rule]:
        """The rules that apply to an alert."""
        return {
            rule.where: rule
            for pattern in self._matching(asked)
            for rule in pattern.in_question(asked)
            if not rule.misses(asked)
        }

    def some_of_type(self, asked: Asked) -> dict[NamespacedName, Rule]:
        """So many rules for the type and status, whatever they select, that one sees whether all can be named."""
        found: dict[NamespacedName, Rule] = {}
        for pattern in self._matching(asked):
            for rule in chain.from_iterable(pattern.rules.values()):
                found[rule.where] = rule
                if len(found) > _NAMED:
                    return found
        return found

    def _matching(self, asked: Asked) -> Iterator[_Pattern]:
        patterns = self._patterns.get(asked.labels[STATUS_LABEL])
        return patterns.matching(asked.type) if patterns else iter(())


SHARED = ""
"""In the place of a namespace: all those whose rules count for every alert."""


def group_of(rule: Rule, scope: Scope) -> str:
    """The namespace whose alerts the rule counts for, or all."""
    return SHARED if scope.is_shared(rule.where.namespace) else rule.where.namespace


class RuleIndex:
    """The rules of all namespaces, and for whose alerts they count; never changed once it is made."""

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        scope: Scope = EACH_ITS_OWN,
        known: Mapping[str, _Filing] = MappingProxyType({}),
    ) -> None:
        """File the rules; what is ``known`` of a namespace whose rules are the same is kept."""
        grouped: dict[str, list[Rule]] = defaultdict(list)
        for rule in rules:
            grouped[group_of(rule, scope)].append(rule)
        self._filed = {name: _same_or_new(known.get(name), group) for name, group in grouped.items()}
        self._scope = scope

    def remade(self, rules: Iterable[Rule]) -> Self:
        """The index of the rules as they are now, where an edit costs no more than the namespace it is in."""
        return type(self)(rules, self._scope, self._filed)

    def find(self, alert: AegisAlert) -> Verdict:
        """The one rule that applies to an alert, or why there is none."""
        asked = Asked(alert)
        filings = [self._filed[name] for name in (SHARED, alert.metadata.namespace) if name in self._filed]
        found: dict[NamespacedName, Rule] = {}
        for filing in filings:
            found |= filing.applying(asked)
        if found:
            return judge(alert, found.values(), self._scope)
        of_type = _in_order(chain.from_iterable(filing.some_of_type(asked).values() for filing in filings))
        return judge(alert, (), self._scope, [(rule, rule.misses(asked)) for rule in of_type])


def _same_or_new(known: _Filing | None, rules: Sequence[Rule]) -> _Filing:
    new = _Filing(rules)
    return known if known is not None and known.rules == new.rules else new
