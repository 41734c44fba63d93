"""Checks and renders templates where nothing that is in them, or in an alert, holds up or ends the function.

Most templates only name parameters. What it takes to render one of these is bounded by its length and the
document's, so a short one is rendered at once; every other has a child process to itself (`confined`).
"""

import json
import logging
from functools import partial
from typing import Any

from aegis.models.alert import AegisAlert
from functions.workflow_renderer import checking, placeholders, rendering
from functions.workflow_renderer.argo_tags import Protected
from functions.workflow_renderer.confined import Stopped, confined
from functions.workflow_renderer.document import MOST_BYTES
from functions.workflow_renderer.errors import Problem, TemplateInvalid, Unsafe, UnsafeValue, invalid, over
from functions.workflow_renderer.spelling import Spelling, spelling_of

_SHORT = 16_384
"""Characters of a template that is rendered at once if it has none but plain names."""
_log = logging.getLogger(__name__)


async def findings(manifest: str) -> checking.Findings:
    """Everything that there is to say of a template.

    Raises:
        Unavailable: when the machine is too busy to tell.
    """
    _load_engine(manifest)
    try:
        return checking.Findings(*await confined(partial(checking.findings, manifest)))
    except Stopped as stopped:
        return checking.Findings([str(_stopped(stopped))], [])


async def render(manifest: str, alert: AegisAlert) -> dict[str, Any]:
    """The workflow that a template makes for an alert; its name is left to who creates it.

    Raises:
        TemplateInvalid: when the template cannot become a workflow in the alert's namespace, or not within bounds.
        UnsafeValue: when values of the alert may not stand where the template puts them.
        Unavailable: when the machine is too busy to tell.
    """
    if _is_simple(manifest):
        return _at_once(manifest, alert)
    _load_engine(manifest)
    try:
        told: dict[str, Any] = await confined(partial(_told, manifest, alert))
    except Stopped as stopped:
        raise _stopped(stopped) from stopped
    if "problems" in told:
        raise TemplateInvalid([Problem(*problem) for problem in told["problems"]])
    if "findings" in told:
        raise UnsafeValue([Unsafe(*finding) for finding in told["findings"]])
    workflow: dict[str, Any] = told["workflow"]
    return workflow


def _stopped(stopped: Stopped) -> TemplateInvalid:
    return over(f"its evaluation was stopped: {stopped}")


def _is_simple(manifest: str) -> bool:
    if len(manifest) > _SHORT:
        return False
    try:
        return placeholders.only_names(Protected(manifest).text)
    except TemplateInvalid:
        return False


def _load_engine(manifest: str) -> None:
    """Load what the template needs here: a child would do so each time."""
    try:
        spelling = Spelling.NONE if len(manifest) > _SHORT else spelling_of(Protected(manifest).text)
    except TemplateInvalid:
        return
    if spelling is Spelling.GO:
        from functions.workflow_renderer import gotemplate  # noqa: F401, PLC0415
    if spelling is Spelling.JINJA:
        from functions.workflow_renderer import jinja  # noqa: F401, PLC0415


def _at_once(manifest: str, alert: AegisAlert) -> dict[str, Any]:
    try:
        return _render(manifest, alert)
    except (TemplateInvalid, UnsafeValue):
        raise
    except Exception as error:
        _log.exception("rendering failed", extra={"object": alert.reference})
        raise invalid("template", f"rendering it failed: {type(error).__name__}: {error}") from error


def _told(manifest: str, alert: AegisAlert) -> dict[str, Any]:
    """The workflow, or why there is none, as JSON-ready data."""
    try:
        return {"workflow": _render(manifest, alert)}
    except TemplateInvalid as error:
        return {"problems": error.problems}
    except UnsafeValue as error:
        return {"findings": error.findings}


def _render(manifest: str, alert: AegisAlert) -> dict[str, Any]:
    workflow = rendering.render(manifest, alert)
    if len(json.dumps(workflow, ensure_ascii=False).encode(errors="surrogatepass")) > MOST_BYTES:
        raise over(f"makes a workflow of over {MOST_BYTES} bytes", accepted="less text, or shorter values")
    return workflow
