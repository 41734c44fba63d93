"""Argo's limit on a workflow's size: nodes are compressed when it gets long, and it ends when that does not help."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

from sandbox.workloads.errors import WorkflowTooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.api import Object

LIMIT = 1024 * 1024


def held(workflow: Object, nodes: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a workflow's status that holds its nodes.

    Raises:
        WorkflowTooLargeError: when they are too many.
    """
    text = json.dumps(nodes).encode()
    rest = len(json.dumps({**workflow, "status": {}}))
    if rest + len(text) <= LIMIT:
        return {"nodes": nodes, "compressedNodes": None}
    compressed = base64.b64encode(gzip.compress(text, 6)).decode()
    size = rest + len(compressed)
    if size > LIMIT:
        raise WorkflowTooLargeError(
            f"workflow is longer than maximum allowed size. compressed size {size} > maxSize {LIMIT}"
        )
    return {"nodes": None, "compressedNodes": compressed}


def nodes_of(workflow: Object) -> Mapping[str, Any]:
    """The nodes that a workflow's status holds."""
    status = workflow.get("status") or {}
    if status.get("compressedNodes"):
        return dict(json.loads(gzip.decompress(base64.b64decode(status["compressedNodes"]))))
    return status.get("nodes") or {}
