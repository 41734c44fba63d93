"""How long the matcher looks for an alert's rule, among few rules and many.

Half of the rules name a type, half have a pattern; half have a matcher. The alerts asked for belong to rules that are
there at every size, spread over all of those, so that sizes differ in nothing but the rules that do not match.
"""

from statistics import median
from time import perf_counter
from typing import Any

from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from benchmarks.report import save, table
from functions.rule_matcher.matching import Rule, RuleIndex

_NAMESPACE = "monitoring"
_SIZES = (10, 1_000, 10_000)
_ROUNDS = 200
_SHAPES = ("{}", "Node{}Down.*", "{}", ".*{}PressureHigh", "{}", "Kube(Pod|Job){}Failing", "{}", "^Disk{}Full[0-9]*$")
_ALERTS = ("Type0", "Node1DownHard", "Type2", "VeryHigh3PressureHigh", "KubePod5Failing", "Disk7Full42", "Type8")
"""One of each shape, each of a rule among the first ten."""


def run() -> None:
    """Measure, print and save."""
    found = {size: _measure(size) for size in _SIZES}
    base = found[_SIZES[0]]["match"]
    rows = [
        (f"{size:,}", f"{times['match'] * 1e6:.1f}", f"{times['match'] / base:.2f}", f"{times['index'] * 1e3:.1f}")
        for size, times in found.items()
    ]
    table("Matching, half of the rules with patterns", ("rules", "µs per alert", "ratio", "index ms"), rows)
    save(
        "matching",
        {
            "unit": "seconds",
            "sizes": {str(size): {**times, "ratio": times["match"] / base} for size, times in found.items()},
        },
    )


def _measure(size: int) -> dict[str, float]:
    rules = [_rule(number) for number in range(size)]
    metadata = {"name": "a", "namespace": _NAMESPACE}
    alerts = [AegisAlert.read({"metadata": metadata, "spec": {"type": typ, "severity": "page"}}) for typ in _ALERTS]
    begin = perf_counter()
    index = RuleIndex(rules)
    index.find(alerts[0])  # the rules are filed when the first alert asks for them
    built = perf_counter() - begin
    for alert in alerts:
        if index.find(alert).rule is None:
            raise AssertionError(f"no rule for {alert.spec.type}: the benchmark's rules are not what it means")
    return {"match": median(_round(index, alerts) for _ in range(_ROUNDS)), "index": built}


def _round(index: RuleIndex, alerts: list[AegisAlert]) -> float:
    begin = perf_counter()
    for alert in alerts:
        index.find(alert)
    return (perf_counter() - begin) / len(alerts)


def _rule(number: int) -> Rule:
    shape = _SHAPES[number % len(_SHAPES)]
    typ = f"Type{number}" if shape == "{}" else shape.format(number)
    manifest: dict[str, Any] = {
        "metadata": {"name": f"rule-{number}", "namespace": _NAMESPACE, "uid": f"u{number}", "generation": 1},
        "spec": {
            "alertConditions": [{"type": typ, "status": "Firing"}],
            "opsTemplate": {"kind": "AegisOpsTemplate", "name": "t"},
            "matchers": ['severity=~"critical|page"'] if number // len(_SHAPES) % 2 else [],
        },
    }
    return Rule.of(AegisAlertOpsRule.read(manifest))
