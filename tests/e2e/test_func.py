"""The real func CLI: it deploys each function from its folder, describes it, and invokes it with its sample events."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.api import NAMESPACE, WAIT_SECONDS, Json
from tests.e2e.driver import ALERTS, ROOT, SERVICES, Cluster
from tests.samples import SAMPLES, STRUCTURED, Sample, documented

_CACHE = Path(os.environ.get("AEGIS_CLUSTER_HOME") or Path.home() / ".cache/aegis-cluster")
FUNC = shutil.which("func") or shutil.which(_CACHE / "bin/func/func")
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/func.yaml"))

pytestmark = pytest.mark.skipif(FUNC is None, reason="the func CLI is not installed")


def func(*words: str | Path, folder: Path) -> str:
    """Run the CLI in a function's folder; it must succeed."""
    command = [str(FUNC), *map(str, words)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def image(function: str) -> str:
    """The image that was pushed for a function, or the one that its manifest names."""
    name = function.replace("_", "-")
    pushed = ROOT / ".aegis/images.json"
    if not pushed.exists():
        return f"ghcr.io/aegis-on-knative/{name}:v0.1.0"
    made = json.loads(pushed.read_text())[name]
    return f"{made['image']}@{made['digest']}"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Copies of all functions' folders under names of their own, deployed from there, all at once."""
    copies = {function: copy(function, tmp_path_factory.mktemp("func")) for function in FUNCTIONS}
    with ThreadPoolExecutor(len(copies)) as pool:
        list(pool.map(deploy, copies.values()))
        yield copies
        list(pool.map(lambda folder: func("delete", folder=folder), copies.values()))


def copy(function: str, place: Path) -> Path:
    """Copy a function's folder, and give it a name of its own."""
    folder = place / function
    shutil.copytree(ROOT / "functions" / function, folder, ignore=shutil.ignore_patterns("__pycache__"))
    settings = (folder / "func.yaml").read_text()
    (folder / "func.yaml").write_text(re.sub(r"(?m)^(name: .*)$", r"\1-func", settings))
    return folder


def deploy(folder: Path) -> None:
    """Deploy a function from its folder, in the image that was pushed for it."""
    func("deploy", "--build=false", "--push=false", "--image", image(folder.name), folder=folder)


@pytest.fixture(scope="module", params=FUNCTIONS)
def deployed(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    """The folder that one of them was deployed from."""
    return folders[request.param]


def manifest(name: str) -> Json:
    """The Service of that name in knative/."""
    text = (ROOT / "knative" / f"{name}.yaml").read_text()
    services = (item for item in yaml.safe_load_all(text) if item["kind"] == "Service")
    return next(dict(item) for item in services if item["metadata"]["name"] == name)


def substance(service: Json) -> Json:
    """What of a Service decides how its function runs."""
    template = service["spec"]["template"]
    annotations = template["metadata"]["annotations"]
    spec = template["spec"]
    (container,) = spec["containers"]
    scale = {
        name: float(annotations[f"autoscaling.knative.dev/{name}"]) for name in ("min-scale", "max-scale", "target")
    }
    return {
        "scale": scale,
        "account": spec["serviceAccountName"],
        "concurrency": spec["containerConcurrency"],
        "environment": {each["name"]: each["value"] for each in container["env"]},
        "probes": [container[probe]["httpGet"]["path"] for probe in ("readinessProbe", "livenessProbe")],
        "resources": container["resources"],
        "mounts": sorted(each["mountPath"] for each in container["volumeMounts"]),
        "volumes": [each["emptyDir"] for each in spec["volumes"] if "emptyDir" in each],
        "secrets": [each["secret"]["secretName"] for each in spec["volumes"] if "secret" in each],
        "privileges": {
            name: container["securityContext"][name]
            for name in ("runAsNonRoot", "allowPrivilegeEscalation", "capabilities", "seccompProfile")
        },
    }


def test_a_deployed_function_is_equal_to_its_manifest(cluster: Cluster, deployed: Path) -> None:
    name = deployed.name.replace("_", "-")
    path = f"{SERVICES}/{name}-func"
    service = cluster.api.wait_for(path, lambda item: item is not None and ready(item))
    assert service is not None
    ours, theirs = substance(manifest(name)), substance(service)
    # func adds variables of its own, and says when it was deployed.
    assert ours["environment"].items() <= theirs.pop("environment").items()
    del ours["environment"]
    assert theirs == ours
    visibility = "networking.knative.dev/visibility"
    assert service["metadata"]["labels"].get(visibility) == manifest(name)["metadata"]["labels"].get(visibility)


def ready(service: Json) -> bool:
    """Whether a Service has a revision that is ready."""
    conditions = service.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def test_the_cli_knows_what_it_deployed(deployed: Path) -> None:
    name = deployed.name.replace("_", "-") + "-func"
    described = json.loads(func("describe", "--output", "json", folder=deployed))
    assert (described["name"], described["namespace"]) == (name, NAMESPACE)
    listed = json.loads(func("list", "--namespace", NAMESPACE, "--output", "json", folder=deployed))
    assert name in {each["name"] for each in listed}


@pytest.mark.usefixtures("forget")
def test_a_sample_event_invokes_it_in_the_cluster(cluster: Cluster, deployed: Path) -> None:
    """But the intake, where it asks for a token: func has no option to show one."""
    refused = deployed.name == "alert_normalizer" and cluster.tokens
    for sample in samples_of(deployed.name):
        expected = "401" if refused else documented()[sample.function, sample.path.stem]
        assert invoke(deployed, sample, "remote") == expected, sample.path


@pytest.mark.usefixtures("forget")
def test_a_sample_event_is_taken_with_the_token_of_its_source(cluster: Cluster) -> None:
    sources = {"alertmanager": "AlertManager"}
    for sample in samples_of("alert_normalizer"):
        token = cluster.tokens.get(sources.get(sample.path.stem, "Default"), "")
        headers = {"Content-Type": STRUCTURED, "Authorization": f"Bearer {token}"}
        answer = cluster.ask("/", content=sample.body, headers=headers)
        assert str(answer.status_code) == documented()[sample.function, sample.path.stem], answer.text


@pytest.mark.usefixtures("forget")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_sample_event_invokes_it_on_this_machine(cluster: Cluster, function: str) -> None:
    folder = ROOT / "functions" / function
    with local(function) as address:
        for sample in samples_of(function):
            assert invoke(folder, sample, address) == documented()[sample.function, sample.path.stem], sample.path
        if function == "alert_normalizer":
            types = {item["spec"]["type"] for item in cluster.api.items(ALERTS)}
            assert json.loads((folder / "events/custom.json").read_text())["data"]["type"] in types


def samples_of(function: str) -> list[Sample]:
    """The samples of a function, of which there are some."""
    found = [sample for sample in SAMPLES if sample.function == function]
    assert found
    return found


def invoke(folder: Path, sample: Sample, target: str) -> str:
    """Send a sample; what came of it, in the words of the documents: 204, of which func prints nothing, or a type."""
    words = ("--target", target, "--content-type", STRUCTURED, "--file", sample.path)
    try:
        answer = func("invoke", *words, folder=folder).strip()
    except AssertionError as failed:
        if status := re.search(r"\(HTTP (\d{3})\)", str(failed)):
            return status[1]
        raise
    return str(json.loads(answer)["type"]) if answer else "204"


@pytest.fixture
def forget(cluster: Cluster) -> Iterator[None]:
    """Deletes the alerts that sample events make."""
    before = {item["metadata"]["name"] for item in cluster.api.items(ALERTS)}
    yield
    names = {item["metadata"]["name"] for item in cluster.api.items(ALERTS)}
    cluster.made += [f"{ALERTS}/{name}" for name in names - before]


@contextmanager
def local(function: str) -> Iterator[str]:
    """A function as a process of this machine, on the cluster that the kubeconfig names; its address."""
    settings: Json = yaml.safe_load((ROOT / "functions" / function / "func.yaml").read_text())
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    environment: dict[str, Any] = {
        **os.environ,
        **{each["name"]: each["value"] for each in settings["run"]["envs"]},
        "PORT": str(port),
        "AEGIS_OPEN_SOURCES": "*",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'shared'}",
    }
    command = [sys.executable, "-m", "functions_framework", "--asgi", "--signature-type", "http", "--host", "127.0.0.1"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        until_listening(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=60)


def until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process takes connections."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens at port {port}")
