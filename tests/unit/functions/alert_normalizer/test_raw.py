"""Messages of unknown shape."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from aegis.errors import OverQuota, Unavailable
from aegis.kube import Kube
from functions.alert_normalizer.raw import store_raw
from sandbox.api import Api
from tests.unit.functions.alert_normalizer.conftest import NOON, Quota, Way


async def store(
    kube: Kube, body: bytes = b"x", content_type: str = "text/plain", *, now: datetime = NOON
) -> tuple[str, str]:
    headers = {"content-type": content_type}
    stored, event = await store_raw(kube, body, headers, source="/s", namespace="monitoring", now=now)
    return stored.metadata.name, event.id


async def test_a_retry_is_not_a_second_one(kube: Kube) -> None:
    assert await store(kube) == await store(kube, now=NOON + timedelta(seconds=59))


@pytest.mark.parametrize(
    "change", [{"body": b"y"}, {"content_type": "text/html"}, {"now": NOON + timedelta(minutes=1)}], ids=str
)
async def test_anything_else_is(kube: Kube, change: dict[str, Any]) -> None:
    assert await store(kube) != await store(kube, **change)


async def test_one_that_is_being_deleted_is_tried_later(kube: Kube, api: Api) -> None:
    name, _ = await store(kube)
    resource = api.resource("aegisrawalerts", "aegis.io")
    await api.patch(resource, name, {"metadata": {"finalizers": ["example.com/hold"]}}, "monitoring")
    await api.delete(resource, name, "monitoring")
    with pytest.raises(Unavailable):
        await store(kube)


async def test_storing_is_one_request(kube: Kube, way: Way) -> None:
    await store(kube)
    assert way.requests == ["POST"]


async def test_over_quota_a_message_is_to_come_again_unless_it_is_there(kube: Kube, quota: Quota) -> None:
    known = await store(kube)
    await quota.is_(0, raw=1)
    assert await store(kube) == known
    with pytest.raises(OverQuota):
        await store(kube, b"y")
