"""Argo's own tags, which pass through both template spellings untouched.

Argo replaces ``{{workflow.name}}``, ``{{inputs.parameters.x}}``, ``{{item}}`` or ``{{=expression}}`` while the
workflow runs. Here they are exchanged for words that no engine touches, and put back once the template is evaluated.

A tag is Argo's by its form: a path below ``workflow``, ``cronworkflow``, ``inputs``, ``outputs``, ``steps``,
``tasks``, ``item`` or ``lastRetry``; exactly ``item``, ``lastRetry``, ``retries``, ``node.name`` or ``pod.name``;
anything behind ``{{=``. So ``{{ node }}`` is the alert's detail and ``{{ node.name }}`` is Argo's. With a filter or an
operator behind it a path is no longer of that form. In a metric ``status``, ``duration``, ``exitCode`` and
``resourcesDuration.cpu`` are Argo's too (`outline`). Whoever needs another tag to reach Argo writes it as a string,
``{{ "{{status}}" }}``.
"""

import re
import secrets
from collections.abc import Collection

from functions.workflow_renderer.errors import invalid
from functions.workflow_renderer.scanner import Kind, Token, line_of, scan

ROOTS = frozenset({"workflow", "cronworkflow", "inputs", "outputs", "steps", "tasks", "item", "lastRetry", "retries"})
"""Words a template should not use for variables of its own."""

_TAG = re.compile(
    r"""[ \t]*(?:
        (?:workflow|cronworkflow|inputs|outputs|steps|tasks|item|lastRetry)[.\[][\w.\-/\[\]'"]*
      | item | lastRetry | retries | (?:node|pod)\.name
      )[ \t]*""",
    re.VERBOSE,
)


class Protected:
    """A template's text with Argo's tags exchanged for words, and the way back.

    So are raw text and braces that open nothing: Jinja would read them.
    """

    def __init__(self, manifest: str, argos: Collection[int] = ()) -> None:
        """Exchange the tags; ``argos`` are where others begin that are known to be Argo's.

        Raises:
            TemplateInvalid: when a placeholder is not closed, or stands inside one of Argo's expressions.
        """
        self._word = f"a{secrets.token_hex(12)}"
        self._back = re.compile(rf"{self._word}n(\d+)\n*z")
        self._tags: list[str] = []
        pieces, at = [], 0
        for token in scan(manifest):
            if token.kind is Kind.EXPRESSION and "{{" in token.inner:
                where = f"line {line_of(manifest, token.start)}"
                raise invalid(where, "a placeholder inside an Argo expression", "an input parameter, named in it")
            if token.start in argos or _passes(token):
                pieces += [manifest[at : token.start], self._exchange(token)]
                at = token.end
        self.text = "".join([*pieces, manifest[at:]])

    def _exchange(self, token: Token) -> str:
        self._tags.append(token.inner if token.kind is Kind.RAW else token.text)
        lines = "\n" * token.text.count("\n")
        return f"{self._word}n{len(self._tags) - 1}{lines}z"

    def restore(self, text: str) -> str:
        """Put the tags back."""
        return self._back.sub(lambda match: self._tags[int(match.group(1))], text)


def _passes(token: Token) -> bool:
    if token.kind is Kind.ACTION:
        return _TAG.fullmatch(token.inner) is not None
    return token.kind in (Kind.EXPRESSION, Kind.RAW, Kind.LITERAL)
