"""The Brokers' port answers as Knative's ingress does, and holds what is in flight."""

import asyncio

import httpx
import pytest

from sandbox.eventing.broker import Broker, Subscription
from sandbox.eventing.delivery import DeliveryPolicy
from sandbox.eventing.ingress import Ingress
from sandbox.http import Request, Response
from sandbox.servers import served

EVENT = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}


class Gate:
    """A subscriber that answers when the test lets it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.left: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def send(self, url: str, request: Request) -> Response:
        del url, request
        self.reached.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.left.set_result("cancelled")
            raise
        self.left.set_result("answered")
        return Response(200)


def with_gate() -> tuple[Ingress, Gate]:
    gate, ingress = Gate(), Ingress()
    broker = Broker("b", gate)
    broker.subscriptions = [Subscription("t", lambda _: True, "gate", DeliveryPolicy(), None)]
    ingress.brokers["ns", "b"] = broker
    return ingress, gate


def to_broker(path: str = "/ns/b", method: str = "POST", **headers: str) -> Request:
    return Request(method, path, tuple({**EVENT, **headers}.items()))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (to_broker(method="GET"), 405),
        (to_broker(method="OPTIONS"), 200),
        (to_broker("/ns"), 400),
        (to_broker("/ns/b/more"), 400),
        (to_broker("/ns/other"), 404),
        (to_broker("/ns/other", **{"ce-specversion": "0.2"}), 400),
        (Request("POST", "/ns/b", (), b"{}"), 400),
    ],
    ids=["get", "options", "no-broker", "too-long", "unknown", "bad-event-first", "no-event"],
)
async def test_ingress_answers(request_: Request, status: int) -> None:
    ingress, _ = with_gate()
    assert (await ingress.handle(request_)).status == status


async def test_the_answer_waits_for_the_subscriber() -> None:
    ingress, gate = with_gate()
    asked = asyncio.create_task(ingress.handle(to_broker()))
    await gate.reached.wait()
    assert not asked.done()
    gate.open.set()
    assert (await asked).status == 202


async def test_a_sender_that_hangs_up_cancels_the_delivery() -> None:
    ingress, gate = with_gate()
    async with served(ingress) as url, httpx.AsyncClient() as client:
        asked = asyncio.create_task(client.post(f"{url}/ns/b", headers=EVENT))
        await gate.reached.wait()
        asked.cancel()
        assert await asyncio.wait_for(gate.left, 5) == "cancelled"


async def test_a_restart_loses_what_is_in_flight() -> None:
    ingress, gate = with_gate()
    asked = asyncio.create_task(ingress.handle(to_broker()))
    await gate.reached.wait()
    assert ingress.restart() == 1
    assert (await asked).status == 503
    assert gate.left.result() == "cancelled"


async def test_a_broker_that_is_down_refuses_what_comes() -> None:
    ingress, gate = with_gate()
    ingress.restart(down=60.0)
    assert (await ingress.handle(to_broker())).status == 503
    assert not gate.reached.is_set()
