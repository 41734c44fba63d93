"""The table of Argo's fields says what the CRD says, each shape once."""

import json
from typing import Any

from tools.argo_fields import MODULE, TABLE, table

TEXT = {"type": "string", "description": "prose"}
NAMED = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": TEXT, "size": {"x-kubernetes-int-or-string": True}},
}
PARAMETER = {"type": "object", "properties": {"globalName": TEXT, "valueFrom": {"type": "object"}, "value": TEXT}}
TEMPLATE = {
    "type": "object",
    "properties": {
        "one": NAMED,
        "many": {"type": "array", "items": NAMED},
        "map": {"type": "object", "additionalProperties": NAMED},
        "open": {"x-kubernetes-preserve-unknown-fields": True},
        "openObject": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "empty": {"type": "object"},
        "parameter": PARAMETER,
        "step": {"type": "object", "properties": {"inline": {"x-kubernetes-preserve-unknown-fields": True}}},
    },
}
SPEC = {"type": "object", "properties": {"templates": {"type": "array", "items": TEMPLATE}}}


def read() -> dict[str, Any]:
    properties = {"apiVersion": TEXT, "kind": TEXT, "metadata": {"type": "object"}, "spec": SPEC, "status": NAMED}
    crd = {"spec": {"versions": [{"schema": {"openAPIV3Schema": {"properties": properties}}}]}}
    made: dict[str, Any] = json.loads(table(crd))
    return made


def test_shapes() -> None:
    made = read()
    objects = made["objects"]
    root = objects[made["root"]]
    assert sorted(root["fields"]) == ["apiVersion", "kind", "metadata", "spec"]
    assert root["required"] == ["apiVersion", "kind", "spec"]
    kind, number = objects[root["fields"]["spec"]]["fields"]["templates"]
    template = objects[number]["fields"]
    named = template["one"]
    assert kind == "list"
    assert objects[named] == {"fields": {"name": "string", "size": "integer or string"}, "required": ["name"]}
    assert (template["many"], template["map"]) == (["list", named], ["map", named])
    assert (template["open"], template["openObject"]) == ("any", "any")
    assert objects[template["empty"]] == {"fields": {}}
    assert objects[template["parameter"]]["fields"]["value"] == "scalar"
    assert objects[template["step"]]["fields"]["inline"] == number


def test_the_table_in_the_function_is_of_the_pinned_release_and_small() -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert json.loads(text)["source"] == MODULE
    assert len(text) < 60_000
