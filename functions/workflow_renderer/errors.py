"""What can be wrong with a template, or with an alert's values in it; no retry mends either."""

from collections.abc import Sequence
from typing import NamedTuple

AS_TEXT = 'for another program\'s as text {{ "{{.Name}}" }} or {% raw %}{{.Name}}{% endraw %}'
"""How braces are written that no engine is to read."""

_SHOWN = 20


class Problem(NamedTuple):
    """One thing that is wrong with a template."""

    where: str
    """A field (``spec.templates[0].container.image``) or a line of the template."""
    problem: str
    accepted: str = ""

    def __str__(self) -> str:
        """The problem as a person reads it."""
        return f"{self.where}: {self.problem}" + (f" (accepted: {self.accepted})" if self.accepted else "")


class Unsafe(NamedTuple):
    """One value that may not stand where the template puts it."""

    field: str
    key: str
    """The parameters that the value came from, as the template spells them."""
    problem: str
    always: bool = False
    """Whether no value at all may stand there, or not in this way: the template is at fault."""

    def __str__(self) -> str:
        """The finding as a person reads it; the value itself stays out, it may be a secret or 10 kB."""
        return f"{self.field}: the value of {self.key} {self.problem}"


class TemplateInvalid(Exception):
    """The template cannot become a workflow; holds every problem found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems beside the message."""
        super().__init__(_listed(problems))
        self.problems = tuple(problems)


class OverBound(TemplateInvalid):
    """The template asks for more than any may; whatever the alert, it does."""


class UnsafeValue(Exception):
    """Values of the alert may not stand where the template puts them; holds each of them."""

    def __init__(self, findings: Sequence[Unsafe]) -> None:
        """Keep the findings beside the message."""
        super().__init__(_listed(findings))
        self.findings = tuple(findings)


def refusal(findings: Sequence[Unsafe]) -> TemplateInvalid | UnsafeValue:
    """The error for values that may not stand where they would: the template's fault where none could."""
    faults = faults_of(findings)
    return TemplateInvalid(faults) if faults else UnsafeValue(findings)


def faults_of(findings: Sequence[Unsafe]) -> list[Problem]:
    """What of the findings is the template's fault."""
    return [Problem(item.field, f"the value of {item.key} {item.problem}") for item in findings if item.always]


def invalid(where: str, problem: str, accepted: str = "") -> TemplateInvalid:
    """A template with one problem."""
    return TemplateInvalid([Problem(where, problem, accepted)])


def over(problem: str, *, where: str = "template", accepted: str = "") -> OverBound:
    """A template that is over a bound."""
    return OverBound([Problem(where, problem, accepted)])


def _listed(items: Sequence[object]) -> str:
    more = [f"and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return "; ".join([*(str(item) for item in items[:_SHOWN]), *more])
