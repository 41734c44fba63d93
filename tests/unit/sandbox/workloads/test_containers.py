"""With --execute, a container's command is a process of this machine, and only its command."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from sandbox.processes import ProcessTable
from sandbox.workloads.containers import SCRIPT_PATH, Executor, Exit

POD: dict[str, Any] = {"metadata": {"name": "p", "namespace": "ns", "uid": "u"}, "spec": {"nodeName": "dev1"}}


def ended(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


async def execute(log: Path, container: dict[str, Any], **spec: Any) -> Exit:
    pod = {**POD, "spec": {**POD["spec"], **spec}}
    async with ProcessTable() as processes:
        return await Executor(processes, Path("/kube/config")).run(pod, {"image": "x", **container}, log)


async def test_the_command_runs_with_its_environment(tmp_path: Path) -> None:
    env = [{"name": "A", "value": "1"}, {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]
    command = ["sh", "-c", 'echo "$A $NODE $KUBECONFIG $0"', "zero"]
    assert await execute(tmp_path / "log", {"command": command, "env": env}) == Exit(0, "Completed")
    assert (tmp_path / "log").read_text() == "1 dev1 /kube/config zero\n"


async def test_an_argument_is_never_given_to_a_shell(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    await execute(tmp_path / "log", {"command": ["echo"], "args": [f"x; touch {victim}", f"$(touch {victim})"]})
    assert not victim.exists()
    assert f"x; touch {victim} $(touch {victim})" in (tmp_path / "log").read_text()


async def test_a_script_is_a_file_for_its_interpreter(tmp_path: Path) -> None:
    template = json.dumps({"script": {"source": "echo from a script; exit 4"}})
    container = {"command": ["sh"], "args": [SCRIPT_PATH], "env": [{"name": "ARGO_TEMPLATE", "value": template}]}
    assert await execute(tmp_path / "log", container) == Exit(4, "Error")
    assert (tmp_path / "log").read_text() == "from a script\n"


@pytest.mark.parametrize(
    ("container", "code", "message"),
    [({}, 128, "no command"), ({"command": ["no-such-program-here"]}, 127, "no-such-program-here")],
    ids=["image-only", "unknown"],
)
async def test_what_cannot_start_says_why(tmp_path: Path, container: dict[str, Any], code: int, message: str) -> None:
    end = await execute(tmp_path / "log", container)
    assert (end.code, end.reason) == (code, "StartError")
    assert message in end.message


async def test_variables_in_the_command_line_are_replaced_as_a_kubelet_does(tmp_path: Path) -> None:
    env = [{"name": "PLACE", "value": "there"}, {"name": "SAID", "value": "over $(PLACE)"}]
    args = ["$(SAID)", "$(UNKNOWN)", "$$(PLACE)", "$PLACE", "$(cat $(PLACE))", "$(PLACE"]
    await execute(tmp_path / "log", {"command": ["echo", "at"], "args": args, "env": env})
    assert (tmp_path / "log").read_text() == "at over there $(UNKNOWN) $(PLACE) $PLACE $(cat $(PLACE)) $(PLACE\n"


async def test_a_label_or_an_annotation_of_the_pod_can_be_a_variable(tmp_path: Path) -> None:
    reference = {"fieldRef": {"fieldPath": "metadata.annotations['example.org/note']"}}
    container = {"command": ["sh", "-c", 'echo "$NOTE"'], "env": [{"name": "NOTE", "valueFrom": reference}]}
    pod = {**POD, "metadata": {**POD["metadata"], "annotations": {"example.org/note": "a b"}}}
    async with ProcessTable() as processes:
        await Executor(processes, Path("/kube/config")).run(pod, {"image": "x", **container}, tmp_path / "log")
    assert (tmp_path / "log").read_text() == "a b\n"


async def test_neither_the_virtual_environment_nor_the_hosts_variables_are_lent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/venv")
    monkeypatch.setenv("PATH", f"/venv/bin{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    await execute(tmp_path / "log", {"command": ["env"]})
    printed = (tmp_path / "log").read_text()
    assert "/venv" not in printed
    assert "SECRET_OF_THE_HOST" not in printed


async def test_a_cancelled_run_leaves_no_process(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run = asyncio.create_task(execute(log, {"command": ["sh", "-c", "echo $$$$; exec sleep 60"]}))
    while not (log.exists() and log.read_text()):  # noqa: ASYNC110 -- what another process writes
        await asyncio.sleep(0.01)
    run.cancel()
    await asyncio.wait((run,))
    assert ended(int(log.read_text()))
