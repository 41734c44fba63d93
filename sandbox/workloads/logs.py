"""Pod logs: one file per container, read back as the API's log subresource asks."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from sandbox.api import Object

_POLL_SECONDS = 0.1


class LogBook:
    """The logs of all pods."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: set[str] = set()

    def file(self, uid: str, container: str) -> Path:
        """Where a container's output goes."""
        place = self._folder / uid
        place.mkdir(parents=True, exist_ok=True)
        return place / f"{quote(container, safe='')}.log"  # a name is never a path, whoever gave it

    def begin(self, uid: str) -> None:
        """The pod's containers may write from now on."""
        self._open.add(uid)

    def end(self, uid: str) -> None:
        """Nothing more comes; whoever follows the log is done."""
        self._open.discard(uid)

    def remove(self, uid: str) -> None:
        """The pod is gone, and its logs with it."""
        self.end(uid)
        shutil.rmtree(self._folder / uid, ignore_errors=True)

    async def read(self, pod: Object, query: Mapping[str, str]) -> AsyncIterator[bytes]:
        """A container's log, from its end if so asked, and as it grows while it is followed."""
        uid = pod["metadata"]["uid"]
        path = self.file(uid, query.get("container") or _default_container(pod))
        text = path.read_bytes() if path.exists() else b""
        position = len(text)
        if tail := query.get("tailLines"):
            text = b"".join(text.splitlines(keepends=True)[-int(tail) :]) if int(tail) else b""
        if limit := query.get("limitBytes"):
            text = text[: int(limit)]
        yield text
        follow = query.get("follow") == "true"
        while follow:
            follow = uid in self._open
            grown = path.read_bytes()[position:] if path.exists() else b""
            position += len(grown)
            if grown:
                yield grown
            if follow:
                await asyncio.sleep(_POLL_SECONDS)


def _default_container(pod: Object) -> str:
    annotations = pod["metadata"].get("annotations") or {}
    return str(annotations.get("kubectl.kubernetes.io/default-container") or pod["spec"]["containers"][0]["name"])
