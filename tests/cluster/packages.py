"""What the machine itself must have: Linux, root, Go, kubectl, and packages of Debian, which are installed here."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.cluster.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMS = {
    "buildah": "buildah",
    "conntrack": "conntrack",
    "debootstrap": "debootstrap",
    "docker-registry": "docker-registry",
    "ip": "iproute2",
    "iptables": "iptables",
    "nft": "nftables",
    "nginx": "nginx-light",
    "nsenter": "util-linux",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "runc": "runc",
    "socat": "socat",
    "tini": "tini",
}
"""Programs, and the packages that hold them."""
_FILES = {"/usr/lib/cni/bridge": "containernetworking-plugins"}
_STATIC = {"/bin/busybox": "busybox-static"}
"""Programs that an image is made of, without the libraries that Debian's other package of that program needs."""
_GO = (1, 26)


def ensure(say: Callable[[str], None]) -> None:
    """Install what is missing.

    Raises:
        RuntimeError: this machine cannot run the cluster; the message says what it lacks.
    """
    if platform.system() != "Linux" or os.geteuid() != 0:
        raise RuntimeError("it takes root on Linux: namespaces, mounts and control groups are made for each node")
    lacks = [name for name in ("go", "kubectl") if shutil.which(name) is None]
    if lacks:
        raise RuntimeError(f"not installed: {', '.join(lacks)} (Go {_GO[0]}.{_GO[1]} or newer; any current kubectl)")
    if go_version(run("go", "version")) < _GO:
        raise RuntimeError(f"Go {_GO[0]}.{_GO[1]} or newer is needed; this is {run('go', 'version').strip()}")
    packages = missing()
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise RuntimeError(f"not installed, by Debian's names: {' '.join(packages)}")
    say(f"installing {' '.join(packages)} …")
    # A package's own service is not wanted: every program is started here, with a configuration of its own.
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", "-qq", *words], env=quiet, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"apt-get {words[0]}: {done.stderr.strip()[-1000:]}")


def missing() -> list[str]:
    """Return the packages that are not installed."""
    absent = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    absent += [package for file, package in _FILES.items() if not os.path.lexists(file)]
    return absent + [package for file, package in _STATIC.items() if not is_static(file)]


def is_static(file: str) -> bool:
    """Return whether a program is there and needs no libraries."""
    asked = subprocess.run(["ldd", file], capture_output=True, check=False)
    return os.path.lexists(file) and asked.returncode != 0


def go_version(said: str) -> tuple[int, int]:
    """Return the version in what ``go version`` says: (1, 26) from ``go version go1.26.8 linux/amd64``."""
    found = re.search(r"go(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)
