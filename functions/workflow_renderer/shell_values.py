"""Values in the text of a script: each a single character, of planes that Unicode leaves to private use."""

import re

_FIRST, _LAST = 0xF0000, 0x10FFFD
VALUES = f"{chr(_FIRST)}-{chr(_LAST)}"
"""All of these characters, for a class of a pattern."""
VALUE = re.compile(f"[{VALUES}]")


def value_at(text: str, position: int) -> int:
    """Which value stands at a position of a text."""
    return ord(text[position]) - _FIRST


def value_character(index: int) -> str:
    """The character that stands for a value in a script's text."""
    return chr(_FIRST + index)


def values_in(text: str) -> list[int]:
    """The values that stand in a text."""
    return [value_at(character, 0) for character in VALUE.findall(text)]


def without_values(text: str) -> str:
    """Text of the author's own, with no character in it that would stand for a value."""
    return VALUE.sub("\ufffd", text)
