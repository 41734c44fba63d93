"""What the documents say of the code is what the code has."""

import re
from pathlib import Path

import pytest
import yaml

from aegis.models.states import TriggerStatus
from functions.alert_normalizer.intake import Result

ROOT = Path(__file__).resolve().parents[3]
LIFECYCLE, ALERTS = ROOT / "docs" / "lifecycle.md", ROOT / "docs" / "alerts.md"
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(ROOT.glob("examples/*/*.md")),
    *sorted(ROOT.glob("sandbox/*.md")),
    *sorted(ROOT.glob("tests/*/*.md")),
]
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))

_LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#]*)(?:#(?P<anchor>[^)]*))?\)")
_FENCE = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:^(?:\$ )?|`)(kubectl (?:get|describe|logs|wait|patch|delete|create) [^`\n]+)", re.MULTILINE)
_OF_NO_NAMESPACE = re.compile(r" (?:nodes?|crds?)\b| --raw ")
_WORDS = {"phase": "phases?", "episode": "episodes?", "cooldown": "cooldown", "tick": "ticks?", "sweep": "sweeps?"} | {
    "dead letter": "dead letters?"
}
_REASON = re.compile(r'(?:reason=|_REASON = |\bProblem\()"([A-Z]\w+)"')
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


def test_every_reason_of_an_event_or_condition_is_explained() -> None:
    given = {reason for path in (ROOT / "functions").rglob("*.py") for reason in _REASON.findall(text(path))}
    assert {"DeliveryFailed", "InvalidSelector", "FailedCreateOpsWorkflow"} <= given
    assert given <= set(re.findall(r"`(\w+)`", text(LIFECYCLE)))


def test_every_result_of_the_intake_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", text(ROOT / "docs" / "alerts.md"), re.MULTILINE))
    assert {result.value for result in Result} <= explained


def test_every_task_that_the_readme_names_is_one() -> None:
    tasks = set(re.findall(r"^([a-z0-9-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    named = {task for document in DOCUMENTS for task in re.findall(r"\bmake ([a-z0-9-]+)", text(document))}
    assert named <= tasks


@each_document
def test_a_command_names_the_namespace(document: Path) -> None:
    """But in the README, which says that its kubeconfig does."""
    commands = _COMMAND.findall(text(document).replace("\\\n", " "))
    without = [each for each in commands if " -n monitoring" not in each and not _OF_NO_NAMESPACE.search(each)]
    assert without == [] or document == ROOT / "README.md"


def test_the_readme_leads_to_every_document_and_example() -> None:
    linked = {(ROOT / link["path"]).resolve() for link in _LINK.finditer(text(ROOT / "README.md"))}
    assert linked >= {*(ROOT / "docs").glob("*.md"), *(ROOT / "examples").iterdir()}


def test_the_words_are_explained_in_one_place() -> None:
    section = text(LIFECYCLE).partition("\n## Words\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| ([\w ]+) \|", section, re.MULTILINE)) >= _WORDS.keys()


@each_document
@pytest.mark.parametrize("word", _WORDS)
def test_a_word_leads_to_its_explanation_where_it_is_used_first(document: Path, word: str) -> None:
    prose = _FENCE.sub("", text(document))
    first = re.search(rf"\b{_WORDS[word]}\b", re.sub(r"`[^`]*`", lambda code: "`" * len(code[0]), prose))
    if first is None or document == LIFECYCLE:
        return
    linked = [link.span() for link in re.finditer(r"\[[^\]]*\]\([^)]*lifecycle\.md#(?:words|episodes)\)", prose)]
    assert any(start < first.start() < end for start, end in linked), prose[first.start() - 60 : first.end() + 60]


def test_the_receiver_to_paste_is_the_one_of_the_example() -> None:
    (pasted,) = [
        block
        for block in map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```$", text(ALERTS), re.MULTILINE | re.DOTALL))
        if "receivers" in block
    ]
    example = yaml.safe_load(text(ROOT / "examples" / "alertmanager" / "alertmanager.yml"))
    assert pasted["receivers"] == example["receivers"]
    assert pasted["route"].items() <= example["route"].items()
