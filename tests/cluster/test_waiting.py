"""What is waited for in vain says why: at once when the process that was to bring it about has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NEVER = """
from tests.cluster.layout import STATE
from tests.cluster.processes import last_words, start, stop
from tests.cluster.waiting import until

STATE.mkdir(parents=True)
start("part", "sh", "-c", {script!r})
try:
    until("the part has said something", lambda: last_words("part") != "nothing")
    until("the part is ready", lambda: False, seconds={seconds}, by=("part",))
finally:
    stop("part")
"""


def _waiting(home: Path, script: str, seconds: float) -> str:
    """Wait for what never comes, in a cluster's folder of its own; what the error says."""
    program = _NEVER.format(script=script, seconds=seconds)
    environment = {**os.environ, "AEGIS_CLUSTER_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    return done.stderr


def test_a_process_that_has_ended_is_not_waited_for_and_its_log_is_told(tmp_path: Path) -> None:
    said = _waiting(tmp_path, "echo mount: /var/lib/none: mount point does not exist >&2; exit 32", seconds=3600)
    assert "RuntimeError: the part is ready: not so, since part ended: mount: /var/lib/none" in said


def test_a_process_that_goes_on_without_result_is_told_with_its_log(tmp_path: Path) -> None:
    said = _waiting(tmp_path, "echo still looking >&2; exec sleep 60", seconds=2)
    assert "TimeoutError: the part is ready: not after 2 s" in said
    assert "part said: still looking" in said
