"""A manifest's text as data: one YAML document whose scalars still hold marks.

YAML is read as the Go system's library reads it: dates and base-60 numbers stay text, a key may stand only once. Keys
are the author's alone, so a mark in one is an error; anchors and merge keys work, within a size.
"""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from functions.workflow_renderer.errors import OverBound, invalid, over
from functions.workflow_renderer.markers import Marks, Part, Value

Path = tuple[str | int, ...]

_LARGEST = 20_000
_DEEPEST = 60
MOST_BYTES = 1_000_000
"""Of text, and of the workflow as JSON: the API server stores no object of over 1.5 MiB, and Argo adds its status."""
_LIMITS = f"{_LARGEST} fields, {_DEEPEST} deep, {MOST_BYTES} bytes of text"
_INTEGER_LIMIT = 2**63
_SHOWN = 60
_TAG = "tag:yaml.org,2002:"
_NUMBERS = {
    f"{_TAG}int": ("integer", "one of 64 bits; text in quotes"),
    f"{_TAG}float": ("float", "a number that JSON has; text in quotes"),
}
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
    try:
        _check_depth(text)
        loader = _Loader(text)
        try:
            node = _only_document(loader)
            return None if node is None else _Builder(loader, marks).build(node, ())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise invalid(_line(error.problem_mark), _described(error)) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise invalid("template", f"not YAML: {error}") from error


def _check_depth(text: str) -> None:
    """Refuse what nests too deeply before it is composed: the composer calls itself for each level, on C's stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise _too_large(event.start_mark)


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
        self._loader, self._marks = loader, marks
        self._left, self._text_left = _LARGEST, MOST_BYTES

    def build(self, node: Node, path: Path) -> Any:
        """The data of one node."""
        self._spend(1, node, len(path))
        if node.tag not in _KNOWN:
            problem = f"the YAML tag {node.tag.removeprefix(_TAG):.{_SHOWN}}"
            raise invalid(_line(node.start_mark), problem, "plain data")
        if isinstance(node, MappingNode):
            return {key: self.build(part, (*path, key)) for key, part in self._pairs(node, len(path)).items()}
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(cast("ScalarNode", node))

    def _spend(self, fields: int, node: Node, depth: int) -> None:
        self._left -= fields
        if self._left < 0 or depth > _DEEPEST:
            raise _too_large(node.start_mark)

    def _spend_text(self, text: str, node: Node) -> None:
        self._text_left -= len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
        if self._text_left < 0:
            raise _too_large(node.start_mark)

    def _pairs(self, node: MappingNode, depth: int) -> Mapping[str, Node]:
        """A mapping's pairs, after those that it merges; of a key that is in both its own holds."""
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key_node, value_node in node.value:
            if key_node.tag == f"{_TAG}merge":
                for source in reversed(_sources(value_node)):
                    self._spend(1, source, depth)
                    pairs = self._pairs(source, depth + 1)
                    self._spend(len(pairs), source, depth)
                    merged |= pairs
                continue
            key = self._key(key_node)
            if key in own:
                raise invalid(_line(key_node.start_mark), f"the key {key:.{_SHOWN}} stands twice")
            own[key] = value_node
        return merged | own

    def _key(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            raise invalid(_line(node.start_mark), "a key that is no text")
        if self._marks.in_text(node.value):
            raise invalid(_line(node.start_mark), "a value of the alert in a key", "keys of the template's own")
        self._spend_text(node.value, node)
        return str(node.value)

    def _scalar(self, node: ScalarNode) -> Any:
        plain = not node.style
        parts = self._marks.split(node.value)
        for part in parts:
            self._spend_text(part if isinstance(part, str) else part.text, node)
        if any(isinstance(part, Value) for part in parts):
            return Composite(parts, plain)
        if not plain and node.tag == f"{_TAG}str":
            return node.value
        try:
            return _integer(node.value) if node.tag == f"{_TAG}int" else _finite(self._loader.construct_object(node))
        except (ValueError, LookupError) as error:
            kind, accepted = _NUMBERS.get(node.tag, (node.tag.removeprefix(_TAG), ""))
            raise invalid(_line(node.start_mark), f"{node.value:.{_SHOWN}} is no {kind}", accepted) from error


def _sources(node: Node) -> Sequence[MappingNode]:
    """The mappings that a merge key names."""
    named = node.value if isinstance(node, SequenceNode) else [node]
    sources = [source for source in named if isinstance(source, MappingNode)]
    if len(sources) < len(named):
        raise invalid(_line(node.start_mark), "what is merged is no mapping", "a mapping, or a list of them")
    return sources


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    sign, digits = (-1 if text.startswith("-") else 1), text.replace("_", "").lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    number = sign * int(digits, 8 if octal else 0)
    if not -_INTEGER_LIMIT <= number < _INTEGER_LIMIT:
        raise ValueError(text)
    return number


def _finite(constant: Any) -> Any:
    if isinstance(constant, float) and not isfinite(constant):
        raise ValueError(constant)
    return constant


def _too_large(mark: Any) -> OverBound:
    return over("the document is too large", where=_line(mark), accepted=_LIMITS)


def _line(mark: Any) -> str:
    return "template" if mark is None else f"line {mark.line + 1} of the rendered manifest"


def _described(error: yaml.MarkedYAMLError) -> str:
    return "not YAML: " + ", ".join(part for part in (error.context, error.problem) if part)


def spelled(path: Path) -> str:
    """A path as kubectl spells it: ``spec.templates[0].container.command[2]``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "manifest"
