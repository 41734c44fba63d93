"""The part of kubectl's JSONPath that printer columns and selectable fields use."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

_STEP = re.compile(
    r"""\.?(?:
      (?P<key>(?:[^.\[\]\\]|\\.)+)
    | \[\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)")\s*\]
    | \[\s*(?P<index>-?\d+)\s*\]
    | (?P<all>\[\*\])
    | \[\?\(\s*@\.(?P<field>[^\s=!<>]+)\s*(?P<op>==|!=)\s*(?P<literal>'[^']*'|"[^"]*"|[^)\s]+)\s*\)\]
    )""",
    re.VERBOSE,
)


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[tuple[str, Any], ...]:
    steps: list[tuple[str, Any]] = []
    position = 0
    while position < len(path):
        found = _STEP.match(path, position)
        if not found or found.end() == position:
            raise ValueError(f"unsupported JSONPath: {path}")
        position = found.end()
        if found["index"] is not None:
            steps.append(("index", int(found["index"])))
        elif found["all"]:
            steps.append(("all", None))
        elif found["field"]:
            literal = found["literal"]
            value = literal[1:-1] if literal[0] in "'\"" else json.loads(literal)
            steps.append(("filter", (tuple(found["field"].split(".")), found["op"] == "==", value)))
        else:
            key = found["key"] or found["single"] or found["double"] or ""
            if key == "*":
                steps.append(("all", None))
            else:
                steps.append(("key", re.sub(r"\\(.)", r"\1", key)))
    return tuple(steps)


def find(path: str, obj: Any) -> list[Any]:
    """The values at a path; none where it leads nowhere."""
    values = [obj]
    for kind, argument in _steps(path):
        values = [found for value in values for found in _step(kind, argument, value)]
    return values


def _step(kind: str, argument: Any, value: Any) -> list[Any]:
    match kind:
        case "key":
            return [value[argument]] if isinstance(value, dict) and argument in value else []
        case "all":
            return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        case "index":
            inside = isinstance(value, list) and -len(value) <= argument < len(value)
            return [value[argument]] if inside else []
    if not isinstance(value, list):
        return []
    keys, equal, literal = argument
    return [item for item in value if (_at(item, keys) == literal) is equal]


def _at(item: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        item = item.get(key) if isinstance(item, dict) else None
    return item
