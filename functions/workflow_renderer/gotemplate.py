"""Go's spelling, evaluated by gotpl with a mark for whatever a pipeline puts out.

gotpl has no hook for output, so the template's own text is edited before it is compiled: at the end of each pipeline
that puts something out stands one more function, which turns the result into a mark. Conditions, ranges and arguments
still see the real values. A pipeline of nothing but literals is the author's text and stays as it is.

In Go a missing name puts out ``<no value>`` and makes a condition false. The latter is kept, templates ask that way
for details that not every alert has; putting one out is an error here. So is a condition in a script that asks for a
capitalised name which the alert has not: that is ``docker ps --format '{{if .Names}}…'``, meant for another program,
and would become nothing.
"""

import re
import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from gotpl import BudgetExceededError, ExecutionBudget, SandboxPolicy, Template, TemplateError, TemplateSyntaxError
from gotpl.parse.nodes import (
    ActionNode,
    CommandNode,
    DotNode,
    FieldNode,
    IdentifierNode,
    IfNode,
    ParenthesizedNode,
    PipeNode,
    StringNode,
    VariableNode,
    WithNode,
)
from gotpl.parse.parser import parse_template

from functions.workflow_renderer.errors import AS_TEXT, TemplateInvalid, invalid, over
from functions.workflow_renderer.evaluation import LONGEST, ROUNDS, WORK, Evaluation
from functions.workflow_renderer.markers import FILTERS, Marks
from functions.workflow_renderer.parameters import Parameters, Sample

_BUDGET = ExecutionBudget(
    max_output_chars=1_000_000, max_iterations=ROUNDS, max_template_depth=50, max_function_calls=50_000
)
_FORGIVING = frozenset({"and", "or", "not", "eq", "ne"})
"""Functions that take a missing name for empty text, as conditions do."""
_TEXT = frozenset({"print", "printf", "println", "html", "js", "urlquery"})
"""Functions whose text may be longer than what they are given."""
_VERB = re.compile(r"%[-+# 0]*\d{0,3}(?:\.\d{0,3})?[a-zA-Z%]")
"""A verb of a format, as short as it may be."""
_GOS = "and, or, not, eq, ne, lt, le, gt, ge, index, len, slice, print, printf, println"
_OWN = f"{', '.join(FILTERS)}, keep and Go's own: {_GOS}"
_KEPT = re.compile(r"[\w][\w.\-]*")


@dataclass(frozen=True)
class _Edit:
    """Replace the bytes from start to end of the template."""

    start: int
    end: int
    text: str


class _Names(dict[str, Any]):
    """The parameters as the template's dot; remembers the name that was missing."""

    missed = ""

    def __gotemplate_lookup__(self, name: str) -> object:
        """One parameter, for gotpl."""
        try:
            return self[name]
        except KeyError:
            self.missed = name
            raise


