"""What the store writes and answers, against an API server in the process."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from aegis.errors import OverQuota, Unavailable
from aegis.events import ALERT_FIRING, ALERT_RESOLVED, Event
from aegis.kube import Kube
from aegis.models.alert import AegisAlert
from aegis.names import workflow_name
from functions.alert_normalizer.custom import read_custom
from functions.alert_normalizer.incoming import Incoming
from functions.alert_normalizer.intake import Answer, Intake, Result, Stored
from functions.alert_normalizer.settings import Settings
from sandbox.api import Api
from tests.unit.functions.alert_normalizer.conftest import Clock, Quota, Way, undisturbed
from tests.unit.transports import kube_over

AT_8 = "2026-01-01T08:00:00Z"
ON_TIME = "2026-01-01T12:00:00Z"


def alert(**changes: Any) -> Incoming:
    given = {"type": "DiskFull", "status": "Firing", "fingerprint": "f1", "details": {"node": "dev1"}, **changes}
    (entry,) = read_custom(given).entries
    assert isinstance(entry, Incoming)
    return entry


FIRING, RESOLVED = alert(), alert(status="Resolved")
NAME = FIRING.name()


def stored(answer: Answer) -> Stored:
    assert isinstance(answer, Stored), answer
    return answer


async def take(intake: Intake, *alerts: Incoming, event: str = "") -> Stored:
    """Take alerts in one after the other; what became of the last."""
    answers = [stored(await intake.submit(one, event=event)) for one in alerts]
    return answers[-1]


async def read(api: Api, name: str = NAME) -> AegisAlert:
    return AegisAlert.read(await api.get(api.resource("aegisalerts", "aegis.io"), name, "monitoring"))


async def names(api: Api) -> set[str]:
    return {item["metadata"]["name"] for item in await api.list(api.resource("aegisalerts", "aegis.io"), "monitoring")}


async def set_status(api: Api, status: Mapping[str, Any], name: str = NAME) -> None:
    """Write as another function would."""
    resource = api.resource("aegisalerts", "aegis.io")
    await api.patch(resource, name, {"status": status}, "monitoring", subresource="status")


async def delete(api: Api, name: str = NAME) -> None:
    await api.delete(api.resource("aegisalerts", "aegis.io"), name, "monitoring")


async def reopen(intake: Intake, api: Api, name: str = NAME) -> Event | None:
    """The sweep reminds of an alert."""
    return await intake.reopen(FROM_8, await read(api, name))


WORK_ENDED = {
    "opsStatus": {"triggerStatus": "Triggered", "alertOpsStatus": "Succeeded", "completionTime": ON_TIME},
    "firing": {"triggerStatus": "Triggered", "outcome": "Succeeded", "completionTime": ON_TIME},
}


async def test_a_new_alert_is_one_request(intake: Intake, api: Api, way: Way) -> None:
    told = await take(intake, FIRING)
    assert (told.result, told.name, way.requests) == (Result.CREATED, NAME, ["POST"])
    state = (await read(api)).status
    assert (state.status, state.count) == ("Firing", 1)


async def test_the_event_carries_the_alert_as_it_is_stored(intake: Intake, api: Api) -> None:
    event = (await take(intake, FIRING)).event
    assert event is not None
    assert (event.type, event.source, event.subject) == (ALERT_FIRING, "/aegis/alert-normalizer", f"monitoring/{NAME}")
    assert AegisAlert.read(event.data) == await read(api)
    assert json.dumps(event.data)


async def test_a_repeat_is_counted_and_not_told(intake: Intake, api: Api, way: Way) -> None:
    told = await take(intake, FIRING, FIRING)
    assert (told.result, told.name, told.event) == (Result.COUNTED, NAME, None)
    assert (await read(api)).status.count == 2
    assert way.requests == ["POST", "POST", "GET", "PATCH"]


async def test_a_repeat_without_a_rule_asks_again(intake: Intake, api: Api) -> None:
    await take(intake, FIRING)
    await set_status(api, {"opsStatus": {"triggerStatus": "RuleNotFound"}, "firing": {"triggerStatus": "RuleNotFound"}})
    event = (await take(intake, FIRING)).event
    assert event is not None
    assert event.type == ALERT_FIRING
    assert event.data["status"]["count"] == 2


async def test_the_same_alert_200_times_at_once_is_one_with_count_200(intake: Intake, api: Api, way: Way) -> None:
    answers = await asyncio.gather(*(intake.submit(FIRING) for _ in range(200)))
    assert Counter(stored(answer).result for answer in answers) == {Result.CREATED: 1, Result.COUNTED: 199}
    assert (await read(api)).status.count == 200
    assert len(way.requests) < 10
    assert sum(stored(answer).event is not None for answer in answers) == 1


async def test_two_replicas_count_every_post(kube: Kube, intake: Intake, api: Api) -> None:
    other = Intake(kube, Settings())
    answers = await asyncio.gather(*(replica.submit(FIRING) for _ in range(50) for replica in (intake, other)))
    assert Counter(stored(answer).result for answer in answers)[Result.CREATED] == 1
    assert (await read(api)).status.count == 100


async def test_posts_that_come_while_one_is_written_are_one_write(intake: Intake, api: Api, way: Way) -> None:
    await take(intake, FIRING)
    later: list[asyncio.Future[Answer]] = []

    async def more_come(request: httpx.Request) -> None:
        if request.method == "PATCH" and not later:
            later.extend(intake.submit(FIRING) for _ in range(20))

    way.meddle, way.requests = more_come, []
    await take(intake, FIRING)
    await asyncio.gather(*later)
    assert way.requests == ["POST", "GET", "PATCH", "PATCH"]
    assert (await read(api)).status.count == 22


async def test_a_resolve_is_written_and_told(intake: Intake, api: Api) -> None:
    told = await take(intake, FIRING, RESOLVED)
    assert (told.result, told.name) == (Result.RESOLVED, NAME)
    assert told.event is not None
    assert (told.event.type, told.event.data["status"]["status"]) == (ALERT_RESOLVED, "Resolved")
    state = (await read(api)).status
    assert (state.status, state.count, state.resolved_time) == ("Resolved", 1, ON_TIME)


async def test_a_second_resolve_writesundisturbed(intake: Intake, api: Api) -> None:
    await take(intake, FIRING, RESOLVED)
    before = await read(api)
    told = await take(intake, RESOLVED)
    assert (told.result, told.event) == (Result.RESOLVED, None)
    assert await read(api) == before


async def test_a_resolved_alert_is_found_by_its_label(intake: Intake, api: Api, way: Way) -> None:
    told = await take(intake, FIRING)
    way.requests.clear()
    told = await take(intake, RESOLVED)
    assert way.requests == ["POST", "GET", "PATCH", "PATCH"]
    found = await read(api)
    assert found.metadata.labels["alert-status"] == "Resolved"
    assert found.metadata.labels["alert-type"] == "DiskFull"
    assert told.event is not None
    assert AegisAlert.read(told.event.data) == found


@pytest.mark.parametrize("repeat", [RESOLVED, alert(startsAt=AT_8)], ids=["resolve", "late firing"])
@pytest.mark.parametrize("labels", [{"alert-status": "Firing"}, None], ids=["stale", "gone"])
async def test_a_repeat_mends_the_label_of_an_alert_that_is_resolved(
    intake: Intake, api: Api, repeat: Incoming, labels: Mapping[str, str] | None
) -> None:
    resolved = RESOLVED if repeat is RESOLVED else alert(status="Resolved", startsAt=AT_8)
    await take(intake, resolved)
    name = resolved.name()
    await api.patch(api.resource("aegisalerts", "aegis.io"), name, {"metadata": {"labels": labels}}, "monitoring")
    await take(intake, repeat)
    assert (await read(api, name)).metadata.labels["alert-status"] == "Resolved"


async def test_a_resolve_whose_label_was_not_written_is_sent_again(intake: Intake, api: Api, way: Way) -> None:
    await take(intake, FIRING)

    async def refuse(request: httpx.Request) -> httpx.Response | None:
        on_status = request.url.path.endswith("/status")
        return None if request.method != "PATCH" or on_status else httpx.Response(500)

    way.meddle = refuse
    assert isinstance(await intake.submit(RESOLVED), Unavailable)
    way.meddle = undisturbed
    assert (await take(intake, RESOLVED)).result == Result.RESOLVED
    assert (await read(api)).metadata.labels["alert-status"] == "Resolved"


async def test_alerts_of_one_input_are_stored_in_their_order(intake: Intake, api: Api) -> None:
    answers = await asyncio.gather(*map(intake.submit, [FIRING, RESOLVED, RESOLVED, FIRING]))
    assert [stored(answer).result for answer in answers] == [
        Result.CREATED,
        Result.RESOLVED,
        Result.RESOLVED,
        Result.CREATED,
    ]
    assert await names(api) == {FIRING.name(0), FIRING.name(1)}


async def test_a_resolve_before_its_firing_is_stored_and_the_firing_startsundisturbed(intake: Intake, api: Api) -> None:
    first = await take(intake, RESOLVED)
    state = (await read(api)).status
    assert (first.result, state.status, state.count) == (Result.RESOLVED, "Resolved", 0)
    late = await take(intake, FIRING)
    assert (late.result, late.event) == (Result.COUNTED, None)
    state = (await read(api)).status
    assert (state.status, state.count) == ("Resolved", 1)


async def test_a_resolve_that_was_cut_off_is_completed_by_the_next(intake: Intake, api: Api, way: Way) -> None:
    async def no_status(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(500, request=request) if request.method == "PATCH" else None

    way.meddle = no_status
    assert isinstance(await intake.submit(RESOLVED), Unavailable)
    way.meddle = undisturbed
    await take(intake, RESOLVED)
    state = (await read(api)).status
    assert (state.status, state.count, state.resolved_time) == ("Resolved", 0, ON_TIME)


async def test_a_firing_after_its_resolve_is_a_new_episode(intake: Intake, api: Api) -> None:
    told = await take(intake, FIRING, RESOLVED, FIRING)
    assert (told.result, told.name) == (Result.CREATED, FIRING.name(1))
    assert told.event is not None
    assert (await read(api)).status.latest_episode == 1
    newest = await read(api, FIRING.name(1))
    assert (newest.spec.episode, newest.status.status, newest.status.count) == (1, "Firing", 1)


async def test_posts_belong_to_the_newest_episode(intake: Intake, api: Api) -> None:
    await take(intake, FIRING, RESOLVED, FIRING)
    assert (await take(intake, FIRING)).name == FIRING.name(1)
    assert (await take(intake, RESOLVED)).name == FIRING.name(1)
    assert (await take(intake, FIRING)).name == FIRING.name(2)
    assert (await read(api)).status.latest_episode == 2


FROM_8, TO_12 = alert(startsAt=AT_8), alert(startsAt=AT_8, status="Resolved", endsAt=ON_TIME)


async def test_a_late_duplicate_starts_nothing_and_a_resolve_says_that_it_was_one(
    intake: Intake, api: Api, clock: Clock
) -> None:
    told = await take(intake, FROM_8, TO_12, FROM_8)
    assert (told.result, told.name, told.event) == (Result.COUNTED, NAME, None)
    assert (await read(api)).status.reopens_at == "2026-01-01T12:02:00Z"
    clock.passes(seconds=119)
    assert (await take(intake, TO_12)).event is None
    assert (await read(api)).status.reopens_at is None
    clock.passes(minutes=30)
    assert await reopen(intake, api) is None
    assert await names(api) == {NAME}


async def test_an_alert_that_fires_on_opens_its_next_episode_when_it_is_due(
    intake: Intake, api: Api, clock: Clock
) -> None:
    await take(intake, FROM_8, TO_12, FROM_8)
    assert await reopen(intake, api) is None
    clock.passes(minutes=2)
    event = await reopen(intake, api)
    assert event is not None
    assert (event.type, event.subject) == (ALERT_FIRING, f"monitoring/{FROM_8.name(1)}")
    newest, noted = await read(api, FROM_8.name(1)), await read(api)
    assert (newest.spec.episode, newest.spec.starts_at, newest.status.status) == (1, AT_8, "Firing")
    assert newest.spec.details == noted.spec.details
    assert (noted.status.latest_episode, noted.status.reopens_at) == (1, None)
    assert await reopen(intake, api) is None
    assert (await take(intake, FROM_8)).name == FROM_8.name(1)


async def test_a_later_episode_that_fires_on_opens_its_next(intake: Intake, api: Api, clock: Clock) -> None:
    again, over = alert(startsAt=ON_TIME), alert(startsAt=ON_TIME, status="Resolved")
    await take(intake, FROM_8, TO_12, again, over, again)
    clock.passes(minutes=2)
    assert await reopen(intake, api, FROM_8.name(1)) is not None
    assert (await read(api, FROM_8.name(1))).status.reopens_at is None
    assert (await read(api)).status.latest_episode == 2


async def test_what_a_newer_episode_left_behind_is_cleared(intake: Intake, api: Api, clock: Clock) -> None:
    """Whoever opened it died before the older one said so, or a firing opened it first."""
    await take(intake, FROM_8, TO_12, FROM_8)
    clock.passes(minutes=2)
    assert (await take(intake, FROM_8)).name == FROM_8.name(1)
    assert await reopen(intake, api) is None
    assert (await read(api)).status.reopens_at is None
    assert await names(api) == {NAME, FROM_8.name(1)}


async def test_a_resolve_that_comes_while_the_next_episode_opens_resolves_it(
    intake: Intake, api: Api, clock: Clock, way: Way
) -> None:
    await take(intake, FROM_8, TO_12, FROM_8)
    clock.passes(minutes=2)

    async def resolve(request: httpx.Request) -> None:
        if request.method == "POST":
            await set_status(api, {"reopensAt": None})

    way.meddle = resolve
    event = await reopen(intake, api)
    assert event is not None
    assert event.type == ALERT_RESOLVED
    resolved = await read(api, FROM_8.name(1))
    assert (resolved.status.status, resolved.metadata.labels["alert-status"]) == ("Resolved", "Resolved")


async def test_two_replicas_open_one_episode(kube: Kube, intake: Intake, api: Api, clock: Clock) -> None:
    await take(intake, FROM_8, TO_12, FROM_8)
    clock.passes(minutes=2)
    noted, other = await read(api), Intake(kube, Settings(), now=clock)
    told = await asyncio.gather(*(replica.reopen(FROM_8, noted) for replica in (intake, other)))
    assert sum(event is not None for event in told) == 1
    assert (await read(api, FROM_8.name(1))).status.status == "Firing"


OTHER = alert(severity="page", details={"rack": "r1"}, involvedObject={"kind": "Node", "name": "dev2"})


async def test_a_repeat_replaces_what_the_alert_says_while_there_is_no_work(intake: Intake, api: Api, way: Way) -> None:
    await take(intake, FIRING)
    way.requests.clear()
    told = await take(intake, OTHER)
    assert (told.result, told.name, told.event) == (Result.COUNTED, NAME, None)
    assert told.reason == "a repeat: what it says replaces what it said before"
    assert way.requests == ["POST", "GET", "PATCH", "PATCH"]
    stored = await read(api)
    assert (stored.spec.severity, stored.spec.details, stored.spec.involved_object.name) == (
        "page",
        {"rack": "r1"},
        "dev2",
    )
    assert (stored.metadata.labels["rack"], "node" in stored.metadata.labels) == ("r1", False)
    assert stored.metadata.labels["alert-type"] == "DiskFull"
    assert stored.spec.selector is not None
    assert stored.spec.selector.match_labels == stored.metadata.labels
    assert stored.status.count == 2


async def test_what_others_labelled_an_alert_with_stays(intake: Intake, api: Api) -> None:
    await take(intake, FIRING)
    resource = api.resource("aegisalerts", "aegis.io")
    await api.patch(resource, NAME, {"metadata": {"labels": {"on-call": "ada"}}}, "monitoring")
    await take(intake, OTHER)
    labels = (await read(api)).metadata.labels
    assert (labels["on-call"], labels["rack"], "node" in labels) == ("ada", "r1", False)


async def test_a_repeat_that_says_the_same_changes_only_the_status(intake: Intake, api: Api) -> None:
    await take(intake, OTHER)
    before = await read(api)
    await take(intake, OTHER)
    assert (await read(api)).metadata.generation == before.metadata.generation


@pytest.mark.parametrize("found", ["RuleNotFound", "UnsafeValue"])
async def test_what_a_repeat_mends_is_looked_at_again(intake: Intake, api: Api, found: str) -> None:
    await take(intake, FIRING)
    await set_status(api, {"opsStatus": {"triggerStatus": found}, "firing": {"triggerStatus": found}})
    event = (await take(intake, OTHER)).event
    assert event is not None
    assert event.data["spec"]["details"] == {"rack": "r1"}


MATCHED = {
    "opsStatus": {"triggerStatus": "Triggered", "alertOpsStatus": "Pending"},
    "firing": {"triggerStatus": "Triggered"},
    "conditions": [
        {
            "type": "Triggered",
            "status": "True",
            "reason": "Triggered",
            "message": "",
            "observedGeneration": 1,
            "lastTransitionTime": ON_TIME,
        }
    ],
}


async def test_a_match_that_no_workflow_was_made_of_is_told_again(intake: Intake, api: Api) -> None:
    await take(intake, FIRING)
    await set_status(api, MATCHED)
    assert (await take(intake, FIRING)).event is None
    event = (await take(intake, OTHER)).event
    assert event is not None
    assert event.type == ALERT_FIRING
    assert (await read(api)).is_edited


async def test_what_a_workflow_was_made_for_stays_before_it_is_recorded(intake: Intake, api: Api) -> None:
    await take(intake, FIRING)
    await set_status(api, MATCHED)
    stored = await read(api)
    name = workflow_name(NAME, stored.metadata.uid, "firing")
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": name}, "spec": {}}
    await api.create(api.resource("workflows", "argoproj.io"), body, "monitoring")
    await keeps(intake, api)


@pytest.mark.parametrize("status", [{"firing": {"triggerStatus": "Triggered", "workflow": "w"}}, WORK_ENDED])
async def test_what_a_workflow_was_made_for_stays(intake: Intake, api: Api, status: Mapping[str, Any]) -> None:
    await take(intake, FIRING)
    await set_status(api, status)
    await keeps(intake, api)


async def keeps(intake: Intake, api: Api) -> None:
    """Another repeat changes nothing but the count, and its sender hears so."""
    told = await take(intake, OTHER)
    assert told.reason == "a repeat: it says something else, but a workflow was made for what it said before"
    stored = await read(api)
    assert (stored.spec.details, stored.status.count) == ({"node": "dev1"}, 2)


async def test_a_resolve_and_what_fires_after_it_replace_nothing(intake: Intake, api: Api) -> None:
    await take(intake, FROM_8, alert(startsAt=AT_8, status="Resolved", details={"rack": "r1"}))
    assert (await read(api)).spec.details == {"node": "dev1"}
    await take(intake, alert(startsAt=AT_8, details={"rack": "r1"}))
    assert (await read(api)).spec.details == {"node": "dev1"}


async def test_a_repeat_that_cannot_be_stored_is_rejected(intake: Intake, api: Api) -> None:
    await take(intake, FIRING)
    assert (await take(intake, alert(severity="x" * 40_000))).result is Result.REJECTED
    assert (await read(api)).spec.severity == ""


async def test_a_beginning_that_moves_is_the_same_alert(intake: Intake, api: Api) -> None:
    await take(intake, alert(startsAt=ON_TIME), FROM_8, FIRING)
    assert await names(api) == {NAME}
    assert (await read(api)).status.count == 3


async def test_an_old_resolve_that_comes_with_a_new_one_keeps_it_not_from_resolving(intake: Intake, api: Api) -> None:
    await take(intake, FROM_8)
    old = alert(status="Resolved", endsAt="2026-01-01T07:00:00Z")
    answers = await asyncio.gather(*map(intake.submit, [old, TO_12]))
    assert [stored(answer).result for answer in answers] == [Result.RESOLVED] * 2
    assert (await read(api)).status.status == "Resolved"


async def test_a_resolve_of_an_earlier_occurrence_is_answered_and_changes_nothing(intake: Intake, api: Api) -> None:
    told = await take(intake, FROM_8, alert(status="Resolved", endsAt="2026-01-01T07:00:00Z"))
    assert (told.result, told.event) == (Result.IGNORED, None)
    assert (await read(api)).status.status == "Firing"


async def test_a_repeat_opens_the_next_episode_only_after_the_cooldown(intake: Intake, api: Api, clock: Clock) -> None:
    await take(intake, FIRING)
    await set_status(api, WORK_ENDED)
    clock.passes(minutes=29)
    assert (await take(intake, FIRING)).result is Result.COUNTED
    clock.passes(minutes=1)
    answers = await asyncio.gather(*(intake.submit(FIRING) for _ in range(3)))
    assert [stored(answer).result for answer in answers] == [Result.CREATED, Result.COUNTED, Result.COUNTED]
    assert (await read(api, FIRING.name(1))).status.count == 3


async def test_an_episode_whose_number_was_not_written_is_found(intake: Intake, api: Api) -> None:
    """Whoever opened it died before it could say so on episode 0."""
    await take(intake, FIRING, RESOLVED, FIRING)
    await set_status(api, {"latestEpisode": 0})
    told = await take(intake, FIRING)
    assert (told.result, told.name) == (Result.COUNTED, FIRING.name(1))
    assert (await read(api)).status.latest_episode == 1


@pytest.mark.parametrize(("incoming", "result"), [(FIRING, Result.CREATED), (RESOLVED, Result.RESOLVED)])
async def test_where_the_newest_episode_has_expired_the_next_is_opened(
    intake: Intake, api: Api, incoming: Incoming, result: Result
) -> None:
    await take(intake, FIRING, RESOLVED, FIRING)
    await delete(api, FIRING.name(1))
    told = await take(intake, incoming)
    assert (told.result, told.name) == (result, FIRING.name(2))
    assert (await read(api)).status.latest_episode == 2


async def test_an_alert_deleted_by_hand_is_created_again(intake: Intake, api: Api, way: Way) -> None:
    await take(intake, FIRING)

    async def somebody_deletes_it(request: httpx.Request) -> None:
        if request.method == "PATCH" and await names(api):
            await delete(api)

    way.meddle = somebody_deletes_it
    assert (await take(intake, FIRING)).result is Result.CREATED
    assert (await read(api)).status.count == 1


async def test_an_alert_that_is_being_deleted_is_tried_later(intake: Intake, api: Api) -> None:
    await take(intake, FIRING)
    resource = api.resource("aegisalerts", "aegis.io")
    await api.patch(resource, NAME, {"metadata": {"finalizers": ["example.com/hold"]}}, "monitoring")
    await delete(api)
    assert isinstance(await intake.submit(FIRING), Unavailable)


async def test_an_episode_opened_by_another_replica_is_followed(intake: Intake, kube: Kube, api: Api, way: Way) -> None:
    await take(intake, FIRING)
    other = Intake(kube, Settings(), now=Clock())

    async def another_is_faster(request: httpx.Request) -> None:
        if request.method == "PATCH":
            way.meddle = undisturbed
            await take(other, RESOLVED, FIRING)

    way.meddle = another_is_faster
    assert (await take(intake, RESOLVED)).name == FIRING.name(1)
    assert (await read(api, FIRING.name(1))).status.status == "Resolved"


async def test_an_event_delivered_again_counts_once(intake: Intake, api: Api) -> None:
    await take(intake, FIRING, FIRING, event="e1")
    await take(intake, FIRING, FIRING, event="e2")
    assert (await read(api)).status.count == 2


async def test_an_event_delivered_twice_at_once_counts_once(intake: Intake, api: Api) -> None:
    answers = await asyncio.gather(*(intake.submit(FIRING, event="e1") for _ in range(5)))
    assert {stored(answer).name for answer in answers} == {NAME}
    assert (await read(api)).status.count == 1


async def test_an_old_resolve_delivered_again_does_not_resolve_the_next_episode(intake: Intake, api: Api) -> None:
    await take(intake, FIRING, event="e1")
    await take(intake, RESOLVED, event="e2")
    await take(intake, FIRING, event="e3")
    await take(intake, RESOLVED, event="e2")
    assert (await read(api, FIRING.name(1))).status.status == "Firing"


@pytest.mark.parametrize("status", ["Firing", "Resolved"])
async def test_an_ignored_type_is_not_stored(intake: Intake, way: Way, status: str) -> None:
    told = await take(intake, alert(type="Watchdog", status=status))
    assert (told.result, told.event, way.requests) == (Result.IGNORED, None, [])


@pytest.mark.parametrize("code", [403, 429, 500, 503])
async def test_a_server_that_does_not_store_leaves_the_sender_to_try_again(intake: Intake, way: Way, code: int) -> None:
    async def no(request: httpx.Request) -> httpx.Response:
        return httpx.Response(code, request=request)

    way.meddle = no
    assert isinstance(await intake.submit(FIRING), Exception)
    way.meddle = undisturbed
    assert (await take(intake, FIRING)).result is Result.CREATED


async def test_a_server_that_is_away_leaves_the_sender_to_try_again(intake: Intake, way: Way) -> None:
    async def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    way.meddle = away
    answers = await asyncio.gather(*(intake.submit(FIRING) for _ in range(3)))
    assert all(isinstance(answer, Unavailable) for answer in answers)


@pytest.mark.parametrize("code", [413, 422])
async def test_what_the_server_refuses_for_good_is_rejected(intake: Intake, way: Way, code: int) -> None:
    async def no(request: httpx.Request) -> httpx.Response:
        return httpx.Response(code, request=request, json={"message": "too much"})

    way.meddle = no
    told = await take(intake, FIRING)
    assert (told.result, told.event) == (Result.REJECTED, None)
    assert "too much" in told.reason


async def test_a_conflict_that_never_ends_is_given_up(intake: Intake, api: Api, way: Way) -> None:
    await take(intake, FIRING)

    async def somebody_writes(request: httpx.Request) -> None:
        if request.method == "PATCH":
            count = (await read(api)).status.count
            await set_status(api, {"count": count + 1})

    way.meddle = somebody_writes
    assert isinstance(await intake.submit(FIRING), Unavailable)


async def test_many_alerts_are_stored_a_few_at_a_time(intake: Intake, api: Api, way: Way) -> None:
    busy = most = 0

    async def count(_: httpx.Request) -> None:
        nonlocal busy, most
        busy, most = busy + 1, max(most, busy + 1)
        await asyncio.sleep(0)
        busy -= 1

    way.meddle = count
    await asyncio.gather(*(intake.submit(alert(fingerprint=f"f{n}")) for n in range(100)))
    assert len(await names(api)) == 100
    assert 1 < most <= 32


async def testundisturbed_is_kept_once_all_is_stored(intake: Intake) -> None:
    await asyncio.gather(*(intake.submit(FIRING) for _ in range(5)))
    await asyncio.sleep(0)
    assert not intake._queues


async def test_a_refused_post_takes_no_other_of_its_name_along() -> None:
    bodies: list[dict[str, Any]] = []

    def refuse_the_first(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        if len(bodies) == 1:
            return httpx.Response(422, json={"reason": "Invalid", "message": "spec.details: too long"})
        return httpx.Response(201, json={**bodies[-1], "status": {"status": "Firing", "count": 1}})

    transport = httpx.MockTransport(refuse_the_first)
    intake = Intake(kube_over(transport), Settings())
    first, second = intake.submit(FIRING), intake.submit(FIRING)
    assert stored(await first).result is Result.REJECTED
    assert stored(await second).result is Result.CREATED


async def test_over_quota_a_new_alert_is_to_come_again_and_a_known_one_goes_on(
    intake: Intake, api: Api, quota: Quota
) -> None:
    await take(intake, FIRING)
    await quota.is_(1)
    for status in (FIRING, RESOLVED):
        refused = await intake.submit(alert(fingerprint="f2", status=status.status))
        assert isinstance(refused, OverQuota)
        assert refused.retry_after > 1
    assert (await take(intake, FIRING)).result is Result.COUNTED
    assert (await take(intake, RESOLVED)).result is Result.RESOLVED
    state = (await read(api)).status
    assert (state.count, state.status) == (2, "Resolved")
    assert await names(api) == {NAME}


async def test_over_quota_an_episode_waits_and_its_alert_is_left_as_it_was(
    intake: Intake, api: Api, quota: Quota, clock: Clock
) -> None:
    await take(intake, FIRING)
    await set_status(api, WORK_ENDED)
    clock.passes(hours=1)
    await quota.is_(1)
    assert isinstance(await intake.submit(FIRING), OverQuota)
    assert (await read(api)).status.latest_episode == 0
    await quota.is_(2)
    assert (await take(intake, FIRING)).name == FIRING.name(1)


async def test_over_quota_an_episode_that_another_opened_is_found(
    intake: Intake, api: Api, quota: Quota, clock: Clock
) -> None:
    """It was created, and its name not yet written on the first episode."""
    await take(intake, FIRING)
    await set_status(api, WORK_ENDED)
    clock.passes(hours=1)
    await take(intake, FIRING)
    await set_status(api, {"latestEpisode": 0})
    await quota.is_(2)
    assert (await take(intake, FIRING)).name == FIRING.name(1)
    assert (await read(api, FIRING.name(1))).status.count == 2


async def test_a_post_that_is_to_come_again_is_not_counted_when_it_does(intake: Intake, api: Api) -> None:
    await take(intake, FIRING)
    assert not stored(await intake.submit(FIRING, post="p1")).again
    await intake.note(NAME, "p1", comes_again=True)
    for _ in range(2):
        assert stored(await intake.submit(FIRING, post="p1")).again
    assert not stored(await intake.submit(FIRING, post="p2")).again
    await intake.note(NAME, "p1", comes_again=False)
    assert not stored(await intake.submit(FIRING, post="p1")).again
    assert (await read(api)).status.count == 4


async def test_a_quota_that_is_counted_meanwhile_is_asked_again(intake: Intake, api: Api, way: Way) -> None:
    """Admission writes the quota's use by compare-and-swap, and gives up after a few times."""
    message = 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified'
    refusals = [{"kind": "Status", "reason": "Conflict", "message": message}] * 2

    async def contended(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(409, json=refusals.pop(), request=request) if refusals else None

    way.meddle = contended
    assert (await take(intake, FIRING)).result is Result.CREATED
    assert await names(api) == {NAME}
