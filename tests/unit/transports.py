"""What the functions' HTTP goes through in tests: httpx's transports, such as an ASGI application in the process."""

import httpcore
import httpx

from aegis.kube import Kube
from aegis.server import Server


class Pool(httpcore.AsyncConnectionPool):
    """Connections to a transport, in the place of connections to a server."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__()
        self._transport = transport

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        assert not isinstance(request.stream, bytes)
        content = b"".join([part async for part in request.stream])  # type: ignore[union-attr]
        asked = httpx.Request(
            request.method.decode(),
            bytes(request.url).decode(),
            headers=request.headers,
            content=content,
            extensions=request.extensions,
        )
        try:
            answer = await self._transport.handle_async_request(asked)
        except httpx.TransportError as error:  # each is named after the one of httpcore that it stands for
            raise getattr(httpcore, type(error).__name__)(str(error)) from error
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        body = answer.content if answer.is_stream_consumed else answer.stream
        return httpcore.Response(answer.status_code, headers=answer.headers.raw, content=body)


def kube_over(transport: httpx.AsyncBaseTransport, url: str = "http://api") -> Kube:
    """The API server at the other end of a transport."""
    return Kube(Server(url, Pool(transport)))
