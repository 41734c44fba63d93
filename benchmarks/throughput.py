"""How many alerts a second go the whole way, posted in batches, on a sandbox with functions already running."""

import time

from benchmarks import loop
from benchmarks.report import save, table

_ALERTS, _BATCH = 200, 20
_LIMIT_SECONDS = 60.0


def run() -> None:
    """Measure, print and save."""
    with loop.running() as running:
        (warm,) = running.post([loop.alert(0)])
        loop.until(lambda: running.released(warm), "the functions run")
        begin = time.monotonic()
        for first in range(1, _ALERTS + 1, _BATCH):
            running.post([loop.alert(number) for number in range(first, first + _BATCH)])
        posted = time.monotonic() - begin
        done = _succeeded(running)
        while done < _ALERTS and time.monotonic() - begin < _LIMIT_SECONDS:
            time.sleep(0.1)
            done = _succeeded(running)
        seconds = time.monotonic() - begin
    rate = done / seconds
    row = (f"{done} of {_ALERTS}", f"{posted:.1f}", f"{seconds:.1f}", f"{rate:.1f}")
    table("End to end", ("succeeded", "posted after s", "seconds", "alerts per second"), [row])
    save(
        "throughput",
        {"alerts": _ALERTS, "succeeded": done, "posted": posted, "seconds": seconds, "alerts_per_second": rate},
    )


def _succeeded(running: loop.Loop) -> int:
    """How many alerts have succeeded, without the one that warmed up."""
    statuses = [item.get("status", {}).get("opsStatus", {}) for item in running.get(loop.ALERTS)["items"]]
    return [status.get("alertOpsStatus") for status in statuses].count("Succeeded") - 1
