"""SinkBinding: which Services are told where to send, and what Knative puts into their environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.api.selectors import parse_labels
from sandbox.eventing.apiserversource import label_selector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.api import Object


def binds(obj: Object, *, api_version: str, kind: str, namespace: str, name: str, labels: Mapping[str, str]) -> bool:
    """Whether a SinkBinding's subject is this object."""
    subject: Mapping[str, Any] = obj["spec"]["subject"]
    if (subject.get("apiVersion"), subject.get("kind")) != (api_version, kind):
        return False
    if subject.get("namespace", obj["metadata"]["namespace"]) != namespace:
        return False
    if subject.get("name"):
        return bool(subject["name"] == name)
    return all(term.matches(labels) for term in parse_labels(label_selector(subject.get("selector"))))


def environment(obj: Object, sink: str) -> dict[str, str]:
    """The variables that a bound container gets."""
    overrides = obj["spec"].get("ceOverrides")
    return {"K_SINK": sink, "K_CE_OVERRIDES": json.dumps(overrides, separators=(",", ":")) if overrides else ""}
