"""Events that nobody could take, and where that is said."""

import logging
from typing import Any

import pytest

from aegis.errors import Unavailable
from aegis.events import (
    ALERT,
    ALERT_COMPLETED,
    ALERT_FIRING,
    ALERT_REFIRED,
    ALERT_RESOLVED,
    RAW_ALERT_RECEIVED,
    RESOURCE_UPDATED,
    RULE_MATCHED,
    TICK,
    WORKFLOW_CREATED,
    Event,
)
from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from functions.status_tracker.deadletter import named_by, report
from functions.status_tracker.tracking import Tracker
from tests.unit.functions.status_tracker.cluster import Cluster

META = {"namespace": "monitoring", "name": "x", "uid": "x-uid"}
RULE = {"kind": "AegisAlertOpsRule", "namespace": "monitoring", "name": "x"}
DESTINATION = "http://rule-matcher.monitoring/"


def dead(typ: str, data: Any = None, *, subject: str = "", code: str = "503", **extensions: str) -> Event:
    failed = {"knativeerrordest": DESTINATION, "knativeerrorcode": code}
    return Event(type=typ, source="/t", id="1", data=data, subject=subject, extensions={**failed, **extensions})


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(dead(ALERT_FIRING, {"metadata": META}), ("aegisalert/monitoring/x", "x-uid"), id="firing"),
        pytest.param(
            dead(ALERT_RESOLVED, {"uid": "x-uid"}, subject="monitoring/x"),
            ("aegisalert/monitoring/x", "x-uid"),
            id="by its subject",
        ),
        pytest.param(
            dead(RULE_MATCHED, {"phase": "firing", "alert": {"metadata": META}}),
            ("aegisalert/monitoring/x", "x-uid"),
            id="matched",
        ),
        pytest.param(
            dead(WORKFLOW_CREATED, {"alert": META, "workflow": {"name": "w"}}, subject="monitoring/w"),
            ("aegisalert/monitoring/x", "x-uid"),
            id="workflow created",
        ),
        pytest.param(dead(ALERT_COMPLETED, {"alert": META}), ("aegisalert/monitoring/x", "x-uid"), id="completed"),
        pytest.param(dead(RAW_ALERT_RECEIVED, META), ("aegisrawalert/monitoring/x", "x-uid"), id="raw alert"),
        pytest.param(
            dead(RESOURCE_UPDATED, {"metadata": META}, **RULE), ("aegisalertopsrule/monitoring/x", "x-uid"), id="rule"
        ),
        pytest.param(
            dead(RESOURCE_UPDATED, {"uid": "x-uid"}, **RULE),
            ("aegisalertopsrule/monitoring/x", "x-uid"),
            id="by its extensions",
        ),
        pytest.param(dead(RESOURCE_UPDATED, **RULE), None, id="without a uid"),
        pytest.param(dead(ALERT_FIRING, {"metadata": {**META, "name": "../../nodes"}}), None, id="of no such name"),
        pytest.param(dead(RESOURCE_UPDATED, {"metadata": META}, kind="Pod"), None, id="a kind of others"),
        pytest.param(dead(ALERT, {"alerts": []}), None, id="of no resource"),
        pytest.param(dead(TICK), None, id="the tick"),
        pytest.param(dead(ALERT_FIRING), None, id="naming nothing"),
        pytest.param(dead(ALERT_FIRING, ["metadata"], subject="monitoring"), None, id="of no known shape"),
        pytest.param(dead(ALERT_FIRING, {"alert": "x", "metadata": 3}), None, id="of no known shape inside"),
    ],
)
def test_whom_an_event_names(event: Event, expected: tuple[str, str] | None) -> None:
    about = named_by(event)
    assert (about and (about.reference, about.metadata.uid)) == expected


def test_only_what_knative_gave_up_on_is_a_dead_letter() -> None:
    assert dead(TICK).undelivered_to == DESTINATION
    assert Event(type=TICK, source="/t", id="1").undelivered_to is None


async def test_an_alert_says_that_it_is_stalled(cluster: Cluster, tracker: Tracker) -> None:
    alert = await cluster.alert({})
    await report(tracker.kube, dead(ALERT_FIRING, alert.manifest()))
    (stalled,) = (await cluster.get(AegisAlert, "alert")).status.conditions
    assert (stalled.type, stalled.status, stalled.reason) == ("Stalled", "True", "DeliveryFailed")
    assert stalled.message == f"{ALERT_FIRING} was not delivered to rule-matcher: 503"
    assert await cluster.said() == [("Warning", "DeliveryFailed", "alert")]


async def test_an_alert_whose_next_episode_does_not_open_says_so(cluster: Cluster, tracker: Tracker) -> None:
    alert = await cluster.alert({"status": "Resolved", "reopensAt": "2026-01-01T00:00:00Z"})
    await report(tracker.kube, dead(ALERT_REFIRED, alert.manifest()))
    (stalled,) = (await cluster.get(AegisAlert, "alert")).status.conditions
    assert stalled.message == f"{ALERT_REFIRED} was not delivered to rule-matcher: 503"


