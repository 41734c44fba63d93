"""A function's process starts with what its manifest says and what Knative adds."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.api import Api
from sandbox.serving.environment import LaunchPlanner
from sandbox.serving.instance import StartError
from sandbox.serving.manifest import ServiceSpec, parse_service

FUNCTIONS = Path(__file__).parent.parent / "functions"


def spec(*env: dict[str, Any], mounts: tuple[dict[str, Any], ...] = (), image: str = "x/empty:1") -> ServiceSpec:
    volumes = [{"name": str(index), **mount["volume"]} for index, mount in enumerate(mounts)]
    places = [{"name": str(index), "mountPath": mount["path"]} for index, mount in enumerate(mounts)]
    container = {"image": image, "env": list(env), "volumeMounts": places}
    template = {"spec": {"containers": [container], "volumes": volumes}}
    meta = {"name": "m", "namespace": "default", "uid": "u", "generation": 2}
    return parse_service({"metadata": meta, "spec": {"template": template}})


def planner(api: Api, state: Path) -> LaunchPlanner:
    return LaunchPlanner(api, root=Path("/project"), functions=FUNCTIONS, state=state)


async def test_knative_and_the_sandbox_add_their_variables(tmp_path: Path) -> None:
    plan = planner(Api(), tmp_path)
    plan.bound = lambda _: {"K_SINK": "http://broker"}
    launch = await plan.plan(spec({"name": "A", "value": "1"}))
    assert launch.env["A"] == "1"
    assert launch.env["K_SERVICE"] == "m"
    assert launch.env["K_REVISION"] == "m-00002"
    assert launch.env["K_SINK"] == "http://broker"
    assert launch.env["KUBECONFIG"] == str(tmp_path / "kubeconfig")
    assert launch.env["PYTHONPATH"] == "/project:/project/shared"
    assert launch.env["FUNCTION_SOURCE"] == str(FUNCTIONS / "empty" / "main.py")
    assert launch.log == tmp_path / "logs" / "m.log"


async def test_the_intake_asks_for_no_token_unless_the_manifest_says_so(tmp_path: Path) -> None:
    assert (await planner(Api(), tmp_path).plan(spec())).env["AEGIS_OPEN_SOURCES"] == "*"
    asking = await planner(Api(), tmp_path).plan(spec({"name": "AEGIS_OPEN_SOURCES", "value": ""}))
    assert asking.env["AEGIS_OPEN_SOURCES"] == ""


async def test_the_hosts_own_variables_stay_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    assert "SECRET_OF_THE_HOST" not in (await planner(Api(), tmp_path).plan(spec())).env


async def test_a_mounted_secret_is_found_where_the_environment_says(tmp_path: Path) -> None:
    api = Api()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tokens"}, "stringData": {"one": "t0ken"}}
    await api.create(api.resource("secrets"), secret, "default")
    mount = {"path": "/var/tokens", "volume": {"secret": {"secretName": "tokens"}}}
    launch = await planner(api, tmp_path).plan(
        spec({"name": "DIR", "value": "/var/tokens"}, {"name": "OTHER", "value": "/var/tokens-not"}, mounts=(mount,))
    )
    file = Path(launch.env["DIR"]) / "one"
    assert file.read_text() == "t0ken"
    assert file.stat().st_mode & 0o777 == 0o600
    assert launch.env["OTHER"] == "/var/tokens-not"


async def test_an_empty_volume_is_a_folder_of_its_own(tmp_path: Path) -> None:
    mount = {"path": "/tmp", "volume": {"emptyDir": {}}}
    launch = await planner(Api(), tmp_path).plan(spec({"name": "HOME", "value": "/tmp"}, mounts=(mount,)))
    assert Path(launch.env["HOME"]).is_relative_to(tmp_path)


async def test_keys_of_secrets_and_config_maps_become_variables(tmp_path: Path) -> None:
    api = Api()
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": "v"}}
    await api.create(api.resource("configmaps"), config, "default")
    there = {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}
    missing = {"name": "B", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k", "optional": True}}}
    launch = await planner(api, tmp_path).plan(spec(there, missing))
    assert launch.env["A"] == "v"
    assert "B" not in launch.env


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (spec(image="x/nobody:1"), "nobody does not exist"),
        (spec({"name": "FUNCTION_SOURCE", "value": "other.py"}), "there is no other.py"),
        (spec({"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}), "Secret default/s"),
    ],
    ids=["image", "source", "secret"],
)
async def test_what_is_missing_is_named(tmp_path: Path, wrong: ServiceSpec, problem: str) -> None:
    with pytest.raises(StartError, match=problem):
        await planner(Api(), tmp_path).plan(wrong)
