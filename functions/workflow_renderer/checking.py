"""Whether a template can work, found when it is applied and no alert is there yet.

It is rendered twice with stand-ins for its values, once where every name is there and once where all are empty, so
that both halves of most conditions are seen. What depends on a value is no fault of the template; where no value
could stand, that is, and so is what is over a bound.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from functions.workflow_renderer.errors import OverBound, Problem, TemplateInvalid, faults_of
from functions.workflow_renderer.markers import Marks
from functions.workflow_renderer.parameters import Parameters, sample
from functions.workflow_renderer.rendering import prepare, structure
from functions.workflow_renderer.safety import Insertion

_SAMPLES = ("1", "")


class Findings(NamedTuple):
    """What is wrong with a template, nothing for a valid one; and of that what not every release of Argo takes."""

    problems: list[str]
    notes: list[str]


class _Seen(NamedTuple):
    problems: Iterable[Problem] = ()
    notes: Iterable[Problem] = ()


def findings(manifest: str) -> Findings:
    """Everything that there is to say of a template."""
    try:
        evaluate = prepare(manifest)
    except TemplateInvalid as error:
        return Findings([str(problem) for problem in error.problems], [])
    seen = [_with(evaluate, text) for text in _SAMPLES]
    problems = _once(problem for part in seen for problem in part.problems)
    return Findings(problems, [] if problems else _once(note for part in seen for note in part.notes))


def _once(items: Iterable[Problem]) -> list[str]:
    return list(dict.fromkeys(map(str, items)))


def _with(evaluate: Callable[[Parameters], tuple[str, Marks]], text: str) -> _Seen:
    """What is seen of the template with this text for each value."""
    try:
        rendered, marks = evaluate(sample(text))
    except OverBound as error:
        return _Seen(error.problems)
    except TemplateInvalid:
        return _Seen()  # it compiles; whether it works with an alert's values only that alert can tell
    try:
        workflow, notes = structure(rendered, marks)
    except TemplateInvalid as error:
        return _Seen(error.problems)
    insertion = Insertion(workflow)
    insertion.rendered()
    return _Seen(faults_of(insertion.findings), notes)
