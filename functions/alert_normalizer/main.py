"""alert_normalizer: takes alerts in, from any sender, and stores each as an AegisAlert.

In: HTTP ``POST /alertmanager/alert``, ``/alert``, ``/default/alert``, ``/ai/alert``; at ``/`` the CloudEvents
``io.aegis.alert.v1``, ``io.prometheus.alertmanager.v4`` and the sweep's ``io.aegis.alert.refired.v1``. Out: AegisAlerts
and AegisRawAlerts; to the Broker, once they are stored and the sender has its answer, ``io.aegis.alert.firing.v1``,
``.resolved.v1`` and ``io.aegis.rawalert.received.v1``. Of an alert it alone writes the spec and the labels,
and of the status: status, count, startTime, lastReceivedTime, resolvedTime, latestEpisode, latestStartsAt, reopensAt
and receivedEvents.
"""

import os
from functools import cache
from pathlib import Path

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from aegis.connection import kube
from aegis.function import HEALTH_PATHS
from functions.alert_normalizer.intake import Intake
from functions.alert_normalizer.routes import Reception
from functions.alert_normalizer.settings import settings
from functions.alert_normalizer.tokens import Gate


@cache
def reception() -> Reception:
    """The process's one reception, made when the first alert comes.

    ``AEGIS_TOKENS_DIR`` is where the tokens are mounted that senders must show.
    """
    gate = Gate(Path(os.environ.get("AEGIS_TOKENS_DIR") or os.devnull), settings().open_sources)
    return Reception(kube(), settings(), Intake(kube(), settings()), gate)


@functions_framework.aio.http
async def normalize(request: Request) -> Response:
    """The function's target."""
    if request.url.path in HEALTH_PATHS:
        return Response(status_code=204)
    return await reception().serve(request)
