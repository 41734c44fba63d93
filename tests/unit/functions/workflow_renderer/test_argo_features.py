"""Workflows that Argo 3.4 to 4.1 take are taken as they stand, one example for each feature."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.workflow_renderer.argo_fields import current
from functions.workflow_renderer.checking import findings
from functions.workflow_renderer.rendering import render
from tests.unit.functions.workflow_renderer.manifests import alert

FEATURES = sorted(Path(__file__).with_name("argo_features").glob("*.yaml"))
each_feature = pytest.mark.parametrize("feature", FEATURES, ids=[path.stem for path in FEATURES])
NOTED = {"since-4.1": 8, "until-3.7": 7}


def read(text: str) -> Any:
    """The example as Argo reads it; parameters are spelled as text in all of them."""
    return yaml.load(text, Loader=yaml.CSafeLoader)


def without_times(data: Any) -> Any:
    if isinstance(data, list):
        return [without_times(item) for item in data]
    if isinstance(data, dict):
        return {name: without_times(part) for name, part in data.items() if name != "creationTimestamp"}
    return data


@each_feature
@pytest.mark.parametrize("beside", ["", "# {{.node}}\n", "# {{ node }}\n", "---\n"], ids=repr)
def test_a_feature_is_taken_as_it_stands(feature: Path, beside: str) -> None:
    text = feature.read_text(encoding="utf-8")
    assert findings(beside + text).problems == []
    rendered = render(beside + text, alert(node="dev1", status="firing"))
    assert rendered["spec"] == without_times(current(read(text))["spec"])
    assert rendered["metadata"] == without_times(read(text).get("metadata", {}))


@each_feature
@pytest.mark.parametrize(
    "placeholder", ["{{.node}}", "{{ node }}", "{{if .node}}{{.node}}{{end}}", "{{ node | upper }}"]
)
def test_a_feature_and_a_placeholder_do_not_disturb_each_other(feature: Path, placeholder: str) -> None:
    text = feature.read_text(encoding="utf-8").replace("entrypoint: start", f"entrypoint: {placeholder}")
    rendered = render(text, alert(node="start" if "upper" not in placeholder else "START"))
    expected = current(read(feature.read_text(encoding="utf-8")))["spec"]
    assert {**rendered["spec"], "entrypoint": ""} == without_times({**expected, "entrypoint": ""})


@each_feature
def test_what_not_every_release_has_is_noted(feature: Path) -> None:
    assert len(findings(feature.read_text(encoding="utf-8")).notes) == NOTED.get(feature.stem, 0)