class _Editor:
    """Finds what to change in a template so that its values come out as marks.

    A block is met twice, where it stands and as a definition: each change is made once.
    """

    def __init__(self, source: bytes, scripts: Collection[int]) -> None:
        self._source, self._scripts = source, scripts
        self.word = f"w{secrets.token_hex(8)}"
        self.edits: dict[tuple[int, int], _Edit] = {}
        self.outputs: list[tuple[str, str]] = []
        """For each mark the names it is of, and its line."""
        self._marked: set[int] = set()
        self._limited: set[int] = set()

    def visit(self, node: Any) -> None:
        """Note the changes below a node."""
        if isinstance(node, ActionNode) and not node.pipeline.declarations and not _is_literal(node.pipeline):
            self._mark(node.pipeline)
        if isinstance(node, IfNode | WithNode) and len(node.pipeline.commands) == 1:
            self._forgive(node.pipeline.commands[0].arguments)
        if isinstance(node, CommandNode):
            self._command(node)
        for child in _children(node):
            self.visit(child)

    def apply(self) -> str:
        """The template with the changes made."""
        text = self._source
        for edit in sorted(self.edits.values(), key=lambda item: (item.start, item.end), reverse=True):
            text = text[: edit.start] + edit.text.encode() + text[edit.end :]
        return text.decode()

    def _mark(self, pipeline: PipeNode) -> None:
        if pipeline.end in self._marked:
            return
        self._marked.add(pipeline.end)
        self.outputs.append((_names(pipeline), f"line {self._line(pipeline)}"))
        self._append(pipeline.end, f" | {self.word} {len(self.outputs) - 1}")

    def _command(self, command: CommandNode) -> None:
        function = command.arguments[0]
        if not isinstance(function, IdentifierNode):
            return
        if function.name in _FORGIVING:
            self._forgive(command.arguments[1:])
        elif function.name == "printf":
            self._check_format(command)
        if function.name in _TEXT and command.end not in self._limited:
            self._limited.add(command.end)
            self._append(command.end, f" | {self.word}limit", before=True)

    def _check_format(self, command: CommandNode) -> None:
        where = f"line {self._line(command)}"
        template = command.arguments[1] if len(command.arguments) > 1 else None
        if not isinstance(template, StringNode):
            raise invalid(where, "printf without a literal format", 'printf "…" and its arguments')
        if "%" in _VERB.sub("", template.value):
            raise over("printf with a width over 999, or one that is an argument", where=where, accepted="%-9.3s")

    def _forgive(self, operands: tuple[Any, ...]) -> None:
        for operand in operands:
            if isinstance(operand, FieldNode) or (isinstance(operand, VariableNode) and operand.fields):
                text = self._source[operand.start : operand.end].decode()
                owner, _, name = text.rpartition(".")
                if name[:1].isupper() and owner in ("", "$") and self._line(operand) in self._scripts:
                    continue
                call = f'({self.word}get {owner or "."} "{name}")'
                self.edits[operand.start, operand.end] = _Edit(operand.start, operand.end, call)

    def _line(self, node: PipeNode | CommandNode | FieldNode | VariableNode) -> int:
        return self._source.count(b"\n", 0, node.start) + 1

    def _append(self, at: int, text: str, *, before: bool = False) -> None:
        known = self.edits.get((at, at))
        joined = text if known is None else (text + known.text if before else known.text + text)
        self.edits[at, at] = _Edit(at, at, joined)


def prepare(text: str, marks: Marks, scripts: Collection[int] = ()) -> Evaluation:
    """Compile a template; ``scripts`` are the lines whose conditions take no capitalised name that is missing.

    Raises:
        TemplateInvalid: when it is no Go template.
    """
    editor, limit = _Editor(text.encode(), scripts), _Limit()
    functions: dict[str, Callable[..., object]] = {"keep": _keep, **FILTERS}
    try:
        parsed = parse_template(text, name="template", left_delimiter="{{", right_delimiter="}}", functions=functions)
        editor.visit(parsed)
        functions[editor.word] = _marking(editor, marks)
        functions[f"{editor.word}limit"] = limit
        functions[f"{editor.word}get"] = _optional
        template = Template(
            editor.apply(),
            functions=functions,
            missing_key="error",
            sandbox=SandboxPolicy.strict(allow_functions=functions, default_budget=_BUDGET),
        )
    except TemplateSyntaxError as error:
        raise invalid(f"line {error.line}", _message(error), _accepted(error)) from error
    except TemplateError as error:
        raise invalid("template", _message(error), _accepted(error)) from error
    except TemplateInvalid:
        raise
    except RecursionError as error:
        raise over("expressions or blocks are nested too deeply") from error
    except Exception as error:  # whatever else gotpl's parser raises of a hostile text
        raise over(f"{type(error).__name__}: {error}") from error

    def evaluate(parameters: Parameters) -> str:
        limit.refill()
        return _run(template, parameters)

    return evaluate


