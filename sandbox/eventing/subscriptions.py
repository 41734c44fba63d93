"""Reads Brokers and Triggers: what they mean for delivery, and which of their conditions hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.conditions import Condition
from sandbox.durations import InvalidDurationError
from sandbox.eventing.broker import Subscription
from sandbox.eventing.delivery import DEFAULT_POLICY, DeliveryPolicy
from sandbox.eventing.filters import UnsupportedFilterError, trigger_filter
from sandbox.eventing.sinks import UnresolvedSinkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sandbox.api import Object
    from sandbox.eventing.sinks import Sinks


@dataclass(frozen=True, slots=True)
class BrokerReading:
    """A Broker's conditions and its dead-letter sink."""

    conditions: Sequence[Condition]
    dead_letter: str | None


@dataclass(frozen=True, slots=True)
class TriggerReading:
    """A Trigger's conditions and, when all of them hold, its subscription."""

    conditions: Sequence[Condition]
    subscriber: str | None
    dead_letter: str | None
    subscription: Subscription | None


def read_broker(obj: Object, sinks: Sinks) -> BrokerReading:
    """What a Broker's manifest says."""
    delivery = obj["spec"].get("delivery") or {} if "spec" in obj else {}
    dead_letter, resolved = _dead_letter(delivery, obj, sinks)
    _, policy = _policy(delivery)
    conditions = [
        Condition("Addressable"), Condition("FilterReady"), Condition("IngressReady"),
        Condition("TriggerChannelReady", policy.reason, policy.message), resolved,
    ]  # fmt: skip
    return BrokerReading(conditions, dead_letter)


def read_trigger(obj: Object, broker: Object | None, sinks: Sinks) -> TriggerReading:
    """What a Trigger's manifest says. Its delivery spec replaces the Broker's, the dead-letter sink apart."""
    spec = obj["spec"]
    own, inherited = spec.get("delivery") or {}, ((broker or {}).get("spec") or {}).get("delivery") or {}
    policy, subscribed = _policy(own or inherited)
    subscriber, resolved = _subscriber(obj, sinks)
    dead_letter, buried = (
        _dead_letter(inherited, broker, sinks)
        if broker is not None and not own.get("deadLetterSink")
        else _dead_letter(own, obj, sinks)
    )
    name = f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"
    try:
        wants = trigger_filter(spec)
    except UnsupportedFilterError as error:
        wants, subscribed = None, Condition("SubscriptionReady", "UnsupportedFilter", str(error))
    found = Condition("BrokerReady") if broker else Condition("BrokerReady", "BrokerDoesNotExist", "no such Broker")
    conditions = [found, subscribed, Condition("DependencyReady"), resolved, buried]
    subscription = None
    if wants is not None and subscriber is not None and all(condition.ok for condition in conditions):
        subscription = Subscription(name, wants, subscriber, policy, dead_letter)
    return TriggerReading(conditions, subscriber, dead_letter, subscription)


def _policy(delivery: Mapping[str, Any]) -> tuple[DeliveryPolicy, Condition]:
    if not delivery:
        return DEFAULT_POLICY, Condition("SubscriptionReady")
    try:
        return DeliveryPolicy.parse(delivery), Condition("SubscriptionReady")
    except InvalidDurationError as error:
        return DEFAULT_POLICY, Condition("SubscriptionReady", "InvalidDelivery", str(error))


def _subscriber(obj: Object, sinks: Sinks) -> tuple[str | None, Condition]:
    try:
        address = sinks.resolve(obj["spec"].get("subscriber"), obj["metadata"]["namespace"])
    except UnresolvedSinkError as error:
        return None, Condition("SubscriberResolved", "Unable to get the Subscriber's URI", str(error))
    return address, Condition("SubscriberResolved")


def _dead_letter(delivery: Mapping[str, Any], obj: Object, sinks: Sinks) -> tuple[str | None, Condition]:
    sink = delivery.get("deadLetterSink")
    if not sink:
        return None, Condition("DeadLetterSinkResolved")
    try:
        return sinks.resolve(sink, obj["metadata"]["namespace"]), Condition("DeadLetterSinkResolved")
    except UnresolvedSinkError as error:
        reason = "Unable to get the dead letter sink's URI"
        return None, Condition("DeadLetterSinkResolved", reason, str(error))
