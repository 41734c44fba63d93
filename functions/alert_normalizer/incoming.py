"""One alert as every sender's is written down: what the parsers give and what the store takes.

Nothing in here knows how it came; what could not be understood is a ``Rejection`` that says why, field by field.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from aegis.models.states import AlertStatus
from aegis.names import Fingerprint, alert_name

TOLD = 10
"""How many problems of an alert, and how many rejected alerts of an input, are told; the rest is counted."""
MOST_ALERTS = 40_960
"""Of one input. No body of real alerts within 5 MiB has as many: then each would be of under 128 bytes."""


class Problem(NamedTuple):
    """One thing that is wrong with an input; never holds the value itself."""

    field: str
    problem: str
    accepted: str

    def __str__(self) -> str:
        """For people: field, problem and what is accepted."""
        return f"{self.field}: {self.problem}; accepted is {self.accepted}"


class BadContent(Exception):
    """The input as a whole cannot be read, so there are no alerts in it to speak of."""

    def __init__(self, problem: Problem, *, status: int = 422) -> None:
        """Keep the problem, and the HTTP status that says it."""
        super().__init__(str(problem))
        self.problem = problem
        self.status = HTTPStatus(status)


class Rejection(NamedTuple):
    """An alert that cannot be stored, and what is wrong with it first."""

    problems: tuple[Problem, ...]
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
    """What it is answered with when nothing of the input can be stored."""
    untold: int = 0
    """How many problems there are beside those."""

    @property
    def reason(self) -> str:
        """The problems in one line."""
        shown = [str(problem) for problem in self.problems]
        return "; ".join([*shown, f"and {self.untold} more"] if self.untold else shown)


class Subject(NamedTuple):
    """What an alert is about, as far as its sender says it: the spec's ``involvedObject``."""

    kind: str = ""
    name: str = ""
    namespace: str = ""
    node: str = ""
    inferred_from: str = ""
    """The row of the table of subjects that says so, and why it says nothing; empty where the sender says it."""


class Incoming(NamedTuple):
    """An alert, normalised; when it began, and when a resolved one ended, is empty where the sender does not say."""

    source: str
    type: str
    status: AlertStatus
    severity: str
    involved_object: Subject
    details: Mapping[str, str]
    fingerprint: Fingerprint
    starts_at: str
    ends_at: str = ""
    node_address: str = ""
    """The address of the node that it is about, as long as that is not looked up (``node_addresses``)."""

    def name(self, episode: int = 0) -> str:
        """The name of the AegisAlert of one of its episodes."""
        return alert_name(
            source=self.source,
            alert_type=self.type,
            fingerprint=self.fingerprint,
            episode=episode,
        )


Entry = Incoming | Rejection


class Batch(NamedTuple):
    """The alerts of one input in their order; ``truncated`` is how many the sender left out."""

    entries: Sequence[Entry]
    truncated: int = 0
    untold: int = 0
    """How many more alerts were rejected: what is wrong costs no more than what is right."""


def batch_of(alerts: Sequence[object], read: Callable[[object, int], Entry], *, where: str) -> Batch:
    """Read the alerts of one input, each by its position.

    Raises:
        BadContent: when they are too many to be alerts (413).
    """
    if len(alerts) > MOST_ALERTS:
        problem = Problem(where, f"has {len(alerts)} alerts", f"at most {MOST_ALERTS}")
        raise BadContent(problem, status=413)
    entries: list[Entry] = []
    rejected = 0
    for position, alert in enumerate(alerts):
        entry = read(alert, position)
        rejected += isinstance(entry, Rejection)
        if isinstance(entry, Incoming) or rejected <= TOLD:
            entries.append(entry)
    return Batch(entries, untold=max(0, rejected - TOLD))
