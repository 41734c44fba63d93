"""The Workflow that is created: a rendered template under a derived name, owned by its alert, held for its outcome.

Its pods carry the labels that name alert, phase and rule too, so that ``kubectl logs -l`` finds them.
"""

from collections.abc import Mapping
from typing import Any

from aegis.models.alert import AegisAlert
from aegis.models.base import Object
from aegis.models.states import Phase
from aegis.models.workflow import (
    ALERT_LABEL,
    ALERT_UID_ANNOTATION,
    ATTEMPT_ANNOTATION,
    OUTCOME_FINALIZER,
    PHASE_LABEL,
    RULE_ANNOTATION,
    RULE_LABEL,
    TEMPLATE_ANNOTATION,
)
from aegis.names import label_value

_OURS = frozenset(
    {
        ALERT_LABEL,
        PHASE_LABEL,
        RULE_LABEL,
        ALERT_UID_ANNOTATION,
        ATTEMPT_ANNOTATION,
        RULE_ANNOTATION,
        TEMPLATE_ANNOTATION,
    }
)
_HOLD_THEM = frozenset({"labels", "labelsFrom", "annotations"})


def build_workflow(
    rendered: Mapping[str, Any],
    *,
    alert: AegisAlert,
    phase: Phase,
    rule: Object,
    template: Object,
) -> dict[str, Any]:
    """Give a rendered manifest its name, its namespace, its labels, its owner and its finalizer.

    What the template says of these is overruled; its other labels and annotations stay.
    """
    meta = rendered.get("metadata") or {}
    alert_meta = alert.metadata
    ours = {
        ALERT_LABEL: label_value(alert_meta.name),
        PHASE_LABEL: phase.value,
        RULE_LABEL: label_value(rule.metadata.name),
    }
    return {
        **rendered,
        "spec": _with_pods_labelled(rendered.get("spec") or {}, ours),
        "metadata": {
            "name": alert.workflow_name(phase),
            "namespace": alert_meta.namespace,
            "labels": {
                **(meta.get("labels") or {}),
                **ours,
                "aegis.io/template": label_value(template.metadata.name),
            },
            "annotations": {
                **(meta.get("annotations") or {}),
                ALERT_UID_ANNOTATION: alert_meta.uid,
                ATTEMPT_ANNOTATION: str(alert.status.record(phase).attempt),
                RULE_ANNOTATION: f"{rule.metadata.namespace}/{rule.metadata.name}",
                TEMPLATE_ANNOTATION: f"{template.metadata.namespace}/{template.metadata.name}",
            },
            "finalizers": [OUTCOME_FINALIZER],
            "ownerReferences": [
                {
                    "apiVersion": alert.resource.api_version,
                    "kind": alert.resource.kind,
                    "name": alert_meta.name,
                    "uid": alert_meta.uid,
                    "controller": True,
                }
            ],
        },
    }


def _with_pods_labelled(spec: Mapping[str, Any], ours: Mapping[str, str]) -> dict[str, Any]:
    """The spec with labels that every pod gets; Argo lets a template's own go before those of ``podMetadata``."""
    general = spec.get("podMetadata") or {}
    labels = {**(general.get("labels") or {}), **ours}
    return {**_without_ours(spec), "podMetadata": {**general, "labels": labels}}


def _without_ours(data: Any) -> Any:
    """The data without our labels and annotations in what Argo gives the workflow, and the pods of its templates."""
    if isinstance(data, list):
        return [_without_ours(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        name: {key: value for key, value in part.items() if key not in _OURS}
        if name in _HOLD_THEM and isinstance(part, dict)
        else _without_ours(part)
        for name, part in data.items()
    }
