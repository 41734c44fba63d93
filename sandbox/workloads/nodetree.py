"""The `status.nodes` of a Workflow: what ran, as Argo names and nests it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.conditions import now
from sandbox.workloads.errors import WorkflowTooLargeError
from sandbox.workloads.size import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PREFIX_LIMIT = 242  # of the 253 characters that a name may have, what a hash of up to ten digits leaves
_NODE_LENGTH = 300  # about what a node's fields take beside its name
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
    check_size: Callable[[Mapping[str, Any]], object] = lambda _nodes: None
    """Raises WorkflowTooLargeError when the nodes are too many; called when they have grown by much."""
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    _length: int = 0
    _check_at: int = LIMIT // 2
    _refused: WorkflowTooLargeError | None = None

    def add(self, name: str, kind: str, template: str, boundary: str | None, phase: str = "Running") -> dict[str, Any]:
        """A node that begins.

        Raises:
            WorkflowTooLargeError: when there are too many.
        """
        if self._refused is not None:
            raise self._refused
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
        self._grow(_NODE_LENGTH + len(name))
        return node

    def finish(self, name: str, phase: str, message: str = "", outputs: Mapping[str, str] | None = None) -> None:
        """A node that ends."""
        node = self.nodes[node_id(self.workflow, name)]
        node |= {"phase": phase, "finishedAt": now()}
        if message:
            node["message"] = message
        if outputs:
            node["outputs"] = outputs
            self._grow(sum(map(len, outputs.values())))

    @property
    def progress(self) -> str:
        """How many of the pods are done."""
        pods = [node for node in self.nodes.values() if node["type"] == "Pod"]
        return f"{sum(node['phase'] == 'Succeeded' for node in pods)}/{len(pods)}"

    def _grow(self, length: int) -> None:
        """Check the size; what is told once is told to all branches of the run, so that none goes on growing."""
        self._length += length
        if self._length > self._check_at:
            self._check_at = self._length * 5 // 4
            try:
                self.check_size(self.nodes)
            except WorkflowTooLargeError as error:
                self._refused = error
                raise


def _display_name(name: str) -> str:
    """The last part of `workflow[0].step` or `workflow.task`; a retry's attempt keeps its number."""
    return name.rpartition(".")[2] if "." in name else name
