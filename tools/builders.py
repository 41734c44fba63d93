"""What builds and pushes images: docker, podman or buildah."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.programs import ToolError, run

_BASE = "docker.io/library/python:3.11-slim"
_SUITE = "bookworm"
_CERTIFICATES = Path("/etc/ssl/certs")


@dataclass(frozen=True)
class Builder:
    """One of the programs; docker and podman share a command line."""

    program: str

    def build(self, reference: str, dockerfile: Path, context: Path, arguments: tuple[str, ...]) -> None:
        """Build an image from its Dockerfile.

        Raises:
            ToolError: it does not build.
        """
        words = [f"--file={dockerfile}", f"--tag={reference}", *(f"--build-arg={each}" for each in arguments)]
        run(self.program, "build", "--quiet", *words, context)

    def push(self, reference: str, target: str) -> str:
        """Push an image; return its digest there.

        Raises:
            ToolError: the registry does not take it.
        """
        run(self.program, "tag", reference, target)
        said = run(self.program, "push", target)
        digests = re.findall(r"sha256:[0-9a-f]{64}", said) or re.findall(
            r"sha256:[0-9a-f]{64}", run(self.program, "inspect", "--format={{index .RepoDigests 0}}", target)
        )
        return str(digests[-1])


@dataclass(frozen=True)
class Buildah(Builder):
    """buildah, which needs no daemon; it also makes the base image, where none can be pulled."""

    program: str = "buildah"

    def build(self, reference: str, dockerfile: Path, context: Path, arguments: tuple[str, ...]) -> None:
        """Build an image from its Dockerfile, as it stands."""
        _make_base()
        lent = [f"--volume={_CERTIFICATES}:{_CERTIFICATES}:ro"] if _CERTIFICATES.is_dir() else []
        run(
            *("buildah", "build", "--quiet", "--layers", "--isolation=chroot", "--pull=never", "--timestamp=0"),
            *lent,
            *(f"--file={dockerfile}", f"--tag={reference}"),
            *(f"--build-arg={each}" for each in arguments),
            context,
        )

    def push(self, reference: str, target: str) -> str:
        """Push an image; return its digest there."""
        plain = ["--tls-verify=false"] if target.startswith("127.0.0.1:") else []
        with tempfile.NamedTemporaryFile("r") as digest:
            run("buildah", "push", "--quiet", *plain, f"--digestfile={digest.name}", reference, f"docker://{target}")
            return digest.read().strip()


def choose() -> Builder:
    """Return what is there.

    Raises:
        ToolError: nothing is.
    """
    for program in ("docker", "podman"):
        if shutil.which(program) and _works(program):
            return Builder(program)
    if shutil.which("buildah"):
        return Buildah()
    raise ToolError("docker, podman or buildah is needed (on Debian: apt-get install buildah debootstrap)")


def _works(program: str) -> bool:
    """Whether a program's daemon answers; docker's client alone builds nothing."""
    try:
        run(program, "info")
    except ToolError:
        return False
    return True


def _make_base() -> None:
    """Make a Debian with Python under the name that the Dockerfiles ask for, unless buildah has one."""
    if run("buildah", "images", "--quiet", "--filter", f"reference={_BASE}").strip():
        return
    if not shutil.which("debootstrap"):
        run("buildah", "pull", _BASE)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        packages = "python3,python3-venv,python3-pip,ca-certificates"
        run("debootstrap", "--variant=minbase", f"--include={packages}", _SUITE, root)
        for cached in root.glob("var/cache/apt/archives/*.deb"):
            cached.unlink()
        (root / "usr/bin/python").symlink_to("python3")
        container = run("buildah", "from", "scratch").strip()
        run("buildah", "add", "--quiet", container, root, "/")
        run("buildah", "config", "--cmd", '["python3"]', container)
        run("buildah", "commit", "--quiet", "--rm", container, _BASE)
