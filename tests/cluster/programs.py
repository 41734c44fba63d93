"""Building the real programs from their Go modules, each group at the versions that ``modules/`` pins."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.layout import BIN, CACHE
from tests.cluster.locking import locked
from tests.cluster.processes import MARK, end, left, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MODULES = Path(__file__).parent / "modules"
CLUSTER = ("etcd", "kube", "containerd", "coredns", "eventing", "serving", "argo")
"""What a cluster is made of."""
GROUPS = (*CLUSTER, "func", "kwok")
"""All, in the order in which they are built: the rest is what tests use a cluster with."""

_COMPILER_CACHE = CACHE / "go-build"
# The compiler itself is most of a build: it collects no garbage before it holds this much, and writes no debug data.
_COMPILER = {
    "GOGC": "off",
    "GOMEMLIMIT": "3GiB",
    "GOCACHE": str(_COMPILER_CACHE),
    "GOFLAGS": "-buildvcs=false",
    "CGO_ENABLED": "0",
    # Stopping the cluster is not to stop a build beside it.
    MARK: f"build-{os.getpid()}",
}
_COMPILER_FLAGS = "-gcflags=all=-dwarf=false"
_KUBERNETES = "1.36.3"
_VERSION = "k8s.io/component-base/version"
_FLAGS = (
    # Unset, the API server calls itself v0.0.0-master, and Knative and kubectl refuse it.
    f"-s -w -X {_VERSION}.gitVersion=v{_KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=36"
    f" -X {_VERSION}.gitCommit=none -X {_VERSION}.gitTreeState=clean -X {_VERSION}.buildDate=2026-01-01T00:00:00Z"
)


def ensure(say: Callable[[str], None], groups: Iterable[str] = GROUPS) -> None:
    """Build what is not built yet; a group that was finished is never built again, however a build ended.

    Several may do so at once: each group is built by one of them, and the others wait for it.

    Raises:
        RuntimeError: a group does not build; the message holds the compiler's last words.
    """
    missing = [group for group in groups if not _built(group)]
    if not missing:
        return
    with _compiler_cache():
        for number, group in enumerate(missing, start=1):
            with locked(CACHE / "build" / f"{group}.lock"):
                if _built(group):
                    continue
                began = time.monotonic()
                say(f"building {group} ({number} of {len(missing)}) …")
                _build(group)
                say(f"built {group} in {time.monotonic() - began:.0f} s")


def stamp(group: str) -> str:
    """Return what tells a group's pins and flags from all others."""
    files = sorted(path for path in (MODULES / group).iterdir() if path.is_file())
    pinned = b"".join(path.read_bytes() for path in files)
    return hashlib.sha256(pinned + _FLAGS.encode()).hexdigest()[:12]


def module(group: str, path: str) -> Path:
    """Return the folder of a module's source, at the version that ``group`` pins."""
    folder = MODULES / group
    run("go", "-C", folder, "mod", "download", path)
    return Path(run("go", "-C", folder, "list", "-m", "-f", "{{.Dir}}", path).strip())


def _built(group: str) -> bool:
    done = BIN / group / ".done"
    return done.exists() and done.read_text().strip() == stamp(group)


@contextlib.contextmanager
def _compiler_cache() -> Iterator[None]:
    """Keep the compiler's cache while anybody builds: it is tens of times the size of what comes of it."""
    with locked(CACHE / "build/cache.lock", fcntl.LOCK_SH) as lock:
        yield
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another build goes on, and removes it
        shutil.rmtree(_COMPILER_CACHE, ignore_errors=True)


def _build(group: str) -> None:
    work = CACHE / "build" / group
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(MODULES / group, work)
    target = BIN / group
    target.mkdir(parents=True, exist_ok=True)
    what = "." if (work / "main.go").exists() else "tool"
    flags = ("-trimpath", "-tags=no_btrfs,no_zfs", _COMPILER_FLAGS, f"-ldflags={_FLAGS}")
    try:
        if group == "argo":
            _restore_link(work)
        _go(work, "install", *flags, what, GOBIN=str(target))
    except RuntimeError as error:
        raise RuntimeError(f"{group} does not build: {str(error)[-2000:]}") from None
    shutil.rmtree(work)
    (target / ".done").write_text(stamp(group))


def _restore_link(work: Path) -> None:
    """Put back a symbolic link of Argo's tree: Go modules leave links out."""
    _go(work, "mod", "vendor")
    folder = work / "vendor/github.com/argoproj/argo-workflows/v4/workflow/executor/osspecific"
    shutil.copy(folder / "signal_darwin.go", folder / "signal_linux.go")


def _go(work: Path, *words: str, **environment: str) -> None:
    """Run Go in a folder; when that is cut off, no compiler goes on."""
    try:
        run("go", "-C", work, *words, environment={**_COMPILER, **environment})
    finally:
        end(left(_COMPILER[MARK]), signal.SIGKILL)
