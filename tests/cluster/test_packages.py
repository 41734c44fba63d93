"""What the cluster's tool runs of the machine is there: the base system has it, or it is installed first."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.packages import PROGRAMS, is_static

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
# Debian's packages of priority "required", of which every installation is made (dash, coreutils, mount, util-linux).
_BASE = {"cat", "mount", "nsenter", "sh", "sleep", "umount", "unshare"}
_ASKED_FOR = {"go", "kubectl"}
_BUILT_HERE = {"coredns", "kwok"}
_OTHER_BUILDERS = {"docker", "podman"}


def _run(file: Path) -> Iterator[str]:
    """Return the programs that a module runs, as far as it names them."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Call(func=ast.Name(id="run"), args=[first, *_]):
                yield from _words([first])
            case ast.Call(func=ast.Name(id="start") | ast.Attribute(attr="start"), args=[_, *rest]):
                yield from _words(rest[:1])


def _words(arguments: list[ast.expr]) -> Iterator[str]:
    for argument in arguments:
        match argument:
            case ast.Constant(value=str(word)):
                yield word
            case ast.Starred(value=ast.Tuple(elts=[ast.Constant(value=str(word)), *_])):
                yield word


@pytest.mark.parametrize(
    "file",
    [
        f
        for folder in ("tests/cluster", "tools")
        for f in (_ROOT / folder).glob("*.py")
        if not f.name.startswith("test_")
    ],
    ids=lambda file: str(file.relative_to(_ROOT)),
)
def test_every_program_is_there_or_is_installed(file: Path) -> None:
    known = {*_BASE, *_ASKED_FOR, *_BUILT_HERE, *_OTHER_BUILDERS, *PROGRAMS}
    assert set(_run(file)) - known == set()


def test_a_program_that_needs_libraries_or_is_missing_is_not_static() -> None:
    assert not is_static("/bin/sh")
    assert not is_static("/nowhere")
    assert is_static("/bin/busybox")
