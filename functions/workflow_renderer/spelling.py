"""Which of the two spellings a template uses: the Go system's or Jinja's.

Go's actions begin with a dot, a dollar sign, a keyword or a function with its arguments; Jinja's begin with a name, and
its statements stand in ``{% %}``. Never both: a template that mixes them is refused, and told which tags clash. Where
nothing but names and literals is put out, no engine is needed at all.
"""

import re
from enum import Enum

from functions.workflow_renderer.errors import AS_TEXT, invalid, over
from functions.workflow_renderer.markers import FILTERS
from functions.workflow_renderer.scanner import Kind, Token, line_of, scan

_MOST = 16_384
"""How many characters the engines get to read: they take a tenth of a second for a thousand."""
_MOST_AT_ONCE = 4_096
"""How many characters a single placeholder may have: what engines do with it may take its length squared."""
_LITERAL = re.compile(r""""(?:[^"\\\n]|\\.)*"|\d+""")
_FILTERS = "|".join(FILTERS)
_GO = re.compile(
    rf"""[.$`(]*[.$`]                                        # .node  $x  (.a)  `text`
    | (?:if|with|range|else\s+if|else\s+with)\s+[^\s=]
    | (?:else|end|break|continue)$
    | (?:define|template|block)\s+["`]
    | /\*
    | (?:keep|{_FILTERS}|printf|print|println|index|slice|len|html|js|urlquery|and|or|eq|ne|lt|le|gt|ge)\s+[.$"`(\d]
    | (?:not|and|or)\s+[.$]
    | \(\s*(?:index|printf|print|len|slice|keep|{_FILTERS}|and|or|not|eq|ne)\s+[.$"`(]
    | (?!not\s|if\s)\w+\s+(?:[$"`]|\.(?:\w|\s*$))                    # a function of another program's, or of sprig
    """,
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
        TemplateInvalid: when both are in it, or too much of either.
    """
    first: dict[Spelling, Token] = {}
    read = 0
    for token in scan(text):
        read += len(token.text)
        if read > _MOST:
            raise over(f"over {_MOST} characters in placeholders and statements", accepted="a smaller one")
        if len(token.text) > _MOST_AT_ONCE and token.kind is not Kind.COMMENT:
            where = f"line {line_of(text, token.start)}"
            raise over(f"over {_MOST_AT_ONCE} characters in one placeholder", where=where, accepted="several")
        spelling = _of_token(token)
        if spelling is not Spelling.NONE:
            first.setdefault(spelling, token)
    if len(first) > 1:
        both = " and ".join(
            f"{' '.join(token.text.split())[:60]} ({spelling.value}, line {line_of(text, token.start)})"
            for spelling, token in first.items()
        )
        raise invalid("template", f"both spellings in one template: {both}", f"Go's or Jinja's, not both; {AS_TEXT}")
    return next(iter(first), Spelling.NONE)


def _of_token(token: Token) -> Spelling:
    if token.kind is not Kind.ACTION:
        return Spelling.JINJA if token.kind is Kind.STATEMENT else Spelling.NONE
    inner = token.inner.removeprefix("-").removesuffix("-").strip()
    if _LITERAL.fullmatch(inner):
        return Spelling.NONE
    return Spelling.GO if _GO.match(inner) else Spelling.JINJA
