"""Which of the two spellings a template uses: the Go system's or Jinja's.

Go's actions begin with a dot, a dollar sign, a keyword or a function with its arguments; Jinja's begin with a name, and
its statements stand in ``{% %}``. Never both: a template that mixes them is refused, and told which tags clash. Where
nothing but names and literals is put out, no engine is needed at all.
"""

import re
from enum import Enum

from functions.workflow_renderer.errors import invalid

_ACTION = re.compile(
    r"""\{\{-?\s*(?P<inner>(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`|.)*?)\s*-?\}\}
    | \{%[-+]?\s*(?P<statement>[a-z]+)\b.*?%\}""",
    re.VERBOSE | re.DOTALL,
)
_STATEMENT = re.compile(
    r"if|elif|else|for|set|macro|call|filter|with|raw|block|include|import|from|extends|autoescape|do"
    r"|end(?:if|for|set|macro|call|filter|with|raw|block|autoescape)"
)
_LITERAL = re.compile(r""""(?:[^"\\\n]|\\.)*"|\d+""")
_GO = re.compile(
    r"""[.$`(]*[.$`]                                        # .node  $x  (.a)  `text`
    | (?:if|with|range|else\s+if|else\s+with)\s+[^\s=]
    | (?:else|end|break|continue)$
    | (?:define|template|block)\s+["`]
    | /\*
    | (?:keep|shquote|printf|print|println|index|slice|len|html|js|urlquery|and|or|eq|ne|lt|le|gt|ge)\s+[.$"`(\d]
    | (?:not|and|or)\s+[.$]
    | \(\s*(?:index|printf|print|len|slice|keep|shquote|and|or|not|eq|ne)\s+[.$"`(]""",
    re.VERBOSE,
)


class Spelling(Enum):
    """How a template spells its placeholders."""

    NONE = "none"
    GO = "Go"
    JINJA = "Jinja"


def spelling_of(text: str) -> Spelling:
    """The spelling of a template whose Argo tags are out of the way.

    Raises:
        TemplateInvalid: when both are in it.
    """
    first: dict[Spelling, re.Match[str]] = {}
    for match in _ACTION.finditer(text):
        spelling = _of_action(match)
        if spelling is not Spelling.NONE:
            first.setdefault(spelling, match)
    if len(first) > 1:
        both = " and ".join(
            f"{' '.join(match.group().split())[:60]} ({spelling.value}, line {_line(text, match)})"
            for spelling, match in first.items()
        )
        raise invalid("template", f"both spellings in one template: {both}", "Go's or Jinja's, not both")
    return next(iter(first), Spelling.NONE)


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _of_action(match: re.Match[str]) -> Spelling:
    if match["statement"] is not None:
        return Spelling.JINJA if _STATEMENT.fullmatch(match["statement"]) else Spelling.NONE
    if _LITERAL.fullmatch(match["inner"]):
        return Spelling.NONE
    return Spelling.GO if _GO.match(match["inner"]) else Spelling.JINJA
