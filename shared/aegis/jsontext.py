"""JSON as senders may spell it: as deep as it likes beside what is good, and with text that is none."""

import json
import sys
from typing import Any

_LEVELS = 2_000


def loads(text: str | bytes, **options: Any) -> Any:
    """Read JSON of up to some 2,000 levels, however deep in calls the caller is itself.

    What holds many entries is read whole, so one of them that is nested deeply would keep the others back. Python 3.11
    has one limit for its own calls and for the parser's; from 3.12 on the parser has one of its own, which is wider.

    Raises:
        ValueError: when it is no JSON.
        RecursionError: when it is nested more deeply.
    """
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, _LEVELS))
    try:
        return json.loads(text, **options)
    finally:
        sys.setrecursionlimit(usual)


def is_text(text: str) -> bool:
    """Whether UTF-8 can hold it: JSON can spell half of a surrogate pair, which is no character (RFC 8259, 8.2)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
