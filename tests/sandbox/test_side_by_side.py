"""Several sandboxes on one machine: each has a folder of its own, and none touches another's."""

import subprocess
import sys

import pytest

from tests.sandbox.driver import ROOT, Driver, custom, running

pytestmark = pytest.mark.sandbox


def repair(driver: Driver, fingerprint: str) -> None:
    """See an alert through to the end."""
    alert = driver.result(custom("Worn", fingerprint=fingerprint))
    driver.settled(alert["name"], "Succeeded")


def serve(*options: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "sandbox", "serve", "--port=0", *options]
    return subprocess.run(argv, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_two_with_folders_of_their_own_do_not_meet() -> None:
    with running() as staying:
        staying.rule("worn", alert_type="Worn")
        with running() as leaving:
            leaving.rule("worn", alert_type="Worn")
            repair(leaving, "first")
            repair(staying, "second")
            assert len(leaving.items("/api/v1/namespaces/monitoring/pods")) == 1
        assert not leaving.cluster.kubeconfig.exists()
        assert staying.cluster.kubeconfig.exists()
        repair(staying, "third")
        assert len(staying.items("/api/v1/namespaces/monitoring/pods")) == 2


def test_a_second_one_on_the_same_folder_ends_at_once_and_the_first_is_unharmed() -> None:
    with running() as first:
        first.rule("worn", alert_type="Worn")
        state = first.cluster.state
        before = {name: (state / name).read_text() for name in ("kubeconfig", "sandbox.json")}
        second = serve(f"--state-dir={state}")
        assert second.returncode == 1
        (line,) = second.stderr.splitlines()
        assert f"pid {first.cluster.process.pid}:" in line
        assert "STATE=other PORT=9090" in line
        assert {name: (state / name).read_text() for name in before} == before
        repair(first, "after")
