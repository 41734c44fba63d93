"""An eventing under test: its Brokers and Triggers, what is sent to them, and what they deliver."""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from tests.conformance.cluster import Cluster

    Json = dict[str, Any]

_PATIENCE_SECONDS = 60
_API_GROUPS = {"Broker": "eventing.knative.dev/v1", "Trigger": "eventing.knative.dev/v1"}


@dataclass(frozen=True)
class Answer:
    """How a request was answered."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver an event, as its receiver saw it."""

    observer: str
    attributes: Mapping[str, str]
    """The event's context attributes, `datacontenttype` apart."""
    headers: Mapping[str, str]
    body: bytes
    status: int
    arrived: float
    """Seconds of the receiver's clock."""
    answered: float | None

    @classmethod
    def read(cls, record: Json) -> Delivery:
        """Read one of the recorder's records."""
        return cls(**{**record, "body": base64.b64decode(record["body"])})

    @cached_property
    def json(self) -> Any:
        """The event's data."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Recorder:
    """The program that records what it is delivered and sends what it is told to."""

    http: httpx.Client
    door: str
    """Where tests reach it."""
    address: str
    """Where Triggers deliver to."""

    def send(self, url: str, method: str = "POST", headers: Mapping[str, str] | None = None, body: str = "") -> Answer:
        """Have a request made from where the recorder is."""
        request = {"url": url, "method": method, "headers": dict(headers or {}), "body": body}
        return Answer(
            **self.http.post(f"{self.door}/send", json=request, timeout=_PATIENCE_SECONDS).raise_for_status().json()
        )

    def records(self, after: int = -1) -> list[Delivery]:
        """Everything that was delivered so far, waiting a while for more than there was."""
        answer = self.http.get(f"{self.door}/records", params={"after": str(after)}).raise_for_status()
        return [Delivery.read(record) for record in answer.json()]

    def until(self, done: Callable[[list[Delivery]], bool]) -> list[Delivery]:
        """Everything that was delivered, as soon as it is as wanted."""
        end = time.monotonic() + _PATIENCE_SECONDS
        seen = self.records()
        while not done(seen):
            assert time.monotonic() < end, f"waited in vain, there was {seen[-20:]}"
            seen = self.records(after=len(seen))
        return seen


@dataclass(frozen=True)
class Trigger:
    """A Trigger to be made, and attributes of an event that it lets through; none if nothing comes through."""

    name: str
    spec: Json
    wants: Mapping[str, str] | None
    observer: str = ""
    """Who is reached through it, where that is not the one of its name."""


@dataclass(frozen=True)
class Broker:
    """A Broker of one module's tests."""

    knative: Knative
    name: str
    url: str

    def trigger(self, *triggers: Trigger) -> None:
        """Make Triggers, and wait until each of them delivers: Ready alone does not promise that yet."""
        for trigger in triggers:
            self.knative.apply("Trigger", f"{self.name}-{trigger.name}", {"broker": self.name, **trigger.spec})
        for trigger in triggers:
            self.knative.ready("triggers", f"{self.name}-{trigger.name}")
        waiting = {trigger.observer or trigger.name: trigger.wants for trigger in triggers if trigger.wants is not None}
        end = time.monotonic() + _PATIENCE_SECONDS
        while waiting:
            assert time.monotonic() < end, f"nothing arrives through the Triggers for {sorted(waiting)}"
            reached = self.emit({**next(iter(waiting.values())), "probe": "yes"}).reached()
            waiting = {observer: wants for observer, wants in waiting.items() if observer not in reached}

    def send(
        self, *, answers: Mapping[str, Sequence[Json]] | None = None, data: object = None, **attributes: str
    ) -> Sent:
        """Send an event, and have it answered so by those whom it reaches; wait until all of that is over."""
        return self.emit(attributes, {"answers": answers} if answers else data)

    def emit(self, attributes: Mapping[str, str], data: object = None) -> Sent:
        """Send an event with these attributes and data."""
        identity = f"conformance-{uuid.uuid4().hex}"
        context = {"specversion": "1.0", "id": identity, "source": "/conformance", "type": "any", **attributes}
        headers = {f"ce-{name}": value for name, value in context.items()} | {"content-type": "application/json"}
        return Sent(self, context["id"], self.knative.recorder.send(self.url, headers=headers, body=json.dumps(data)))

    def deliveries(self, event: str, to: str = "") -> list[Delivery]:
        """The attempts to deliver an event so far, to all or to one."""
        found = [delivery for delivery in self.knative.recorder.records() if delivery.attributes.get("id") == event]
        return [delivery for delivery in found if to in ("", delivery.observer)]


@dataclass(frozen=True)
class Sent:
    """An event that was sent to a Broker."""

    broker: Broker
    id: str
    answer: Answer

    def deliveries(self, to: str = "") -> list[Delivery]:
        """The attempts to deliver it, to all or to one."""
        return self.broker.deliveries(self.id, to)

    def reached(self) -> set[str]:
        """Whom it was delivered to."""
        return {delivery.observer for delivery in self.deliveries()}


@dataclass(frozen=True)
class Knative:
    """A cluster with eventing, a namespace in it, and a recorder there."""

    cluster: Cluster
    namespace: str
    recorder: Recorder
    image: str
    """What functions run in."""

    def subscriber(self, name: str) -> Json:
        """The recorder as a destination, under a name."""
        return {"uri": f"{self.recorder.address}/{name}"}

    def broker(self, name: str, delivery: Json | None = None) -> Broker:
        """Make a Broker and wait until it has an address."""
        self.apply("Broker", name, {"delivery": delivery} if delivery else {})
        return Broker(self, name, self.ready("brokers", name)["status"]["address"]["url"])

    def apply(self, kind: str, name: str, spec: Json, api_version: str = "") -> None:
        """Apply one of eventing's objects; the webhooks that must admit it may be busy for a moment."""
        api_version = api_version or _API_GROUPS[kind]
        manifest = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        path = self.path(f"{kind.lower()}s", name, api_version)
        answer = self.cluster.apply(path, manifest, "conformance", force="true")
        assert answer.is_success, answer.text

    def path(self, plural: str, name: str = "", api_version: str = "eventing.knative.dev/v1") -> str:
        """Where objects are in the namespace."""
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        return f"{base}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def ready(self, plural: str, name: str, api_version: str = "eventing.knative.dev/v1") -> Json:
        """An object, once its controller says that it is ready, and means it as it now is."""
        path = self.path(plural, name, api_version)
        collection, _, _ = path.rpartition("/")
        end = time.monotonic() + _PATIENCE_SECONDS
        found: Json = {}
        while time.monotonic() < end:
            found = self.cluster.get(path).json()
            if _is_ready(found):
                return found
            version = found["metadata"]["resourceVersion"]
            selector = f"metadata.name={name}"
            next(self.cluster.watching(collection, fieldSelector=selector, resourceVersion=version), None)
        raise AssertionError(f"not ready: {json.dumps(found.get('status'))}")


def _is_ready(found: Mapping[str, Any]) -> bool:
    status = found.get("status", {})
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))
    return ready and status.get("observedGeneration", 0) >= found["metadata"].get("generation", 0)
