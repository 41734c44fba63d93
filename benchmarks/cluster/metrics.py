"""Counters of the API server's /metrics: of some 50,000 lines the few that are asked for."""

from collections import Counter

from prometheus_client.parser import text_string_to_metric_families


def totals(exposition: str, metric: str, *labels: str) -> Counter[tuple[str, ...]]:
    """Add up a metric's samples by the values of some of its labels; a label that a sample lacks is empty."""
    # Other metrics are left out first: the parser would take seconds for all of them.
    lines = "\n".join(line for line in exposition.splitlines() if line.startswith((f"{metric}{{", f"{metric} ")))
    found = Counter[tuple[str, ...]]()
    for family in text_string_to_metric_families(lines + "\n"):
        for sample in family.samples:
            found[tuple(sample.labels.get(label, "") for label in labels)] += int(sample.value)
    return found
