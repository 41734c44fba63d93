"""Keeps the store's commits in a SQLite file, so that they are there after a restart."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sandbox.api.objects import Object
    from sandbox.api.store import Key

_SETTINGS = """
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
"""
_TABLES = """
    CREATE TABLE IF NOT EXISTS objects (
      bucket TEXT, namespace TEXT, name TEXT, revision INTEGER, body BLOB, PRIMARY KEY (bucket, namespace, name)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS dropped (last INTEGER);
"""


class UnusableFileError(Exception):
    """The file cannot keep objects; says which and why."""


class SqliteFile:
    """A SQLite file, this process's alone while it is open.

    Raises:
        UnusableFileError: when the file cannot be opened, read and written, or is another program's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._usable():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            with self._usable():
                self._prepare()
        except UnusableFileError:
            self._db.close()
            raise

    def load(self) -> tuple[int, Iterable[tuple[str, Object]]]:
        """The last revision, and all objects with their buckets.

        Raises:
            UnusableFileError: when the file is damaged.
        """
        query = (
            "SELECT max(coalesce((SELECT max(revision) FROM objects), 0), coalesce((SELECT max(last) FROM dropped), 0))"
        )
        with self._usable():
            (revision,) = self._db.execute(query).fetchone()
            rows = self._db.execute("SELECT bucket, body FROM objects ORDER BY revision").fetchall()
        return int(revision), ((bucket, json.loads(body)) for bucket, body in rows)

    def save(self, bucket: str, key: Key, body: bytes, revision: int) -> None:
        """Keep an object as of this revision."""
        self._db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", (bucket, *key, revision, body))

    def drop(self, bucket: str, key: Key, revision: int) -> None:
        """Forget an object as of this revision."""
        self._db.execute("BEGIN")
        self._db.execute("DELETE FROM objects WHERE bucket = ? AND namespace = ? AND name = ?", (bucket, *key))
        self._db.execute("DELETE FROM dropped")
        self._db.execute("INSERT INTO dropped VALUES (?)", (revision,))
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Release what is held."""
        self._db.close()

    def _prepare(self) -> None:
        tables = {name for (name,) in self._db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if tables and not {"objects", "dropped"} <= tables:
            raise sqlite3.DatabaseError("it is the database of another program")
        self._db.executescript(_SETTINGS)
        self._db.executescript(_TABLES)
        self._db.execute("PRAGMA user_version = 1")  # a write tells a file that may only be read

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            why = "it is a folder" if os.path.isdir(self._path) else str(error)  # noqa: PTH112 -- is_dir may raise
            raise UnusableFileError(f"{self._path} cannot keep the objects: {why} (DATA=… names another)") from error