def _run(template: Template, parameters: Parameters) -> str:
    everything = parameters.all
    names = everything if isinstance(everything, Sample) else _Names(everything)
    try:
        return template.render(names)
    except TemplateError as error:
        own = _cause(error)
        if own is not None:
            raise own from error
        if isinstance(error, BudgetExceededError):
            raise over(_message(error), where=f"line {getattr(error, 'line', None) or 1}") from error
        where = f"line {getattr(error, 'line', None) or 1}"
        missed = getattr(names, "missed", "")
        if missed:
            raise parameters.missing(missed, where=where) from error
        raise invalid(where, _message(error)) from error
    except RecursionError as error:
        raise over("blocks are nested too deeply") from error
    except Exception as error:  # a function may raise whatever there is
        raise invalid("template", f"{type(error).__name__}: {error}") from error


def _marking(editor: _Editor, marks: Marks) -> Callable[..., object]:
    def mark(number: int, *value: object) -> str:
        key, where = editor.outputs[number]
        if not value:
            raise invalid(where, f"{key} has no value")
        return marks.add(value[0], key=key, where=where)

    return mark


class _Limit:
    """What functions put together, held to a length, and all of it to a budget."""

    def __init__(self) -> None:
        self._left = WORK

    def refill(self) -> None:
        """Begin another rendering."""
        self._left = WORK

    def __call__(self, text: str) -> str:
        """Take a text from the budget and pass it on."""
        self._left -= len(text)
        if len(text) > LONGEST or self._left < 0:
            raise over(f"a text over {LONGEST} characters, or many of together over {WORK}")
        return text


def _optional(owner: object, name: str) -> object:
    return owner[name] if isinstance(owner, dict) and name in owner else ""


def _keep(name: str) -> str:
    """``{{.name}}`` for whoever reads the workflow, as in the Go system."""
    if not _KEPT.fullmatch(name):
        raise invalid("template", "keep takes the name of a field", 'keep "name"')
    return "{{." + name + "}}"


def _children(node: Any) -> Iterator[Any]:
    for field in fields(node):
        held = getattr(node, field.name)
        for child in held if isinstance(held, tuple) else (held,):
            if is_dataclass(child):
                yield child


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in _children(node):
        yield from _walk(child)


def _is_literal(pipeline: PipeNode) -> bool:
    return not any(isinstance(node, FieldNode | VariableNode | DotNode | ParenthesizedNode) for node in _walk(pipeline))


def _names(pipeline: PipeNode) -> str:
    """What a pipeline puts out, as its author would call it."""
    names = []
    for node in _walk(pipeline):
        if isinstance(node, FieldNode):
            names.append(".".join(node.fields))
        elif isinstance(node, VariableNode):
            names.append(".".join((node.name, *node.fields)).removeprefix("$."))
        elif isinstance(node, CommandNode) and isinstance(node.arguments[0], IdentifierNode):
            names.extend(_indexed(node))
    return ", ".join(dict.fromkeys(names)) or "."


def _indexed(command: CommandNode) -> list[str]:
    function = command.arguments[0]
    if not isinstance(function, IdentifierNode) or function.name != "index":
        return []
    return [argument.value for argument in command.arguments[1:] if isinstance(argument, StringNode)]


def _cause(error: BaseException) -> TemplateInvalid | None:
    """Our own error, where one of our functions raised it inside the template."""
    cause = error.__cause__
    while cause is not None and not isinstance(cause, TemplateInvalid):
        cause = cause.__cause__
    return cause


def _message(error: TemplateError) -> str:
    return re.sub(r'^template: ?(?:template:)?\d+:\d+: (?:executing "[^"]*": )?', "", str(error))


def _accepted(error: TemplateError) -> str:
    if "function 'default' not defined" in str(error):
        return f"{{{{if .x}}}}{{{{.x}}}}{{{{else}}}}…{{{{end}}}}; {AS_TEXT}"
    return f"{_OWN}; {AS_TEXT}" if "not defined" in str(error) else ""
