"""Who a sender is, by its bearer token: which sources it may store alerts of.

The tokens are those of a mounted Secret. The name of each file is a source, each of its lines a token that is for this
source: a rotation is a second line for a while, and a sender of two sources has its token in two files. The files are
read for each request, so that a rotation needs no restart. Where none can be read nobody comes in, and senders are told
to try again: an alert is not lost over a Secret that is late.
"""

import hmac
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from starlette.responses import Response

from aegis.errors import Unavailable
from aegis.function import problem
from functions.alert_normalizer.senders import ANY, Sender

_RETRY_SECONDS = 5
_log = logging.getLogger(__name__)


class Gate(NamedTuple):
    """Where tokens are mounted, and the sources whose alerts are taken without one."""

    directory: Path
    open_sources: frozenset[str] = frozenset()

    def admit(self, authorization: str | None) -> Sender | Response:
        """The sender of a request with that ``Authorization`` header, or the answer that refuses it (401).

        Raises:
            Unavailable: when a token is asked for and there is none to compare with.
        """
        if ANY in self.open_sources or (self.open_sources and authorization is None):
            return Sender(self.open_sources)
        tokens = list(_read(self.directory))
        if not tokens:
            _log.error("no token can be read: nobody is let in", extra={"directory": str(self.directory)})
            reason = "senders are asked for a token, and the Secret aegis-intake-tokens is missing or holds none"
            raise Unavailable(reason, retry_after=_RETRY_SECONDS)
        scheme, _, presented = (authorization or "").partition(" ")
        compared = presented.strip().encode()
        # every token is compared, whichever fits: how long that takes tells nothing
        matches = [source for source, token in tokens if hmac.compare_digest(compared, token)]
        if scheme.lower() == "bearer" and matches:
            return Sender(self.open_sources.union(matches))
        _log.warning("a request without a valid token")
        challenge = 'Bearer realm="aegis"' + (', error="invalid_token"' if presented else "")
        detail = "a valid bearer token is needed: Authorization: Bearer <token>"
        return problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": challenge})


OPEN = Gate(Path(os.devnull), frozenset({ANY}))
"""Where no token is asked for."""


def _read(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Each source and token; what begins with a dot is how Kubernetes swaps the files of a mounted Secret."""
    try:
        files = [path for path in directory.iterdir() if not path.name.startswith(".") and path.is_file()]
        read = [(path.name, path.read_bytes()) for path in files]
    except OSError as error:
        _log.warning("a token cannot be read", extra={"directory": str(directory), "error": error.strerror})
        return
    for source, lines in read:
        yield from ((source, token) for line in lines.splitlines() if (token := line.strip()))
