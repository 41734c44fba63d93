"""Jinja's spelling, in a sandbox that also bounds what a template may use up.

Before a template is compiled, its tree is changed (`jinja_tree`): whatever an expression puts out becomes a mark, loops
draw on one budget of rounds, and texts that are joined stay within a length. A macro's text is the author's own, with
the marks of what it put out already in it; it may be put out as it is, not worked on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any, cast

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from functions.workflow_renderer.argo_tags import ROOTS
from functions.workflow_renderer.errors import TemplateInvalid, invalid, over
from functions.workflow_renderer.evaluation import LONGEST, ROUNDS, WORK, Evaluation
from functions.workflow_renderer.jinja_tree import EACH, JOIN, MARK, WEIGHED, Rewriter
from functions.workflow_renderer.markers import FILTERS, Filtered, Marks, plain
from functions.workflow_renderer.parameters import Parameters

_CALL = 20
"""What calling a filter is worth of the characters and items: it takes as long."""
_EXPONENT = 16
_NUMBER = 10**30


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILTERS = _words("""
    abs capitalize count d default dictsort first float groupby int items join last length list lower map max min
    reject rejectattr replace reverse round select selectattr sort string sum title trim truncate unique upper
    urlencode wordcount
""")
_OF_TEXT = _words("capitalize lower replace string title trim truncate upper urlencode wordcount")
"""Filters that turn whatever they are given into text first: they get texts and numbers alone."""
_METHODS = _words("""
    split rsplit splitlines partition rpartition startswith endswith upper lower title capitalize strip lstrip rstrip
    removeprefix removesuffix isdigit isalpha isalnum find count items keys values get index cycle changed
