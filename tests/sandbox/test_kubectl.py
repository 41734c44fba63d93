"""An unmodified kubectl does its everyday work against the sandbox, with the original's own manifests and columns."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.sandbox.driver import ALERTS, EVENTS, ROOT, TEMPLATES, Driver, Json, custom, running

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
]

SEED = Path(os.environ.get("AEGIS_SEED_DATA", ROOT.parent / "shared" / "data" / "seed"))
needs_seed = pytest.mark.skipif(not SEED.is_dir(), reason="the original's manifests are not here (AEGIS_SEED_DATA)")
EXAMPLE = ROOT / "examples" / "nodehasemergencyevent"
_YAML_BLOCK = re.compile(r"^``` *yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TRIGGERS = ("Triggered", "RuleNotFound")
_OPS = ("Pending", "Running", "Succeeded", "Failed")


class Kubectl:
    """kubectl as a user of the sandbox's kubeconfig runs it."""

    def __init__(self, driver: Driver) -> None:
        self.env = {**os.environ, "KUBECONFIG": str(driver.cluster.kubeconfig)}

    def run(self, *args: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["kubectl", *args], check=False, env=self.env, input=given, capture_output=True, text=True, timeout=60
        )

    def __call__(self, *args: str, given: str | None = None) -> str:
        """Run a command that must succeed; what it printed."""
        done = self.run(*args, given=given)
        assert done.returncode == 0, f"kubectl {' '.join(args)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def object(self, *args: str) -> Json:
        return dict(json.loads(self("get", *args, "-o", "json")))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Driver]:
    with running() as driver:
        yield driver


@pytest.fixture(scope="module")
def kubectl(sandbox: Driver) -> Kubectl:
    return Kubectl(sandbox)


@pytest.fixture(scope="module")
def succeeded(sandbox: Driver) -> str:
    """The name of an alert whose workflow has succeeded, and of which an Event tells: statuses are written before."""
    sandbox.rule("done", alert_type="KubectlDone", script="repair {{.node}}")
    name = str(sandbox.result(custom("KubectlDone", fingerprint="done"))["name"])
    sandbox.settled(name, "Succeeded")
    sandbox.watch_until(
        EVENTS,
        lambda seen: any((e["involvedObject"]["name"], e["type"]) == (name, "Normal") for e in seen.values()),
    )
    return name


INVALID = """
apiVersion: aegis.io/v1alpha1
kind: AegisOpsTemplate
metadata: {name: invalid}
spec: {manifest: "{{ if }}"}
"""


def columns_of_the_original(plural: str) -> list[str]:
    """The header of `kubectl get` as the original's CRD asks for it."""
    crd = yaml.safe_load((SEED / "manifests" / f"aegis.io_{plural}.yaml").read_text())
    (version,) = crd["spec"]["versions"]
    shown = [column["name"] for column in version["additionalPrinterColumns"] if not column.get("priority")]
    return ["NAME", *(name.upper() for name in shown)]


@needs_seed
def test_the_example_folders_of_the_original_apply_unchanged(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "your-namespace")  # two of the files name this placeholder
    folder = str(SEED / "examples")
    lines = kubectl("apply", "--recursive", "-f", folder).splitlines()
    documents = [
        document for file in (SEED / "examples").rglob("*.yaml") for document in yaml.safe_load_all(file.read_text())
    ]
    assert len(lines) == sum(document is not None for document in documents)
    assert all(line.endswith(" created") for line in lines), lines
    again = kubectl("apply", "--recursive", "-f", folder).splitlines()
    assert all(line.endswith(" unchanged") for line in again), again
    kubectl("wait", "--for=jsonpath={.status.status}=Recorded", "opsrule,opstemplate", "--all", "--timeout=30s")


@needs_seed
def test_the_rule_and_template_of_the_originals_readme_apply_and_show_as_it_says(kubectl: Kubectl) -> None:
    blocks = _YAML_BLOCK.findall((SEED / "README_CN.md").read_text(encoding="utf-8"))
    (block,) = [block for block in blocks if "kind: AegisOpsTemplate" in block and "kind: AegisAlertOpsRule" in block]
    assert kubectl("apply", "-f", "-", given=block).splitlines() == [
        "aegisalertopsrule.aegis.io/nodehasemergencyevent created",
        "aegisopstemplate.aegis.io/nodehasemergencyevent created",
    ]
    name = "nodehasemergencyevent"
    for kind, columns in (
        ("aegisalertopsrule", ["NAME", "STATUS"]),
        ("aegisopstemplate", ["NAME", "STATUS", "EXECUTESUCCEED", "EXECUTEFAILED"]),
    ):
        kubectl("wait", "--for=jsonpath={.status.status}=Recorded", f"{kind}/{name}", "--timeout=30s")
        header, row = kubectl("get", kind, name).splitlines()
        assert header.split()[: len(columns)] == columns
        assert row.split()[:2] == [name, "Recorded"]


