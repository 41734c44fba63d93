"""HTTP with the API server: httpcore's connections, and what every request to that server carries.

httpcore is the transport below httpx. What httpx adds (redirects, cookies, proxies, encodings) has no use here, and
takes longer to import than a cold start has time for.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import quote, urlencode, urlsplit

import httpcore

from aegis.errors import Unavailable

KEEPALIVE_SECONDS = 5.0
"""How long a connection is kept that nobody uses."""

FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)
"""What httpcore raises when there is no answer, or not all of it: these have no base of their own."""

_TIMEOUT_SECONDS = 10.0


class Server:
    """The server under an address, which may have a path; the token is asked for with each request."""

    def __init__(
        self,
        url: str,
        pool: httpcore.AsyncConnectionPool,
        *,
        user_agent: str = "aegis-function",
        token: Callable[[], str] | None = None,
    ) -> None:
        """Speak through a pool, which knows whom to trust."""
        self._url = url.rstrip("/")
        self._pool = pool
        self._headers = (("Host", urlsplit(url).netloc), ("User-Agent", user_agent))
        self._token = token

    @asynccontextmanager
    async def answer(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str],
        accept: str = "application/json",
        content_type: str = "",
        body: bytes | None = None,
        endless: bool = False,
    ) -> AsyncIterator[httpcore.Response]:
        """Send a request; its answer, whatever it says, has been read to the end.

        Not so one that is good and ``endless``: that goes on for as long as the server likes, silent or not.

        Raises:
            Unavailable: when there is no answer, or it breaks off while it is read.
        """
        headers = [*self._headers, ("Accept", accept)]
        if body is not None:
            headers.append(("Content-Type", content_type))
        if self._token:
            headers.append(("Authorization", f"Bearer {self._token()}"))
        url = f"{self._url}{quote(path)}" + (f"?{urlencode(params)}" if params else "")
        timeouts = dict.fromkeys(("connect", "write", "read", "pool"), None if endless else _TIMEOUT_SECONDS)
        try:
            async with self._pool.stream(
                method, url, headers=headers, content=body, extensions={"timeout": timeouts}
            ) as answer:
                if not endless or answer.status != HTTPStatus.OK:
                    await answer.aread()
                yield answer
        except FAILURES as error:
            raise Unavailable(f"the API server cannot be reached: {type(error).__name__}") from error
