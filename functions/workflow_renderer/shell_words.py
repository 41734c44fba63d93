"""Reading the words of a shell script: quotes, expansions, substitutions, here-documents.

It reads what bash, dash and busybox sh read in the same way, and refuses the rest: what stands here is believed where
a value of an alert is let through. Continued lines are joined as the shell joins them. Each character is looked at
once or twice, and nothing backtracks.

Values are single characters in the text (`shell_values`).
"""

import re
from abc import ABC, abstractmethod

from functions.workflow_renderer.shell_cursor import Cursor, Unreadable
from functions.workflow_renderer.shell_syntax import (
    Arithmetic,
    Expansion,
    Inserted,
    Literal,
    Part,
    Redirect,
    Script,
    Substitution,
    Word,
)
from functions.workflow_renderer.shell_values import VALUE, VALUES, value_at, values_in

_BLANKS = re.compile(r"(?:[ \t]|\\\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_ORDINARY = re.compile(rf"[^ \t\n;&|()<>'\"`$\\{VALUES}]+")
_IN_QUOTES = re.compile(rf'[^"\\$`{VALUES}]+')
_IN_DOCUMENT = re.compile(rf"[^\\$`{VALUES}]+")
_IN_OPERAND = re.compile(rf"[^}}'\"`$\\{VALUES}]+")
_IN_ARITHMETIC = re.compile(rf"[^()\[\]{{}}'\"`$\\;{VALUES}]+")
_IN_BACKQUOTES = re.compile(r"(?:[^`\\]|\\[^\n])*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_BRACED = re.compile(r"\{([#!]?)([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])")
_MODIFIER = re.compile(r":?[-=+?]|##?|%%?|//?|\^\^?|,,?|@[A-Za-z]|:")


class Words(Cursor, ABC):
    """Reads words, and what is between them, from a position in a text on."""

    def __init__(self, text: str, depth: int) -> None:
        """Begin at the text's beginning, so many levels deep in others."""
        super().__init__(text, depth)
        self._pending: list[tuple[Redirect, str, bool]] = []
        """Here-documents whose text begins with the next line: with their delimiter, and whether that is quoted."""
        self._substitutions = 0

    @abstractmethod
    def _list(self) -> Script:
        """The commands up to what cannot be one."""

    @abstractmethod
    def _another(self, text: str) -> "Words":
        """A reader of another text, as deep as this one."""

    @abstractmethod
    def script(self) -> Script:
        """All of the text as a script."""

    def document(self) -> tuple[Part, ...]:
        """All of the text as a here-document whose delimiter is not quoted."""
        return self._quoted(_IN_DOCUMENT, "inside a here-document", "")

    def _needed_word(self) -> Word:
        word = self._word()
        if word is None:
            raise self._unexpected()
        return word

    def _word(self) -> Word | None:
        self._skip_blanks()
        begin, parts = self._at, list[Part]()
        while self._more:
            read = self._unquoted(first=self._at == begin)
            if read is None:
                break
            parts += read
        if self._pending and "\n" in self._text[begin : self._at]:
            raise Unreadable("has a here-document behind whose beginning a word has several lines")
        return Word.of(parts) if self._at > begin else None

    def _unquoted(self, *, first: bool) -> list[Part] | None:  # noqa: PLR0911 - one for each character
        """What stands next in a word; None where it has ended."""
        if ordinary := _ORDINARY.match(self._text, self._at):
            self._at = ordinary.end()
            return [Literal(ordinary.group(), quoted=False)]
        character = self._text[self._at]
        if character == "\\":
            return self._escaped()
        if character == "'":
            return self._single_quoted()
        if character == '"':
            self._at += 1
            return [Literal("", quoted=True), *self._quoted(_IN_QUOTES, "inside double quotes", '"')]
        if character in "$`":
            return [self._expansion(quoted=False)]
        if VALUE.match(character):
            return [self._inserted("")]
        if self._text[self._at : self._at + 2] in ("<(", ">("):
            if not first:
                raise Unreadable("has a process substitution inside a word")
            self._at += 2
            return [self._substitution(character, quoted=False)]
        return None

    def _escaped(self) -> list[Part]:
        following = self._text[self._at + 1 : self._at + 2]
        if not following or VALUE.match(following):
            raise Unreadable("has a value behind a backslash" if following else "ends with a backslash")
        self._at += 2
        return [] if following == "\n" else [Literal(following, quoted=True)]

    def _single_quoted(self, within: str = "inside single quotes") -> list[Part]:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise Unreadable("has a quote that is not closed")
        text = self._text[self._at + 1 : end]
        self._at = end + 1
        parts: list[Part] = [Literal("", quoted=True)]
        for piece in re.split(f"([{VALUES}])", text):
            if VALUE.fullmatch(piece):
                parts.append(Inserted(value_at(piece, 0), within))
            elif piece:
                parts.append(Literal(piece, quoted=True))
        return parts

    def _quoted(self, ordinary: re.Pattern[str], within: str, end: str) -> tuple[Part, ...]:
        """Text in double quotes, or in a here-document."""
        parts: list[Part] = []
        while self._more:
            character = self._text[self._at]
            if character == end:
                self._at += 1
                return tuple(parts)
            if chunk := ordinary.match(self._text, self._at):
                self._at = chunk.end()
                parts.append(Literal(chunk.group(), quoted=True))
            elif character == "\\":
                following = self._text[self._at + 1 : self._at + 2]
                escapes = following in ("$", "`", '"', "\\", "\n")
                parts += [Literal(following if escapes else "\\", quoted=True)] if following != "\n" else []
                self._at += 2 if escapes and following else 1
            elif VALUE.match(character):
                parts.append(self._inserted(within))
            else:
                parts.append(self._expansion(quoted=True))
        if end:
            raise Unreadable("has a quote that is not closed")
        return tuple(parts)

    def _inserted(self, within: str) -> Inserted:
        self._at += 1
        return Inserted(value_at(self._text, self._at - 1), within)

    # -- expansions

    def _expansion(self, *, quoted: bool) -> Part:  # noqa: PLR0911 - one for each character
        begin = self._at
        self._at += 1
        if self._text[begin] == "`":
            return self._backquoted(quoted=quoted)
        here = self._text[self._at : self._at + 2]
        if here == "((":
            self._at += 2
            return Arithmetic(self._arithmetic("))"))
        if here[:1] == "(":
            self._at += 1
            return self._substitution("$", quoted=quoted)
        if here[:1] == "[":
            self._at += 1
            return Arithmetic(self._arithmetic("]"))
        if here[:1] == "{":
            return self._braced(begin, quoted=quoted)
        if name := _PARAMETER.match(self._text, self._at):
            self._at = name.end()
            return self._expanded(begin, name.group(), quoted=quoted)
        if here[:1] == "'" and not quoted:
            return self._c_string()
        if here[:1] == '"' and not quoted:
            raise Unreadable('has $"…", which bash reads as "…" and others do not')
        if here == "\\\n" or VALUE.match(here):
            raise Unreadable("has a value or a continued line right behind a dollar sign")
        return Literal("$", quoted=quoted)

    def _expanded(self, begin: int, name: str, *, quoted: bool) -> Expansion:
        return Expansion(name, quoted, self._text, begin, self._at)

    def _c_string(self) -> Part:
        end = self._text.find("'", self._at + 1)
        if "\\'" in self._text[self._at : end + 1] or VALUE.search(self._text, self._at, max(end, self._at)):
            raise Unreadable("has $'…' with a quote or a value in it")
        begin = self._at + 1
        self._single_quoted()
        return Literal(self._text[begin:end], quoted=True)

    def _substitution(self, opening: str, *, quoted: bool) -> Substitution:
        if self._pending:
            raise Unreadable("has a command substitution in a line that begins a here-document")
        self._substitutions += 1
        body = self._list()
        if self._pending:
            raise Unreadable("has a here-document that begins where a command substitution ends")
        self._expect(")")
        self._substitutions -= 1
        return Substitution(body, quoted, opening)

    def _backquoted(self, *, quoted: bool) -> Substitution:
        body = _IN_BACKQUOTES.match(self._text, self._at)
        if not body or not self._text.startswith("`", body.end()):
            raise Unreadable("has backquotes that are not closed or hold a continued line")
        self._at = body.end() + 1
        text = re.sub(r'\\([`\\$"])' if quoted else r"\\([`\\$])", r"\1", body.group())
        if VALUE.search(text):
            raise Unreadable("has a value in backquotes, write $(…)")
        with self._deeper():
            return Substitution(self._another(text).script(), quoted, "`")

    def _braced(self, begin: int, *, quoted: bool) -> Expansion:
        head = _BRACED.match(self._text, self._at)
        if not head:
            raise Unreadable("has an expansion that is hard to read")
        self._at = head.end()
        operator, subscript, operand = "", tuple[Part, ...](), tuple[Part, ...]()
        with self._deeper():
            if self._text.startswith("[", self._at):
                self._at += 1
                subscript = self._arithmetic("]")
            if modifier := _MODIFIER.match(self._text, self._at):
                self._at, operator = modifier.end(), modifier.group()
            if operator == ":":
                operand = self._arithmetic("}")
            elif operator:
                operand = self._operand(quoted=quoted)
            elif self._text.startswith("}", self._at):
                self._at += 1
            else:
                raise Unreadable("has an expansion that is hard to read")
        read = self._expanded(begin, head[2], quoted=quoted)
        return read._replace(operator=operator, operand=operand, subscript=subscript, indirect=head[1] == "!")

    def _operand(self, *, quoted: bool) -> tuple[Part, ...]:
        parts: list[Part] = []
        while self._more:
            character = self._text[self._at]
            if character == "}":
                self._at += 1
                return tuple(parts)
            if chunk := _IN_OPERAND.match(self._text, self._at):
                self._at = chunk.end()
                parts.append(Literal(chunk.group(), quoted=True))
            elif VALUE.match(character):
                parts.append(self._inserted("inside an expansion"))
            elif quoted and character in "'\"":
                raise Unreadable("has quotes inside an expansion inside quotes")
            elif character in "$`":
                parts.append(self._expansion(quoted=quoted))
            else:
                parts += self._unquoted(first=False) or []
        raise Unreadable("has an expansion that is not closed")

    def _arithmetic(self, end: str, *, semicolons: bool = False) -> tuple[Part, ...]:
        """An arithmetic expression up to its end, which is taken too."""
        with self._deeper():
            return self._computed(end, semicolons=semicolons)

    def _computed(self, end: str, *, semicolons: bool) -> tuple[Part, ...]:
        parts: list[Part] = []
        closing: list[str] = []
        while self._more:
            character = self._text[self._at]
            if not closing and self._text.startswith(end, self._at):
                self._at += len(end)
                return tuple(parts)
            if chunk := _IN_ARITHMETIC.match(self._text, self._at):
                self._at = chunk.end()
                parts.append(Literal(chunk.group(), quoted=True))
            elif character in "([{":
                closing.append({"(": ")", "[": "]", "{": "}"}[character])
                self._at += 1
            elif closing and character == closing[-1]:
                closing.pop()
                self._at += 1
            elif character in "$`":
                parts.append(self._expansion(quoted=True))
            elif character in "'\"" or (character == "\\" and self._text.startswith("\n", self._at + 1)):
                parts += self._unquoted(first=False) or []
            elif VALUE.match(character):
                parts.append(self._inserted("in shell arithmetic"))
            elif character == ";" and semicolons:
                self._at += 1
            else:
                break
        raise Unreadable("has arithmetic that is hard to read")

    # -- the characters between words

    def _skip_blanks(self) -> None:
        if blanks := _BLANKS.match(self._text, self._at):
            self._at = blanks.end()
        if comment := _COMMENT.match(self._text, self._at):
            if VALUE.search(comment.group()):
                raise Unreadable("has a value in a comment")
            if self._substitutions and not set("'\"`()\\").isdisjoint(comment.group()):
                raise Unreadable("has quotes in a comment in a command substitution")
            self._at = comment.end()

    def _skip_lines(self) -> None:
        self._skip_blanks()
        while self._text.startswith("\n", self._at):
            self._newline()
            self._skip_blanks()

    def _newline(self) -> None:
        self._at += 1
        pending, self._pending = self._pending, []
        for redirect, delimiter, quoted in pending:
            self._here_document(redirect, delimiter, quoted=quoted)

    def _here_document(self, redirect: Redirect, delimiter: str, *, quoted: bool) -> None:
        begin = self._at
        while self._more:
            line_end = self._text.find("\n", self._at)
            line_end = len(self._text) if line_end < 0 else line_end
            line = self._text[self._at : line_end]
            if (line.lstrip("\t") if redirect.operator.endswith("-") else line) == delimiter:
                body = self._text[begin : self._at]
                if not quoted and body.endswith("\\\n"):
                    break
                self._at = min(line_end + 1, len(self._text))
                redirect.body.extend(self._document(body, quoted=quoted))
                return
            self._at = line_end + 1
        raise Unreadable("has a here-document without a plain end")

    def _document(self, body: str, *, quoted: bool) -> tuple[Part, ...]:
        if not quoted:
            return self._another(body).document()
        if VALUE.search(body):
            return tuple(Inserted(value, "inside a here-document") for value in values_in(body))
        return (Literal(body, quoted=True),)

    def _take(self, *operators: str) -> str:
        self._skip_blanks()
        operator = self._peek()
        if operator not in operators:
            return ""
        self._at += len(operator)
        self._check_joined()
        return operator

    def _expect(self, operator: str) -> None:
        self._skip_lines()
        if not self._text.startswith(operator, self._at):
            raise self._unexpected()
        self._at += len(operator)
        self._check_joined()

    def _is_keyword(self, keyword: str) -> bool:
        self._skip_lines()
        end = self._at + len(keyword)
        if not self._text.startswith(keyword, self._at) or self._text[end : end + 1] not in ("", *" \t\n;&|()<>"):
            return False
        self._at = end
        return True

    def _keyword(self, keyword: str) -> None:
        if not self._is_keyword(keyword):
            raise self._unexpected()

    def _matched(self, pattern: re.Pattern[str]) -> str:
        self._skip_blanks()
        found = pattern.match(self._text, self._at)
        if not found:
            raise self._unexpected()
        self._at = found.end()
        return found.group()
