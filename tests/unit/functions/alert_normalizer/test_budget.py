"""How much of bodies is held at one time, apart from the routes that read them."""

import pytest
from starlette.requests import Request

from functions.alert_normalizer.budget import Budget


def posting(body: bytes) -> Request:
    """A request whose body comes at once."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def test_what_takes_too_long_with_a_body_is_not_said_of_its_sender() -> None:
    budget = Budget(100)
    with pytest.raises(TimeoutError):
        async with budget.body(posting(b" " * 100), 100):
            raise TimeoutError
    async with budget.body(posting(b" " * 100), 100) as body:
        assert len(body) == 100
