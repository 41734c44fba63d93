"""The figures of the cluster together: printed for people, saved as JSON."""

from collections import Counter
from dataclasses import dataclass

from benchmarks.cluster.accounting import COUNTED, Requests
from benchmarks.cluster.bare import Bared
from benchmarks.cluster.latency import Latency
from benchmarks.cluster.spread import Spread
from benchmarks.cluster.storming import BATCH, SENDERS, Faults, Stormed
from benchmarks.report import save, table
from tests.e2e.api import Json

_SECONDS = ("samples", "p50", "p95", "max")


@dataclass(frozen=True)
class Figures:
    """All that was measured in one run."""

    cluster: Json
    from_zero: Latency
    warm: Latency
    storm: Stormed
    faults: Faults
    bare: Bared
    requests_warm: Requests
    requests_storm: Requests


def publish(figures: Figures) -> None:
    """Print and save them."""
    latencies = {
        "POST answered, from zero": figures.from_zero.answered,
        "POST to Workflow, from zero": figures.from_zero.workflow,
        "POST answered, warm": figures.warm.answered,
        "POST to Workflow, warm": figures.warm.workflow,
        "POST to all recorded, warm": figures.warm.released,
        "POST to Workflow, in the storm": figures.storm.latency,
        "bare client to Workflow": figures.bare.workflow,
    }
    table("Latency in seconds", ("", *_SECONDS), [(what, *found) for what, found in latencies.items()])
    speeds = _speeds(figures)
    rows = [
        (what, *(f"{speed[column]:.2f}" for column in ("aegis", "bare", "ratio"))) for what, speed in speeds.items()
    ]
    table(f"Alerts per second, storm of {figures.storm.alerts:,}", ("until", "Aegis", "bare client", "ratio"), rows)
    warm = _each(figures.requests_warm.of_accounts, figures.warm.workflow.samples)
    storm = _each(figures.requests_storm.of_accounts, figures.storm.alerts)
    kinds = [(kind, warm.get(kind, 0), storm.get(kind, 0)) for kind in sorted(warm | storm)]
    table("API requests per alert", ("", "warm, single", "storm"), kinds)
    table("What went wrong in the storm", ("", "found"), list(figures.faults._asdict().items()))
    save(
        "cluster",
        {
            "cluster": figures.cluster,
            "unit": "seconds",
            "latency": {
                "from_zero": _spreads(figures.from_zero),
                "warm": _spreads(figures.warm),
                "bare_client_workflow": figures.bare.workflow._asdict(),
                "ratio_of_p50": {
                    "warm": round(figures.warm.workflow.p50 / figures.bare.workflow.p50, 2),
                    "from_zero": round(figures.from_zero.workflow.p50 / figures.bare.workflow.p50, 2),
                },
            },
            "storm": {"batch": BATCH, "senders": SENDERS, **_plain(figures.storm._asdict())},
            "bare_client": _plain(figures.bare._asdict()),
            "alerts_per_second": speeds,
            "faults": figures.faults._asdict(),
            "requests": {
                "counted": COUNTED,
                "per_alert": {"warm": warm, "storm": storm},
                "writes_per_alert": {"warm": _writes(warm), "storm": _writes(storm)},
                "reads_per_alert": {"warm": _reads(warm), "storm": _reads(storm)},
                "of_everyone": dict(sorted(figures.requests_storm.of_everyone.items())),
            },
        },
    )


def _speeds(figures: Figures) -> dict[str, dict[str, float]]:
    """Alerts a second up to a moment, of Aegis and of the bare client, and the one by the other."""
    storm, bare = figures.storm, figures.bare
    moments = {
        "the last Workflow is created": (storm.triggered, bare.triggered),
        "Argo ran the last": (storm.ran, bare.ran),
        "all is recorded": (storm.released, max(bare.ran, bare.written)),
    }
    return {
        until: {
            "aegis": round(storm.alerts / aegis, 2),
            "bare": round(bare.alerts / client, 2),
            "ratio": round((storm.alerts / aegis) / (bare.alerts / client), 3),
        }
        for until, (aegis, client) in moments.items()
    }


def _each(requests: Counter[str], alerts: int) -> dict[str, float]:
    return {kind: round(count / alerts, 3) for kind, count in sorted(requests.items())}


def _writes(each: dict[str, float]) -> float:
    """Of alerts, rules, templates and workflows; Events apart."""
    return round(
        sum(n for kind, n in each.items() if kind.startswith(("create ", "patch ")) and "events" not in kind), 3
    )


def _reads(each: dict[str, float]) -> float:
    return round(sum(n for kind, n in each.items() if kind.startswith(("get ", "list "))), 3)


def _spreads(latency: Latency) -> Json:
    return {name: found._asdict() for name, found in latency._asdict().items()}


def _plain(values: Json) -> Json:
    return {name: value._asdict() if isinstance(value, Spread) else value for name, value in values.items()}
