"""Building the real programs from their Go modules, each group at the versions that ``modules/`` pins."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.layout import BIN, CACHE
from tests.cluster.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MODULES = Path(__file__).parent / "modules"
GROUPS = ("etcd", "kube", "containerd", "coredns", "eventing", "serving", "argo", "kwok", "func")
"""In the order in which they are built: the first ones are needed first."""

_COMPILER_CACHE = CACHE / "go-build"
_KUBERNETES = "1.36.3"
_VERSION = "k8s.io/component-base/version"
_FLAGS = (
    # Unset, the API server calls itself v0.0.0-master, and Knative and kubectl refuse it.
    f"-s -w -X {_VERSION}.gitVersion=v{_KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=36"
    f" -X {_VERSION}.gitCommit=none -X {_VERSION}.gitTreeState=clean -X {_VERSION}.buildDate=2026-01-01T00:00:00Z"
)


def ensure(say: Callable[[str], None], groups: Iterable[str] = GROUPS) -> None:
    """Build what is not built yet; a group that was finished is never built again, however a build ended.

    Raises:
        RuntimeError: a group does not build; the message holds the compiler's last words.
    """
    missing = [group for group in groups if _built(group) != stamp(group)]
    for number, group in enumerate(missing, start=1):
        began = time.monotonic()
        say(f"building {group} ({number} of {len(missing)}) …")
        _build(group)
        say(f"built {group} in {time.monotonic() - began:.0f} s")
    if _COMPILER_CACHE.exists():
        shutil.rmtree(_COMPILER_CACHE)  # tens of times the size of what it made


def stamp(group: str) -> str:
    """Return what tells a group's pins and flags from all others."""
    pinned = b"".join((MODULES / group / name).read_bytes() for name in ("go.mod", "go.sum"))
    return hashlib.sha256(pinned + _FLAGS.encode()).hexdigest()[:12]


def module(group: str, path: str) -> Path:
    """Return the folder of a module's source, at the version that ``group`` pins."""
    folder = MODULES / group
    run("go", "-C", folder, "mod", "download", path)
    return Path(run("go", "-C", folder, "list", "-m", "-f", "{{.Dir}}", path).strip())


def _built(group: str) -> str:
    done = BIN / group / ".done"
    return done.read_text().strip() if done.exists() else ""


def _build(group: str) -> None:
    work = CACHE / "build" / group
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(MODULES / group, work)
    if group == "argo":
        _restore_link(work)
    target = BIN / group
    target.mkdir(parents=True, exist_ok=True)
    settings = (f"GOBIN={target}", f"GOCACHE={_COMPILER_CACHE}", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
    compiler = ("go", "-C", work, "install", "-trimpath", "-tags=no_btrfs,no_zfs", f"-ldflags={_FLAGS}", "tool")
    try:
        run("env", *settings, *compiler)
    except RuntimeError as error:
        raise RuntimeError(f"{group} does not build: {str(error)[-2000:]}") from None
    shutil.rmtree(work)
    (target / ".done").write_text(stamp(group))


def _restore_link(work: Path) -> None:
    """Put back a symbolic link of Argo's tree: Go modules leave links out."""
    run("go", "-C", work, "mod", "vendor")
    folder = work / "vendor/github.com/argoproj/argo-workflows/v4/workflow/executor/osspecific"
    shutil.copy(folder / "signal_darwin.go", folder / "signal_linux.go")
