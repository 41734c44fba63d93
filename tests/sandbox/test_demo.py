"""The sandbox as a program: what the demo prints, commands that really run, a busy port, and what a kill leaves."""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.cli import PRETENDED
from tests.sandbox.driver import ROOT, Driver, custom, running

pytestmark = pytest.mark.sandbox

EXAMPLE = ROOT / "examples" / "nodehasemergencyevent"
LIFE: list[list[str]] = [[], ["Triggered", "Pending"], ["Triggered", "Running"], ["Triggered", "Succeeded"]]
"""What is shown of an alert's repair, in its order."""
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture(scope="module")
def executing() -> Iterator[Driver]:
    with running("--execute") as driver:
        yield driver


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder with a short path, as Unix sockets like it."""
    with tempfile.TemporaryDirectory(prefix="aegis-") as folder:
        yield Path(folder)


def command(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *args], check=False, cwd=ROOT, capture_output=True, text=True, timeout=90
    )


def test_the_demo_prints_an_alerts_life_and_exits_with_its_success(state: Path) -> None:
    done = command("demo", "--port=0", f"--state-dir={state}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == f"{PRETENDED}\n"
    lines = done.stdout.splitlines()
    (header,) = [number for number, line in enumerate(lines) if line.startswith("NAME ")]
    rows = [line.split() for line in lines[header + 1 :] if line.startswith("default-nodehasemergencyevent-")]
    assert len({row[0] for row in rows}) == 1
    assert {tuple(row[1:5]) for row in rows} == {("NodeHasEmergencyEvent", "Node", "dev1", "Firing")}
    phases = [row[6:-1] for row in rows]
    # a phase may pass before it is read, on a busy machine
    assert phases == [phase for phase in LIFE if phase in phases]
    assert phases[-1] == ["Triggered", "Succeeded"]
    assert not (state / "sandbox.json").exists()


def test_a_demo_that_is_interrupted_has_not_succeeded(state: Path) -> None:
    argv = [sys.executable, "-m", "sandbox", "demo", "--port=0", "--pretend=60", f"--state-dir={state}"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as demo:
        assert demo.stdout is not None
        assert any("Running" in line for line in demo.stdout)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 130


def test_a_manifest_that_cannot_be_read_is_named(state: Path) -> None:
    manifests = [f"--manifests={ROOT / folder}" for folder in ("crds", "knative", "eventing")]
    broken = state / "binding.yaml"
    broken.write_text("kind: [")
    done = command("demo", "--port=0", f"--state-dir={state}", *manifests, f"--manifests={broken}")
    assert done.returncode != 0
    assert str(broken) in done.stderr
    assert "Traceback" not in done.stderr


@needs_kubectl
def test_with_execute_the_alert_really_cordons_the_node(executing: Driver) -> None:
    env = {**os.environ, "KUBECONFIG": str(executing.cluster.kubeconfig)}

    def kubectl(*args: str) -> str:
        return subprocess.run(
            ["kubectl", *args], check=True, env=env, capture_output=True, text=True, timeout=60
        ).stdout

    assert "SchedulingDisabled" not in kubectl("get", "node", "dev1")
    kubectl("apply", "-f", str(EXAMPLE))
    kubectl("wait", "--for=jsonpath={.status.status}=Recorded", "opsrule,opstemplate", "--all", "--timeout=30s")
    alert = (EXAMPLE / "alerts" / "firing.json").read_bytes()
    answer = executing.http.post(f"{executing.cluster.gateway}/default/alert", content=alert)
    (line,) = answer.json()["alerts"]
    kubectl(
        "wait", "--for=jsonpath={.status.opsStatus.alertOpsStatus}=Succeeded", f"aegisalert/{line['name']}",
        "--timeout=40s",
    )  # fmt: skip
    assert "Ready,SchedulingDisabled" in kubectl("get", "node", "dev1")
    (workflow,) = executing.workflows_of(line["name"])
    log = kubectl("logs", "-l", f"workflows.argoproj.io/workflow={workflow['metadata']['name']}")
    assert log == "node/dev1 cordoned\n"
    assert executing.cluster.output.startswith("EXECUTE=1: what a workflow's containers contain runs on this machine")


def test_with_execute_an_alert_says_what_the_step_that_failed_wrote_last(executing: Driver) -> None:
    executing.rule("last-words", alert_type="LastWords", script="echo the disk is still full; exit 3")
    name = executing.result(custom("LastWords", fingerprint="last-words"))["name"]
    alert = executing.settled(name, "Failed")
    (completed,) = (one for one in alert["status"]["conditions"] if one["type"] == "Completed")
    assert completed["message"].endswith("\nIts log ends with:\n| the disk is still full")


def test_with_execute_a_command_whose_mounts_a_process_cannot_have_is_refused(
    executing: Driver, tmp_path: Path
) -> None:
    (tmp_path / "precious").touch()
    manifest = f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        spec:
          serviceAccountName: aegis-workflow
          entrypoint: empty
          volumes: [{{name: scratch, emptyDir: {{}}}}]
          templates:
            - name: empty
              container:
                image: busybox
                command: [sh, -c, "rm -rf {tmp_path}/*"]
                volumeMounts: [{{name: scratch, mountPath: {tmp_path}}}]
        """
    executing.rule("scratch", alert_type="Scratch", manifest=manifest)
    line = executing.result(custom("Scratch", fingerprint="scratch"))
    executing.settled(line["name"], "Failed")
    (workflow,) = executing.workflows_of(line["name"])
    assert "cannot honour spec.containers[main].volumeMounts" in workflow["status"]["message"]
    assert (tmp_path / "precious").exists()