@needs_seed
@pytest.mark.parametrize("plural", ["aegisalerts", "aegisalertopsrules", "aegisopstemplates", "aegisdiagnosises"])
@pytest.mark.usefixtures("succeeded")
def test_get_prints_the_columns_of_the_original(plural: str, kubectl: Kubectl) -> None:
    example = SEED / "examples" / "diagnosis" / "pytorchjob" / "diagnosis-pytorchjob.yaml"
    kubectl("apply", "-f", str(example))
    header = kubectl("get", plural).splitlines()[0]
    theirs = columns_of_the_original(plural)
    assert header.split()[: len(theirs)] == theirs


@pytest.mark.usefixtures("succeeded")
def test_get_says_what_rules_templates_and_alerts_do(kubectl: Kubectl, succeeded: str) -> None:
    header, *rows = kubectl("get", "opsrules").splitlines()
    assert header.split() == ["NAME", "STATUS", "TYPES", "TEMPLATE", "PRIORITY", "SUCCEEDED", "FAILED", "AGE"]
    (row,) = (row.split() for row in rows if row.split()[0] == "done")
    assert row[1:-1] == ["Recorded", "KubectlDone", "done", "1", "0"]  # it has no priority
    kubectl("apply", "-f", "-", given=INVALID)
    kubectl("wait", "--for=jsonpath={.status.status}=Invalid", "opstemplate/invalid", "--timeout=30s")
    assert kubectl("get", "opstemplate", "invalid").split()[-1] == "InvalidTemplate"
    header, row_ = kubectl("get", "alert", succeeded, "-o", "wide").splitlines()
    assert header.split()[-4:] == ["RULE", "WORKFLOW", "ATTEMPT", "LASTRECEIVED"]
    assert row_.split()[9] == "done"


@pytest.mark.usefixtures("succeeded")
def test_get_watch_shows_an_alerts_life_as_it_happens(kubectl: Kubectl, sandbox: Driver) -> None:
    sandbox.rule("watched", alert_type="KubectlWatched", script="repair {{.node}}")
    with subprocess.Popen(
        ["kubectl", "get", "aegisalert", "--watch"], env=kubectl.env, stdout=subprocess.PIPE, text=True
    ) as watch:
        try:
            assert watch.stdout is not None
            lines = iter(watch.stdout.readline, "")
            assert next(lines).startswith("NAME ")  # from here on nothing is missed
            name = sandbox.result(custom("KubectlWatched", fingerprint="watched"))["name"]
            seen: list[list[str]] = []
            for line in lines:
                if line.startswith(f"{name} "):
                    seen.append([word for word in line.split() if word in _TRIGGERS + _OPS])
                    if "Succeeded" in seen[-1] or "Failed" in seen[-1]:
                        break
        finally:
            watch.kill()
    states = [state for number, state in enumerate(seen) if number == 0 or seen[number - 1] != state]
    assert states == [[], ["Triggered", "Pending"], ["Triggered", "Running"], ["Triggered", "Succeeded"]]


def test_resolved_alerts_are_selected_by_their_label(kubectl: Kubectl, sandbox: Driver) -> None:
    def named(status: str) -> str:
        return kubectl("get", "alerts", "-o", "name", "-l", f"alert-type=KubectlEnds,alert-status={status}")

    name = sandbox.result(custom("KubectlEnds", fingerprint="ends"))["name"]
    assert (named("Firing"), named("Resolved")) == (f"aegisalert.aegis.io/{name}\n", "")
    sandbox.result(custom("KubectlEnds", fingerprint="ends", status="Resolved"))
    assert (named("Firing"), named("Resolved")) == ("", f"aegisalert.aegis.io/{name}\n")


def test_describe_tells_an_alerts_work_and_its_events(kubectl: Kubectl, succeeded: str) -> None:
    text = kubectl("describe", "aegisalert", succeeded)
    assert re.search(r"Alert Ops Status: +Succeeded", text)
    assert re.search(r"Trigger Status: +Triggered", text)
    events = text[text.index("\nEvents:") :]
    assert "Normal" in events, text


def test_get_events_lists_what_happened_to_the_alert(kubectl: Kubectl, succeeded: str) -> None:
    table = kubectl("get", "events", "--field-selector", f"involvedObject.name={succeeded}")
    header, *rows = table.splitlines()
    assert header.split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert rows
    assert all(f"aegisalert/{succeeded}" in row for row in rows)


