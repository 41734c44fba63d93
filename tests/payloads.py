"""What Alertmanagers really sent, from the shared data, and the alerts that are wanted of it (``EXPECTED.json``)."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]

PAYLOADS = Path(os.environ.get("AEGIS_DATA", Path(__file__).parents[2] / "shared" / "data")) / "payloads"
WEBHOOK_PATH = "/alertmanager/alert"
_WEBHOOKS = ("prometheus-alertmanager", "grafana-unified", "seed AI intake: Alertmanager")
"""The systems whose notifications have the form of Alertmanager's webhook."""
_NOTHING = {"kind": "", "name": "", "namespace": "", "node": ""}


class Payload(NamedTuple):
    """One notification, as it was sent."""

    name: str
    body: bytes
    alerts: Sequence[Json]
    may_be_rejected: bool

    def problems(self, specs: Sequence[Mapping[str, Any]]) -> list[str]:
        """What is wrong with the specs of the AegisAlerts that came of it, in its order; nothing is wanted."""
        if len(specs) != len(self.alerts):
            return [f"{len(specs)} alerts came of it, not {len(self.alerts)}"]
        return [text for spec, wanted in zip(specs, self.alerts, strict=True) for text in _problems(spec, wanted)]


def webhooks() -> list[Payload]:
    """The notifications that Alertmanager's path takes; none where the shared data is not there."""
    table = PAYLOADS / "EXPECTED.json"
    files: Json = json.loads(table.read_text(encoding="utf-8"))["files"] if table.exists() else {}
    return [
        Payload(name, (PAYLOADS / name).read_bytes(), expected["alerts"], expected["action"] == "alerts-or-reject")
        for name, expected in files.items()
        if expected["system"] in _WEBHOOKS
    ]


def _problems(spec: Mapping[str, Any], wanted: Json) -> list[str]:
    """How a spec differs from what is wanted; not at all if it is as any of the acceptable ones."""
    *others, first = (list(_differences(spec, {**wanted, **each})) for each in [*wanted.get("acceptable", []), {}])
    return first if all([first, *others]) else []


def _differences(spec: Mapping[str, Any], wanted: Json) -> Iterator[str]:
    found = {key: spec.get("involvedObject", {}).get(key, "") for key in _NOTHING}
    if found != (wanted["object"] or _NOTHING):
        yield f"the object is {found}, not {wanted['object']}"
    for key in ("type", "status", "severity", "fingerprint"):
        if key in wanted and spec.get(key, "") != (wanted[key] or ""):
            yield f"{key} is {spec.get(key)}, not {wanted[key]}"
    if _moment(spec.get("startsAt")) != _moment(wanted["startsAt"]):
        yield f"startsAt is {spec.get('startsAt')}, not {wanted['startsAt']}"


def _moment(text: str | None) -> datetime | None:
    """A moment to the microsecond, which is what alerts keep."""
    return datetime.fromisoformat(text) if text else None
