"""Shows an alert's life on a running cluster: applies the example, posts its alert and prints what becomes of it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import typer

from sandbox import manifests
from sandbox.cluster import NAMESPACE
from sandbox.informer import watching

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.api import Api, Object
    from sandbox.cluster import Cluster

ALERT_PATH = "/default/alert"
_ALERT = "alerts/firing.json"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_TIMEOUT = 60.0
_CHECK_TIMEOUT = 20.0
_COLUMNS = {
    "NAME": 46,
    "TYPE": 24,
    "OBJECTKIND": 13,
    "OBJECTNAME": 13,
    "STATUS": 11,
    "COUNT": 8,
    "TRIGGERSTATUS": 16,
    "OPSSTATUS": 12,
    "AGE": 4,
}


async def show(cluster: Cluster, example: Path) -> bool:
    """Play the example and tell whether its workflow succeeded."""
    applied = [_declared(obj) for obj in manifests.load(example)]
    await manifests.apply(cluster.api, applied, namespace=NAMESPACE)
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT):
            await asyncio.gather(*(_checked(cluster.api, obj) for obj in applied))
        async with asyncio.timeout(_TIMEOUT):
            return await _play(cluster, example)
    except TimeoutError:
        typer.secho("the alert did not come to its end in time; see the functions' logs", fg="red", err=True)
        return False


def _declared(obj: Object) -> Object:
    """The object with the note that `kubectl apply` leaves; without it, kubectl warns whoever applies it again."""
    noted = {**obj, "metadata": {"annotations": {}, "namespace": NAMESPACE, **obj["metadata"]}}
    note = json.dumps(noted, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    annotations = {**(obj["metadata"].get("annotations") or {}), _LAST_APPLIED: note}
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


async def _play(cluster: Cluster, example: Path) -> bool:
    alerts = cluster.api.resource("aegisalerts", "aegis.io")
    since = str(cluster.api.store.revision)
    url = cluster.endpoints.gateway + ALERT_PATH
    typer.echo(f"$ curl -X POST {url} -d @examples/{example.name}/{_ALERT}")
    async with aiohttp.ClientSession() as session, watching(cluster.api, alerts, resource_version=since) as events:
        posted = asyncio.ensure_future(_post(session, url, (example / _ALERT).read_bytes()))
        typer.echo(_line({name: name for name in _COLUMNS}))
        before = ""
        async for event in events:
            row = _line(_row(event.object))
            if row != before and event.type != "DELETED":
                typer.echo(before := row)
            if (ended := _ended(event.object)) is not None:
                await posted
                return ended
    return False


async def _post(session: aiohttp.ClientSession, url: str, alert: bytes) -> None:
    async with session.post(url, data=alert, headers={"content-type": "application/json"}) as answer:
        if not answer.ok:
            typer.secho(f"{answer.status}: {await answer.text()}", fg="red", err=True)


async def _checked(api: Api, obj: Object) -> None:
    """Wait until a rule or template has been looked at."""
    meta = obj["metadata"]
    async with watching(api, api.resource_of(obj)) as events:
        async for event in events:
            if event.object["metadata"]["name"] == meta["name"] and (event.object.get("status") or {}).get("status"):
                return


def _ended(alert: Object) -> bool | None:
    """Whether it went well, once it is over."""
    ops = (alert.get("status") or {}).get("opsStatus") or {}
    if ops.get("alertOpsStatus") in ("Succeeded", "Failed"):
        return bool(ops["alertOpsStatus"] == "Succeeded")
    return None if ops.get("triggerStatus") in (None, "", "Triggered") else False


def _row(alert: Object) -> dict[str, str]:
    spec: dict[str, Any] = alert["spec"]
    status: dict[str, Any] = alert.get("status") or {}
    ops: dict[str, Any] = status.get("opsStatus") or {}
    about = spec.get("involvedObject") or {}
    created = datetime.fromisoformat(alert["metadata"]["creationTimestamp"])
    return {
        "NAME": alert["metadata"]["name"],
        "TYPE": spec.get("type", ""),
        "OBJECTKIND": about.get("kind", ""),
        "OBJECTNAME": about.get("name", ""),
        "STATUS": status.get("status", ""),
        "COUNT": str(status.get("count", "")),
        "TRIGGERSTATUS": ops.get("triggerStatus", ""),
        "OPSSTATUS": ops.get("alertOpsStatus", ""),
        "AGE": f"{int((datetime.now(UTC) - created).total_seconds())}s",
    }


def _line(row: dict[str, str]) -> str:
    return "".join(f"{row[name]:<{width}}" for name, width in _COLUMNS.items()).rstrip()
