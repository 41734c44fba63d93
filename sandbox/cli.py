"""The sandbox's commands: `serve` runs the embedded cluster, `run` and `demo` show an alert's life on it."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sandbox.cluster import Settings, running, write_endpoints
from sandbox.eventing.controller import EventingOptions
from sandbox.manifests import UnreadableManifestError
from sandbox.servers import PortTakenError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.cluster import Cluster

app = typer.Typer(no_args_is_help=True, add_completion=False)

_ROOT = Path(__file__).resolve().parent.parent
_MANIFESTS = ("crds", "knative", "eventing")

EXECUTE_WARNING = (
    "--execute: what a workflow's containers contain runs on this machine, as you, with no container around it.\n"
    "An alert that matches a rule is then enough to run that rule's commands. Use it with rules you trust."
)

Port = Annotated[int, typer.Option(envvar="PORT", help="Port of the gateway; 0 takes any that is free.")]
ApiPort = Annotated[int, typer.Option(help="Port of the Kubernetes API; 0 takes any that is free.")]
State = Annotated[Path, typer.Option(help="Folder for kubeconfig, logs and addresses.")]
Data = Annotated[Path | None, typer.Option(help="SQLite file that keeps the objects; without it they are in memory.")]
Execute = Annotated[bool, typer.Option("--execute", help="Run containers' commands as processes of this machine.")]
Manifests = Annotated[list[Path] | None, typer.Option(help="Folder or file to apply in place of the project's own.")]
Functions = Annotated[Path | None, typer.Option(help="Folder of the functions, one folder for each image.")]
Idle = Annotated[float | None, typer.Option(help="Seconds after which an idle function stops.")]
Tick = Annotated[float | None, typer.Option(help="Seconds between events of every PingSource.")]
Duplicate = Annotated[bool, typer.Option("--duplicate", help="Deliver every event twice.")]


@app.callback()
def commands() -> None:
    """An embedded cluster for development and trial: Kubernetes API, Knative and a stand-in for Argo."""


@app.command()
def serve(
    port: Port = 8080,
    api_port: ApiPort = 0,
    state_dir: State = Path(".aegis"),
    data: Data = None,
    execute: Execute = False,
    manifests: Manifests = None,
    functions: Functions = None,
    idle: Idle = None,
    tick: Tick = None,
    duplicate: Duplicate = False,
) -> None:
    """Run the embedded cluster until Ctrl-C."""
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
        eventing=EventingOptions(duplicate=duplicate, tick=tick),
    )
    raise typer.Exit(_run(settings, _until_stopped))


async def _until_stopped(cluster: Cluster) -> int:
    typer.echo(f"Kubernetes API  {cluster.endpoints.api}")
    typer.echo(f"alerts          {cluster.endpoints.gateway}")
    typer.echo(f"Brokers         {cluster.endpoints.broker}")
    typer.echo(f"export KUBECONFIG={cluster.endpoints.kubeconfig}")
    await cluster.failed
    return 1


def _run(settings: Settings, session: Callable[[Cluster], Awaitable[int]]) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if settings.execute:
        typer.secho(EXECUTE_WARNING, fg="yellow", err=True)
    try:
        return asyncio.run(_session(settings, session))
    except (PortTakenError, UnreadableManifestError) as error:
        typer.secho(
            f"{error}" + (" (PORT=… moves it)" if isinstance(error, PortTakenError) else ""), fg="red", err=True
        )
        return 1


async def _session(settings: Settings, session: Callable[[Cluster], Awaitable[int]]) -> int:
    stop = asyncio.Event()
    for sig in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sig, stop.set)
    async with running(settings) as cluster:
        addresses = settings.state / "sandbox.json"
        write_endpoints(addresses, cluster.endpoints)
        work, stopped = asyncio.ensure_future(session(cluster)), asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else 0
        finally:
            work.cancel()
            stopped.cancel()
            addresses.unlink(missing_ok=True)
