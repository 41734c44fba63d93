"""The cluster starts on a machine on which none has run: nothing that it needs is left over from an earlier one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.layout import STATE
from tests.cluster.traces import difference, traces

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="it takes root"),
    pytest.mark.skipif(STATE.exists(), reason="a cluster is up: make cluster-down"),
    pytest.mark.timeout(600),
    pytest.mark.long,
]

# Becomes a machine with the same programs and files, but with empty folders where running programs keep theirs.
_FRESH = """
set -eu
mount -t tmpfs fresh /mnt
for entry in $(ls -A /); do
  if [ -L "/$entry" ]; then cp -P "/$entry" "/mnt/$entry"
  elif ! [ -d "/$entry" ]; then :
  else
    mkdir "/mnt/$entry"
    case $entry in
      run|opt|srv|mnt|media) ;;
      var) mkdir /mnt/var/lib /mnt/var/log /mnt/var/tmp /mnt/var/cache ;;
      *) mount --rbind "/$entry" "/mnt/$entry" ;;
    esac
  fi
done
mkdir /mnt/before
pivot_root /mnt /mnt/before
umount --lazy /before
cd "$1"
shift
for do in up down; do "$@" "$do"; done
"""


def test_it_starts_where_none_has_run_and_leaves_nothing() -> None:
    before = traces()
    checkout = Path(__file__).parents[2]
    done = subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private", "sh", "-c", _FRESH, "sh", checkout),
            *(sys.executable, "-m", "tests.cluster"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Knative and Argo are ready" in done.stdout
    assert difference(before, traces()) == {}
