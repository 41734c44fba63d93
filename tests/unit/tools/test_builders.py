"""Whichever program builds images is found, called as it wants to be, and its failure is told."""

from pathlib import Path

import pytest

from tests.unit.tools.programs import Programs
from tools.builders import Buildah, Builder, choose, pinned_base
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


@pytest.fixture
def dockerfile(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """One that builds on an image of its own: what was pulled once is not asked for again."""
    path = tmp_path / "Dockerfile"
    path.write_text(f"# a comment\nFROM registry.example/{request.node.name}@{DIGEST} AS base\nFROM base\n")
    return path


def test_buildah_builds_on_the_pinned_base(programs: Programs, dockerfile: Path) -> None:
    programs.install("buildah")
    programs.install("debootstrap")
    Buildah().build("a:v1", dockerfile, Path("folder"), ("FUNCTION=a",))
    pull, build = programs.calls
    assert pull == f"buildah pull --quiet --retry=0 {pinned_base(dockerfile)}"
    assert f" --from={pinned_base(dockerfile)} " in build
    assert build.endswith(f"--file={dockerfile} --tag=a:v1 --build-arg=FUNCTION=a folder")


def test_where_it_cannot_be_pulled_buildah_makes_one_of_signed_packages_and_says_so(
    programs: Programs, dockerfile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs.install("buildah", '[ "$1" != pull ] || { echo no such host >&2; exit 125; }')
    # The shell's own words alone: the folder of these programs is the whole PATH.
    programs.install("debootstrap", 'for last; do :; done; /bin/mkdir -p "$last/usr/bin"')
    Buildah().build("a:v1", dockerfile, Path("folder"), ())
    assert any(call.startswith("debootstrap ") and " --force-check-gpg " in call for call in programs.calls)
    assert " --from=localhost/aegis/python:bookworm " in programs.calls[-1]
    assert "no such host" in capsys.readouterr().out


def test_where_there_is_no_base_at_all_nothing_is_built(programs: Programs, dockerfile: Path) -> None:
    programs.install("buildah", '[ "$1" != pull ] || { echo no such host >&2; exit 125; }')
    with pytest.raises(ToolError, match="no such host"):
        Buildah().build("a:v1", dockerfile, Path("folder"), ())
    assert len(programs.calls) == 1


def test_a_build_that_fails_tells_what_was_run_and_said(programs: Programs) -> None:
    programs.install("docker", "echo no space left on device >&2; exit 3")
    with pytest.raises(ToolError, match=r"docker build .*: exit 3\nno space left on device"):
        Builder("docker").build("a:v1", Path("Dockerfile"), Path(), ())
