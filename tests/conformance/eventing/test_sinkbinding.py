"""What a SinkBinding puts into the environment of what it binds, told by a Service that replies with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conformance.cluster import config_map
from tests.conformance.eventing.knative import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.eventing.knative import Broker, Json, Knative

_SERVING = "serving.knative.dev/v1"
_FUNCTION = Path(__file__).parent / "environment.py"
_OVERRIDES = {"extensions": {"mark": "x", "number": "7"}}


@pytest.fixture(scope="module")
def broker(make_broker: Callable[..., Broker], knative: Knative) -> Broker:
    """A Broker, with Services behind its Triggers: one is bound to it, one with overrides, and one is not."""
    made = make_broker()
    program = config_map("environment", {"main.py": _FUNCTION.read_text()})
    assert knative.cluster.post(knative.path("configmaps", api_version="v1"), program).is_success
    sink = {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": made.name}}
    bind(knative, "bound", {"sink": sink})
    bind(knative, "marked", {"sink": {**sink, "uri": "/below"}, "ceOverrides": _OVERRIDES})
    names = ("bound", "marked", "free")
    for name in names:
        knative.apply("Service", name, {"template": {"spec": service(knative)}}, _SERVING)
    for name in names:
        knative.ready("services", name, _SERVING)
    made.trigger(
        Trigger(
            "told",
            {"filter": {"attributes": {"type": "environment"}}, "subscriber": knative.subscriber("told")},
            {"type": "environment"},
        )
    )
    made.trigger(*(asking(name) for name in names))
    return made


def asking(name: str) -> Trigger:
    """A Trigger that asks a Service; what it replies reaches another one, with the probe's mark on it."""
    subscriber = {"ref": {"apiVersion": _SERVING, "kind": "Service", "name": name}}
    return Trigger(name, {"filter": {"attributes": {"type": name}}, "subscriber": subscriber}, {"type": name}, "told")


def bind(knative: Knative, name: str, spec: Json) -> None:
    """Bind a Service of that name."""
    subject = {"apiVersion": _SERVING, "kind": "Service", "name": name}
    knative.apply("SinkBinding", name, {"subject": subject, **spec}, "sources.knative.dev/v1")


def service(knative: Knative) -> Json:
    """The pod of a Service that runs this suite's function in the image of another."""
    environment = {"FUNCTION_TARGET": "tell", "FUNCTION_SOURCE": "/function/main.py", "HOME": "/tmp"}
    container = {
        "image": knative.image,
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "volumeMounts": [{"name": "function", "mountPath": "/function"}],
    }
    return {"containers": [container], "volumes": [{"name": "function", "configMap": {"name": "environment"}}]}


def environment(broker: Broker, name: str) -> dict[str, str]:
    """What a Service finds in its environment."""
    sent = broker.send(type=name)
    assert sent.answer.status == 202
    (reply,) = broker.deliveries(sent.id)
    return dict(reply.json)


def test_a_bound_service_is_told_its_sink(broker: Broker) -> None:
    assert environment(broker, "bound") == {"K_SINK": broker.url, "K_CE_OVERRIDES": ""}


def test_a_sink_may_be_below_an_address(broker: Broker) -> None:
    server = broker.url.removesuffix(f"/{broker.knative.namespace}/{broker.name}")
    assert environment(broker, "marked")["K_SINK"] == f"{server}/below"


def test_overrides_are_told_as_they_are_written(broker: Broker) -> None:
    assert environment(broker, "marked")["K_CE_OVERRIDES"] == '{"extensions":{"mark":"x","number":"7"}}'


def test_what_is_not_bound_is_told_nothing(broker: Broker) -> None:
    assert environment(broker, "free") == {}
