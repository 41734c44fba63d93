"""A Workflow's spec, checked as far as Argo's controller checks it before it starts anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.workloads.calls import calls_of
from sandbox.workloads.errors import InvalidSpecError
from sandbox.workloads.joining import joined
from sandbox.workloads.workflowfields import not_done

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = ("container", "script", "steps", "dag", "suspend")


@dataclass(frozen=True, slots=True)
class WorkflowSpec:
    """What is to run."""

    raw: Mapping[str, Any]
    templates: Mapping[str, Mapping[str, Any]]
    entrypoint: str
    on_exit: str | None
    parameters: Mapping[str, str]

    def template(self, name: str) -> Mapping[str, Any]:
        """A template by name.

        Raises:
            InvalidSpecError: when there is none.
        """
        if name not in self.templates:
            raise InvalidSpecError(f"invalid spec: template name '{name}' undefined")
        return self.templates[name]


def parse_spec(raw: Mapping[str, Any], base: Mapping[str, Any] | None = None) -> WorkflowSpec:
    """Read a spec; `base` is that of the WorkflowTemplate it refers to.

    Raises:
        InvalidSpecError: when it cannot run.
    """
    try:
        return _parsed(raw, base or {})
    except (TypeError, AttributeError, LookupError, RecursionError) as error:  # Argo's schema lets none of them pass
        raise InvalidSpecError(f"invalid spec: it has not the form of a workflow's ({error!r:.200})") from error


def _parsed(raw: Mapping[str, Any], base: Mapping[str, Any]) -> WorkflowSpec:
    given = [*_parameters(base), *_parameters(raw)]
    merged = joined({**base, "arguments": {}}, raw, "spec")
    templates = {}
    for index, template in enumerate(merged.get("templates") or []):
        if not template.get("name"):
            raise InvalidSpecError(f"invalid spec: spec.templates[{index}].name is required")
        templates[template["name"]] = _with_defaults(merged.get("templateDefaults") or {}, template)
    if not merged.get("entrypoint"):
        raise InvalidSpecError("invalid spec: spec.entrypoint is required")
    parameters = {parameter["name"]: _text(parameter) for parameter in given}
    if fields := not_done(merged, templates):
        raise InvalidSpecError(f"the sandbox does not do {', '.join(fields)}; sandbox/README.md says what it does")
    spec = WorkflowSpec(merged, templates, merged["entrypoint"], merged.get("onExit"), parameters)
    for name in filter(None, (spec.entrypoint, spec.on_exit)):
        _check(spec, name, set())
    return spec


def _with_defaults(defaults: Mapping[str, Any], template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template with the defaults that are of its kind."""
    own = {kind for kind in _KINDS if kind in template}
    of_its_kind = {key: value for key, value in defaults.items() if key not in _KINDS or not own or key in own}
    return joined(of_its_kind, template, f"templates.{template['name']}")


def kind_of(template: Mapping[str, Any]) -> str:
    """Which of the kinds a template is.

    Raises:
        InvalidSpecError: when it is none that the sandbox plays, or several.
    """
    kinds = [kind for kind in _KINDS if kind in template]
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise InvalidSpecError(f"invalid spec: templates.{template['name']} is several at once: {', '.join(kinds)}")
    raise InvalidSpecError(
        f"invalid spec: templates.{template['name']}: the sandbox plays templates with {', '.join(_KINDS)} only"
    )


def inputs_of(template: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, str]:
    """The values of a template's input parameters.

    Raises:
        InvalidSpecError: when one has no value.
    """
    given = {parameter["name"]: _text(parameter) for parameter in (arguments.get("parameters") or [])}
    values = {}
    for parameter in (template.get("inputs") or {}).get("parameters") or []:
        name = parameter["name"]
        if name in given:
            values[name] = given[name]
        elif "value" in parameter or "default" in parameter:
            values[name] = _text(parameter)
        else:
            raise InvalidSpecError(
                f"invalid spec: templates.{template['name']} inputs.parameters.{name} was not supplied"
            )
    return values


def _check(spec: WorkflowSpec, name: str, seen: set[str]) -> None:
    """Whether everything that can be reached from a template exists."""
    if name in seen:
        return
    seen.add(name)
    template = spec.template(name)
    kind_of(template)
    names = {call["name"] for call in calls_of(template)}
    for call in calls_of(template):
        if not call.get("template"):
            raise InvalidSpecError(f"invalid spec: templates.{name}.{call['name']}: a template is required")
        for needed in call.get("dependencies") or []:
            if needed not in names:
                raise InvalidSpecError(
                    f"invalid spec: templates.{name}.{call['name']} dependency '{needed}' not defined"
                )
        _check(spec, call["template"], seen)


def _parameters(spec: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return ((spec or {}).get("arguments") or {}).get("parameters") or []


def _text(parameter: Mapping[str, Any]) -> str:
    value = parameter.get("value", parameter.get("default"))
    return "" if value is None else str(value)
