"""Every function has an image, and where it was pushed is what is deployed."""

import json
import sys
from pathlib import Path

import pytest

from tests.unit.tools.programs import Programs
from tools import deploy, images, kubectl

FUNCTIONS = {path.parent.name.replace("_", "-") for path in images.ROOT.glob("functions/*/func.yaml")}
DIGEST = f"sha256:{'a1' * 32}"
PUSHING = f'[ "$1" = push ] && echo "digest: {DIGEST}" || true'


@pytest.fixture
def pushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says what was pushed, in a checkout of its own."""
    file = tmp_path / ".aegis/images.json"
    monkeypatch.setattr(images, "ROOT", tmp_path)
    monkeypatch.setattr(images, "PUSHED", file)
    monkeypatch.setattr(deploy, "PUSHED", file)
    monkeypatch.setattr(deploy, "_OVERLAY", tmp_path / ".aegis/deploy")
    for function in FUNCTIONS:
        requirements = tmp_path / "functions" / function.replace("-", "_") / "requirements.txt"
        requirements.parent.mkdir(parents=True)
        requirements.touch()
    return file


def build(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["tools.images", *arguments])
    return images.main()


def test_every_function_and_both_images_for_pods_are_pushed(
    programs: Programs, pushed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.install("docker", PUSHING)
    assert build(monkeypatch, "--registry", "registry.example/team", "--kubectl", sys.executable) == 0
    told = json.loads(pushed.read_text())
    assert told == {
        name: {"image": f"registry.example/team/aegis-on-knative/{name}", "digest": DIGEST}
        for name in FUNCTIONS | {"sop", "node-check"}
    }


@pytest.mark.usefixtures("pushed")
def test_what_is_deployed_is_what_was_pushed(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.install("docker", PUSHING)
    build(monkeypatch, "--registry", "registry.example", "--kubectl", sys.executable)
    kustomization = json.loads((deploy._overlay() / "kustomization.yaml").read_text())
    assert kustomization["resources"] == ["../../knative"]
    assert {
        "name": "ghcr.io/aegis-on-knative/rule-matcher",
        "newName": "registry.example/aegis-on-knative/rule-matcher",
        "digest": DIGEST,
    } in kustomization["images"]


def test_without_a_push_the_manifests_are_deployed_as_they_are(pushed: Path) -> None:
    assert not pushed.exists()
    assert json.loads((deploy._overlay() / "kustomization.yaml").read_text())["images"] == []


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No site that has releases of Kubernetes."""
    monkeypatch.setattr(kubectl, "SITE", "http://127.0.0.1:1")


@pytest.mark.usefixtures("offline")
def test_without_the_pinned_kubectl_nothing_leaves_the_machine(
    programs: Programs, pushed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs.install("docker", PUSHING)
    programs.install("kubectl")
    assert build(monkeypatch, "--registry", "registry.example") == 1
    said = capsys.readouterr().err
    assert f"kubectl {kubectl.VERSION} cannot be fetched" in said
    assert "KUBECTL=/path/to/kubectl" in said
    assert not pushed.exists()


@pytest.mark.usefixtures("offline")
def test_a_registry_on_this_machine_gets_an_image_with_its_own_kubectl_and_is_told(
    programs: Programs, pushed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs.install("docker", PUSHING)
    programs.install("kubectl")
    assert build(monkeypatch, "--registry", "127.0.0.1:1") == 0
    assert "this machine's own goes into the image instead" in capsys.readouterr().out
    assert pushed.exists()


def test_a_kubectl_that_is_not_there_is_named(
    programs: Programs, pushed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs.install("docker", PUSHING)
    assert build(monkeypatch, "--registry", "registry.example", "--kubectl", "/nowhere/kubectl") == 1
    assert "KUBECTL: /nowhere/kubectl: No such file" in capsys.readouterr().err
    assert not pushed.exists()
