"""The parts work together as one cluster in a process of its own: a small installation of trial functions."""

import os
import stat
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sandbox.testing import Sandbox, SandboxDiedError, sandbox

HERE = Path(__file__).parent
trial_sandbox = partial(sandbox, manifests=[HERE / "manifests" / "trial.yaml"], functions=HERE / "functions")
KNATIVE = "/apis/{group}/v1/namespaces/monitoring/{plural}/{name}"

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def trial() -> Iterator[Sandbox]:
    with trial_sandbox("--idle=60") as running:
        yield running


def send(running: Sandbox, kind: str, name: str) -> int:
    headers = {"ce-specversion": "1.0", "ce-id": name, "ce-source": "/test", "ce-type": kind}
    return httpx.post(f"{running.broker}/monitoring/default", headers=headers, timeout=30).status_code


def seen(running: Sandbox, start: str) -> list[dict[str, Any]]:
    """What the function `empty` has been sent; it is the public one."""
    events = httpx.get(running.gateway, timeout=30).json()
    return [event for event in events if event["attributes"]["id"].startswith(start)]


def get(running: Sandbox, group: str, plural: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(running.api + KNATIVE.format(group=group, plural=plural, name=name)).json()
    return found


def conditions(obj: dict[str, Any]) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in obj["status"]["conditions"]}


def test_an_event_goes_through_functions_that_start_for_it(trial: Sandbox) -> None:
    assert send(trial, "start", "chain") == 202
    (event,) = seen(trial, "chain")
    assert event["attributes"]["type"] == "test.reply"
    assert f"{trial.broker}/monitoring/default" in event["body"]


def test_a_failed_delivery_is_repeated(trial: Sandbox) -> None:
    assert send(trial, "flaky", "once") == 202


def test_what_cannot_be_delivered_is_buried_with_its_reason(trial: Sandbox) -> None:
    assert send(trial, "fails", "dead") == 202
    (event,) = seen(trial, "dead")
    assert event["attributes"]["knativeerrordest"] == "http://nobody.monitoring.svc.cluster.local"
    assert event["attributes"]["knativeerrorcode"] == "500"


def test_a_changed_object_is_an_event(trial: Sandbox) -> None:
    created = {"metadata": {"name": "changed"}}
    httpx.post(f"{trial.api}/api/v1/namespaces/monitoring/configmaps", json=created).raise_for_status()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if any(event["attributes"].get("name") == "changed" for event in seen(trial, "")):
            return
        time.sleep(0.02)
    pytest.fail("no event came")


def test_the_gateway_chooses_by_host(trial: Sandbox) -> None:
    answer = httpx.post(trial.gateway, headers={"host": "flaky.monitoring.svc.cluster.local", "ce-id": "host"})
    assert (answer.status_code, answer.text) == (500, "not yet")


@pytest.mark.parametrize(
    ("server", "path", "host"),
    [
        ("gateway", "/", ""),
        ("gateway", "/", "flaky.monitoring.svc.cluster.local"),
        ("broker", "/monitoring/default", ""),
        ("broker", "/debug/processes", ""),
        ("api", "/api/v1/pods", ""),
        ("api", "/nowhere", ""),
    ],
)
def test_every_answer_has_one_date_and_one_server(trial: Sandbox, server: str, path: str, host: str) -> None:
    answer = httpx.get(getattr(trial, server) + path, headers={"host": host} if host else {}, timeout=30)
    assert {name: len(answer.headers.get_list(name)) for name in ("date", "server")} == {"date": 1, "server": 1}


