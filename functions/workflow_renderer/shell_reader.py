"""Reading the commands of a shell script, so that it can be told what becomes of the values in it.

The grammar is POSIX' with what bash adds to it, as far as bash, dash and busybox sh agree on where words begin and end.
"""

import re

from functions.workflow_renderer.shell_cursor import Unreadable
from functions.workflow_renderer.shell_syntax import (
    Assignment,
    Command,
    Compound,
    Function,
    Literal,
    Pipeline,
    Redirect,
    Script,
    Simple,
    Word,
)
from functions.workflow_renderer.shell_words import Words

_REDIRECTS = frozenset({"&>>", "&>", "<<<", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">"})
_ENDS_WORD = r"(?=[\s;&|()<>]|$)"
_OPENS = re.compile(rf"(?:\{{|if|while|until|for|case|select|function|\[\[|coproc){_ENDS_WORD}")
_CLOSES = re.compile(rf"(?:then|elif|else|fi|do|done|esac|\}}){_ENDS_WORD}")
_PREFIX = re.compile(rf"(?:!|time(?:[ \t]+-p)?){_ENDS_WORD}")
_RESERVED = re.compile(
    r"if|then|elif|else|fi|while|until|for|do|done|case|esac|select|function|coproc|time|\{|\}|!|\[\[|\]\]"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FUNCTION = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")
_SUBSCRIPTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\[")
_DECLARES = frozenset({"declare", "typeset", "local", "export", "readonly"})


def read_script(text: str) -> Script:
    """The script's commands.

    Raises:
        Unreadable: when it is no script, or one that shells read differently.
    """
    return _Reader(text, 0).script()


class _Reader(Words):
    """Reads a script from its beginning to its end."""

    def script(self) -> Script:
        read = self._list()
        if self._more or self._pending:
            raise self._unexpected()
        return read

    def _another(self, text: str) -> "_Reader":
        return _Reader(text, self._depth)

    def _list(self) -> Script:
        pipelines: list[Pipeline] = []
        with self._deeper():
            while True:
                self._skip_lines()
                if self._ends_list():
                    return tuple(pipelines)
                pipelines += self._and_or()
                self._separator()

    def _ends_list(self) -> bool:
        here = self._text[self._at : self._at + 2]
        return not here or here[0] == ")" or here in (";;", ";&") or bool(_CLOSES.match(self._text, self._at))

    def _separator(self) -> None:
        self._skip_blanks()
        operator = self._peek()
        if operator == "\n":
            self._newline()
        elif operator in (";", "&"):
            self._at += 1
            self._check_joined()
        elif not self._ends_list():
            raise self._unexpected()

    def _and_or(self) -> list[Pipeline]:
        pipelines = [self._pipeline()]
        while self._take("&&", "||"):
            self._skip_lines()
            pipelines.append(self._pipeline())
        return pipelines

    def _pipeline(self) -> Pipeline:
        while prefix := _PREFIX.match(self._text, self._at):
            self._at = prefix.end()
            self._skip_blanks()
        commands = [self._command()]
        while self._take("|", "|&"):
            self._skip_lines()
            commands.append(self._command())
        return tuple(commands)

    # -- commands

    def _command(self) -> Command:
        self._skip_blanks()
        if self._text.startswith("((", self._at):
            self._at += 2
            return self._redirected(Compound("((", arithmetic=self._arithmetic("))")))
        if self._text.startswith("(", self._at):
            return self._redirected(self._subshell())
        keyword = _OPENS.match(self._text, self._at)
        if not keyword:
            return self._simple()
        self._at = keyword.end()
        read = {
            "{": self._group,
            "if": self._if,
            "while": self._loop,
            "until": self._loop,
            "for": self._for,
            "select": self._for,
            "case": self._case,
            "[[": self._test,
        }.get(keyword.group())
        if read:
            return self._redirected(read())
        if keyword.group() == "function":
            return self._function(self._matched(_FUNCTION))
        raise Unreadable("has a coprocess")

    def _redirected(self, compound: Compound) -> Compound:
        redirects = []
        while redirect := self._redirect():
            redirects.append(redirect)
        return compound._replace(redirects=tuple(redirects))

    def _subshell(self) -> Compound:
        self._at += 1
        body = self._list()
        self._expect(")")
        return Compound("(", (body,))

    def _group(self) -> Compound:
        body = self._list()
        self._keyword("}")
        return Compound("{", (body,))

    def _if(self) -> Compound:
        bodies = [self._list()]
        self._keyword("then")
        bodies.append(self._list())
        while self._is_keyword("elif"):
            bodies.append(self._list())
            self._keyword("then")
            bodies.append(self._list())
        if self._is_keyword("else"):
            bodies.append(self._list())
        self._keyword("fi")
        return Compound("if", tuple(bodies))

    def _loop(self) -> Compound:
        condition = self._list()
        return Compound("while", (condition, self._do()))

    def _do(self) -> Script:
        self._keyword("do")
        body = self._list()
        self._keyword("done")
        return body

    def _for(self) -> Compound:
        self._skip_blanks()
        if self._text.startswith("((", self._at):
            self._at += 2
            arithmetic = self._arithmetic("))", semicolons=True)
            self._end_of_list()
            return Compound("((", (self._do(),), arithmetic=arithmetic)
        name = self._matched(_NAME)
        self._skip_lines()
        words: list[Word] = []
        if self._is_keyword("in"):
            while word := self._word():
                words.append(word)
        self._end_of_list()
        return Compound("for", (self._do(),), tuple(words), name)

    def _end_of_list(self) -> None:
        """What may stand between a loop's head and its ``do``."""
        self._take(";")
        self._skip_lines()

    def _case(self) -> Compound:
        if self._substitutions:
            raise Unreadable("has a case statement in a command substitution")
        words = [self._needed_word()]
        self._skip_lines()
        self._keyword("in")
        bodies = []
        while not self._is_keyword("esac"):
            self._take("(")
            words.append(self._needed_word())
            while self._take("|"):
                words.append(self._needed_word())
            self._expect(")")
            bodies.append(self._list())
            if not self._take(";;", ";&", ";;&"):
                self._keyword("esac")
                break
        return Compound("case", tuple(bodies), tuple(words))

    def _test(self) -> Compound:
        """``[[ … ]]``; its operators are words here."""
        words: list[Word] = []
        while not words or words[-1].plain != "]]":
            self._skip_lines()
            if operator := self._take("&&", "||", "(", ")", "<", ">", "|"):
                words.append(Word.of([Literal(operator, quoted=False)]))
            else:
                words.append(self._needed_word())
        return Compound("[[", words=tuple(words[:-1]))

    def _function(self, name: str) -> Function:
        if self._take("("):
            self._expect(")")
        self._skip_lines()
        with self._deeper():
            body = self._command()
        if not isinstance(body, Compound):
            raise Unreadable("has a function whose body is no group")
        return Function(name, body)

    def _simple(self) -> Command:
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            if redirect := self._redirect():
                redirects.append(redirect)
                continue
            word = self._word()
            if word is None:
                break
            opens = self._text.startswith("(", self._at)
            declares = bool(words) and words[0].literal in _DECLARES
            if opens and (not words or declares) and _ASSIGNMENT.fullmatch(word.plain) and len(word.parts) == 1:
                assignments.append(self._array(word.plain))
            elif opens:
                if words or assignments or redirects or not _FUNCTION.fullmatch(word.literal or ""):
                    raise self._unexpected()
                return self._function(word.literal or "")
            elif not words and (assignment := _assigned(word)):
                assignments.append(assignment)
            else:
                words.append(word)
        if not (assignments or words or redirects) or (words and _RESERVED.fullmatch(words[0].literal or "")):
            raise self._unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirects))

    def _array(self, head: str) -> Assignment:
        self._at += 1
        elements = []
        while not self._take(")"):
            self._skip_lines()
            if word := self._word():
                elements.append(word)
            elif self._peek() != ")":
                raise self._unexpected()
        return Assignment(head.rstrip("+="), tuple(elements), array=True)

    def _redirect(self) -> Redirect | None:
        self._skip_blanks()
        begin = self._at
        while self._text[self._at : self._at + 1].isdecimal():
            self._at += 1
        operator = self._peek()
        if operator not in _REDIRECTS or self._text[self._at : self._at + 2] in ("<(", ">("):
            self._at = begin
            return None
        self._at += len(operator)
        self._check_joined()
        redirect = Redirect(self._text[begin : self._at], self._needed_word(), [])
        if operator in ("<<", "<<-"):
            delimiter = redirect.target.literal
            if delimiter is None or "\n" in delimiter:
                raise Unreadable("has a here-document without a plain delimiter")
            quoted = any(isinstance(part, Literal) and part.quoted for part in redirect.target.parts)
            self._pending.append((redirect, delimiter, quoted))
        return redirect


def _assigned(word: Word) -> Assignment | None:
    """The assignment that a word in front of a command is."""
    head = _ASSIGNMENT.match(word.plain)
    if head:
        first = Literal(word.plain[head.end() :], quoted=False)
        parts = (first, *word.parts[1:]) if first.text else word.parts[1:]
        return Assignment(head[1], (Word.of(parts),))
    if _SUBSCRIPTED.match(word.plain):
        if "]" not in "".join(part.text for part in word.parts if isinstance(part, Literal)):
            raise Unreadable("has a subscript of several words")
        return Assignment(word.plain.partition("[")[0], (), word.parts)
    return None
