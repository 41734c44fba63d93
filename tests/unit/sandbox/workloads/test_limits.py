"""sandbox/README.md lists what the stand-in for Argo does not do: every field of Argo's is done, harmless or there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.workloads.workflowfields import not_done

ROOT = Path(__file__).resolve().parents[4]
TABLE = json.loads((ROOT / "functions" / "workflow_renderer" / "argo_fields.json").read_text(encoding="utf-8"))
CHAPTER = (ROOT / "sandbox" / "README.md").read_text(encoding="utf-8").partition("## Workflows")[2]
LISTED = {name for names in re.findall(r"`([A-Za-z.]+)`", CHAPTER) for name in names.split(".")}
LEAF = {"name": "leaf", "container": {"image": "x"}}
MADE_OF = {"name", "template", "templates", "entrypoint", "onExit", "steps", "dag", "depends", "when"}
"""Fields that the workflows below consist of, or whose values are read."""

PLACES: dict[str, tuple[list[str], Any]] = {
    "spec": ([], lambda asked: {**asked, "templates": [{**LEAF, "name": "main"}]}),
    "podGC": (["podGC"], lambda asked: {"podGC": asked, "templates": [{**LEAF, "name": "main"}]}),
    "template": (["templates"], lambda asked: {"templates": [{**LEAF, "name": "main", **asked}]}),
    "retryStrategy": (
        ["templates", "retryStrategy"],
        lambda asked: {"templates": [{**LEAF, "name": "main", "retryStrategy": asked}]},
    ),
    "step": (
        ["templates", "steps"],
        lambda asked: {"templates": [LEAF, {"name": "main", "steps": [[{"template": "leaf", **asked}]]}]},
    ),
    "task": (
        ["templates", "dag", "tasks"],
        lambda asked: {"templates": [LEAF, {"name": "main", "dag": {"tasks": [{"template": "leaf", **asked}]}}]},
    ),
}


def fields(path: list[str]) -> list[str]:
    """The fields that Argo's own definition has there."""
    shape: Any = TABLE["root"]
    for name in ["spec", *path]:
        shape = TABLE["objects"][shape]["fields"][name]
        while isinstance(shape, list):
            shape = shape[-1]
    return sorted(TABLE["objects"][shape]["fields"].keys() - MADE_OF)


@pytest.mark.parametrize(
    ("place", "field"), [(place, field) for place, (path, _) in PLACES.items() for field in fields(path)]
)
def test_what_is_not_done_is_listed(place: str, field: str) -> None:
    spec = {"entrypoint": "main", **PLACES[place][1]({field: {"anything": "at all"}})}
    refused = not_done(spec, {template["name"]: template for template in spec["templates"]})
    assert field in LISTED or not any(path.endswith(f".{field}") for path in refused)
