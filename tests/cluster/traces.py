"""What a cluster could leave on a machine: all of it is looked at before and after, and nothing may have changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.layout import CACHE
from tests.cluster.processes import run

if TYPE_CHECKING:
    from collections.abc import Iterator

Traces = dict[str, set[str]]

_NAMESPACES = ("net", "pid", "mnt")
# Where programs of containers write, and how deep to look there: what is below belongs to what is above.
_FOLDERS = {Path("/etc"): 3, Path("/run"): 2, Path("/opt"): 2, Path("/var/lib"): 2, Path("/var/log"): 1, Path.home(): 1}
_CHANGES_BY_ITSELF = {"/proc/sys/kernel/ns_last_pid"}


def traces() -> Traces:
    """Return all that there is now, by what it is."""
    return {
        "processes": set(_processes()),
        "mounts": {" ".join(line.split()[3:5]) for line in Path("/proc/self/mountinfo").read_text().splitlines()},
        "links and addresses": set(run("ip", "-oneline", "address").splitlines()),
        "routes": set(run("ip", "route", "show", "table", "all").splitlines()),
        "rules": set(run("nft", "list", "ruleset").splitlines()),
        "control groups": {folder for folder, *_ in os.walk("/sys/fs/cgroup")},
        "settings": set(_settings()),
        "files": {str(path) for folder, depth in _FOLDERS.items() for path in _files(folder, depth)},
    }


def difference(before: Traces, after: Traces) -> Traces:
    """Return what has come (+) and what has gone (-); a process that has gone is not the cluster's doing."""
    changed = {
        kind: {f"+ {it}" for it in after[kind] - there} | {f"- {it}" for it in there - after[kind]}
        for kind, there in before.items()
    }
    changed["processes"] = {it for it in changed["processes"] if it.startswith("+")}
    return {kind: found for kind, found in changed.items() if found}


def _processes() -> Iterator[str]:
    """Return the processes that have to do with the cluster's folder, or are in namespaces other than this one's."""
    own = {name: str(Path(f"/proc/self/ns/{name}").readlink()) for name in _NAMESPACES}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            paths = [str((folder / link).readlink()) for link in ("exe", "cwd")]
            apart = [name for name in _NAMESPACES if str((folder / "ns" / name).readlink()) != own[name]]
        except OSError:  # it has ended since, or is the kernel's
            continue
        if apart or any(str(CACHE) in text for text in (words, *paths)):
            yield f"{folder.name} {words} {paths} {apart}"


def _settings() -> Iterator[str]:
    for folder, _, names in os.walk("/proc/sys"):
        for name in names:
            path = Path(folder, name)
            if str(path) in _CHANGES_BY_ITSELF or not path.stat().st_mode & 0o200:
                continue
            try:
                yield f"{path} = {path.read_text().strip()}"
            except OSError:  # some can only be written
                continue


def _files(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError:
        return
    for path in entries:
        yield path
        if depth > 1 and path.is_dir() and not path.is_symlink():
            yield from _files(path, depth - 1)
