"""The Workflow that is created: a rendered template under a derived name, owned by its alert, held for its outcome."""

from collections.abc import Mapping
from typing import Any

from aegis.models.alert import AegisAlert, Phase
from aegis.models.base import Object
from aegis.models.workflow import (
    ALERT_LABEL,
    ALERT_UID_ANNOTATION,
    OUTCOME_FINALIZER,
    PHASE_LABEL,
    RULE_ANNOTATION,
    TEMPLATE_ANNOTATION,
)
from aegis.names import label_value, workflow_name


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
    return {
        **rendered,
        "metadata": {
            "name": workflow_name(alert_meta.name, alert_meta.uid, phase.value),
            "namespace": alert_meta.namespace,
            "labels": {
                **(meta.get("labels") or {}),
                ALERT_LABEL: label_value(alert_meta.name),
                PHASE_LABEL: phase.value,
                "aegis.io/rule": label_value(rule.metadata.name),
                "aegis.io/template": label_value(template.metadata.name),
            },
            "annotations": {
                **(meta.get("annotations") or {}),
                ALERT_UID_ANNOTATION: alert_meta.uid,
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
