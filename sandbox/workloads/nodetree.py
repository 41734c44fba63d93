"""The `status.nodes` of a Workflow: what ran, as Argo names and nests it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.conditions import now

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX_LIMIT = 242  # of the 253 characters that a name may have, what a hash of up to ten digits leaves
_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193


def fnv32a(text: str) -> int:
    """The hash in the names of Argo's nodes and pods."""
    value = _FNV_OFFSET
    for byte in text.encode():
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return value


def node_id(workflow: str, node: str) -> str:
    """A node's key in `status.nodes`."""
    return workflow if node == workflow else f"{workflow}-{fnv32a(node)}"


def pod_name(workflow: str, node: str, template: str) -> str:
    """The name of a node's pod."""
    if node == workflow:
        return workflow
    return f"{f'{workflow}-{template}'[:_PREFIX_LIMIT]}-{fnv32a(node)}"


@dataclass(slots=True)
class NodeTree:
    """The nodes of one run."""

    workflow: str
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, kind: str, template: str, boundary: str | None, phase: str = "Running") -> dict[str, Any]:
        """A node that begins."""
        node: dict[str, Any] = {
            "id": node_id(self.workflow, name),
            "name": name,
            "displayName": _display_name(name),
            "type": kind,
            "templateName": template,
            "phase": phase,
            "startedAt": now(),
        }
        if boundary is not None:
            node["boundaryID"] = node_id(self.workflow, boundary)
            self.nodes[node["boundaryID"]].setdefault("children", []).append(node["id"])
        self.nodes[node["id"]] = node
        return node

    def finish(self, name: str, phase: str, message: str = "", outputs: Mapping[str, Any] | None = None) -> None:
        """A node that ends."""
        node = self.nodes[node_id(self.workflow, name)]
        node |= {"phase": phase, "finishedAt": now()}
        if message:
            node["message"] = message
        if outputs:
            node["outputs"] = outputs

    @property
    def progress(self) -> str:
        """How many of the pods are done."""
        pods = [node for node in self.nodes.values() if node["type"] == "Pod"]
        return f"{sum(node['phase'] == 'Succeeded' for node in pods)}/{len(pods)}"


def _display_name(name: str) -> str:
    """The last part of `workflow[0].step` or `workflow.task`; a retry's attempt keeps its number."""
    return name.rpartition(".")[2] if "." in name else name
