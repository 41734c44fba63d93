"""The alert's other episodes: reading them, and taking the turn among them."""

from aegis.errors import Conflict, NotFound
from aegis.kube import Kube
from aegis.models.alert import AegisAlert, AlertState
from aegis.series import Series, name_of


async def read_series(kube: Kube, alert: AegisAlert) -> Series | None:
    """The episodes that matter to one of them, as they are now; nothing where episode 0 is deleted."""
    known: dict[int, AegisAlert | None] = {alert.spec.episode: alert}

    async def episode(number: int) -> AegisAlert | None:
        if number not in known:
            name = name_of(alert, number)
            known[number] = await kube.find(AegisAlert, namespace=alert.metadata.namespace, name=name)
        return known[number]

    first = await episode(0)
    if first is None:
        return None
    turn = first.status.turn
    return Series(
        own=alert,
        first=first,
        holder=await episode(turn.episode) if turn else None,
        newest=await episode(first.status.latest_episode),
    )


async def take_turn(kube: Kube, series: Series) -> Series | None:
    """Write on episode 0 that it is this one's turn; nothing where it has changed, so that all must be read again."""
    try:
        first = await kube.patch_status(series.first, AlertState(turn=series.turn))
    except (Conflict, NotFound):
        return None
    return series._replace(first=first, holder=series.own)
