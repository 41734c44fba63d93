"""Fetch the kubectl that the image for repairs contains: one release of Kubernetes, by version and checksum."""

from __future__ import annotations

import hashlib
import io
import platform
import tarfile
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

from tools.programs import ToolError

if TYPE_CHECKING:
    from pathlib import Path

SITE = "https://dl.k8s.io"
VERSION = "v1.36.0"
SHA512 = {
    "amd64": "cac4ee270f7a5ca8e96f2b86f1b822bdc66168253b253f4838caf5bd16b8e314"
    "ae307c7ba718f32e9543d502f5d0c703bd3358449718c6956436969e125011cf",
    "arm64": "d669cc342059d88cf93db37d2bd41b444e352a9af64cc14767d77321e8e9bcdb"
    "dce886d605bf09b5dad09500a9d7b10023e3f07539915df4f175b56e0de8f5bb",
}
"""Of the archive for each architecture, as published in CHANGELOG/CHANGELOG-1.36.md of kubernetes/kubernetes."""
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_MEMBER = "kubernetes/client/bin/kubectl"
_MAX_BYTES = 256 * 1024 * 1024
_PATIENCE_SECONDS = 30


class Unreachable(ToolError):
    """The release cannot be fetched from here."""


def fetch(path: Path) -> None:
    """Write the pinned kubectl for this machine's architecture to a path.

    Raises:
        Unreachable: the site does not answer with it.
        ToolError: what it answers with is not the pinned release, or none is pinned for this architecture.
    """
    architecture = _ARCHITECTURES.get(platform.machine())
    if architecture is None:
        raise ToolError(f"no kubectl is pinned for {platform.machine()}, only for {' and '.join(SHA512)}")
    url = f"{SITE}/{VERSION}/kubernetes-client-linux-{architecture}.tar.gz"
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310
            archive = answer.read(_MAX_BYTES)
    except (OSError, HTTPException) as error:
        raise Unreachable(f"kubectl {VERSION} cannot be fetched: {url}: {error}") from error
    if hashlib.sha512(archive).hexdigest() != SHA512[architecture]:
        raise ToolError(f"{url}: its SHA-512 is not the one in tools/kubectl.py, so nothing of it is used")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        program = files.extractfile(_MEMBER)
        if program is None:
            raise ToolError(f"{url}: {_MEMBER} is no file in it")
        path.write_bytes(program.read())
    path.chmod(0o755)
