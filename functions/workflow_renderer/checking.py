"""Whether a template can work, found when it is applied and no alert is there yet.

It is rendered twice with stand-ins for its values, once where every name is there and once where all are empty, so
that both halves of most conditions are seen. What depends on a value is no fault of the template; where no value
could stand, that is.
"""

from functions.workflow_renderer.errors import Problem, TemplateInvalid, faults_of
from functions.workflow_renderer.parameters import sample
from functions.workflow_renderer.rendering import Structure, prepare, structure
from functions.workflow_renderer.safety import Insertion

_SAMPLES = ("1", "")


def check(manifest: str) -> list[str]:
    """Every problem of a template, empty for a valid one."""
    try:
        prepare(manifest)
    except TemplateInvalid as error:
        return [str(problem) for problem in error.problems]
    found = [str(problem) for text in _SAMPLES for problem in _with(manifest, text)]
    return list(dict.fromkeys(found))


def notes(manifest: str) -> list[str]:
    """What of a valid template not every release of Argo takes."""
    found = [str(note) for text in _SAMPLES for note in _structure(manifest, text).notes]
    return list(dict.fromkeys(found))


def _with(manifest: str, text: str) -> list[Problem]:
    try:
        workflow, _ = _structure(manifest, text)
    except TemplateInvalid as error:
        return list(error.problems)
    insertion = Insertion(workflow)
    insertion.rendered()
    return faults_of(insertion.findings)


def _structure(manifest: str, text: str) -> Structure:
    """The template with this text for each value."""
    try:
        rendered, marks = prepare(manifest)(sample(text))
    except TemplateInvalid:
        return Structure({}, [])  # it compiles; whether it works with an alert's values only that alert can tell
    return structure(rendered, marks)
