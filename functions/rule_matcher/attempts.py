"""Another attempt that a person asks for: begun, or refused, and told in an Event in either case."""

import logging

from aegis.kube import Kube
from aegis.lifecycle.attempts import Retry, retried
from aegis.models.alert import AegisAlert, AlertState
from aegis.recorder import record
from aegis.series import is_episode
from aegis.transition import decided
from functions.rule_matcher.episodes import read_series

_log = logging.getLogger(__name__)


async def begin_another_attempt(kube: Kube, alert: AegisAlert) -> AegisAlert:
    """Answer the annotation that asks for one; the alert as it is after that.

    Raises:
        NotFound: when the alert is gone.
        Unavailable: when the API server does not answer.
    """
    series = await read_series(kube, alert) if is_episode(alert) else None
    newest = series.first.status.latest_episode if series else alert.spec.episode

    def decide(item: AegisAlert) -> Retry | None:
        return retried(item, newest=newest) if item.metadata.uid == alert.metadata.uid else None

    def patch(retry: Retry | None) -> AlertState | None:
        return retry and retry.patch

    item, retry, changed = await decided(kube, alert, decide, patch)
    if retry and changed:
        _log.info("another attempt was asked for", extra={"object": item.reference, "begins": retry.begins})
        reason = "RetryBegun" if retry.begins else "RetryRefused"
        await record(kube, item, reason=reason, message=retry.message, kind="Normal" if retry.begins else "Warning")
    return item
