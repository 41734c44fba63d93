"""Argo's own tags, which pass through both template spellings untouched.

Argo replaces ``{{workflow.name}}``, ``{{inputs.parameters.x}}``, ``{{item}}`` or ``{{=expression}}`` while the
workflow runs. Here they are exchanged for words that no engine touches, and put back once the template is evaluated.

A tag is Argo's by its form: a path below ``workflow``, ``cronworkflow``, ``inputs``, ``outputs``, ``steps``, ``tasks``,
``item`` or ``lastRetry``; exactly ``item``, ``retries``, ``node.name`` or ``pod.name``; anything behind ``{{=``. So
``{{ node }}`` is the alert's detail and ``{{ node.name }}`` is Argo's. With a filter or an operator behind it a path
is no longer of that form. Whoever needs another tag to reach Argo writes it as a string, ``{{ "{{status}}" }}``.
"""

import re
import secrets

from functions.workflow_renderer.errors import invalid

ROOTS = frozenset({"workflow", "cronworkflow", "inputs", "outputs", "steps", "tasks", "item", "lastRetry", "retries"})
"""Words a template should not use for variables of its own."""

_TAG = re.compile(
    r"""\{\{=.*?\}\}
    | \{\{[ \t]*(?:
        (?:workflow|cronworkflow|inputs|outputs|steps|tasks|item|lastRetry)(?:[.\[][\w.\-/\[\]'"]*)
      | item | retries | (?:node|pod)\.name
      )[ \t]*\}\}
    | \$\{\#""",
    re.VERBOSE | re.DOTALL,
)


class Protected:
    """A template's text with Argo's tags exchanged for words, and the way back.

    ``${#`` is exchanged too: it is a shell's length of a variable, and Jinja would take it for a comment.
    """

    def __init__(self, manifest: str) -> None:
        """Exchange the tags.

        Raises:
            TemplateInvalid: when a placeholder stands inside one of Argo's expressions.
        """
        self._word = f"a{secrets.token_hex(12)}"
        self._back = re.compile(rf"{self._word}n(\d+)z")
        self._tags: list[str] = []
        self._manifest = manifest
        self.text = _TAG.sub(self._exchange, manifest)

    def _exchange(self, match: re.Match[str]) -> str:
        tag = match.group()
        if "{{" in tag[2:]:
            line = self._manifest.count("\n", 0, match.start()) + 1
            raise invalid(f"line {line}", "a placeholder inside an Argo expression", "an input parameter, named in it")
        self._tags.append(tag)
        return f"{self._word}n{len(self._tags) - 1}z" + "\n" * tag.count("\n")

    def restore(self, text: str) -> str:
        """Put the tags back."""
        return self._back.sub(lambda match: self._tags[int(match.group(1))], text)