def test_logs_of_a_workflows_pod_say_what_would_have_run(kubectl: Kubectl, sandbox: Driver, succeeded: str) -> None:
    (workflow,) = sandbox.workflows_of(succeeded)
    selector = f"workflows.argoproj.io/workflow={workflow['metadata']['name']}"
    (pod,) = kubectl("get", "pods", "-l", selector, "-o", "name").split()
    assert "repair dev1" in kubectl("logs", pod)
    assert "repair dev1" in kubectl("logs", "-l", selector)


def test_explain_describes_the_fields(kubectl: Kubectl) -> None:
    text = kubectl("explain", "aegisalert.spec")
    assert re.search(r"KIND: +AegisAlert\n", text)
    fields = set(re.findall(r"^  (\w+)\t<", text, re.MULTILINE))
    assert {"type", "status", "involvedObject", "details", "fingerprint"} <= fields
    assert "ENUM" in kubectl("explain", "aegisalert.spec.status")


def test_delete_removes_the_alert_and_what_it_owns(kubectl: Kubectl, sandbox: Driver) -> None:
    sandbox.rule("deleted", alert_type="KubectlDeleted")
    name = sandbox.result(custom("KubectlDeleted", fingerprint="deleted"))["name"]
    sandbox.settled(name, "Succeeded")
    (workflow,) = sandbox.workflows_of(name)
    assert kubectl("delete", "aegisalert", name) == f'aegisalert.aegis.io "{name}" deleted\n'
    kubectl("wait", "--for=delete", f"workflow/{workflow['metadata']['name']}", "--timeout=30s")
    assert "NotFound" in kubectl.run("get", "aegisalert", name).stderr


def test_server_side_apply_owns_fields_and_tells_of_conflicts(kubectl: Kubectl) -> None:
    manifest = yaml.safe_load((EXAMPLE / "template.yaml").read_text())
    name = manifest["metadata"]["name"] = "applied"
    ours = ("apply", "--server-side", "--field-manager=ours", "-f", "-")
    assert "serverside-applied" in kubectl(*ours, given=yaml.safe_dump(manifest))
    managers = kubectl.object(f"opstemplate/{name}", "--show-managed-fields")["metadata"]["managedFields"]
    assert ("ours", "Apply") in {(entry["manager"], entry["operation"]) for entry in managers}
    manifest["spec"]["manifest"] = manifest["spec"]["manifest"].replace("cordon", "drain")
    theirs = ("apply", "--server-side", "--field-manager=theirs", "-f", "-")
    refused = kubectl.run(*theirs, given=yaml.safe_dump(manifest))
    assert refused.returncode != 0
    assert "conflict" in refused.stderr
    assert "spec.manifest" in refused.stderr
    kubectl(*theirs, "--force-conflicts", given=yaml.safe_dump(manifest))
    assert "drain" in kubectl.object(f"opstemplate/{name}")["spec"]["manifest"]


def test_patch_of_the_status_subresource_leaves_the_spec(kubectl: Kubectl, succeeded: str) -> None:
    before = kubectl.object(f"aegisalert/{succeeded}")
    patch = json.dumps({"spec": {"type": "Other"}, "status": {"count": 42}})
    kubectl("patch", "aegisalert", succeeded, "--subresource=status", "--type=merge", "-p", patch)
    after = kubectl.object(f"aegisalert/{succeeded}")
    assert after["status"] == {**before["status"], "count": 42}
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


def test_a_manifest_that_breaks_the_schema_is_refused_by_field(kubectl: Kubectl, sandbox: Driver) -> None:
    manifest = {
        "apiVersion": "aegis.io/v1alpha1",
        "kind": "AegisAlert",
        "metadata": {"name": "wrong"},
        "spec": {"type": "Wrong", "status": "Perhaps", "involvedObject": {"kind": "Node"}},
    }
    refused = kubectl.run("apply", "-f", "-", given=yaml.safe_dump(manifest))
    assert refused.returncode != 0
    assert "spec.status" in refused.stderr
    assert "wrong" not in {alert["metadata"]["name"] for alert in sandbox.items(ALERTS)}


def test_cordon_and_uncordon_a_node(kubectl: Kubectl) -> None:
    assert kubectl("cordon", "dev2") == "node/dev2 cordoned\n"
    assert "Ready,SchedulingDisabled" in kubectl("get", "node", "dev2")
    assert kubectl("uncordon", "dev2") == "node/dev2 uncordoned\n"
    assert "SchedulingDisabled" not in kubectl("get", "node", "dev2")


@pytest.mark.usefixtures("succeeded")
def test_the_counters_of_a_template_show_in_its_columns(kubectl: Kubectl, sandbox: Driver) -> None:
    sandbox.watch_until(
        TEMPLATES, lambda seen: (seen["done"].get("status", {}).get("executeStatus") or {}).get("succeeded") == 1
    )
    assert kubectl("get", "opstemplate", "done").splitlines()[1].split()[:3] == ["done", "Recorded", "1"]
