"""A message of unknown shape, kept as it came until it is parsed. Nothing in it is followed, least of all a URL."""

import base64
import logging
from collections.abc import Mapping
from datetime import datetime

from aegis import clock
from aegis.errors import AlreadyExists, NotFound, OverQuota, Unavailable
from aegis.events import RAW_ALERT_RECEIVED, Event, derived_id
from aegis.kube import Kube
from aegis.models.rawalert import AegisRawAlert
from aegis.names import digest
from functions.alert_normalizer.manifest import MANAGED_BY

SOURCE = "AI"
"""The source of the alerts that are found in such a message."""
LARGEST_RAW = 1024 * 1024
_KEPT = frozenset({"user-agent", "content-encoding", "content-language", "x-github-event", "x-gitlab-event"})
_KEPT_PREFIXES = ("ce-", "x-amz-sns-", "x-grafana-", "x-sentry-hook-")
_HEADER_LENGTH, _HEADERS = 256, 20
_log = logging.getLogger(__name__)


async def store_raw(
    kube: Kube, body: bytes, headers: Mapping[str, str], *, source: str, namespace: str, now: datetime
) -> tuple[AegisRawAlert, Event]:
    """Store a message, and say so in an event; the same message in the same minute is one."""
    content_type = headers.get("content-type", "")[:_HEADER_LENGTH]
    name = f"raw-{digest(body.hex(), content_type, f'{now:%Y-%m-%dT%H:%M}', length=20)}"
    manifest = {
        "metadata": {"name": name, "labels": MANAGED_BY},
        "spec": {
            "body": base64.b64encode(body).decode(),
            "contentType": content_type,
            "headers": _that_matter(headers),
            "receivedAt": clock.rfc3339(now),
        },
    }
    try:
        stored, result = await kube.create(AegisRawAlert, manifest, namespace=namespace), "created"
    except (AlreadyExists, OverQuota) as refused:  # a quota is asked before the name is looked up
        try:
            stored, result = await kube.get(AegisRawAlert, namespace=namespace, name=name), "counted"
        except NotFound:
            raise refused from None
        if stored.metadata.deletion_timestamp is not None:
            raise Unavailable(f"{stored.reference} is being deleted") from None
    _log.info("raw alert %s", result, extra={"object": stored.reference, "result": result})
    return stored, Event(
        type=RAW_ALERT_RECEIVED,
        source=source,
        id=derived_id(stored.metadata.uid),
        subject=f"{namespace}/{name}",
        data={"namespace": namespace, "name": name, "uid": stored.metadata.uid},
    )


def _that_matter(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that help to tell what sent it; never one that may hold a secret."""
    kept = {key.lower(): value for key, value in headers.items() if _matters(key.lower())}
    return {key: value[:_HEADER_LENGTH] for key, value in list(kept.items())[:_HEADERS]}


def _matters(name: str) -> bool:
    return name in _KEPT or name.startswith(_KEPT_PREFIXES)
