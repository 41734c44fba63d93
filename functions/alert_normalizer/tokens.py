"""Bearer tokens from a mounted Secret: each file is one token, so several hold at once while they are rotated.

The files are read for each request, so that a rotation needs no restart. Where tokens are wanted and none can be read
nobody comes in, and senders are told to try again: an alert is not lost over a Secret that is late.
"""

import hmac
import logging
from pathlib import Path

from starlette.responses import Response

from aegis.errors import Unavailable
from aegis.function import problem

_log = logging.getLogger(__name__)


def refuse(authorization: str | None, directory: Path | None) -> Response | None:
    """The answer to a request that may not come in; nothing for one that may. Without a directory all may.

    Raises:
        Unavailable: when tokens are wanted and there is none to compare with.
    """
    if directory is None:
        return None
    tokens = _read(directory)
    if not tokens:
        _log.error("no token can be read: nobody is let in", extra={"directory": str(directory)})
        raise Unavailable("the tokens cannot be read at the moment", retry_after=5)
    scheme, _, presented = (authorization or "").partition(" ")
    matches = [hmac.compare_digest(presented.strip().encode(), token) for token in tokens]
    if scheme.lower() == "bearer" and any(matches):
        return None
    _log.warning("a request without a valid token")
    challenge = 'Bearer realm="aegis"' + (', error="invalid_token"' if presented else "")
    return problem(401, "Unauthorized", "a valid bearer token is needed", headers={"WWW-Authenticate": challenge})


def _read(directory: Path) -> list[bytes]:
    """The tokens; what begins with a dot is how Kubernetes swaps the files of a mounted Secret."""
    try:
        files = [path for path in directory.iterdir() if not path.name.startswith(".") and path.is_file()]
        return [token for path in files if (token := path.read_bytes().strip())]
    except OSError as error:
        _log.warning("a token cannot be read", extra={"directory": str(directory), "error": error.strerror})
        return []
