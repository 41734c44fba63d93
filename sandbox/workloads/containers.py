"""What happens when a container is started: by default nothing but a log that says what would have run.

With `--execute` its command becomes a process of this machine, if a process can honour all that its pod asks for. An
image holds nothing here, so a container without a command has nothing to run; a shell is used only where the command
itself names one.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.workloads.environment import expanded, variables_of
from sandbox.workloads.honoured import not_honoured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.api import Object
    from sandbox.processes import ProcessTable

SCRIPT_PATH = "/argo/staging/script"
"""Where Argo puts the source of a script template; the last argument of its container."""

SECONDS_ANNOTATION = "sandbox.aegis.io/seconds"
EXIT_CODE_ANNOTATION = "sandbox.aegis.io/exit-code"
"""On a pod: how long its containers pretend to run, and how they end."""

_CANNOT_START = 128
_NOT_FOUND = 127
_SLEEP = re.compile(r"sleep (?P<seconds>\d+(?:\.\d+)?)s?")
_EXIT = re.compile(r"exit (?P<code>\d+)")


@dataclass(frozen=True, slots=True)
class Exit:
    """How a container ended."""

    code: int
    reason: str
    message: str = ""


class Runner(Protocol):
    """Plays a container from start to end."""

    def refused(self, pod: Object) -> str:
        """Why nothing of the pod may be started; empty if it may."""

    async def run(self, pod: Object, container: Mapping[str, Any], log: Path) -> Exit:
        """Run it, its output going to the log; a cancelled run leaves nothing behind."""


def command_of(container: Mapping[str, Any]) -> list[str]:
    """The command line that the container's manifest gives."""
    return [*(container.get("command") or []), *(container.get("args") or [])]


def script_of(container: Mapping[str, Any]) -> str | None:
    """The source of a script template, which Argo passes in the environment."""
    for variable in container.get("env") or []:
        if variable["name"] == "ARGO_TEMPLATE":
            source = (json.loads(variable.get("value", "{}")).get("script") or {}).get("source")
            return str(source) if source is not None else None
    return None


class Pretender:
    """Runs nothing: writes down what would have run, and takes a moment."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def refused(self, pod: Object) -> str:
        """Nothing: what does not run does no harm."""
        del pod
        return ""

    async def run(self, pod: Object, container: Mapping[str, Any], log: Path) -> Exit:
        """Wait as long as the pod says and end as it says."""
        argv, source = command_of(container), script_of(container)
        lines = [
            "# Nothing ran: the sandbox only pretends. With EXECUTE=1 this would have run on your machine:",
            shlex.join(argv) if argv else f"# (the entrypoint of {container['image']})",
        ]
        _write(log, "\n".join(lines + ([source] if source else [])) + "\n")
        annotations = pod["metadata"].get("annotations") or {}
        seconds, code = _pretended(argv, source)
        seconds = float(annotations.get(SECONDS_ANNOTATION, self._seconds if seconds is None else seconds))
        await asyncio.sleep(seconds)
        code = int(annotations.get(EXIT_CODE_ANNOTATION, code))
        return Exit(code, "Completed" if code == 0 else "Error")


def _pretended(argv: list[str], source: str | None) -> tuple[float | None, int]:
    """Seconds and exit code of the few commands whose whole effect is one of the two."""
    text = source if source is not None else (argv[-1] if argv[:-1] and argv[-2] == "-c" else " ".join(argv))
    text = text.strip()
    if match := _SLEEP.fullmatch(text):
        return float(match["seconds"]), 0
    if match := _EXIT.fullmatch(text):
        return None, int(match["code"])
    return None, int(text in ("false", "/bin/false"))


class Executor:
    """Runs commands as processes of this machine, with the sandbox's kubeconfig."""

    def __init__(self, processes: ProcessTable, kubeconfig: Path) -> None:
        self._processes = processes
        self._kubeconfig = kubeconfig

    def refused(self, pod: Object) -> str:
        """What of the pod a process cannot honour."""
        if fields := not_honoured(pod):
            return (
                "nothing of it ran: with EXECUTE=1 a container is a process of this machine, which cannot honour "
                + ", ".join(fields)
            )
        return ""

    async def run(self, pod: Object, container: Mapping[str, Any], log: Path) -> Exit:
        """Run the container's command in a folder of its own until it ends."""
        variables = variables_of(pod, container)
        argv = [expanded(word, variables) for word in command_of(container)]
        _write(log, "")
        if not argv:
            message = f"no command, and the entrypoint of {container['image']} is not known here"
            return Exit(_CANNOT_START, "StartError", message)
        with tempfile.TemporaryDirectory(prefix="aegis-pod-") as folder:
            argv = _with_script(argv, script_of(container), Path(folder))
            try:
                process = await self._processes.start(
                    argv, env=self._environment(variables, folder), cwd=Path(folder), output=log
                )
            except OSError as error:
                return Exit(_NOT_FOUND, "StartError", f"{argv[0]}: {error.strerror}")
            except ValueError as error:  # a NUL in a word, or a variable whose name has a =
                return Exit(_CANNOT_START, "StartError", str(error))
            try:
                code = await process.wait()
            finally:
                process.kill()
        return Exit(code if code >= 0 else 128 - code, "Completed" if code == 0 else "Error")

    def _environment(self, variables: Mapping[str, str], home: str) -> dict[str, str]:
        own = {"PATH": _host_path(), "HOME": home, "LANG": os.environ.get("LANG", "C.UTF-8")}
        return {**own, **variables, "KUBECONFIG": str(self._kubeconfig)}


def _write(log: Path, text: str) -> None:
    log.write_text(text)


def _with_script(argv: list[str], source: str | None, folder: Path) -> list[str]:
    if source is None:
        return argv
    script = folder / "script"
    script.write_text(source)
    script.chmod(0o700)
    return [str(script) if argument == SCRIPT_PATH else argument for argument in argv]


def _host_path() -> str:
    """The machine's PATH without the virtual environment that the sandbox runs in."""
    venv = os.environ.get("VIRTUAL_ENV", "")
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if not (venv and entry.startswith(venv)))
