"""Templates that only name parameters, as most do: evaluated without an engine.

``{{.node}}``, ``{{ .node | shquote }}``, ``{{ node }}``, ``{{ node | name | shquote }}`` mean the same in both
spellings and need neither. Loading the Go engine takes longer than everything else a first render does.
"""

import re
from bisect import bisect

from functions.workflow_renderer.markers import FILTERS, Marks
from functions.workflow_renderer.parameters import Parameters

_FILTER = rf"\|[ \t]*(?:{'|'.join(FILTERS)})[ \t]*"
_NAME = re.compile(
    rf"\{{\{{[ \t]*\.?(?P<key>[A-Za-z_]\w*)[ \t]*(?P<filters>(?:{_FILTER})*)\}}\}}",
    re.ASCII,
)
_ANY = re.compile(r"\{\{|\{%|\{#")


def only_names(text: str) -> bool:
    """Whether there is nothing in the text but its own words and plain names of parameters."""
    return _ANY.search(_NAME.sub("", text)) is None


def fill(text: str, parameters: Parameters, marks: Marks) -> str:
    """Put marks for the values where the names stand.

    Raises:
        TemplateInvalid: when there is no such parameter, or it is no single value.
    """
    lines = [line.start() for line in re.finditer("\n", text)]

    def mark(match: re.Match[str]) -> str:
        key, where = match["key"], f"line {bisect(lines, match.start()) + 1}"
        value = parameters.get(key, where=where)
        for name in match["filters"].replace("|", " ").split():
            value = FILTERS[name](value)
        return marks.add(value, key=key, where=where)

    return _NAME.sub(mark, text)
