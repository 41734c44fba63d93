"""Changes a Jinja template's tree before it is compiled, so that whatever it works on passes through filters of ours.

What those do is up to whoever compiles it (`jinja`): mark what is put out, and hold everything to a budget.
"""

from collections.abc import Iterable, Iterator
from typing import cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

MARK, EACH, JOIN, WEIGHED = " mark", " each", " join", " weighed"
"""Filters of ours; no template can spell a name with a space in front."""


class Rewriter(NodeTransformer):
    """Puts our filters into a template's tree."""

    def __init__(self) -> None:
        """Begin with a template in which nothing was marked."""
        self.outputs: list[tuple[str, str]] = []
        """For each mark the names it is of, and its line."""

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802 - the visitor's spelling
        """Mark what is put out, except for the template's own words."""
        node.nodes = [self._marked(child) for child in node.nodes]
        return node

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        """Count a loop's rounds."""
        self.generic_visit(node)
        node.iter = _filter(cast("nodes.Expr", node.iter), EACH)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        """Bound what is joined with ~."""
        self.generic_visit(node)
        return _filter(node.nodes[0], JOIN, node.nodes[1:])

    def visit_List(self, node: nodes.List | nodes.Tuple | nodes.Dict) -> nodes.Expr:  # noqa: N802
        """Weigh what is put together: a list of lists of lists is small, and long to read."""
        self.generic_visit(node)
        return _filter(node, WEIGHED)

    visit_Dict = visit_List  # noqa: N815

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:  # noqa: N802
        """Weigh a tuple, where it is no list of names that are assigned."""
        return node if node.ctx != "load" else self.visit_List(node)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Compare:  # noqa: N802
        """Weigh what is compared."""
        self.generic_visit(node)
        node.expr = _filter(node.expr, WEIGHED)
        for operand in node.ops:
            operand.expr = _filter(operand.expr, WEIGHED)
        return node

    def visit_Test(self, node: nodes.Test) -> nodes.Test:  # noqa: N802
        """Weigh what is tested, and against what."""
        self.generic_visit(node)
        node.node = _filter(node.node, WEIGHED)
        node.args = [_filter(argument, WEIGHED) for argument in node.args]
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Getitem:  # noqa: N802
        """Weigh what is cut: Jinja does that without asking its environment."""
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filter(node.node, WEIGHED)
        return node

    def _marked(self, child: nodes.Expr) -> nodes.Expr:
        if isinstance(child, nodes.TemplateData | nodes.Const):
            return child
        self.outputs.append((_names(child), f"line {child.lineno}"))
        number = nodes.Const(len(self.outputs) - 1)
        return _filter(cast("nodes.Expr", self.visit(child)), MARK, [number])


def _names(expression: nodes.Node) -> str:
    """What an expression puts out, as its author would call it."""
    return ", ".join(dict.fromkeys(_paths(expression))) or "it"


def _paths(node: nodes.Node) -> Iterator[str]:
    path = _path(node)
    if path:
        yield path
    for child in () if path else node.iter_child_nodes():
        yield from _paths(child)


def _path(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.Getattr):
        return f"{_path(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{_path(node.node)}.{node.arg.value}"
    return ""


def _filter(value: nodes.Expr, name: str, arguments: Iterable[nodes.Expr] = ()) -> nodes.Filter:
    made = nodes.Filter(value, name, list(arguments), [], None, None)
    made.set_lineno(value.lineno)
    return made
