"""One sandbox has the state folder to itself, and takes away only what it left there."""

import os
import re
import stat
from pathlib import Path

import pytest

from sandbox.state import StateError, held


def test_the_folder_is_made_and_held_by_one(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with (
        held(folder),
        pytest.raises(StateError, match=rf"{re.escape(str(folder))}.*pid {os.getpid()}\b.*STATE=other PORT=9090"),
        held(folder),
    ):
        pass
    with held(folder):
        pass


def test_what_is_published_is_private_and_goes_with_the_holder(tmp_path: Path) -> None:
    (tmp_path / "of-another-tool.json").write_text("{}")
    with held(tmp_path) as state:
        file = state.publish("kubeconfig", "text")
        assert file.read_text() == "text"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["of-another-tool.json", "sandbox.lock"]


def test_what_is_there_already_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("of a sandbox that was killed")
    with held(tmp_path) as state:
        assert state.publish("kubeconfig", "new").read_text() == "new"
        assert state.publish("kubeconfig", "newer").read_text() == "newer"
    assert not (tmp_path / "kubeconfig").exists()


def test_a_file_that_has_come_in_its_place_stays(tmp_path: Path) -> None:
    with held(tmp_path) as state:
        file = state.publish("kubeconfig", "mine")
        other = tmp_path / "other"
        other.write_text("another's")
        other.replace(file)
    assert file.read_text() == "another's"


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match=r"file/state cannot be the state folder: Not a directory \(STATE="):
        held(tmp_path / "file" / "state").__enter__()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("another's")
    (tmp_path / "sandbox.lock").symlink_to(other)
    with pytest.raises(StateError, match="cannot be the state folder"), held(tmp_path):
        pass
    assert other.read_text() == "another's"