def test_a_busy_port_is_named_in_a_clear_message(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("serve", f"--port={port}", f"--state-dir={state}")
    assert done.returncode != 0
    assert str(port) in done.stderr
    assert "PORT=" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("--data={folder}", "it is a folder (DATA="),
        ("--data={folder}/text", "file is not a database (DATA="),
        ("--data={folder}/nowhere/state.db", "unable to open database file (DATA="),
        ("--data=/proc/state.db", "unable to open database file (DATA="),
        ("--state-dir={folder}/text", "cannot be the state folder: File exists (STATE="),
        ("--state-dir=/proc/state", "cannot be the state folder: No such file or directory (STATE="),
    ],
)
def test_a_path_that_cannot_be_used_is_one_line(state: Path, option: str, problem: str) -> None:
    (state / "text").write_text("kind: ConfigMap\n" * 100)
    done = command("serve", "--port=0", f"--state-dir={state}", option.format(folder=state))
    (line,) = done.stderr.splitlines()
    assert problem in line
    assert done.returncode == 1


@pytest.mark.parametrize("option", ["--port", "--api-port"])
def test_a_port_that_there_is_not_is_a_usage_error(state: Path, option: str) -> None:
    done = command("serve", f"{option}=70000", f"--state-dir={state}")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert f"Invalid value for '{option}'" in done.stderr


def test_a_busy_port_of_the_api_is_named_too(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("serve", "--port=0", f"--api-port={port}", f"--state-dir={state}")
    (line,) = done.stderr.splitlines()
    assert f"port {port} of 127.0.0.1" in line
    assert done.returncode == 1


def descendants(parent: int) -> set[int]:
    """Every process below one, as /proc tells."""
    children: dict[int, set[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.parent.name, stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(rest[1]), set()).add(int(pid))
    found: set[int] = set()
    following = {parent}
    while following:
        following = set().union(*(children.get(pid, set()) for pid in following)) - found
        found |= following
    return found


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")
def test_nothing_is_left_running_when_the_sandbox_is_killed(tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    with running("--execute") as driver:
        driver.rule("endless", alert_type="Endless", script=f"echo > {started}; exec sleep 1000")
        driver.result(custom("Endless", fingerprint="endless"))
        started.read_text()  # blocks until the container's command runs
        left = descendants(driver.cluster.process.pid)
        commands = {Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ") for pid in left}
        assert any(b"sleep 1000" in line for line in commands), commands
        assert len(left) > len(driver.http.get(f"{driver.cluster.broker}/debug/processes").json()) > 1
        handles = {os.pidfd_open(pid): pid for pid in left}
        driver.cluster.process.send_signal(signal.SIGKILL)
        driver.cluster.process.wait()
        try:
            wait_for_ends(handles)
        finally:
            for handle in handles:
                os.close(handle)


def wait_for_ends(handles: dict[int, int]) -> None:
    """Wait until every process has ended."""
    poll = select.poll()
    waiting = dict(handles)
    for handle in waiting:
        poll.register(handle, select.POLLIN)
    while waiting:
        ended = poll.poll(10_000)
        assert ended, f"still running: {[Path(f'/proc/{pid}/cmdline').read_bytes() for pid in waiting.values()]}"
        for handle, _ in ended:
            poll.unregister(handle)
            del waiting[handle]
