"""How the functions are served: the settings of the server that functions-framework starts."""

from functions_framework._http.gunicorn import UvicornApplication
from starlette.applications import Starlette

import aegis.function  # noqa: F401 - every function's target imports it

PROXY_IDLE_SECONDS = 90  # Go's http.DefaultTransport, which Knative's queue-proxy has


def test_a_connection_is_kept_for_longer_than_the_proxy_in_front_keeps_it() -> None:
    server = UvicornApplication(Starlette(), "127.0.0.1", 0, debug=False)  # type: ignore[no-untyped-call]
    assert server.cfg is not None
    assert server.cfg.keepalive > PROXY_IDLE_SECONDS