""")
_REFUSED = {
    nodes.FilterBlock: "a filter block",
    nodes.AssignBlock: "a set block",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
}
_ACCEPTED = "if, for, set, with, macro, call, raw"
_ENVIRONS = (Environment, Context, EvalContext)
"""What Jinja hands to some filters before their value."""
_OF_NUMBERS = frozenset({"round", "sum", "truncate"})
"""Filters whose other arguments say how far they go."""
_GROWING = frozenset({"replace", "join"})


class _Text(str):
    """What a macro put together: the author's text, with marks in it."""

    __slots__ = ()


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with budgets for one rendering."""

    intercepted_binops = frozenset({"+", "*", "%", "**"})

    def __init__(self, marks: Marks, outputs: Sequence[tuple[str, str]]) -> None:
        # optimizing would compute filters of constants while it compiles, each again for every one around it
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True, cache_size=0, optimized=False)
        self._marks, self._outputs = marks, outputs
        self.refill()
        self.globals = {"range": self._range}
        self.filters = {name: self._bounded(name, self.filters[name]) for name in _FILTERS} | {
            **{name: _defined(function) for name, function in FILTERS.items()},
            MARK: self._mark,
            EACH: self._each,
            JOIN: self._join,
            WEIGHED: self._weighed,
        }

    def refill(self) -> None:
        """Begin another rendering."""
        self._rounds, self._work = ROUNDS, WORK

    def spend(self, rounds: int) -> None:
        """Take from the budget of loops and calls."""
        self._rounds -= rounds
        if self._rounds < 0:
            raise over(f"over {ROUNDS} rounds of loops and calls")

    def concat(self, pieces: Iterable[str]) -> str:
        """The text that a template or a macro puts out."""
        return "".join(self._weighed(piece) for piece in pieces)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro or one of the functions and methods that are open to templates."""
        self.spend(1)
        macro = isinstance(obj, Macro)
        if not macro and ("caller" in kwargs or isinstance(getattr(obj, "__self__", None), _Text)):
            raise _final()
        result = super().call(context, obj, *args, **kwargs)
        return _Text(result) if macro else self._weighed(_short(result))

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A part of something, but not of a macro's text."""
        if isinstance(obj, _Text):
            raise _final()
        return super().getitem(obj, argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether a template may call it: macros, range, and methods that only look."""
        name = getattr(obj, "__name__", "")
        return isinstance(obj, Macro) or obj == self._range or (name in _METHODS and super().is_safe_callable(obj))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute, unless the result would be huge."""
        if isinstance(left, _Text) or isinstance(right, _Text):
            raise _final()
        if operator != "+" and not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise invalid("template", f"{operator} with what is no number", "numbers; texts are joined with ~")
        if operator == "**" and abs(right) > _EXPONENT:
            raise over("a power of large numbers")
        return self._weighed(_short(super().call_binop(context, operator, left, right)))

    def _range(self, *bounds: int) -> range:
        made = range(*bounds)
        if len(made) > ROUNDS:
            raise over(f"a range of over {ROUNDS}")
        return made

    def _mark(self, value: object, number: int) -> str:
        key, where = self._outputs[number]
        if isinstance(value, _Text):
            return str(self._weighed(value))
        if isinstance(value, Undefined):
            str(value)
        return self._marks.add(value, key=key, where=where)

    def _each(self, items: Iterable[Any]) -> Iterable[Any]:
        if isinstance(items, Undefined):
            return items
        held = list(items)
        self.spend(len(held))
        return held

    def _join(self, first: object, *others: object) -> str:
        if any(isinstance(item, _Text) for item in (first, *others)):
            raise _final()
        return str(self._weighed(_short("".join(plain(item, "~") for item in (first, *others)))))

    def _weighed(self, value: Any) -> Any:
        """Take a value and all that is in it from the budget, each time that it is there, and pass it on."""
        waiting = [value]
        while waiting:
            item = waiting.pop()
            self._work -= 1 + (len(item) if isinstance(item, str | list | tuple | dict | range) else 0)
            if self._work < 0:
                raise over(f"works on over {WORK} characters and items")
            if isinstance(item, list | tuple):
                waiting += item
            elif isinstance(item, dict):
                waiting += item.values()
        return value

    def _bounded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter whose work stays within the budget, and that leaves a macro's text alone."""

        @wraps(function)
        def bounded(*arguments: Any, **options: Any) -> Any:
            if any(isinstance(argument, _Text) for argument in arguments):
                raise _final()
            given = list(arguments)
            first = next(index for index, item in enumerate(given) if not isinstance(item, _ENVIRONS))
            if name == "join" and isinstance(given[first], Iterator):
                given[first] = list(given[first])
            values = given[first:]
            self._work -= _CALL
            self._weighed(values[0])
            if name in _OF_NUMBERS:
                _check_numbers(name, *values[1:], **options)
            if name in _OF_TEXT and isinstance(values[0], dict | list | tuple):
                plain(values[0], name)
            if name in _GROWING:
                _check_growth(*values, **options)
            result = function(*given, **options)
            return self._counted(result) if isinstance(result, Iterator) else self._weighed(_short(result))

        return bounded

    def _counted(self, items: Iterator[Any]) -> Iterator[Any]:
        """The items of a filter that yields them one by one, each weighed when it comes."""
        for item in items:
            yield self._weighed(item)


def prepare(text: str, marks: Marks) -> Evaluation:
    """Compile a template.

    Raises:
        TemplateInvalid: when it is no Jinja template, or uses what is not open to it.
    """
    rewriter = Rewriter()
    environment = _Environment(marks, rewriter.outputs)
    try:
        tree = environment.parse(text)
        _check(tree)
        template = environment.from_string(cast("nodes.Template", rewriter.visit(tree)))
    except TemplateSyntaxError as error:
        raise invalid(f"line {error.lineno}", error.message or "syntax error") from error
    except TemplateInvalid:
        raise
    except (RecursionError, SyntaxError, MemoryError) as error:  # what Python says of the code that Jinja makes
        raise over("expressions or blocks are nested too deeply") from error
    except Exception as error:  # whatever else Jinja's parser raises of a hostile text, as of a number of 5,000 digits
        raise over(f"{type(error).__name__}: {error}") from error

    asked = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"} - environment.globals.keys()

    def evaluate(parameters: Parameters) -> str:
        everything = parameters.all
        names = {name: everything[name] for name in asked if name in everything}
        environment.refill()
        return _run(lambda: template.render(names), parameters)

    return evaluate


def _run(render: Callable[[], str], parameters: Parameters) -> str:
    try:
        return render()
    except TemplateInvalid:
        raise
    except UndefinedError as error:
        where, name = f"line {_line(error)}", (error.message or "").split("'")
        if len(name) > 1 and (error.message or "").endswith("is undefined"):
            raise parameters.missing(name[1], where=where) from error
        raise invalid(where, error.message or "an undefined name") from error
    except SecurityError as error:
        methods = ", ".join(sorted(_METHODS))
        raise invalid(f"line {_line(error)}", "what is used there is not open to templates", methods) from error
    except (OverflowError, RecursionError, MemoryError) as error:
        raise over(f"{type(error).__name__}: {error}", where=f"line {_line(error)}") from error
    except Exception as error:  # an expression may raise whatever there is
        raise invalid(f"line {_line(error)}", f"{type(error).__name__}: {error}") from error


def _line(error: BaseException) -> int:
    """The template's line in which it failed: the innermost frame of the template itself."""
    found, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _check(tree: nodes.Template) -> None:
    for node in tree.find_all(tuple(_REFUSED)):
        raise invalid(f"line {node.lineno}", f"{_REFUSED[type(node)]} in a template", _ACCEPTED)
    for constant in tree.find_all(nodes.Const):
        _short(constant.value)
    for name in tree.find_all(nodes.Name):
        if name.ctx != "load" and name.name in ROOTS:
            tag = f"{{{{ {name.name} }}}}"
            raise invalid(f"line {name.lineno}", f"a variable {name.name}, but {tag} is Argo's", "another name")


def _defined(function: Callable[[object], Filtered]) -> Callable[[object], Filtered]:
    """A filter that refuses a missing name."""

    def filtered(value: object) -> Filtered:
        if isinstance(value, Undefined):
            str(value)
        return function(value)

    return filtered


def _check_growth(value: Any, *arguments: Any, **options: Any) -> None:
    """Refuse the two filters whose result may be far longer than all they are given."""
    texts = [len(str(item)) for item in (*arguments, *options.values()) if isinstance(item, str | int)]
    times = len(value) + 1 if isinstance(value, str | list | tuple) else ROUNDS
    if times * max(texts, default=0) > 100 * LONGEST:
        raise over(f"a text over {LONGEST} characters")


def _check_numbers(name: str, *arguments: Any, **options: Any) -> None:
    """Refuse a million places to round to, and lists that are added up: each sum would be a longer list."""
    for item in (*arguments, *options.values()):
        if isinstance(item, list | tuple) or (isinstance(item, int | float) and not abs(item) <= LONGEST):
            raise over(f"{name} with a list or a large number")
        if name == "round" and isinstance(item, int) and abs(item) > _EXPONENT:
            raise over(f"round to over {_EXPONENT} places")


def _final() -> TemplateInvalid:
    return invalid("template", "a macro's text is worked on", "putting it out as it is")


def _short(value: Any) -> Any:
    if isinstance(value, str | list | tuple) and len(value) > LONGEST:
        raise over(f"a text over {LONGEST} characters")
    if isinstance(value, int | float) and not abs(value) <= _NUMBER:  # not a number is none of these either
        raise over("a number over 10^30")
    return value
