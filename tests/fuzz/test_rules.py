"""Whatever pattern a rule has, the rule is recorded, and the alert is decided on."""

from hypothesis import strategies as st

from aegis.events import ALERT_FIRING, RESOURCE_ADDED
from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.states import TriggerStatus
from tests.fuzz.shapes import written
from tests.fuzz.system import System, fuzz

ATOMS = st.sampled_from(
    [
        "a",
        "Node",
        ".",
        r"\pL",
        r"\d",
        "[a-z]",
        "[^x]",
        r"[[:alpha:]]",
        r"\Q.\E",
        r"\x{10ffff}",
        "é",
        "^",
        "$",
        r"\b",
        "(?i)a",
        "\\",
        "[",
    ]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda part: st.one_of(
        st.lists(part, max_size=5).map("".join),
        st.lists(part, max_size=4).map("|".join),
        st.builds(
            "({}){}".format, part, st.sampled_from(["", "*", "+", "?", "*?", "{1,300}", "{99}", "{1000}", "{9,", "**"])
        ),
        st.builds(lambda unit, times: unit * times, part, st.sampled_from([2, 40, 300])),
    ),
)
TYPES = st.sampled_from(["NodeDown", "a" * 40, "a" * 30_000, "é\n☃", "("])


def test_whatever_patterns_rules_have_alerts_are_decided_on(system: System, seconds: float) -> None:
    def check(stored: tuple[list[str], str]) -> None:
        patterns, typ = stored
        spec = {"alertConditions": [{"type": each} for each in patterns], "opsTemplate": {"name": "t"}}
        rule = system.store(AegisAlertOpsRule, "r", spec)
        alert = system.store(AegisAlert, "a", {"type": typ})
        if rule is None or alert is None:
            return
        event = {"specversion": "1.0", "id": "1", "source": "/t"}
        applied = {**event, "type": RESOURCE_ADDED, "kind": "AegisAlertOpsRule", "data": rule.manifest()}
        assert system.tell("rule_matcher", written(applied)).status_code == 204
        assert system.now(rule).status.status in ("Recorded", "Invalid")
        system.tell("rule_matcher", written({**event, "type": ALERT_FIRING, "data": alert.manifest()}))
        assert system.now(alert).status.firing.trigger_status is not TriggerStatus.NONE

    fuzz(st.tuples(st.lists(PATTERNS, min_size=1, max_size=9), TYPES), check, seconds=seconds)
