"""Which rule applies: the semantics by table, and the index held to a plain scan."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.alert import AegisAlert
from aegis.models.states import TriggerStatus
from aegis.scope import SETTING, read
from functions.rule_matcher.matching import Asked, Rule, RuleIndex, Verdict, judge
from functions.rule_matcher.patterns import matches
from tests.unit.functions.rule_matcher.objects import alert, rule


def names(verdict: Verdict) -> str:
    return str(verdict.rule or verdict.trigger_status.value)


@pytest.mark.parametrize(
    ("the_rule", "the_alert"),
    [
        pytest.param(rule("r", "NodeDown"), alert("NodeDown"), id="by its type"),
        pytest.param(rule("r", "Other", "Node.*"), alert("NodeDown"), id="by one of its conditions"),
        pytest.param(rule("r", status="Resolved"), alert(status={"status": "Resolved"}), id="by its status"),
        pytest.param(rule("r", selector={}), alert(), id="with a selector that selects all"),
        pytest.param(
            rule("r", selector={"matchLabels": {"severity": "critical"}}),
            alert(labels={"severity": "critical", "node": "n1"}),
            id="by a label",
        ),
        pytest.param(
            rule("r", selector={"matchExpressions": [{"key": "node", "operator": "In", "values": ["n1", "n2"]}]}),
            alert(labels={"node": "n2"}),
            id="by an expression",
        ),
        pytest.param(
            rule("r", status="Resolved", selector={"matchLabels": {"alert-status": "Resolved"}}),
            alert(labels={"alert-status": "Firing"}, status={"status": "Resolved"}),
            id="by the status as it is now, not as it was labelled",
        ),
        pytest.param(rule("r", namespace="gpu-team"), alert(namespace="gpu-team"), id="from the alert's own namespace"),
    ],
)
def test_a_rule_applies(the_rule: Rule, the_alert: AegisAlert) -> None:
    verdict = RuleIndex([the_rule]).find(the_alert)
    assert (verdict.trigger_status, verdict.rule) == (TriggerStatus.TRIGGERED, the_rule)


@pytest.mark.parametrize(
    ("the_rule", "the_alert"),
    [
        pytest.param(rule("r", "Node"), alert("NodeDown"), id="a part of the type"),
        pytest.param(rule("r", status="Resolved"), alert(), id="another status"),
        pytest.param(
            rule("r", selector={"matchLabels": {"a": "1", "b": "2"}}), alert(labels={"a": "1"}), id="a label is missing"
        ),
        pytest.param(
            rule("r", selector={"matchExpressions": [{"key": "node", "operator": "DoesNotExist"}]}),
            alert(labels={"node": "n1"}),
            id="an expression does not hold",
        ),
        pytest.param(rule("r", ".*", namespace="gpu-team", priority=2**31 - 1), alert(), id="from another namespace"),
    ],
)
def test_a_rule_does_not_apply(the_rule: Rule, the_alert: AegisAlert) -> None:
    assert RuleIndex([the_rule]).find(the_alert).trigger_status is TriggerStatus.RULE_NOT_FOUND


def test_a_rule_that_only_its_selector_keeps_from_applying_is_named() -> None:
    passed_over = rule("mem", "Node.*", "NodeDown", selector={"matchLabels": {"severity": "critical"}})
    others = [rule("disk", "Disk"), rule("undo", "NodeDown", status="Resolved")]
    told = RuleIndex([passed_over, *others]).find(alert("NodeDown", labels={"severity": "warning"})).message
    assert told.endswith(
        "; for this type and status: monitoring/mem wants label severity=critical, this alert has warning"
    )
    assert RuleIndex(others).find(alert("NodeDown")).message.endswith("with its labels")


def test_of_many_rules_that_their_selectors_keep_from_applying_some_are_named() -> None:
    many = [rule(f"r{number}", "NodeDown", selector={"matchLabels": {"n": str(number)}}) for number in range(1000)]
    told = RuleIndex(many).find(alert("NodeDown")).message
    assert told.count("monitoring/r") == 10
    assert told.endswith("; …")


def test_a_rule_that_does_not_count_for_the_alert_is_not_named() -> None:
    elsewhere = rule("mem", "NodeDown", namespace="elsewhere", selector={"matchLabels": {"severity": "critical"}})
    assert "elsewhere" not in RuleIndex([elsewhere]).find(alert("NodeDown")).message


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([], "RuleNotFound", id="no rules"),
        pytest.param([rule("low"), rule("high", priority=1)], "monitoring/high", id="the highest priority wins"),
        pytest.param([rule("below", priority=-1), rule("plain")], "monitoring/plain", id="priorities may be negative"),
        pytest.param([rule("a"), rule("b")], "TooManyRulesFound", id="a tie"),
        pytest.param([rule("a", namespace="x"), rule("a")], "monitoring/a", id="no tie with another namespace"),
        pytest.param(
            [rule("a", namespace="x"), rule("b", namespace="x"), rule("c")], "monitoring/c", id="a tie elsewhere"
        ),
        pytest.param([rule("a", "(", namespace="x", template="")], "RuleNotFound", id="only an invalid rule elsewhere"),
        pytest.param([rule("a"), rule("b"), rule("c", priority=2)], "monitoring/c", id="a tie below the winner"),
        pytest.param([rule("r", "NodeDown", "Node.*")], "monitoring/r", id="one rule by two conditions is no tie"),
        pytest.param([rule("r", "NodeDown", "(")], "RuleError", id="only an invalid rule"),
        pytest.param([rule("r", template="")], "RuleError", id="only a rule that names no template"),
        pytest.param([rule("bad", template="", priority=9), rule("good")], "monitoring/good", id="invalid never wins"),
        pytest.param([rule("bad", template=""), rule("good")], "monitoring/good", id="invalid never ties"),
        pytest.param([rule("bad", "(")], "RuleNotFound", id="a broken pattern matches nothing"),
    ],
)
def test_of_several_rules_one_wins_or_none(rules: Sequence[Rule], expected: str) -> None:
    assert names(RuleIndex(rules).find(alert())) == expected


NAMED = read({SETTING: "gpu-team"})


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([rule("r", namespace="gpu-team")], "gpu-team/r", id="from a namespace that is named"),
        pytest.param([rule("r", namespace="games")], "RuleNotFound", id="from another one"),
        pytest.param([rule("a", namespace="gpu-team", priority=1), rule("b")], "gpu-team/a", id="by priority"),
        pytest.param(
            [rule("a", namespace="gpu-team"), rule("b")], "TooManyRulesFound", id="a tie with the alert's own"
        ),
        pytest.param(
            [rule("r", opsTemplate={"namespace": "gpu-team", "name": "t"})], "monitoring/r", id="a template that counts"
        ),
        pytest.param(
            [rule("r", opsTemplate={"namespace": "games", "name": "t"})], "TemplateNotFound", id="one that does not"
        ),
        pytest.param(
            [rule("r", namespace="gpu-team", opsTemplate={"namespace": "monitoring", "name": "t"})],
            "gpu-team/r",
            id="a template beside the alert",
        ),
    ],
)
def test_rules_and_templates_count_from_namespaces_that_are_named(rules: Sequence[Rule], expected: str) -> None:
    assert names(RuleIndex(rules, NAMED).find(alert())) == expected


def test_where_all_namespaces_count_any_rule_may_answer() -> None:
    rules = [rule("r", namespace="games", opsTemplate={"namespace": "elsewhere", "name": "t"})]
    assert names(RuleIndex(rules, read({SETTING: "*"})).find(alert())) == "games/r"


def test_a_template_that_does_not_count_is_explained_with_the_setting() -> None:
    message = RuleIndex([rule("r", opsTemplate={"namespace": "games", "name": "t"})]).find(alert()).message
    assert "rule monitoring/r applies" in message
    assert "games/t" in message
    assert SETTING in message


def test_a_tie_names_the_rules_in_order() -> None:
    message = RuleIndex([rule("b"), rule("a"), rule("c", priority=-1)]).find(alert()).message
    assert message == "2 rules match with priority 0: monitoring/a, monitoring/b"


def test_a_tie_of_many_stays_readable() -> None:
    message = RuleIndex([rule(f"r{number:02}") for number in range(12)]).find(alert()).message
    assert message.endswith("monitoring/r09 and 2 more")


def test_an_invalid_rule_is_explained() -> None:
    message = RuleIndex([rule("r", template="")]).find(alert()).message
    assert "monitoring/r: spec.opsTemplate.name: empty" in message


def test_a_template_is_looked_up_beside_its_rule_unless_the_rule_says_where() -> None:
    beside = rule("r", namespace="gpu-team").template
    named = rule("r", opsTemplate={"namespace": "shared", "name": "t"}).template
    assert [beside.namespace, named.namespace] == ["gpu-team", "shared"]


def test_a_rule_is_recorded_as_it_was_matched() -> None:
    assert rule("r").reference.wire() == {
        "namespace": "monitoring",
        "name": "r",
        "uid": "monitoring/r",
        "generation": 1,
    }


def scan(the_alert: AegisAlert, rules: Iterable[Rule]) -> Verdict:
    """What the index must find, by asking every rule."""
    status = the_alert.status.status.value
    matching = [
        asked
        for asked in rules
        if asked.where[0] in (the_alert.metadata.namespace, *NAMED.named)
        and any(c.status == status and matches(c.type, the_alert.spec.type) for c in asked.spec.alert_conditions)
    ]
    asked = Asked(the_alert)
    applying = [rule for rule in matching if not rule.misses(asked)]
    near = [] if applying else [(rule, rule.misses(asked)) for rule in sorted(matching, key=lambda rule: rule.where)]
    return judge(the_alert, applying, NAMED, near)


OPERATORS = st.sampled_from(["=", "!=", "=~", "!~"])
WORDS = st.sampled_from(["Node", "Disk", "Full", "Down", "Gpu", "X", "é"])
TYPES = st.lists(WORDS, max_size=4).map("".join)
ATOMS = st.one_of(
    WORDS, st.sampled_from([".*", ".+", "[A-Z].*", "(Disk|Gpu)", "|", "^", "$", "(?i)", r"\w+", "D?", "(", ")"])
)
PATTERNS = st.lists(ATOMS, max_size=5).map("".join)
LABELS = st.dictionaries(st.sampled_from(["node", "severity"]), st.sampled_from(["1", "2"]))
EXPRESSIONS = st.one_of(
    st.fixed_dictionaries({"key": st.just("node"), "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
    st.fixed_dictionaries(
        {"key": st.just("node"), "operator": st.sampled_from(["In", "NotIn"]), "values": st.just(["1"])}
    ),
)
SELECTORS = st.none() | st.fixed_dictionaries(
    {"matchLabels": LABELS, "matchExpressions": st.lists(EXPRESSIONS, max_size=1)}
)
MATCHERS = st.builds(
    "{}{}{}".format, st.sampled_from(["a", "type"]), OPERATORS, st.sampled_from(["1", '""', "Node", "(", ".+"])
)
STATUSES = st.sampled_from(["Firing", "Resolved"])
SPECS = st.fixed_dictionaries(
    {
        "alertConditions": st.lists(
            st.fixed_dictionaries({"type": st.one_of(TYPES, PATTERNS), "status": STATUSES}), max_size=3
        ),
        "selector": SELECTORS,
        "matchers": st.lists(MATCHERS, max_size=2),
        "priority": st.integers(0, 2),
        "namespace": st.sampled_from(["monitoring", "gpu-team", "games"]),
    }
)
ALERTS = st.builds(
    lambda typ, labels, details, status, namespace: alert(
        typ, labels=labels, spec={"details": details}, status={"status": status}, namespace=namespace
    ),
    TYPES,
    LABELS,
    st.dictionaries(st.sampled_from(["a", "type"]), st.sampled_from(["1", "", "Node"])),
    STATUSES,
    st.sampled_from(["monitoring", "games"]),
)


@given(specs=st.lists(SPECS, max_size=8), the_alert=ALERTS)
def test_the_index_finds_what_a_plain_scan_finds(specs: list[dict[str, Any]], the_alert: AegisAlert) -> None:
    rules = [rule(f"r{number}", **spec) for number, spec in enumerate(specs)]
    assert RuleIndex(rules, NAMED).find(the_alert) == scan(the_alert, rules)
    assert RuleIndex(rules[1:], NAMED).remade(rules).find(the_alert) == scan(the_alert, rules)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The patterns that are tried on a type, one after the other."""
    patterns: list[str] = []

    def counting(pattern: str, text: str) -> bool:
        patterns.append(pattern)
        return matches(pattern, text)

    monkeypatch.setattr("functions.rule_matcher.matching.matches", counting)
    return patterns


