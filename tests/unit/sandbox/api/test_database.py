"""A file keeps objects, or it is said in one line why it cannot."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.api.database import SqliteFile, UnusableFileError


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE places (url TEXT)")


def damaged(path: Path) -> None:
    SqliteFile(path).close()
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4096)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (Path.mkdir, "it is a folder"),
        (lambda path: path.write_text("kind: ConfigMap\n" * 100), "file is not a database"),
        (of_another_program, "it is the database of another program"),
        (damaged, "database disk image is malformed"),
    ],
    ids=["folder", "text", "another program's", "damaged"],
)
def test_what_cannot_keep_objects_is_named_with_the_reason(
    tmp_path: Path, make: Callable[[Path], object], problem: str
) -> None:
    path = tmp_path / "state.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(UnusableFileError, match=problem) as refused:
        SqliteFile(path)
    assert str(refused.value).startswith(f"{path} cannot keep the objects")
    assert "\n" not in str(refused.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_file_where_nothing_can_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableFileError, match=r"nowhere/state\.db cannot keep the objects: unable to open"):
        SqliteFile(tmp_path / "nowhere" / "state.db")


def test_a_path_of_which_nothing_can_be_known_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableFileError, match="cannot keep the objects: unable to open"):
        SqliteFile(tmp_path / ("x" * 300))


def test_a_file_is_one_sandboxs_at_a_time(tmp_path: Path) -> None:
    first = SqliteFile(tmp_path / "state.db")
    with pytest.raises(UnusableFileError, match="database is locked"):
        SqliteFile(tmp_path / "state.db")
    first.save("pods", ("default", "a"), b"{}", 7)
    first.close()
    second = SqliteFile(tmp_path / "state.db")
    revision, objects = second.load()
    assert (revision, list(objects)) == (7, [("pods", {})])
    second.close()


def test_an_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    SqliteFile(tmp_path / "state.db").close()
