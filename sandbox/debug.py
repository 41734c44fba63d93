"""What tests and the curious may ask of the sandbox itself, beside the Brokers on their port.

`GET /debug/processes` lists the functions that run (each pid leads a process group of its own), and
`POST /debug/broker/restart?down=SECONDS` loses every event in flight. The API counts its requests at `/debug/requests`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.eventing.ingress import Ingress
    from sandbox.serving.controller import ServingController


def brokers_and_debug(ingress: Ingress, serving: ServingController) -> Starlette:
    """The application of the Brokers' port."""

    async def processes(_: Request) -> JSONResponse:
        return JSONResponse(serving.processes())

    async def restart(request: Request) -> JSONResponse:
        return JSONResponse({"lost": ingress.restart(float(request.query_params.get("down", "0")))})

    return Starlette(
        routes=[
            Route("/debug/processes", processes),
            Route("/debug/broker/restart", restart, methods=["POST"]),
            Mount("/", ingress),
        ]
    )
