"""What the API server demands of a CRD's schema and says of an object under one, as far as these tests need it.

Written from Kubernetes' documentation, apart from the generator, so that the two can disagree.

Sources: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
and https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.33/#jsonschemaprops-v1-apiextensions-k8s-io
"""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator

PRESERVE = "x-kubernetes-preserve-unknown-fields"
LIST_TYPES = {"atomic", "set", "map"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
KEYWORDS = {
    "description",
    "type",
    "format",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    "properties",
    "additionalProperties",
    "items",
    PRESERVE,
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-validations",
}


def nodes(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every node of a schema with its path: ``.spec.list[].map{}``."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


def violations(schema: Mapping[str, Any]) -> list[str]:
    """Why the API server would not take the schema as structural."""
    return [f"{path}: {problem}" for path, node in nodes(schema) for problem in _node_violations(node)]


def _node_violations(node: Mapping[str, Any]) -> Iterator[str]:
    kind = node.get("type")
    if kind not in TYPES:
        yield f"type is {kind!r}"
        return
    yield from (f"keyword {keyword}" for keyword in node.keys() - KEYWORDS)
    if "properties" in node and "additionalProperties" in node:
        yield "both properties and additionalProperties"
    if (kind == "array") != ("items" in node):
        yield "items belong to arrays, and every array has them"
    if kind != "object" and ("properties" in node or "additionalProperties" in node or PRESERVE in node):
        yield "only objects have properties"
    if missing := set(node.get("required", [])) - node.get("properties", {}).keys():
        yield f"requires unknown {sorted(missing)}"
    if "default" in node and (problem := invalid(node, node["default"])):
        yield f"default: {problem}"
    if node.get("x-kubernetes-list-type") == "map":
        items = node["items"]
        for key in node["x-kubernetes-list-map-keys"]:
            if key not in items["properties"] or key not in items.get("required", []):
                yield f"map key {key} is not a required property of the items"


def invalid(schema: Mapping[str, Any], value: object) -> list[str]:
    """Why the API server would refuse the value; CEL and formats apart."""
    validator = Draft4Validator(dict(schema))
    return sorted(f"{error.json_path}: {error.message}" for error in validator.iter_errors(value))


def unknown_fields(schema: Mapping[str, Any], value: object, path: str = "") -> list[str]:
    """Fields that the API server would prune, or refuse under strict validation."""
    if isinstance(value, list):
        return [found for item in value for found in unknown_fields(schema["items"], item, f"{path}[]")]
    if not isinstance(value, dict):
        return []
    found = []
    for key, child in value.items():
        here = f"{path}.{key}"
        if key in schema.get("properties", {}):
            found += unknown_fields(schema["properties"][key], child, here)
        elif isinstance(schema.get("additionalProperties"), Mapping):
            found += unknown_fields(schema["additionalProperties"], child, here)
        elif not schema.get(PRESERVE) and path != ".metadata":
            found.append(here)
    return found
