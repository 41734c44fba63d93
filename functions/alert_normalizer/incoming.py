"""One alert as every sender's is written down: what the parsers give and what the store takes.

Nothing in here knows how it came; what could not be understood is a ``Rejection`` that says why, field by field.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aegis.models.alert import AlertStatus
from aegis.names import Fingerprint, alert_name

_PROBLEMS_SHOWN = 10


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
        self.status = status


class Rejection(NamedTuple):
    """An alert that cannot be stored, and everything that is wrong with it."""

    problems: tuple[Problem, ...]
    too_large: bool = False
    forbidden: bool = False

    @property
    def reason(self) -> str:
        """The first problems in one line."""
        more = len(self.problems) - _PROBLEMS_SHOWN
        shown = [str(problem) for problem in self.problems[:_PROBLEMS_SHOWN]]
        return "; ".join([*shown, f"and {more} more"] if more > 0 else shown)


class Subject(NamedTuple):
    """What an alert is about, as far as its sender says it: the spec's ``involvedObject``."""

    kind: str = ""
    name: str = ""
    namespace: str = ""
    node: str = ""


class Incoming(NamedTuple):
    """An alert, normalised; ``starts_at`` is empty where the sender does not say when it began."""

    source: str
    type: str
    status: AlertStatus
    severity: str
    involved_object: Subject
    details: Mapping[str, str]
    fingerprint: Fingerprint
    starts_at: str

    def name(self, episode: int = 0) -> str:
        """The name of the AegisAlert of one of its episodes."""
        return alert_name(
            source=self.source,
            alert_type=self.type,
            fingerprint=self.fingerprint,
            starts_at=self.starts_at,
            episode=episode,
        )


Entry = Incoming | Rejection


class Batch(NamedTuple):
    """The alerts of one input in their order; ``truncated`` is how many the sender left out."""

    entries: Sequence[Entry]
    truncated: int = 0
