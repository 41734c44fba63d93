"""Whichever program builds images is found, called as it wants to be, and its failure is told."""

from pathlib import Path

import pytest

from tests.unit.tools.programs import Programs
from tools.builders import Buildah, Builder, choose
from tools.programs import ToolError

DIGEST = f"sha256:{'a1' * 32}"
OTHER = f"sha256:{'b2' * 32}"


def test_docker_is_taken_before_podman(programs: Programs) -> None:
    programs.install("docker")
    programs.install("podman")
    assert choose() == Builder("docker")


def test_a_docker_without_its_daemon_is_passed_over(programs: Programs) -> None:
    programs.install("docker", "exit 1")
    programs.install("buildah")
    assert choose() == Buildah()


def test_without_any_program_the_error_says_what_to_install(programs: Programs) -> None:
    with pytest.raises(ToolError, match="apt-get install buildah"):
        choose()
    assert programs.calls == []


def test_the_digest_is_the_one_that_the_push_tells(programs: Programs) -> None:
    programs.install("docker", f'[ "$1" = push ] && echo "v1: digest: {DIGEST} size: 7" || true')
    assert Builder("docker").push("a:v1", "registry.example/a:v1") == DIGEST
    assert programs.calls == ["docker tag a:v1 registry.example/a:v1", "docker push registry.example/a:v1"]


def test_a_push_that_tells_no_digest_is_asked_for_it(programs: Programs) -> None:
    programs.install("podman", f'[ "$1" = inspect ] && echo "registry.example/a@{DIGEST}" || true')
    assert Builder("podman").push("a:v1", "registry.example/a:v1") == DIGEST


def test_buildah_writes_the_digest_to_a_file(programs: Programs) -> None:
    programs.install(
        "buildah", f'for word; do case $word in --digestfile=*) echo {OTHER} > "${{word#*=}}";; esac; done'
    )
    assert Buildah().push("a:v1", "registry.example/a:v1") == OTHER


@pytest.mark.parametrize(("target", "plain"), [("127.0.0.1:5000/a:v1", True), ("registry.example/a:v1", False)])
def test_only_a_registry_on_loopback_is_spoken_to_without_tls(programs: Programs, target: str, *, plain: bool) -> None:
    programs.install("buildah")
    Buildah().push("a:v1", target)
    (call,) = programs.calls
    assert ("--tls-verify=false" in call) is plain


def test_buildah_pulls_a_base_where_it_cannot_make_one(programs: Programs) -> None:
    programs.install("buildah")
    Buildah().build("a:v1", Path("Dockerfile"), Path("folder"), ("FUNCTION=a",))
    _, pull, build = programs.calls
    assert pull == "buildah pull docker.io/library/python:3.11-slim"
    assert build.endswith("--file=Dockerfile --tag=a:v1 --build-arg=FUNCTION=a folder")


def test_a_build_that_fails_tells_what_was_run_and_said(programs: Programs) -> None:
    programs.install("docker", "echo no space left on device >&2; exit 3")
    with pytest.raises(ToolError, match=r"docker build .*: exit 3\nno space left on device"):
        Builder("docker").build("a:v1", Path("Dockerfile"), Path(), ())
