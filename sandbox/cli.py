"""The sandbox's commands: `serve` runs the embedded cluster, `run` and `demo` show an alert's life on it."""

from __future__ import annotations

import asyncio
import logging
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sandbox.api.database import UnusableFileError
from sandbox.cluster import Settings, running
from sandbox.demo import ALERT_PATH, show
from sandbox.eventing.controller import EventingOptions
from sandbox.manifests import UnreadableManifestError
from sandbox.servers import PortTakenError
from sandbox.state import StateError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.cluster import Cluster

    Session = Callable[[Cluster], Awaitable[int]]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

_ROOT = Path(__file__).resolve().parent.parent
_MANIFESTS = ("crds", "knative", "eventing")
_EXAMPLE = _ROOT / "examples" / "nodehasemergencyevent"

EXECUTED = (
    "EXECUTE=1: what a workflow's containers contain runs on this machine, as you, with no container around it: an\n"
    "alert that matches a rule is enough to run that rule's commands. Use it with rules you trust. A pod that asks\n"
    "for what a process cannot have (mounts, privileges, the host's namespaces, another user, devices) is refused."
)
PRETENDED = (
    "No command of a workflow is run: its pods only pretend to, and their logs say what would have run (EXECUTE=1\n"
    "runs it on this machine)."
)

_LAST_PORT = 65535
Port = Annotated[
    int, typer.Option(envvar="PORT", min=0, max=_LAST_PORT, help="Port of the gateway; 0 takes any free one.")
]
ApiPort = Annotated[int, typer.Option(min=0, max=_LAST_PORT, help="Port of the Kubernetes API; 0 takes any free one.")]
State = Annotated[Path, typer.Option(help="Folder for kubeconfig, logs and addresses, which no other sandbox uses.")]
Data = Annotated[Path | None, typer.Option(help="SQLite file that keeps the objects; without it they are in memory.")]
Execute = Annotated[bool, typer.Option("--execute", help="Run containers' commands as processes of this machine.")]
Manifests = Annotated[list[Path] | None, typer.Option(help="Folder or file to apply in place of the project's own.")]
Functions = Annotated[Path | None, typer.Option(help="Folder of the functions, one folder for each image.")]
Idle = Annotated[float | None, typer.Option(help="Seconds after which an idle function stops.")]
Tick = Annotated[float | None, typer.Option(help="Seconds between events of every PingSource.")]
Pretend = Annotated[float, typer.Option(help="Seconds that a container takes which does not really run.")]
Duplicate = Annotated[bool, typer.Option("--duplicate", help="Deliver every event twice.")]


@app.callback()
def commands() -> None:
    """An embedded cluster for development and trial: Kubernetes API, Knative and a stand-in for Argo."""


async def _serve(cluster: Cluster) -> int:
    _say_where(cluster)
    await cluster.failed
    return 1


async def _run(cluster: Cluster) -> int:
    if await show(cluster, _EXAMPLE):
        typer.echo("\nThe alert's workflow has succeeded; the sandbox goes on until Ctrl-C. In another terminal:\n")
    _say_where(cluster)
    await cluster.failed
    return 1


async def _demo(cluster: Cluster) -> int:
    succeeded = await show(cluster, _EXAMPLE)
    for node in await cluster.api.list(cluster.api.resource("nodes")):
        cordoned = ",SchedulingDisabled" if node["spec"].get("unschedulable") else ""
        typer.echo(f"node/{node['metadata']['name']}  Ready{cordoned}")
    return 0 if succeeded else 1


def _say_where(cluster: Cluster) -> None:
    at = cluster.endpoints
    typer.echo(f"  export KUBECONFIG={shlex.quote(str(at.kubeconfig))}")
    typer.echo("  kubectl get aegisalerts --watch")
    typer.echo(f"  curl -X POST {at.gateway}{ALERT_PATH} -d @{_EXAMPLE.relative_to(_ROOT)}/alerts/firing.json")
    typer.echo(
        f"\n  Kubernetes API {at.api}   intake {at.gateway}   Brokers {at.broker}   logs {at.kubeconfig.parent}/logs"
    )


def _command(name: str, session: Session, summary: str, *, interrupted: int = 0) -> None:
    """Register a command that runs the cluster around a session; all of them take the same options.

    Args:
        name: what it is called.
        session: what it does on the cluster.
        summary: what its help says.
        interrupted: its exit code when Ctrl-C ended it.
    """

    @app.command(name, help=summary)
    def command(
        *,
        port: Port = 8080,
        api_port: ApiPort = 0,
        state_dir: State = Path(".aegis"),
        data: Data = None,
        execute: Execute = False,
        manifests: Manifests = None,
        functions: Functions = None,
        idle: Idle = None,
        tick: Tick = None,
        pretend: Pretend = 0.3,
        duplicate: Duplicate = False,
    ) -> None:
        settings = Settings(
            root=_ROOT,
            functions=functions.resolve() if functions else _ROOT / "functions",
            state=state_dir.resolve(),
            manifests=manifests or [_ROOT / folder for folder in _MANIFESTS],
            port=port,
            api_port=api_port,
            data=data,
            execute=execute,
            idle=idle,
            pretend_seconds=pretend,
            eventing=EventingOptions(duplicate=duplicate, tick=tick),
        )
        raise typer.Exit(_run_until_done(settings, session, interrupted))


_command("serve", _serve, "Run the embedded cluster until Ctrl-C.")
_command("run", _run, "Run the embedded cluster, show an alert's life on it, and go on until Ctrl-C.")
_command("demo", _demo, "Show an alert's life; the exit code is 0 when its workflow succeeds.", interrupted=130)


def _run_until_done(settings: Settings, session: Session, interrupted: int) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        return asyncio.run(_session(settings, session, interrupted))
    except (StateError, UnusableFileError, PortTakenError, UnreadableManifestError) as error:
        typer.secho(str(error), fg="red", err=True)
        return 1


async def _session(settings: Settings, session: Session, interrupted: int) -> int:
    stop = asyncio.Event()
    for sig in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sig, stop.set)
    async with running(settings) as cluster:
        typer.secho(EXECUTED if settings.execute else PRETENDED, fg="yellow", err=True)
        work, stopped = asyncio.ensure_future(session(cluster)), asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else interrupted
        finally:
            work.cancel()
            stopped.cancel()
