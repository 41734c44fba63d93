"""Writes ``functions/workflow_renderer/argo_fields.json``: which fields Argo's Workflow has, and of what type.

Argo's full CRD is 2.6 MB of YAML, too much to read on a cold start. This keeps names, types and what is required,
and writes each shape once: containers, volumes and affinities recur dozens of times in it. Beside the fields of the
pinned release stand, each with its releases, the few that another one since 3.4 has.

``python -m tools.argo_fields`` fetches the CRD with Go's module proxy and writes; ``--check`` exits 1 where the file
is stale.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

MODULE = "github.com/argoproj/argo-workflows/v4@v4.0.2"
TABLE = Path(__file__).resolve().parent.parent / "functions" / "workflow_renderer" / "argo_fields.json"

_CRD = Path("manifests/base/crds/full/argoproj.io_workflows.yaml")
_STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
_METADATA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "generateName": {"type": "string"},
        "namespace": {"type": "string"},
        "labels": _STRINGS,
        "annotations": _STRINGS,
        "finalizers": {"type": "array", "items": {"type": "string"}},
    },
}
_PARAMETER = frozenset({"globalName", "valueFrom"})
_SPELLED_FREELY = {"value": "scalar", "default": "scalar", "enum": ["list", "scalar"]}
"""Fields of a parameter that Argo's own types take numbers and truth values for, and the CRD only text."""
_RESOURCES = {
    "type": "object",
    "properties": {
        name: {"type": "object", "additionalProperties": {"x-kubernetes-int-or-string": True}}
        for name in ("limits", "requests")
    },
}
_SINCE_4_1, _UNTIL_3_6, _UNTIL_3_7 = (
    "since 4.1 and drops it before",
    "until 3.6 and drops it after",
    "until 3.7 and drops it after",
)
_OF_PODS = {
    "podResources": (_RESOURCES, _SINCE_4_1),
    "resourceClaims": ({"type": "array", "items": {}}, _SINCE_4_1),
}
_OTHER_RELEASES: Mapping[frozenset[str], Mapping[str, tuple[Mapping[str, Any], str]]] = {
    frozenset({"entrypoint", "templates"}): {
        **_OF_PODS,
        "executorPlugins": ({"type": "array", "items": {}}, _SINCE_4_1),
        "podPriority": ({"type": "integer"}, _UNTIL_3_6),
    },
    frozenset({"container", "steps"}): {
        **_OF_PODS,
        "pendingTimeout": ({"type": "string"}, _SINCE_4_1),
        "priority": ({"type": "integer"}, _UNTIL_3_6),
    },
    frozenset({"auth", "headers", "url"}): {"saveStreamViaFile": ({"type": "boolean"}, _SINCE_4_1)},
    frozenset({"bucket", "roleARN"}): {"addressingStyle": ({"type": "string"}, _SINCE_4_1)},
}
"""By the fields that tell an object: those that releases from 3.4 on have, and the pinned one has not."""
_CACHE = frozenset({"configMap"})
_CACHE_MAP = {"key": ({"type": "string"}, _UNTIL_3_7), "optional": ({"type": "boolean"}, _UNTIL_3_7)}
_IN_TEMPLATES = ("apiVersion", "kind", "spec")


class Shapes:
    """The shapes met so far; an object's shape is written once and named by its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.objects: list[dict[str, Any]] = []

    def of(self, schema: Mapping[str, Any]) -> Any:
        """A schema's shape: a type's name, an object's number, ``["list", shape]`` or ``["map", shape]``."""
        if schema.get("x-kubernetes-int-or-string"):
            return "integer or string"
        if schema.get("type") == "array":
            return ["list", self.of(schema["items"])]
        if isinstance(schema.get("additionalProperties"), Mapping):
            return ["map", self.of(schema["additionalProperties"])]
        if "properties" in schema:
            return self._object(schema)
        if schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
            return self._object({"properties": {}})
        return schema.get("type", "any") if schema.get("type") != "object" else "any"

    def _object(self, schema: Mapping[str, Any]) -> int:
        shape: dict[str, Any] = {"fields": {name: self.of(part) for name, part in schema["properties"].items()}}
        if schema["properties"].keys() >= _PARAMETER:
            shape["fields"] |= _SPELLED_FREELY
        if schema.get("required"):
            shape["required"] = schema["required"]
        for known, others in _OTHER_RELEASES.items():
            if schema["properties"].keys() >= known:
                shape["elsewhere"] = self._elsewhere(others)
        if schema["properties"].keys() == _CACHE:
            shape["fields"]["configMap"] = self._numbered(
                {"fields": {"name": "string"}, "elsewhere": self._elsewhere(_CACHE_MAP)}
            )
        return self._numbered(shape)

    def _elsewhere(self, others: Mapping[str, tuple[Mapping[str, Any], str]]) -> dict[str, Any]:
        return {name: [self.of(schema), releases] for name, (schema, releases) in others.items()}

    def _numbered(self, shape: dict[str, Any]) -> int:
        key = json.dumps(shape, sort_keys=True)
        if key not in self._numbers:
            self._numbers[key] = len(self.objects)
            self.objects.append(shape)
        return self._numbers[key]


def table(crd: Mapping[str, Any]) -> str:
    """The table as JSON, from the CRD as it was published."""
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    properties = {name: schema["properties"][name] for name in _IN_TEMPLATES}
    shapes = Shapes()
    root = shapes.of({"properties": {**properties, "metadata": _METADATA}, "required": [*_IN_TEMPLATES]})
    template = shapes.objects[shapes.objects[root]["fields"]["spec"]]["fields"]["templates"][1]
    for shape in shapes.objects:
        if "inline" in shape["fields"]:  # the CRD leaves it open, because a schema cannot hold itself
            shape["fields"]["inline"] = template
    return json.dumps({"source": MODULE, "root": root, "objects": shapes.objects}, separators=(",", ":")) + "\n"


def published() -> Mapping[str, Any]:
    """The CRD of the pinned release, from Go's module cache or proxy."""
    answer = subprocess.run(  # noqa: S603 - nothing in it is from outside
        ["go", "mod", "download", "-json", MODULE],  # noqa: S607 - the one on PATH is meant
        check=True,
        capture_output=True,
        text=True,
    )
    text = (Path(json.loads(answer.stdout)["Dir"]) / _CRD).read_text(encoding="utf-8")
    crd: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return crd


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table, or say whether it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 where the table is stale")
    wanted = table(published())
    if not parser.parse_args(arguments).check:
        TABLE.write_text(wanted, encoding="utf-8")
        return 0
    fresh = TABLE.exists() and TABLE.read_text(encoding="utf-8") == wanted
    if not fresh:
        sys.stderr.write(f"{TABLE.name} is stale: run python -m tools.argo_fields\n")
    return 0 if fresh else 1


if __name__ == "__main__":
    sys.exit(main())