async def test_a_dead_letter_that_comes_again_changes_nothing(cluster: Cluster, tracker: Tracker) -> None:
    event = dead(ALERT_FIRING, (await cluster.alert({})).manifest())
    await report(tracker.kube, event)
    before = await cluster.get(AegisAlert, "alert")
    await report(tracker.kube, event)
    assert await cluster.get(AegisAlert, "alert") == before
    assert len(await cluster.said()) == 1


@pytest.mark.parametrize("typ", [ALERT_FIRING, ALERT_REFIRED, ALERT_RESOLVED, WORKFLOW_CREATED, ALERT_COMPLETED])
async def test_nothing_is_said_of_an_alert_that_waits_for_no_such_event(
    cluster: Cluster, tracker: Tracker, typ: str
) -> None:
    alert = await cluster.alert()  # it waits for its workflow
    await report(tracker.kube, dead(typ, alert.manifest()))
    assert await cluster.get(AegisAlert, "alert") == alert
    assert await cluster.said() == []


async def test_nothing_is_said_of_a_rule_that_was_checked(cluster: Cluster, tracker: Tracker) -> None:
    rule = await cluster.get(AegisAlertOpsRule, "cordon")
    told = dead(RESOURCE_UPDATED, rule.manifest(), kind="AegisAlertOpsRule", namespace="monitoring", name="cordon")
    await report(tracker.kube, told)
    assert await cluster.said() == []
    await cluster.write(AegisAlertOpsRule, "cordon", {"spec": {"priority": 3}})
    await report(tracker.kube, told)
    assert await cluster.said() == [("Warning", "DeliveryFailed", "cordon")]


@pytest.mark.parametrize(
    ("extensions", "said"),
    [
        ({"knativeerrordest": "http://evil.example/rule-matcher"}, "was not delivered: 503"),
        ({"knativeerrordest": "http://[rule-matcher"}, "was not delivered: 503"),
        ({"knativeerrorcode": "call 0800"}, "was not delivered to rule-matcher: no answer"),
        ({"knativeerrorcode": "٥٠٣"}, "was not delivered to rule-matcher: no answer"),
        ({"knativeerrordata": "call 0800"}, "was not delivered to rule-matcher: 503"),
    ],
)
async def test_a_dead_letter_puts_no_words_of_its_own_on_an_alert(
    cluster: Cluster, tracker: Tracker, extensions: dict[str, str], said: str
) -> None:
    letter = dead(ALERT_FIRING, (await cluster.alert({})).manifest())
    forged = Event(
        type=letter.type, source="/t", id="1", data=letter.data, extensions={**letter.extensions, **extensions}
    )
    await report(tracker.kube, forged)
    (stalled,) = (await cluster.get(AegisAlert, "alert")).status.conditions
    assert stalled.message == f"{ALERT_FIRING} {said}"


async def test_an_alert_made_anew_under_the_name_is_not_stalled(cluster: Cluster, tracker: Tracker) -> None:
    gone = await cluster.alert()
    await cluster.delete(AegisAlert, "alert")
    again = await cluster.alert()
    await report(tracker.kube, dead(ALERT_FIRING, gone.manifest()))
    assert await cluster.get(AegisAlert, "alert") == again


async def test_what_ended_is_not_stalled_any_more(cluster: Cluster, tracker: Tracker) -> None:
    alert = await cluster.alert()
    await report(tracker.kube, dead(RULE_MATCHED, {"phase": "firing", "alert": alert.manifest()}))
    await tracker.follow(await cluster.workflow(alert, "Succeeded"), deleted=False)
    conditions = {c.type: c.status for c in (await cluster.get(AegisAlert, "alert")).status.conditions}
    assert conditions["Stalled"] == "False"


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(dead(ALERT_FIRING, subject="monitoring/nobody"), id="of what is gone"),
        pytest.param(dead(ALERT_FIRING, {"metadata": {**META, "name": "../../nodes"}}), id="of no such name"),
        pytest.param(dead(TICK), id="of nothing"),
    ],
)
async def test_a_dead_letter_without_a_resource_is_only_logged(
    cluster: Cluster, tracker: Tracker, caplog: pytest.LogCaptureFixture, event: Event
) -> None:
    with caplog.at_level(logging.ERROR):
        await report(tracker.kube, event)
    assert "an event was not delivered" in caplog.text
    assert await cluster.said() == []


async def test_no_data_is_logged(cluster: Cluster, tracker: Tracker, caplog: pytest.LogCaptureFixture) -> None:
    alert = await cluster.alert(details={"password": "hunter2"})
    with caplog.at_level(logging.DEBUG, logger="functions"):
        await report(tracker.kube, dead(ALERT_FIRING, alert.manifest()))
    assert all("hunter2" not in str(vars(entry)) for entry in caplog.records)


async def test_without_the_api_server_a_dead_letter_is_to_come_again(cluster: Cluster, tracker: Tracker) -> None:
    event = dead(ALERT_FIRING, (await cluster.alert({})).manifest())
    cluster.link.left = 0
    with pytest.raises(Unavailable):
        await report(tracker.kube, event)
