"""Alerts and manifests that the tests of rendering share."""

from typing import Any

from aegis.models.alert import AegisAlert

HOSTILE = {
    "a second command": "x; rm -rf /",
    "a substitution in quotes": '"$(id)"',
    "a second line": "a\n  privileged: true",
    "10 kB": "x" * 10_240,
    "10 kB of quotes": "'" * 10_240,
    "a single quote": "it's",
    "a backslash at the end": "a\\",
    "backslashes": "\\n\\'\\\\",
    "backquotes": "`id`",
    "a variable of the kubelet": "$(SECRET) $$(SECRET)",
    "unicode line ends": "a\u2028b\u2029c",
    "an option": "--all",
    "a comment": "x #",
    "globs and braces": "* ? {a,b} ~",
    "redirections": "> /tmp/x < /tmp/y | cat & ",
    "history and arithmetic": "!! $((1+1)) $[1]",
    "upwards": "../../etc",
    "blanks": "  a\tb  ",
}
"""Values that are no plain words, by what is wrong with them."""

START = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
spec:
  entrypoint: start
  templates:
  - name: start
"""


def alert(**details: str) -> AegisAlert:
    """An alert with these details."""
    return AegisAlert.read(
        {
            "metadata": {"name": "default-t-1", "namespace": "monitoring"},
            "spec": {
                "type": "T",
                "involvedObject": {"kind": "Node", "name": "dev1"},
                "details": details,
            },
        }
    )


def template(*lines: str) -> str:
    """A manifest with one template of these lines, each indented as the template's fields are."""
    return START + "".join(f"    {line}\n" for text in lines for line in text.splitlines())


def script(source: str, shell: str = "bash") -> str:
    """A manifest whose one template is a script."""
    lines = "".join(f"    {line}\n" for line in source.splitlines())
    return template(f"script:\n  image: x\n  command: [{shell}]\n  source: |\n{lines}")


def first(workflow: dict[str, Any]) -> Any:
    """The first template of a workflow."""
    return workflow["spec"]["templates"][0]


def structure(data: Any) -> Any:
    """What remains of data without its scalars: its keys, its lists and their lengths."""
    if isinstance(data, dict):
        return {key: structure(part) for key, part in data.items()}
    return [structure(part) for part in data] if isinstance(data, list) else type(data).__name__
