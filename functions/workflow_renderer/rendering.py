"""From a template's manifest and an alert to a workflow.

The order is what makes it safe: Argo's tags out of the way; values as marks (`markers`); YAML; fields held against
Argo's (`argo_fields`); and only then the values, each judged by the field it lands in (`safety`).
"""

import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from aegis.models.alert import AegisAlert
from aegis.models.template import MANIFEST_LENGTH
from functions.workflow_renderer import placeholders
from functions.workflow_renderer.argo_fields import Conformity, current
from functions.workflow_renderer.argo_tags import Protected
from functions.workflow_renderer.document import parse
from functions.workflow_renderer.errors import Problem, TemplateInvalid, invalid, over, refusal
from functions.workflow_renderer.evaluation import Evaluation
from functions.workflow_renderer.markers import Marks
from functions.workflow_renderer.metadata import as_new, misspelled
from functions.workflow_renderer.outline import outline
from functions.workflow_renderer.parameters import Parameters, parameters_of
from functions.workflow_renderer.references import unfound
from functions.workflow_renderer.safety import Insertion
from functions.workflow_renderer.scanner import line_of
from functions.workflow_renderer.spelling import Spelling, spelling_of

_SURROGATE = re.compile("[\ud800-\udfff]")
_API_VERSION, _KIND = "argoproj.io/v1alpha1", "Workflow"


def render(manifest: str, alert: AegisAlert) -> dict[str, Any]:
    """The workflow that a template makes for an alert; its name is left to who creates it.

    Raises:
        TemplateInvalid: when the template cannot become a workflow in the alert's namespace.
        UnsafeValue: when values of the alert may not stand where the template puts them.
    """
    workflow, _ = structure(*prepare(manifest)(parameters_of(alert)))
    insertion = Insertion(workflow)
    rendered: dict[str, Any] = insertion.rendered()
    if insertion.findings:
        raise refusal(insertion.findings)
    namespace = (rendered.get("metadata") or {}).get("namespace")
    if namespace not in (None, "", alert.metadata.namespace):
        raise invalid("metadata.namespace", "a workflow runs in its alert's namespace", alert.metadata.namespace)
    return rendered


def prepare(manifest: str) -> Callable[[Parameters], tuple[str, Marks]]:
    """Compile a template; what comes out is the manifest's text with marks for values, and the marks.

    Raises:
        TemplateInvalid: when it is no template.
    """
    if len(manifest) > MANIFEST_LENGTH:
        raise over(f"is longer than {MANIFEST_LENGTH} characters")
    if lone := _SURROGATE.search(manifest):
        raise invalid(f"line {line_of(manifest, lone.start())}", "half a surrogate pair, which is no character")
    known = outline(manifest.replace("\r\n", "\n"))
    tags = Protected(known.text, known.argos)
    marks = Marks(tags.restore)
    evaluate = _engine(tags.text, marks, known.scripts)
    return lambda parameters: (tags.restore(evaluate(parameters)), marks)


def _engine(text: str, marks: Marks, scripts: Collection[int]) -> Evaluation:
    """The evaluation of a text; engines are loaded where they are needed, Go's takes a cold start's half."""
    spelling = spelling_of(text)
    if placeholders.only_names(text):
        return lambda parameters: placeholders.fill(text, parameters, marks)
    if spelling is Spelling.GO:
        from functions.workflow_renderer import gotemplate  # noqa: PLC0415

        return gotemplate.prepare(text, marks, scripts)
    from functions.workflow_renderer import jinja  # noqa: PLC0415

    return jinja.prepare(text, marks)


class Structure(NamedTuple):
    """A workflow whose values are not yet in place."""

    workflow: dict[str, Any]
    notes: list[Problem]
    """What some releases of Argo take otherwise."""


def structure(text: str, marks: Marks) -> Structure:
    """The text as a workflow that has Argo's fields alone, its values not yet in place.

    Raises:
        TemplateInvalid: with every problem found.
    """
    data = parse(text, marks)
    if not isinstance(data, dict):
        raise invalid("manifest", "is empty" if data is None else "is no mapping", "one Workflow")
    data, later = as_new(data)
    conformity = Conformity()
    workflow: dict[str, Any] = conformity.of(current(data, conformity.notes))
    problems = [*_kind(data), *later, *conformity.problems, *misspelled(workflow), *unfound(workflow)]
    if problems:
        raise TemplateInvalid(problems)
    metadata = dict(workflow.get("metadata") or {})
    metadata.pop("name", None)
    metadata.pop("generateName", None)
    return Structure({**workflow, "metadata": metadata}, conformity.notes)


def _kind(data: dict[str, Any]) -> list[Problem]:
    wanted = {"apiVersion": _API_VERSION, "kind": _KIND}
    return [
        Problem(name, f"is {data[name]!r:.60}", accepted)
        for name, accepted in wanted.items()
        if name in data and data[name] != accepted
    ]
