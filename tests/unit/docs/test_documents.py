"""What the documents say of the code is what the code has."""

import re
from pathlib import Path

import pytest
import yaml

from aegis.models.alert import TriggerStatus
from functions.alert_normalizer.intake import Result

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(ROOT.glob("sandbox/*.md")),
    *sorted(ROOT.glob("tests/*/*.md")),
]
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))

_LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#]*)(?:#(?P<anchor>[^)]*))?\)")
_SETTING = re.compile(r"\bAEGIS_[A-Z_]+\b")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in _LINK.finditer(text(document)):
        target = (document.parent / link["path"]).resolve() if link["path"] else document
        assert target.exists(), link.group()
        assert link["anchor"] is None or link["anchor"] in anchors(target), link.group()


@each_document
def test_every_piece_of_yaml_and_json_can_be_read(document: Path) -> None:
    for block in re.findall(r"^```(?:yaml|json)\n(.*?)^```$", text(document), re.MULTILINE | re.DOTALL):
        assert all(isinstance(piece, dict) for piece in yaml.safe_load_all(block)), block


def test_every_setting_is_documented_and_read() -> None:
    read = {
        name
        for folder in ("functions", "shared")
        for path in (ROOT / folder).rglob("*.py")
        for name in _SETTING.findall(text(path))
        if not name.endswith("_")
    }
    documented = set(_SETTING.findall(text(ROOT / "docs" / "operations.md")))
    assert documented == read


def test_every_trigger_status_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", text(ROOT / "docs" / "rules-and-templates.md"), re.MULTILINE))
    assert {status.value for status in TriggerStatus if status} - {"Triggered"} <= explained


def test_every_result_of_the_intake_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", text(ROOT / "docs" / "alerts.md"), re.MULTILINE))
    assert {result.value for result in Result} <= explained


def test_every_task_that_the_readme_names_is_one() -> None:
    tasks = set(re.findall(r"^([a-z0-9-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    named = {task for document in DOCUMENTS for task in re.findall(r"\bmake ([a-z0-9-]+)", text(document))}
    assert named <= tasks
