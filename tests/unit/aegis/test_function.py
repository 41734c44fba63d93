"""How the functions are served: the settings of the server that functions-framework starts, and errors."""

import json

import pytest
from functions_framework._http.gunicorn import UvicornApplication
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from aegis.errors import BadEvent, Forbidden, Invalid, Unavailable, Unreadable
from aegis.events import Event
from aegis.function import LARGEST_EVENT, LONGEST_REFUSAL, brief, problem, serve, unavailable

PROXY_IDLE_SECONDS = 90  # Go's http.DefaultTransport, which Knative's queue-proxy has


def test_a_connection_is_kept_for_longer_than_the_proxy_in_front_keeps_it() -> None:
    server = UvicornApplication(Starlette(), "127.0.0.1", 0, debug=False)  # type: ignore[no-untyped-call]
    assert server.cfg is not None
    assert server.cfg.keepalive > PROXY_IDLE_SECONDS


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=3000)
ERRORS = st.lists(st.fixed_dictionaries({"field": st.text(max_size=50), "problem": ANY_TEXT}), max_size=20)


@given(ANY_TEXT, ERRORS)
def test_an_error_for_knative_is_never_longer_than_it_can_take(detail: str, errors: list[dict[str, str]]) -> None:
    answer = brief(problem(422, "Unprocessable Content", detail, errors=errors))

    assert len(answer.body) <= LONGEST_REFUSAL
    assert bytes(answer.body).endswith(b"}\n")
    assert answer.headers["content-length"] == str(len(answer.body))
    told = json.loads(bytes(answer.body))
    assert (told["status"], told["title"]) == (422, "Unprocessable Content")
    kept = told.get("errors", [])
    assert kept == errors[: len(kept)]
    if not kept:
        whole = ": ".join([detail, *(errors[0].values() if errors else ())])
        assert whole.startswith(told["detail"])
        assert whole == told["detail"] or len(answer.body) > LONGEST_REFUSAL * 0.8


def test_a_short_error_keeps_its_members() -> None:
    answer = brief(problem(422, "Unprocessable Content", "x", errors=[{"field": "type"}]))
    assert json.loads(bytes(answer.body))["errors"] == [{"field": "type"}]


def test_of_many_errors_the_first_are_kept() -> None:
    errors = [{"field": f"alerts[{number}].type", "problem": "is missing"} for number in range(100)]
    kept = json.loads(bytes(brief(problem(422, "Unprocessable Content", "x", errors=errors)).body))["errors"]
    assert kept == errors[: len(kept)]
    assert len(kept) > 5


def test_no_number_of_errors_is_too_much_work() -> None:
    errors = [{"field": f"alerts[{number}].type", "problem": "is missing"} for number in range(100_000)]
    assert len(brief(problem(422, "Unprocessable Content", "x", errors=errors)).body) <= LONGEST_REFUSAL


def test_a_cut_error_keeps_its_headers() -> None:
    answer = brief(unavailable(Unavailable("x" * 1000, retry_after=7)))
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_no_error_is_not_cut() -> None:
    assert len(brief(Response("x" * 1000)).body) == 1000


def test_an_error_ends_with_its_line() -> None:
    assert bytes(problem(400, "Bad Request", "x").body).endswith(b"}\n")


async def answer_to(error: Exception) -> Response:
    """What is answered to an event whose handler raises."""

    async def handle(_: Event) -> None:
        raise error

    return await serve(sent(b"null"), handle)


def sent(*parts: bytes) -> Request:
    """An event in binary mode, whose data comes in so many parts."""
    left = list(parts)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-type": "t",
        "ce-source": "/s",
        "content-type": "application/json",
    }
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "server": ("127.0.0.1", 80)}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({**scope, "headers": raw}, receive)


async def nothing(_: Event) -> None:
    """Take an event, and reply with none."""


@pytest.mark.parametrize("levels", [950, 3_000, 100_000])
async def test_data_that_is_nested_too_deeply_is_taken_or_refused_and_never_comes_again(levels: int) -> None:
    assert (await serve(sent(b"[" * levels + b"]" * levels), nothing)).status_code in (204, 400)


async def test_an_event_that_is_too_large_is_read_no_further() -> None:
    request = sent(*[b" " * 2**16] * 100)
    assert (await serve(request, nothing)).status_code == 413
    assert (await request.receive())["more_body"]


async def test_an_event_of_the_largest_size_is_handled() -> None:
    assert (await serve(sent(b'"' + b"x" * (LARGEST_EVENT - 2) + b'"'), nothing)).status_code == 204


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(BadEvent("m"), 400, id="no event of ours"),
        pytest.param(Invalid("m", status=422), 400, id="what is written is refused"),
        pytest.param(Unreadable("m"), 400, id="what is stored cannot be read"),
        pytest.param(Forbidden("m", status=403), 500, id="a right that may be given"),
        pytest.param(Unavailable("m"), 503, id="an API server that may come back"),
    ],
)
async def test_knative_delivers_again_only_what_may_work_then(error: Exception, code: int) -> None:
    assert (await answer_to(error)).status_code == code


async def test_what_a_handler_raises_is_cut() -> None:
    answer = await answer_to(BadEvent("x" * 1000))
    assert answer.status_code == 400
    assert len(answer.body) <= LONGEST_REFUSAL
