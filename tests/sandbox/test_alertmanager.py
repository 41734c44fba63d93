"""A real Alertmanager, set up as the original's users do it, reports to the intake: alone and as a clustered pair."""

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from tests.listening import listening
from tests.sandbox.driver import ALERTS, Driver, Json, ops_status, running

PROGRAM = shutil.which("prometheus-alertmanager")

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(PROGRAM is None, reason="Debian's prometheus-alertmanager is not installed"),
]

_SENT = re.compile(r'^alertmanager_notifications_total\{integration="webhook"\} (\d+)', re.MULTILINE)


@dataclass(frozen=True)
class Alertmanager:
    """A running Alertmanager, as Prometheus reaches it."""

    url: str
    http: httpx.Client

    def report(self, labels: dict[str, str], *, starts: datetime, ends: datetime | None = None) -> None:
        """What Prometheus sends while an alert fires, and once it has ended."""
        alert: Json = {
            "labels": labels,
            "annotations": {"summary": f"{labels['alertname']} of {labels['pod']}"},
            "generatorURL": "http://prometheus.example/graph",
            "startsAt": starts.isoformat(),
        }
        if ends is not None:
            alert["endsAt"] = ends.isoformat()
        self.http.post(f"{self.url}/api/v2/alerts", json=[alert]).raise_for_status()

    def fingerprint(self, pod: str) -> str:
        """What Alertmanager calls the alert of a pod."""
        alerts = self.http.get(f"{self.url}/api/v2/alerts", params={"filter": f'pod="{pod}"'}).json()
        (alert,) = alerts
        return str(alert["fingerprint"])

    @property
    def sent(self) -> int:
        """Notifications to the webhook so far."""
        found = _SENT.search(self.http.get(f"{self.url}/metrics").text)
        assert found is not None
        return int(found[1])

    @property
    def peers(self) -> list[str]:
        """Gossip addresses of its cluster, its own among them."""
        return [str(peer["address"]) for peer in self.http.get(f"{self.url}/api/v2/status").json()["cluster"]["peers"]]


@contextmanager
def alertmanager(folder: Path, webhook: str, *options: str) -> Iterator[Alertmanager]:
    """Run Alertmanager with the original's configuration, only with a short interval between notifications."""
    folder.mkdir()
    configuration = {
        "global": {"resolve_timeout": "5m"},
        "inhibit_rules": [
            {
                "equal": ["alertname"],
                "source_matchers": ["severity = critical"],
                "target_matchers": ["severity =~ warning"],
            }
        ],
        "receivers": [{"name": "Aegis", "webhook_configs": [{"url": webhook}]}],
        "route": {
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": "1s",
            "receiver": "Aegis",
            "repeat_interval": "12h",
        },
    }
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(configuration))
    configured = (f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data", *options)
    with listening(str(PROGRAM), *configured) as address, httpx.Client(timeout=20, trust_env=False) as http:
        yield Alertmanager(f"http://{address}", http)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Driver]:
    with running() as driver:
        driver.rule("crashlooping", alert_type="KubePodCrashLooping", script="restart {{.pod}}")
        yield driver


@pytest.fixture
def webhook(sandbox: Driver) -> str:
    return f"{sandbox.cluster.gateway}/alertmanager/alert"


def crash_looping(pod: str) -> dict[str, str]:
    """Labels as kube-prometheus has them, the exporter's own among them."""
    return {
        "alertname": "KubePodCrashLooping",
        "container": "app",
        "endpoint": "http",
        "instance": "10.244.0.7:8080",
        "job": "kube-state-metrics",
        "namespace": "shop",
        "pod": pod,
        "prometheus": "monitoring/k8s",
        "reason": "CrashLoopBackOff",
        "service": "prometheus-kube-state-metrics",
        "severity": "warning",
        "uid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    }


def alerts_about(pod: str, seen: dict[str, Json]) -> list[Json]:
    return [alert for alert in seen.values() if alert["spec"]["involvedObject"].get("name") == pod]


def succeeded(sandbox: Driver, pod: str) -> Json:
    """The one alert about a pod, once its workflow has succeeded."""
    seen = sandbox.watch_until(
        ALERTS,
        lambda seen: any(ops_status(alert).get("alertOpsStatus") == "Succeeded" for alert in alerts_about(pod, seen)),
    )
    (alert,) = alerts_about(pod, seen)
    return alert


def test_a_firing_and_then_a_resolved_alert_arrive(sandbox: Driver, webhook: str, tmp_path: Path) -> None:
    starts = datetime.now(UTC) - timedelta(minutes=1)
    with alertmanager(tmp_path / "am", webhook, "--cluster.listen-address=") as source:
        source.report(crash_looping("web-0"), starts=starts)
        alert = succeeded(sandbox, "web-0")
        spec, name = alert["spec"], alert["metadata"]["name"]
        assert name.startswith("alertmanager-kubepodcrashlooping-")
        assert (spec["type"], spec["status"], spec["severity"]) == ("KubePodCrashLooping", "Firing", "warning")
        assert spec["involvedObject"]["kind"] == "Pod"
        assert spec["involvedObject"]["namespace"] == "shop"
        assert spec["fingerprint"] == source.fingerprint("web-0")
        assert datetime.fromisoformat(spec["startsAt"]) == starts
        assert alert["status"]["status"] == "Firing"

        source.report(crash_looping("web-0"), starts=starts, ends=datetime.now(UTC))
        resolved = sandbox.alert_when(name, lambda alert: alert["status"]["status"] == "Resolved")
    assert resolved["status"]["resolvedTime"]
    assert resolved["status"]["count"] == 1
    assert len(alerts_about("web-0", {a["metadata"]["name"]: a for a in sandbox.items(ALERTS)})) == 1
    assert len(sandbox.workflows_of(name)) == 1


def test_a_clustered_pair_that_both_send_makes_one_alert_and_one_workflow(
    sandbox: Driver, webhook: str, tmp_path: Path
) -> None:
    # The two know each other, but neither hears in time that the other has notified: both send, as they may.
    options = (
        "--cluster.listen-address=127.0.0.1:0",
        "--cluster.gossip-interval=1h",
        "--cluster.settle-timeout=1ms",
        "--cluster.peer-timeout=1ms",
    )
    starts = datetime.now(UTC) - timedelta(minutes=1)
    with ExitStack() as stack:
        first = stack.enter_context(alertmanager(tmp_path / "first", webhook, *options))
        (gossip,) = first.peers
        second = stack.enter_context(alertmanager(tmp_path / "second", webhook, *options, f"--cluster.peer={gossip}"))
        assert len(second.peers) == 2
        pair = [first, second]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda source: source.report(crash_looping("web-1"), starts=starts), pair))
        alert = succeeded(sandbox, "web-1")
        name = alert["metadata"]["name"]
        counted = sandbox.alert_when(name, lambda alert: alert["status"]["count"] == 2)
        assert [source.sent for source in pair] == [1, 1]
        assert {source.fingerprint("web-1") for source in pair} == {counted["spec"]["fingerprint"]}
    assert len(alerts_about("web-1", {a["metadata"]["name"]: a for a in sandbox.items(ALERTS)})) == 1
    assert len(sandbox.workflows_of(name)) == 1
