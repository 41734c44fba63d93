"""The API server's refusals become the errors that callers treat differently."""

import httpx
import pytest

from aegis.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OverQuota,
    Unavailable,
    Unreadable,
)
from aegis.kube import Kube
from aegis.models.workflow import Workflow
from tests.unit.transports import kube_over

NAMED = 'workflows.argoproj.io "x"'


def answering(code: int, *, reason: str = "", message: str = "m", headers: dict[str, str] | None = None) -> Kube:
    """An API server that refuses everything in one way."""
    body = {"kind": "Status", "reason": reason, "message": message}
    transport = httpx.MockTransport(lambda _: httpx.Response(code, json=body, headers=headers))
    return kube_over(transport)


@pytest.mark.parametrize(
    ("code", "reason", "message", "error"),
    [
        pytest.param(404, "NotFound", "m", NotFound, id="absent"),
        pytest.param(409, "AlreadyExists", "m", AlreadyExists, id="there already"),
        pytest.param(409, "Conflict", "m", Conflict, id="changed since"),
        pytest.param(422, "Invalid", "m", Invalid, id="invalid"),
        pytest.param(400, "BadRequest", "m", Invalid, id="bad"),
        pytest.param(413, "RequestEntityTooLarge", "m", Invalid, id="too large"),
        pytest.param(403, "Forbidden", "cannot create resource", Forbidden, id="no right"),
        pytest.param(
            403, "Forbidden", f"{NAMED} is forbidden: exceeded quota: q, used: 1", OverQuota, id="no room now"
        ),
        pytest.param(
            403,
            "Forbidden",
            f"{NAMED} is forbidden: status unknown for quota: q, resources: r",
            OverQuota,
            id="new quota",
        ),
        pytest.param(403, "Forbidden", f"{NAMED} is forbidden: no exceeded quota: x", Forbidden, id="other words"),
        pytest.param(401, "Unauthorized", "m", ApiError, id="no credentials"),
        pytest.param(429, "TooManyRequests", "m", Unavailable, id="too busy"),
        pytest.param(500, "InternalError", "m", Unavailable, id="broken"),
        pytest.param(503, "ServiceUnavailable", "m", Unavailable, id="away"),
    ],
)
async def test_each_refusal_is_the_error_that_says_what_to_do(
    code: int, reason: str, message: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        await answering(code, reason=reason, message=message).create(Workflow, {}, namespace="n")
    assert type(raised.value) is error
    assert message in str(raised.value)


async def test_a_failed_test_of_a_json_patch_is_a_conflict() -> None:
    with pytest.raises(Conflict):
        await answering(422, reason="Invalid").json_patch(Workflow, [], namespace="n", name="x")


async def test_how_long_to_wait_is_passed_on() -> None:
    with pytest.raises(Unavailable) as raised:
        await answering(429, headers={"Retry-After": "7"}).get(Workflow, namespace="n", name="x")
    assert raised.value.retry_after == 7


async def test_a_server_that_cannot_be_reached_is_away_for_now() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    kube = kube_over(httpx.MockTransport(refuse))
    with pytest.raises(Unavailable, match="cannot be reached"):
        await kube.get(Workflow, namespace="n", name="x")


async def test_an_answer_that_is_no_status_is_not_quoted() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(502, text="<html>secret</html>"))
    kube = kube_over(transport)
    with pytest.raises(Unavailable) as raised:
        await kube.get(Workflow, namespace="n", name="x")
    assert "secret" not in str(raised.value)


async def test_an_object_that_cannot_be_read_is_named() -> None:
    item = {"metadata": {"namespace": "n", "name": "x", "labels": 7}}
    kube = kube_over(httpx.MockTransport(lambda _: httpx.Response(200, json=item)))
    with pytest.raises(Unreadable, match="workflow/n/x cannot be read"):
        await kube.get(Workflow, namespace="n", name="x")


async def test_an_object_that_cannot_be_read_hides_no_other() -> None:
    items = [{"metadata": {"name": "odd"}, "spec": "no mapping"}, {"metadata": {"name": "good"}}]
    page = {"metadata": {"resourceVersion": "7"}, "items": items}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=page))
    found = await kube_over(transport).list(Workflow)
    assert [item.metadata.name for item in found.items] == ["good"]


async def test_metadata_of_no_objects_is_no_list() -> None:
    page = {"metadata": {"resourceVersion": "7"}, "items": None}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=page))
    assert not (await kube_over(transport).list(Workflow, metadata_only=True)).items


async def test_metadata_alone_is_asked_for_where_objects_are_large() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["accept"])
        return httpx.Response(200, json={"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "x"}}]})

    kube = kube_over(httpx.MockTransport(answer))
    found = [await kube.list(Workflow, metadata_only=only) for only in (True, False)]
    assert asked == ["application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "application/json"]
    assert [[item.metadata.name for item in each.items] for each in found] == [["x"], ["x"]]
