"""The sample events in functions/<name>/events, and what docs/operations.md says that each is answered with."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
STRUCTURED = "application/cloudevents+json"
_ROW = re.compile(r"^\| (\w+) \| `([\w-]+)\.json` \| [^|]+ \| (\d{3}|`[\w.]+`) \|", re.MULTILINE)


class Sample(NamedTuple):
    """One sample: the function whose it is, and its file."""

    function: str
    path: Path

    @property
    def body(self) -> bytes:
        """The event in structured mode, as it is sent."""
        return self.path.read_bytes()

    @property
    def shape(self) -> str:
        """What it is a sample of."""
        return shape(json.loads(self.body))


def shape(event: Mapping[str, Any]) -> str:
    """What functions tell events apart by: that nobody could take one, or its type and the kind of the resource."""
    if "knativeerrordest" in event:
        return "a dead letter"
    return f"{event['type']} of {event['kind']}" if "kind" in event else str(event["type"])


FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/main.py"))
SAMPLES = [Sample(path.parts[-3], path) for path in sorted(ROOT.glob("functions/*/events/*.json"))]


def documented() -> dict[tuple[str, str], str]:
    """By function and sample, the documented answer: an empty one of that status, or an event of that type."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return {(function, stem): answer.strip("`") for function, stem, answer in _ROW.findall(text)}
