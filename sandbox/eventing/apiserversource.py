"""ApiServerSource: changes of Kubernetes objects as events, one at a time for each resource entry.

It waits for each event to be taken before it sends the next, and it sends nothing about what exists when it starts.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from sandbox.api import ApiError
from sandbox.eventing.cloudevent import CloudEvent
from sandbox.informer import watching

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.api import Api, Object, Resource
    from sandbox.eventing.filters import Filter
    from sandbox.eventing.sources import Adapter

_VERBS = {"ADDED": "add", "MODIFIED": "update", "DELETED": "delete"}
_EXPIRED = 410


def label_selector(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector in its text form.

    Raises:
        ValueError: when an operator is unknown.
    """
    selector = selector or {}
    terms = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        key, values = expression["key"], ",".join(expression.get("values") or [])
        match expression.get("operator"):
            case "In":
                terms.append(f"{key} in ({values})")
            case "NotIn":
                terms.append(f"{key} notin ({values})")
            case "Exists":
                terms.append(key)
            case "DoesNotExist":
                terms.append(f"!{key}")
            case other:
                raise ValueError(f"matchExpressions: {other!r} is not one of In, NotIn, Exists, DoesNotExist")
    return ",".join(terms)


class ApiServerSource:
    """A running source."""

    def __init__(
        self,
        api: Api,
        obj: Object,
        adapter: Adapter,
        *,
        server: str,
        wants: Filter,
        in_namespace: Callable[[str], bool],
    ) -> None:
        self._api = api
        self._spec: Mapping[str, Any] = obj["spec"]
        self._adapter = adapter
        self._server = server
        self._wants = wants
        self._in_namespace = in_namespace
        self._entries = [
            (self._resource(entry), label_selector(entry.get("selector"))) for entry in self._spec["resources"]
        ]
        self._since = str(api.store.revision)

    async def run(self) -> None:
        """Send what changes until cancelled."""
        async with asyncio.TaskGroup() as group:
            for resource, selector in self._entries:
                group.create_task(self._follow(resource, selector))

    def _resource(self, entry: Mapping[str, Any]) -> Resource:
        return self._api.resource_of(entry)

    async def _follow(self, resource: Resource, selector: str) -> None:
        since = self._since
        while True:
            try:
                async with watching(self._api, resource, resource_version=since, label_selector=selector) as events:
                    async for event in events:
                        if event.type in _VERBS and self._concerns(event.object):
                            await self._send(_VERBS[event.type], event.object)
            except ApiError as error:
                if error.code != _EXPIRED:
                    raise
            since = str(self._api.store.revision)

    def _concerns(self, obj: Object) -> bool:
        owner = self._spec.get("owner")
        if owner is not None:
            references = obj["metadata"].get("ownerReferences") or []
            wanted = (owner.get("apiVersion"), owner.get("kind"))
            if not any(ref.get("controller") and (ref["apiVersion"], ref["kind"]) == wanted for ref in references):
                return False
        return self._in_namespace(obj["metadata"].get("namespace", ""))

    async def _send(self, verb: str, obj: Object) -> None:
        meta = obj["metadata"]
        api_version, namespace = obj["apiVersion"], meta.get("namespace", "")
        reference = self._spec.get("mode", "Reference") == "Reference"
        data = _reference(obj) if reference else obj
        attributes = {
            "type": f"dev.knative.apiserver.{'ref' if reference else 'resource'}.{verb}",
            "source": self._server,
            "subject": f"/apis/{api_version}/namespaces/{namespace}/{_plural(obj['kind'])}/{meta['name']}",
            "kind": obj["kind"],
            "name": meta["name"],
            "namespace": namespace,
            "apiversion": api_version,
        }
        if self._wants(CloudEvent(attributes)):
            await self._adapter.emit(attributes, json.dumps(data, ensure_ascii=False).encode(), "application/json")


def _plural(kind: str) -> str:
    """The resource that Knative guesses from a kind."""
    name = kind.lower()
    if name.endswith("endpoints"):
        return name
    if name.endswith("s"):
        return f"{name}es"
    return f"{name.removesuffix('y')}ies" if name.endswith("y") else f"{name}s"


def _reference(obj: Object) -> dict[str, str]:
    meta = obj["metadata"]
    reference = {
        "kind": obj["kind"],
        "namespace": meta.get("namespace", ""),
        "name": meta["name"],
        "apiVersion": obj["apiVersion"],
    }
    return {name: value for name, value in reference.items() if value}
