"""Every image that the project ships or shows is pinned: foreign ones by digest, its own by this checkout's version."""

import re
from pathlib import Path

import pytest

from tools.builders import pinned_base
from tools.images import PUBLIC, VERSION

ROOT = Path(__file__).parents[3]
DOCKERFILES = [*ROOT.glob("images/*/Dockerfile"), *ROOT.glob("tests/cluster/images/*/Dockerfile")]
FOLDERS = ("crds", "docs", "eventing", "examples", "functions", "images", "knative", "sandbox")
SHIPPED = [
    path
    for pattern in ("*.yaml", "*.yml", "*.json", "*.md")
    for path in [*ROOT.glob(pattern), *(found for folder in FOLDERS for found in (ROOT / folder).rglob(pattern))]
]

_IMAGE = re.compile(r"""\bimage["']?:[ \t]+["']?(?P<reference>[\w./:@{}$-]+)""")
"""In YAML, also where that is text in JSON or in Markdown."""
_BY_DIGEST = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")


def pinned(reference: str) -> bool:
    own = reference.startswith(f"{PUBLIC}/") and reference.endswith(f":{VERSION}")
    return own or _BY_DIGEST.fullmatch(reference) is not None


def images(text: str) -> list[str]:
    """The images that a manifest or a document names."""
    return [found["reference"] for found in _IMAGE.finditer(text)]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_shipped_names_no_image_that_may_change(path: Path) -> None:
    assert [each for each in images(path.read_text(encoding="utf-8")) if not pinned(each)] == []


def test_images_are_found_wherever_they_are_named() -> None:
    found = [image for path in SHIPPED for image in images(path.read_text(encoding="utf-8"))]
    assert {f"{PUBLIC}/{name}:{VERSION}" for name in ("sop", "rule-matcher")} <= set(found)
    assert images('"manifest": "container:\\n  image: a/b:latest\\n"') == ["a/b:latest"]
    assert images("- image: 'busybox'") == images('{"image": "busybox"}') == ["busybox"]


@pytest.mark.parametrize(
    "reference", ["busybox", "bitnami/kubectl:latest", "python:3.11-slim", f"{PUBLIC}/sop:latest", f"{PUBLIC}/sop"]
)
def test_a_tag_pins_nothing(reference: str) -> None:
    assert not pinned(reference)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_a_dockerfile_builds_on_the_pinned_base_alone(dockerfile: Path) -> None:
    assert _BY_DIGEST.fullmatch(pinned_base(dockerfile))
    _, *others = re.findall(r"^FROM (\S+)", dockerfile.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(others) <= {"base"}


def test_all_of_them_build_on_the_same() -> None:
    assert len({pinned_base(dockerfile) for dockerfile in DOCKERFILES}) == 1
