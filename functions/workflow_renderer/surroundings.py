"""What stands beside a value, and which values would change its meaning there.

A part of a path that is ``..``, a host's name with a slash in it, an empty value in a selector: each is plain text, and
does something else than the template's author meant.
"""

import re
from typing import NamedTuple

NEAR = 200
"""How many characters beside a value are looked at."""
_SHELL_QUOTES = str.maketrans("", "", "'\"")
_WORD_BEFORE = re.compile(r"[^\s;|&()<>`]*\Z")
_WORD_BEHIND = re.compile(r"[^\s;|&()<>`]*")
_HOST_BEFORE = re.compile(r"://([^/?#]*)\Z")
_HOST_BEHIND = re.compile(r"[^/?#]*")
_IN_HOST = re.compile(r"[^\s:/@?#\\]*")
_PORT = re.compile(r"[^:/?#@\\]+:[0-9]{1,5}")
_NO_PATH = re.compile(r"[=?&,:]")
_SELECTOR = re.compile(r"(?:--(?:field-|pod-)?selector|(?:\A|\s)-l)(?:=|\s+|(?=[^\s-]))(\S*)\Z")
_IN_SELECTOR = re.compile(r"[^\s,=!()]+")
_READS_FILES = re.compile(r"\b(?:curl|kubectl)\s[^\n;&|]*\Z")


class Surroundings(NamedTuple):
    """The text right before and behind a value, without the quotes of a shell."""

    before: str
    behind: str

    @classmethod
    def of(cls, before: str, behind: str) -> "Surroundings":
        """What is near in these texts."""
        return cls(before[-NEAR:].translate(_SHELL_QUOTES), behind[:NEAR].translate(_SHELL_QUOTES))

    @classmethod
    def within(cls, text: str, start: int, end: int) -> "Surroundings":
        """What is near to a piece of a text."""
        return cls.of(text[max(0, start - NEAR) : start], text[end : end + NEAR])

    def changed_by(self, text: str) -> str:
        """How a value would change the meaning of what it is a part of; empty where it would not."""
        word, rest = _last_word(self.before), _first_word(self.behind)
        host = _HOST_BEFORE.search(word)
        if host:
            return _in_host(host[1], text, _HOST_BEHIND.match(rest))
        return _in_path(word, text, rest) or self._in_selector(text)

    def names_file(self, text: str) -> str:
        """Whether curl or kubectl would take the value for the name of a file to read; empty where they would not."""
        begins = not _last_word(self.before) or self.before.endswith("=")
        if text.startswith(("@", "<")) and begins and _READS_FILES.search(self.before):
            return f"begins with {text[0]}, which names a file to read"
        return ""

    def _in_selector(self, text: str) -> str:
        selector = _SELECTOR.search(self.before)
        if not selector:
            return ""
        if not text:
            return "is empty, and would select everything"
        if selector[1] and not _IN_SELECTOR.fullmatch(text):
            return "has blanks or one of ,=!() inside a selector"
        return ""


def _last_word(text: str) -> str:
    found = _WORD_BEFORE.search(text)
    return found.group() if found else ""


def _first_word(text: str) -> str:
    found = _WORD_BEHIND.match(text)
    return found.group() if found else ""


def _in_host(before: str, text: str, behind: re.Match[str] | None) -> str:
    """Of what stands between ``://`` and the next slash."""
    after = behind.group() if behind else ""
    alone = not before and not after
    if not _IN_HOST.fullmatch(text) and not (alone and _PORT.fullmatch(text)):
        return "has blanks or one of :/@?# inside the name of a host"
    name = f"{before}{text}{after}".rpartition("@")[2].partition(":")[0]
    return "leaves a part of a host's name empty" if "" in name.split(".") else ""


def _in_path(word: str, text: str, rest: str) -> str:
    before, after = word.rpartition("/"), rest.partition("/")
    below = bool(before[1]) and not _NO_PATH.search(before[2])
    above = bool(after[1]) and not _NO_PATH.search(after[0])
    if not below and not above:
        return ""
    parts = f"{before[2] if below else ''}{text}{after[0] if above else _NO_PATH.split(rest)[0]}".split("/")
    if not below:
        parts = parts[1:] if text.startswith("/") else [_last_part(word) + parts[0], *parts[1:]]
    for part in parts:
        if part in (".", "..", ""):
            return f"is or makes {part!r} as a part of a path" if part else "is empty, or makes an empty part of a path"
    return ""


def _last_part(word: str) -> str:
    return re.split(_NO_PATH, word)[-1]
