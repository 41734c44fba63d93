"""What builds and pushes images: docker, podman or buildah."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.programs import ToolError, run

_SUITE = "bookworm"
_OWN_BASE = f"localhost/aegis/python:{_SUITE}"
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
    """buildah, which needs no daemon; it also makes a base image, where the pinned one cannot be pulled."""

    program: str = "buildah"

    def build(self, reference: str, dockerfile: Path, context: Path, arguments: tuple[str, ...]) -> None:
        """Build an image from its Dockerfile.

        Raises:
            ToolError: it does not build, or there is no base for it.
        """
        base = _base(pinned_base(dockerfile))
        lent = [f"--volume={_CERTIFICATES}:{_CERTIFICATES}:ro"] if _CERTIFICATES.is_dir() else []
        run(
            *("buildah", "build", "--quiet", "--layers", "--isolation=chroot", "--pull=never", "--timestamp=0"),
            *lent,
            *(f"--from={base}", f"--file={dockerfile}", f"--tag={reference}"),
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


def pinned_base(dockerfile: Path) -> str:
    """The image that a Dockerfile builds on: that of its first stage, on which any other stands."""
    return str(re.findall(r"^FROM (\S+)", dockerfile.read_text(), re.MULTILINE)[0])


@cache
def _base(pinned: str) -> str:
    """The image for buildah to build on: the pinned one, or, where it cannot be pulled, a Debian with Python.

    Its packages are those of the day, and Debian's signature is checked.

    Raises:
        ToolError: neither can be had.
    """
    try:
        run("buildah", "pull", "--quiet", "--retry=0", pinned)
    except ToolError as error:
        if not shutil.which("debootstrap"):
            raise
        print(f"{error}\nso the images stand on Debian {_SUITE} as debootstrap makes it")  # noqa: T201
    else:
        return pinned
    if not run("buildah", "images", "--quiet", "--filter", f"reference={_OWN_BASE}").strip():
        _make_base()
    return _OWN_BASE


def _make_base() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        packages = "python3,python3-venv,python3-pip,ca-certificates"
        run("debootstrap", "--variant=minbase", "--force-check-gpg", f"--include={packages}", _SUITE, root)
        for cached in root.glob("var/cache/apt/archives/*.deb"):
            cached.unlink()
        (root / "usr/bin/python").symlink_to("python3")
        container = run("buildah", "from", "scratch").strip()
        run("buildah", "add", "--quiet", container, root, "/")
        run("buildah", "config", "--cmd", '["python3"]', container)
        run("buildah", "commit", "--quiet", "--rm", container, _OWN_BASE)
