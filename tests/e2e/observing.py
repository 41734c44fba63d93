"""Triggers that deliver to a pod of the test's own, which writes down what it gets."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.api import NAMESPACE, WAIT_SECONDS, Json
from tests.e2e.driver import BROKERS, FUNCTIONS, PODS, SERVICES, Cluster, condition

REACHED = "io.aegis.e2e.reached"

_SOURCE = Path(__file__).parent / "recorder.py"
_PORT = 8080
_CONTEXT = ("specversion", "source", "time", "dataschema")


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver an event, and how it was answered."""

    observer: str
    status: int
    id: str
    type: str
    subject: str
    extensions: dict[str, str]


@dataclass(frozen=True)
class Recorder:
    """The pod, and the Triggers that lead to it."""

    cluster: Cluster
    name: str

    def observe(self, name: str, *, broker: str, filters: Sequence[Json] = (), answers: str = "204") -> str:
        """Have a Broker deliver what the filters let through, and answer it so; where it is delivered to."""
        uri = f"{self._url}/{answers}/{name}"
        reached = {"exact": {"type": REACHED, "e2e": self.name}}
        all_filters = [{"any": [reached, {"all": list(filters)}]}] if filters else []
        self._trigger(name, broker, filters=all_filters, subscriber={"uri": uri})
        return uri

    def observe_refusals(self, name: str, function: str, *, broker: str) -> None:
        """Have a Broker deliver everything to a function, and what that refuses to this pod."""
        subscriber = {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": function}}
        dead_letters = {"deadLetterSink": {"uri": f"{self._url}/{name}"}}
        self._trigger(name, broker, subscriber=subscriber, delivery=dead_letters)

    def _trigger(self, name: str, broker: str, **spec: Any) -> None:
        """Make a Trigger, and send events until one arrives: Ready does not say that all who deliver for it know it."""
        manifest = _manifest(
            "eventing.knative.dev/v1", "Trigger", f"{self.name}-{name}", spec={"broker": broker, **spec}
        )
        self._ready(manifest)
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            with suppress(AssertionError):
                self.cluster.send(REACHED, {}, broker=broker, e2e=self.name, probe="yes")
            if any(delivery.observer == name for delivery in self._deliveries()):
                return
        raise AssertionError(f"nothing arrives through the Trigger {self.name}-{name}")

    def broker(self) -> str:
        """Another Broker, which delivers as ours does, for events that are for nobody else.

        What a test makes fail, it makes fail there: an in-memory channel may keep the subscriber of a Trigger that is
        deleted in the middle of a delivery, and then refuses every event that it is given.
        """
        delivery = self.cluster.api.get(f"{BROKERS}/aegis")["spec"]["delivery"]
        self._ready(_manifest("eventing.knative.dev/v1", "Broker", self.name, spec={"delivery": delivery}))
        return self.name

    def until(self, done: Callable[[list[Delivery]], bool], *, seconds: float = WAIT_SECONDS) -> list[Delivery]:
        """What was delivered so far, as soon as it is as wanted."""
        deadline = time.monotonic() + seconds
        seen: list[Delivery] = []
        query = {"follow": "true"}
        try:
            with self.cluster.api.http.stream("GET", self._log, params=query, timeout=seconds) as log:
                for line in log.raise_for_status().iter_lines():
                    seen += (delivery for delivery in _read(line) if delivery.type != REACHED)
                    if done(seen):
                        return seen
                    if time.monotonic() > deadline:
                        break
        except httpx.ReadTimeout:
            pass
        raise AssertionError(f"what was delivered did not become as wanted in {seconds:.0f} s: {seen}")

    def deliveries(self) -> list[Delivery]:
        """What was delivered so far, but for what showed that Triggers deliver."""
        return [delivery for delivery in self._deliveries() if delivery.type != REACHED]

    def _deliveries(self) -> list[Delivery]:
        return [delivery for line in self.cluster.api.http.get(self._log).text.splitlines() for delivery in _read(line)]

    @property
    def _url(self) -> str:
        return f"http://{self.name}.{NAMESPACE}.svc.cluster.local"

    @property
    def _log(self) -> str:
        return f"{PODS}/{self.name}/log"

    def _ready(self, manifest: Json) -> None:
        path = self.cluster.apply(manifest)
        self.cluster.api.wait_for(
            path, lambda item: item is not None and condition(item, "Ready").get("status") == "True"
        )


def recording(cluster: Cluster, name: str) -> Recorder:
    """Start the recorder for the time of the test, in the image that a function runs from."""
    function = cluster.api.get(f"{SERVICES}/{FUNCTIONS[1]}")["spec"]["template"]["spec"]["containers"][0]
    container = {
        "name": "recorder",
        "image": function["image"],
        "command": ["python", "/recorder/recorder.py"],
        "env": [{"name": "PORT", "value": str(_PORT)}],
        "readinessProbe": {"httpGet": {"path": "/", "port": _PORT}, "periodSeconds": 1},
        "volumeMounts": [{"name": "recorder", "mountPath": "/recorder"}],
    }
    volume = {"name": "recorder", "configMap": {"name": name}}
    spec = {"containers": [container], "volumes": [volume], "terminationGracePeriodSeconds": 1}
    ports = [{"port": 80, "targetPort": _PORT}]
    cluster.apply(_manifest("v1", "ConfigMap", name, data={_SOURCE.name: _SOURCE.read_text()}))
    cluster.apply(_manifest("v1", "Service", name, spec={"selector": {"aegis-e2e": name}, "ports": ports}))
    recorder = Recorder(cluster, name)
    recorder._ready(_manifest("v1", "Pod", name, spec=spec))
    return recorder


def intake_for_all(cluster: Cluster, name: str) -> str:
    """Deploy the intake for the Broker once more for the time of the test, so that it takes events of every source."""
    spec = cluster.api.get(f"{SERVICES}/alert-normalizer")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    container["env"].append({"name": "AEGIS_OPEN_SOURCES", "value": "*"})
    manifest = _manifest("serving.knative.dev/v1", "Service", name, spec={"template": {"spec": spec}})
    manifest["metadata"]["labels"]["networking.knative.dev/visibility"] = "cluster-local"
    Recorder(cluster, name)._ready(manifest)
    return name


def _manifest(api_version: str, kind: str, name: str, **body: Any) -> Json:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {"aegis-e2e": name}}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def _read(line: str) -> list[Delivery]:
    """The delivery that a line of the log tells of, if it does."""
    if not line.startswith('{"observer"'):
        return []
    record = json.loads(line)
    context = {"id": "", "type": "", "subject": "", **record["attributes"]}
    known = {name: context.pop(name) for name in ("id", "type", "subject")}
    extensions = {name: value for name, value in context.items() if name not in _CONTEXT}
    return [Delivery(record["observer"], record["status"], **known, extensions=extensions)]
