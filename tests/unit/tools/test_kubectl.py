"""The kubectl of an image is the pinned one, or there is none."""

import hashlib
import io
import os
import re
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools import kubectl
from tools.programs import ToolError

PROGRAM = b"#!/bin/sh\necho this is kubectl\n"


def archive(program: bytes = PROGRAM) -> bytes:
    """A release of Kubernetes' clients."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as files:
        entry = tarfile.TarInfo("kubernetes/client/bin/kubectl")
        entry.size = len(program)
        files.addfile(entry, io.BytesIO(program))
    return made.getvalue()


class Quiet(SimpleHTTPRequestHandler):
    """Offers the files of a folder."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a site that offers the releases in it, of which there is none yet."""
    folder = tmp_path / "site"
    release = folder / kubectl.VERSION
    release.mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(kubectl, "SITE", f"http://127.0.0.1:{server.server_port}")
    yield release
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def released(site: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The archive that is pinned, offered for both architectures."""
    made = archive()
    monkeypatch.setattr(kubectl, "SHA512", dict.fromkeys(kubectl.SHA512, hashlib.sha512(made).hexdigest()))
    for architecture in kubectl.SHA512:
        (site / f"kubernetes-client-linux-{architecture}.tar.gz").write_bytes(made)
    return made


@pytest.mark.usefixtures("released")
def test_the_pinned_release_is_unpacked(tmp_path: Path) -> None:
    kubectl.fetch(tmp_path / "kubectl")
    assert (tmp_path / "kubectl").read_bytes() == PROGRAM
    assert os.access(tmp_path / "kubectl", os.X_OK)


@pytest.mark.parametrize("other", [archive(b"another"), b"", b"<html>", archive()[:-1]])
def test_anything_else_is_not_used(released: bytes, site: Path, tmp_path: Path, other: bytes) -> None:
    assert other != released
    for offered in site.iterdir():
        offered.write_bytes(other)
    with pytest.raises(ToolError, match="its SHA-512 is not the one"):
        kubectl.fetch(tmp_path / "kubectl")
    assert not (tmp_path / "kubectl").exists()


@pytest.mark.usefixtures("site")
def test_a_release_that_is_not_offered_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(kubectl.Unreachable, match=rf"kubectl {kubectl.VERSION} cannot be fetched: http.*404"):
        kubectl.fetch(tmp_path / "kubectl")


def test_an_architecture_without_a_pin_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(ToolError, match="no kubectl is pinned for riscv64, only for amd64 and arm64"):
        kubectl.fetch(tmp_path / "kubectl")


def test_what_is_pinned_is_one_release_by_checksum() -> None:
    assert re.fullmatch(r"v1\.\d+\.\d+", kubectl.VERSION)
    assert all(re.fullmatch(r"[0-9a-f]{128}", checksum) for checksum in kubectl.SHA512.values())