def test_statuses_say_what_is_ready(trial: Sandbox) -> None:
    broker = get(trial, "eventing.knative.dev", "brokers", "default")
    assert broker["status"]["address"]["url"] == f"{trial.broker}/monitoring/default"
    assert conditions(broker)["Ready"] == "True"
    service = get(trial, "serving.knative.dev", "services", "empty")
    assert service["status"]["url"].startswith("http://empty.monitoring.localhost:")
    assert conditions(service)["Ready"] == "True"
    trigger = get(trial, "eventing.knative.dev", "triggers", "reply")
    assert trigger["status"]["subscriberUri"] == "http://reply.monitoring.svc.cluster.local"
    assert trigger["status"]["deadLetterSinkUri"] == "http://empty.monitoring.svc.cluster.local/dead"
    for plural, name in (("apiserversources", "maps"), ("pingsources", "tick"), ("sinkbindings", "reply")):
        assert conditions(get(trial, "sources.knative.dev", plural, name))["Ready"] == "True"


def test_a_trigger_that_cannot_work_says_why(trial: Sandbox) -> None:
    unknown = get(trial, "eventing.knative.dev", "triggers", "unknown")
    found = {condition["type"]: condition for condition in unknown["status"]["conditions"]}
    assert found["Ready"]["status"] == "False"
    assert "cesql" in found["SubscriptionReady"]["message"]
    assert "nobody" in found["SubscriberResolved"]["message"]


def test_the_kubeconfig_is_private_and_names_the_namespace(trial: Sandbox) -> None:
    assert stat.S_IMODE(trial.kubeconfig.stat().st_mode) == 0o600
    (context,) = yaml.safe_load(trial.kubeconfig.read_text())["contexts"]
    assert context["context"]["namespace"] == "monitoring"


def test_processes_are_shown_and_their_end_is_seen(trial: Sandbox) -> None:
    send(trial, "start", "shown")
    shown = {entry["service"]: entry["pid"] for entry in httpx.get(f"{trial.broker}/debug/processes").json()}
    assert {"reply", "empty"} <= shown.keys()
    os.killpg(shown["reply"], 9)
    assert send(trial, "start", "after") == 202
    assert len(seen(trial, "after")) == 1


def test_a_restarted_broker_takes_events_again(trial: Sandbox) -> None:
    assert httpx.post(f"{trial.broker}/debug/broker/restart").json() == {"lost": 0}
    assert send(trial, "start", "restarted") == 202


def test_every_event_may_be_delivered_twice() -> None:
    with trial_sandbox("--duplicate") as running:
        assert send(running, "start", "twice") == 202
        assert len(seen(running, "twice")) == 4  # two events, two replies to each


def test_a_sandbox_that_stops_leaves_neither_processes_nor_a_kubeconfig() -> None:
    with trial_sandbox() as running:
        send(running, "start", "stop")
        pids = [entry["pid"] for entry in httpx.get(f"{running.broker}/debug/processes").json()]
        running.process.terminate()
        assert running.process.wait(20) == 0
        assert not running.kubeconfig.exists()
        assert pids
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_objects_outlive_the_sandbox_where_that_is_asked_for(tmp_path: Path) -> None:
    data = f"--data={tmp_path / 'data.sqlite'}"
    with trial_sandbox(data) as first:
        created = {"metadata": {"name": "kept"}}
        httpx.post(f"{first.api}/api/v1/namespaces/monitoring/configmaps", json=created).raise_for_status()
    with trial_sandbox(data) as second:
        assert httpx.get(f"{second.api}/api/v1/namespaces/monitoring/configmaps/kept").status_code == 200
        assert send(second, "start", "again") == 202


def test_a_busy_port_is_said_and_how_to_move_it(trial: Sandbox) -> None:
    port = trial.gateway.rsplit(":", 1)[1]
    with (
        pytest.raises(SandboxDiedError, match=f"port {port} of 127.0.0.1 cannot be used.*PORT="),
        trial_sandbox(f"--port={port}"),
    ):
        pass


def test_a_manifest_that_cannot_be_applied_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("apiVersion: v1\nkind: Nothing\nmetadata: {name: x}\n")
    with pytest.raises(SandboxDiedError, match="Nothing/x"), sandbox(manifests=[wrong]):
        pass
