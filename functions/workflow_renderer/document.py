"""A manifest's text as data: one YAML document whose scalars still hold marks.

YAML is read as the Go system's library reads it: dates and base-60 numbers stay text, a key may stand only once. Keys
are the author's alone, so a mark in one is an error; anchors and merge keys work, within a size.
"""

import re
from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from functions.workflow_renderer.errors import invalid
from functions.workflow_renderer.markers import Marks, Part, Value

Path = tuple[str | int, ...]

_LARGEST = 20_000
_DEEPEST = 60
_TAG = "tag:yaml.org,2002:"
_KNOWN = frozenset(f"{_TAG}{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null"))
_OTHERWISE = frozenset(f"{_TAG}{kind}" for kind in ("int", "timestamp", "value"))
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)")


class Composite(NamedTuple):
    """A scalar that holds values."""

    parts: tuple[Part, ...]
    plain: bool
    """Whether it stands without quotes, so that a number in it may be one."""

    @property
    def whole(self) -> Value | None:
        """The value, where the scalar is that and nothing else."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], Value) else None


class _Loader(yaml.CSafeLoader):
    """YAML 1.1 without dates and base-60 numbers."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _OTHERWISE]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_TAG}int", re.compile(rf"^(?:{_INTEGER.pattern})$"), list("-+0123456789"))


def parse(text: str, marks: Marks) -> Any:
    """The one document in the text: dicts, lists, constants, and a `Composite` for each scalar that holds values.

    Raises:
        TemplateInvalid: when it is no single document, or more than plain data.
    """
    loader = _Loader(text)
    try:
        node = _only_document(loader)
        return None if node is None else _Builder(loader, marks).build(node, ())
    except yaml.MarkedYAMLError as error:
        raise invalid(_line(error.problem_mark), _described(error)) from error
    except yaml.YAMLError as error:
        raise invalid("template", f"not YAML: {error}") from error
    finally:
        loader.dispose()


def _only_document(loader: _Loader) -> Node | None:
    """The one document in which there is something."""
    only: Node | None = None
    while loader.check_node():
        node = loader.get_node()
        if node is None or (isinstance(node, ScalarNode) and not node.value and not node.style):
            continue
        if only is not None:
            raise invalid(_line(node.start_mark), "more than one YAML document", "one Workflow")
        only = node
    return only


class _Builder:
    """Builds data from a document's nodes and counts them, aliases each time they are used."""

    def __init__(self, loader: _Loader, marks: Marks) -> None:
        self._loader, self._marks, self._left = loader, marks, _LARGEST

    def build(self, node: Node, path: Path) -> Any:
        """The data of one node."""
        self._left -= 1
        if self._left < 0 or len(path) > _DEEPEST:
            raise invalid(_line(node.start_mark), "the document is too large", f"{_LARGEST} fields, {_DEEPEST} deep")
        if node.tag not in _KNOWN:
            raise invalid(_line(node.start_mark), f"the YAML tag {node.tag.removeprefix(_TAG)}", "plain data")
        if isinstance(node, MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(cast("ScalarNode", node))

    def _pairs(self, node: MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if not isinstance(key_node, ScalarNode):
                raise invalid(_line(key_node.start_mark), "a key that is no text")
            if self._marks.in_text(key):
                raise invalid(_line(key_node.start_mark), "a value of the alert in a key", "keys of the template's own")
            if key in seen and key_node.tag != f"{_TAG}merge":
                raise invalid(_line(key_node.start_mark), f"the key {key} stands twice")
            seen.add(key)
        if any(key_node.tag == f"{_TAG}merge" for key_node, _ in node.value):
            self._merge(node)
        for key_node, value_node in node.value:
            yield key_node.value, self.build(value_node, (*path, key_node.value))

    def _merge(self, node: MappingNode) -> None:
        self._left -= sum(len(value.value) for _, value in node.value if not isinstance(value, ScalarNode))
        if self._left < 0:
            raise invalid(_line(node.start_mark), "the document is too large", f"{_LARGEST} fields")
        self._loader.flatten_mapping(node)

    def _scalar(self, node: ScalarNode) -> Any:
        plain = not node.style
        parts = self._marks.split(node.value)
        if any(isinstance(part, Value) for part in parts):
            return Composite(parts, plain)
        if not plain and node.tag == f"{_TAG}str":
            return node.value
        if node.tag == f"{_TAG}int":
            return _integer(node)
        return self._loader.construct_object(node)


def _integer(node: ScalarNode) -> int:
    text = node.value.replace("_", "")
    if not _INTEGER.fullmatch(node.value):
        raise invalid(_line(node.start_mark), f"{node.value} is no integer")
    sign, digits = (-1 if text.startswith("-") else 1), text.lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    return sign * int(digits, 8 if octal else 0)


def _line(mark: Any) -> str:
    return "template" if mark is None else f"line {mark.line + 1} of the rendered manifest"


def _described(error: yaml.MarkedYAMLError) -> str:
    return "not YAML: " + ", ".join(part for part in (error.context, error.problem) if part)


def spelled(path: Path) -> str:
    """A path as kubectl spells it: ``spec.templates[0].container.command[2]``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "manifest"
