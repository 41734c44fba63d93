"""The fields of a Workflow that the stand-in for Argo knows.

What it does not do must end a workflow, not be passed over in silence: a step that Argo would repeat, hold back or
leave out is another workflow without it. So these are lists of what is known, and all else counts as not done.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.workloads.allowing import anything, outside
from sandbox.workloads.calls import calls_of, needed
from sandbox.workloads.variables import is_known_condition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.workloads.allowing import Rule

_EXPRESSION = re.compile(r"\{\{\s*=")

_HARMLESS = dict.fromkeys(
    # Neither metrics nor archives nor artifacts exist here, rights are not enforced, and nothing is evicted.
    ("metrics", "archiveLogs", "archiveLocation", "artifactRepositoryRef", "artifactGC", "executor", "priority",
     "podDisruptionBudget", "volumeClaimGC", "workflowMetadata", "annotations"),
    anything,
)  # fmt: skip
_TO_THE_POD = dict.fromkeys(
    ("serviceAccountName", "automountServiceAccountToken", "nodeSelector", "affinity", "tolerations", "schedulerName",
     "hostAliases", "securityContext", "volumes"),
    anything,
)  # fmt: skip
_PARAMETERS: Mapping[str, Rule] = {
    "parameters": {"name": anything, "value": anything, "default": anything, "description": anything}
}
_SPEC: Mapping[str, Rule] = {
    **_HARMLESS,
    **_TO_THE_POD,
    **dict.fromkeys(("imagePullSecrets", "hostNetwork", "dnsPolicy", "dnsConfig", "podPriorityClassName"), anything),
    **dict.fromkeys(("entrypoint", "onExit", "suspend", "shutdown", "activeDeadlineSeconds"), anything),
    "arguments": _PARAMETERS,
    "podGC": {"strategy": anything, "deleteDelayDuration": anything},
    "podMetadata": anything,
    "templateDefaults": anything,  # they are read as part of each template
    "templates": anything,  # each that is called is read for itself
    "ttlStrategy": anything,
    "workflowTemplateRef": {"name": anything},
}
_CALL: Mapping[str, Rule] = {
    "name": anything,
    "template": anything,
    "arguments": _PARAMETERS,
    "when": is_known_condition,
    "withItems": anything,
    "withParam": anything,
    "continueOn": anything,
}


def _are_known_dependencies(depends: str) -> bool:
    return needed({"depends": depends}) is not None


_TASK: Mapping[str, Rule] = {**_CALL, "dependencies": anything, "depends": _are_known_dependencies}
_TEMPLATE: Mapping[str, Rule] = {
    **_HARMLESS,
    **_TO_THE_POD,
    "name": anything,
    "inputs": _PARAMETERS,
    "metadata": anything,
    "priorityClassName": anything,
    "steps": _CALL,
    "dag": {"tasks": _TASK, "failFast": anything},
    "suspend": {"duration": anything},
}
_BACKOFF: Mapping[str, Rule] = dict.fromkeys(("duration", "factor", "maxDuration", "cap"), anything)
_LEAF: Mapping[str, Rule] = {
    **_TEMPLATE,
    "container": anything,  # of which the pod is told all
    "script": anything,
    "initContainers": anything,
    "activeDeadlineSeconds": anything,
    "retryStrategy": {"limit": anything, "retryPolicy": anything, "backoff": _BACKOFF},
}


def not_done(spec: Mapping[str, Any], templates: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The paths of all that the workflow asks for and is not done here; templates that nothing calls do not count."""
    found = list(outside(_SPEC, spec, "spec"))
    for name in _called(spec, templates):
        template = templates[name]
        rule = _LEAF if "container" in template or "script" in template else _TEMPLATE
        found += outside(rule, template, f"templates.{name}")
        found += _expressions(template, f"templates.{name}")
    return found


def _called(spec: Mapping[str, Any], templates: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The templates that the workflow comes to; one that does not exist is for others to tell."""
    called: list[str] = []
    waiting: list[str | None] = [spec.get("entrypoint"), spec.get("onExit")]
    while waiting:
        name = waiting.pop(0)
        if name is not None and name in templates and name not in called:
            called.append(name)
            waiting += [call.get("template") for call in calls_of(templates[name])]
    return called


def _expressions(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if _EXPRESSION.search(value):
            yield f"{path} (an expression)"
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _expressions(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expressions(item, f"{path}[{index}]")
