"""The names that a template may use, and what they stand for.

In the order of the Go system, the later before the earlier: the involved object, the alert's details, the system
parameters (annotations of the alert), the alert's own name and namespace. So a sender's details overrule what was
inferred of its object, but neither system parameters nor the alert's identity. ``alert`` is the whole alert, always.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self

from aegis.models.alert import AegisAlert
from aegis.nearest import similar
from functions.workflow_renderer.errors import AS_TEXT, Problem, TemplateInvalid

WHOLE = "alert"
_LISTED = 30


class Parameters(NamedTuple):
    """What a template is rendered with: strings by name, and the whole alert as plain data."""

    names: dict[str, Any]
    alert: Mapping[str, Any]

    @property
    def all(self) -> dict[str, Any]:
        """Everything by name, the whole alert among it."""
        together = self.names.copy()
        together[WHOLE] = self.alert
        return together

    def get(self, name: str, *, where: str) -> object:
        """One parameter.

        Raises:
            TemplateInvalid: when there is none of that name.
        """
        if name == WHOLE:
            return self.alert
        try:
            return self.names[name]
        except KeyError:
            raise self.missing(name, where=where) from None

    def missing(self, name: str, *, where: str) -> TemplateInvalid:
        """The error for a name that this alert does not have."""
        known = sorted([*self.names, WHOLE])
        near = similar(name, known)
        hint = f", did you mean {near}?" if near else ""
        shown = ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")
        return TemplateInvalid([Problem(where, f"this alert has no parameter {name}{hint}", f"{shown}; {AS_TEXT}")])


def parameters_of(alert: AegisAlert) -> Parameters:
    """What templates may use of an alert."""
    involved, meta = alert.spec.involved_object, alert.metadata
    names: dict[str, Any] = {
        "InvolvedObjectKind": involved.kind,
        "InvolvedObjectName": involved.name,
        "InvolvedObjectNamespace": involved.namespace,
        "InvolvedObjectNode": involved.node,
        **alert.spec.all_details,
        **meta.annotations,
        "AlertName": meta.name,
        "AlertNamespace": meta.namespace,
    }
    names.pop(WHOLE, None)
    return Parameters(names, {**alert.manifest(), "details": alert.spec.all_details})


class Sample(dict[str, Any]):
    """Stands for any data: each name in it is there, and is the same text; for checking a template without an alert."""

    def __init__(self, text: str) -> None:
        """Answer with this text."""
        super().__init__()
        self._text = text

    def copy(self) -> Self:
        """The same, to be added to."""
        return type(self)(self._text)

    def __missing__(self, key: str) -> str:
        """Whatever is asked for."""
        return self._text

    def __contains__(self, key: object) -> bool:
        """Everything is there."""
        return True

    def __iter__(self) -> Iterator[str]:
        """Nothing can be listed."""
        return iter(())


class SampleAlert(Sample):
    """Stands for any alert: objects where an alert has objects, text elsewhere."""

    def __init__(self, text: str) -> None:
        """Answer with this text."""
        super().__init__(text)
        self.update({part: Sample(text) for part in ("metadata", "spec", "status", "details")})
        self["metadata"].update(labels=Sample(text), annotations=Sample(text))
        self["spec"].update(details=Sample(text), involvedObject=Sample(text))
        self["status"].update(opsStatus=Sample(text))


def sample(text: str) -> Parameters:
    """Parameters of no alert in particular: every name stands for the text."""
    return Parameters(Sample(text), SampleAlert(text))