def test_rules_that_do_not_count_are_not_tried(tried: list[str]) -> None:
    rules = [rule("own", "Node.*"), *(rule(f"r{number}", f".*|{number}", namespace="games") for number in range(50))]
    assert names(RuleIndex(rules).find(alert())) == "monitoring/own"
    assert tried == ["Node.*"]


def test_the_index_tries_few_of_many_patterns(tried: list[str]) -> None:
    shapes = ["Node{}.*", ".*Disk{}Full.*", "Gpu(Lost|Hot){}", "^Net{}x.+Down$|Link{}Lost.*"]
    rules = [rule(f"r{number}", shapes[number % 4].format(number, number)) for number in range(2000)]
    index = RuleIndex(rules)
    assert names(index.find(alert("MyDisk1001FullNow"))) == "monitoring/r1001"
    assert names(index.find(alert("Link1003LostAgain"))) == "monitoring/r1003"
    assert names(index.find(alert("NothingLikeIt"))) == "RuleNotFound"
    assert len(tried) == 2


def test_the_index_asks_few_of_many_rules_of_one_type(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Rule] = []
    misses = Rule.misses

    def counting(self: Rule, about: Asked) -> str:
        asked.append(self)
        return misses(self, about)

    monkeypatch.setattr(Rule, "misses", counting)
    rules = [
        rule(f"r{number}", "NodeDown", selector={"matchLabels": {"severity": "critical", "node": f"n{number}"}})
        for number in range(500)
    ]
    rules += [
        rule(f"m{number}", "NodeDown", matchers=['severity="critical"', f'node="m{number}"']) for number in range(500)
    ]
    found = RuleIndex(rules).find(alert(labels={"severity": "critical", "node": "n77"}))
    assert (names(found), len(asked)) == ("monitoring/r77", 1)
    found = RuleIndex(rules).find(alert(spec={"severity": "critical", "details": {"node": "m77"}}))
    assert (names(found), len(asked)) == ("monitoring/m77", 2)
