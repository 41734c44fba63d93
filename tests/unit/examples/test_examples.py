"""Each example does what it says: its rule takes its alert, and its template becomes the right command."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from aegis.models.alert import AegisAlert
from aegis.models.rule import AegisAlertOpsRule
from aegis.models.template import AegisOpsTemplate
from functions.alert_normalizer.custom import read_custom
from functions.alert_normalizer.incoming import Incoming
from functions.alert_normalizer.manifest import manifest
from functions.alert_normalizer.settings import Settings
from functions.rule_matcher.matching import Rule, RuleIndex
from functions.workflow_renderer.checking import findings
from functions.workflow_renderer.rendering import render
from sandbox.workloads.nodes import choose

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
COMMANDS = {
    "nodehasemergencyevent": ["/bin/bash", "-c", "kubectl cordon dev1"],
    "resolved": ["kubectl", "uncordon", "dev1"],
}
FOLDERS = [*COMMANDS, "jinja"]
each_folder = pytest.mark.parametrize("folder", FOLDERS)


def load(folder: str, name: str) -> Any:
    return yaml.safe_load((EXAMPLES / folder / name).read_text(encoding="utf-8"))


def alert(folder: str) -> AegisAlert:
    """The example's alert as the intake stores it."""
    (path,) = (EXAMPLES / folder / "alerts").iterdir()  # a folder of its own: `kubectl apply -f` takes JSON files too
    (incoming,) = read_custom(json.loads(path.read_text(encoding="utf-8"))).entries
    assert isinstance(incoming, Incoming)
    body = manifest(incoming, Settings(), episode=0, events=[])
    return AegisAlert.read({**body, "metadata": {**body["metadata"], "namespace": "monitoring"}})


def workflow(folder: str) -> dict[str, Any]:
    """The workflow that the example's alert leads to."""
    stored = alert(folder)
    stored = AegisAlert.read({**stored.manifest(), "metadata": {"name": "x", "namespace": "monitoring", "uid": "1"}})
    return dict(render(AegisOpsTemplate.read(load(folder, "template.yaml")).spec.manifest, stored))


def step(folder: str) -> dict[str, Any]:
    """The one step of the workflow that the example's alert leads to."""
    (template,) = workflow(folder)["spec"]["templates"]
    return dict(template)


def test_every_folder_is_tested() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {*FOLDERS, "alertmanager", "by-hand"}


def template_for(alert: AegisAlert) -> str:
    """The template that the examples' rules lead an alert to; all of them are in one namespace."""
    rules = [
        AegisAlertOpsRule.read({**body, "metadata": {**body["metadata"], "uid": body["metadata"]["name"]}})
        for body in (load(name, "rule.yaml") for name in FOLDERS)
    ]
    found = RuleIndex(map(Rule.of, rules)).find(alert).rule
    assert found is not None
    assert found.template.namespace == "monitoring"
    return found.template.name


@each_folder
def test_the_rule_takes_the_alert_to_the_template(folder: str) -> None:
    assert template_for(alert(folder)) == load(folder, "template.yaml")["metadata"]["name"]


def test_the_alert_made_by_hand_leads_to_the_first_example() -> None:
    by_hand = load("by-hand", "alert.yaml")
    made = AegisAlert.read({**by_hand, "metadata": {**by_hand["metadata"], "uid": "1"}})
    assert made.wire()["spec"].items() >= by_hand["spec"].items()
    assert template_for(made) == "nodehasemergencyevent"


@each_folder
def test_the_template_is_valid(folder: str) -> None:
    assert findings(load(folder, "template.yaml")["spec"]["manifest"]).problems == []


@pytest.mark.parametrize(("folder", "command"), COMMANDS.items(), ids=COMMANDS.keys())
def test_the_template_becomes_the_command(folder: str, command: list[str]) -> None:
    made = step(folder)["container"]
    assert [*made["command"], *made["args"]] == command


@each_folder
def test_what_uncordons_runs_where_every_node_is_cordoned(folder: str) -> None:
    made = workflow(folder)["spec"]
    cordoned = {
        "metadata": {"name": "dev1"},
        "spec": {"unschedulable": True},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    pod = {"spec": {"tolerations": made.get("tolerations") or []}}
    assert (choose(pod, [cordoned])[0] == "dev1") is ("uncordon" in json.dumps(made))


def test_a_quoted_value_is_one_word_of_the_command() -> None:
    script = step("jinja")["script"]["source"]
    annotate, echo = (shlex.split(line) for line in script.replace("\\\n", "").splitlines())
    summary = alert("jinja").spec.details["summary"]
    assert (annotate[-1], echo[-1]) == (f"aegis.io/note={summary}", summary)
    assert "aegis.io/workflow={{workflow.name}}" in annotate


def test_the_summary_would_run_without_quotes() -> None:
    """So that the example shows what `shquote` is for."""
    summary = alert("jinja").spec.details["summary"]
    assert all(mark in summary for mark in ('"', "$(", ";"))


def test_the_resolve_is_one_of_the_firing_alert() -> None:
    assert alert("resolved").metadata.name == alert("nodehasemergencyevent").metadata.name


def test_alertmanager_is_told_to_send_resolves_to_the_intake() -> None:
    (receiver,) = load("alertmanager", "alertmanager.yml")["receivers"]
    (webhook,) = receiver["webhook_configs"]
    assert webhook["url"] == "http://aegis.monitoring/alertmanager/alert"
    assert webhook["send_resolved"] is True


@pytest.mark.skipif(shutil.which("amtool") is None, reason="Debian's prometheus-alertmanager is not installed")
def test_alertmanager_takes_the_configuration() -> None:
    amtool = str(shutil.which("amtool"))
    subprocess.run([amtool, "check-config", str(EXAMPLES / "alertmanager" / "alertmanager.yml")], check=True)
