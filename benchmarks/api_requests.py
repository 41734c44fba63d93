"""How often an alert's life asks the API server, from being posted to its workflow's release.

Kubernetes Events are counted apart, and so are deletions (of alerts whose time is over) and watches (one of a process,
not of an alert). First one life with every function at zero, then many with what the functions keep in memory.
"""

from collections import Counter
from collections.abc import Mapping

from benchmarks import loop
from benchmarks.report import save, table

_LIVES = 30
_IDLE_SECONDS = 3
_KINDS = ("writes", "reads", "events", "deletions", "watches")


def run() -> None:
    """Measure, print and save."""
    with loop.running(f"--idle={_IDLE_SECONDS}") as running:
        loop.until(running.idle, "every function has stopped")
        from_zero = _life(running, 0)
        lives = [_life(running, number) for number in range(1, _LIVES + 1)]
    total = sum(lives, Counter[str]())
    mean = {kind: _by_kind(total)[kind] / _LIVES for kind in _KINDS}
    most = {kind: max(_by_kind(life)[kind] for life in lives) for kind in _KINDS}
    zero = _by_kind(from_zero)
    rows = [(kind, f"{mean[kind]:.2f}", most[kind], zero[kind]) for kind in _KINDS]
    table(f"API requests per alert life, of {_LIVES}", ("", "mean", "most", "from zero"), rows)
    requests = sorted(from_zero | total)
    each = [(what, f"{total[what] / _LIVES:.2f}", from_zero[what]) for what in requests]
    table("  the same, one by one", ("request", "mean", "from zero"), each)
    save(
        "api_requests",
        {
            "lives": _LIVES,
            "mean": mean,
            "most": most,
            "from_zero": zero,
            "requests": {what: {"mean": total[what] / _LIVES, "from_zero": from_zero[what]} for what in requests},
        },
    )


def _life(running: loop.Loop, number: int) -> Counter[str]:
    """The requests that one alert costs."""
    before = running.requests()
    (name,) = running.post([loop.alert(number)])
    loop.until(lambda: running.released(name), f"{name} is over")
    return Counter(running.requests()) - Counter(before)


def _by_kind(requests: Mapping[str, int]) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for what, count in requests.items():
        kinds[_kind(*what.split(" ", 1))] += count
    return kinds


def _kind(verb: str, resource: str) -> str:
    if resource.split(".", maxsplit=1)[0] == "events":
        return "events"
    if verb in ("get", "list"):
        return "reads"
    return {"watch": "watches", "delete": "deletions", "deletecollection": "deletions"}.get(verb, "writes")
