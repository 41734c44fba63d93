"""What a value may be by itself: the characters that a place takes, and what its filters promise."""

import re

from aegis.names import is_object_name
from functions.workflow_renderer.markers import Meaning, Value
from functions.workflow_renderer.places import Place

LONGEST_WORD = 253
LONGEST_TEXT = 16_384

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]|\r(?!\n)")
_UPWARDS = re.compile(r"(?:^|/)\.\.(?:/|$)")
_ACCEPTED = {Place.WORD: re.compile(r"[A-Za-z0-9._:/@%+=,-]+"), Place.NAME: re.compile(r"[A-Za-z0-9._:/@-]+")}
_CHARACTERS = {Place.WORD: "._:/@%+=,-", Place.NAME: "._:/@-"}
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")


def forbidden(value: Value, before: str, behind: str) -> str:
    """Why a value may stand nowhere, or is not what its filter says."""
    control = _CONTROL.search(value.text)
    if control:
        return f"has the control character U+{ord(control.group()):04X}"
    joined = before[-1:] + value.text + behind[:1]
    if "{{" in joined or "}}" in joined:
        return "has {{ or }}, which Argo would read"
    if value.meaning is Meaning.NAME and not is_object_name(value.text):
        return "is no name of a Kubernetes object"
    if value.meaning is Meaning.NUMBER and (not is_number(value.text) or value.text.startswith("-")):
        return "is no number without a sign"
    return ""


def is_number(text: str) -> bool:
    """Whether a text is a decimal number, perhaps with a sign or a fraction."""
    return _NUMBER.fullmatch(text) is not None


def like_option(value: Value) -> str:
    """Why a value may be taken for an option."""
    if value.text.startswith("-") and value.meaning is not Meaning.TEXT:
        return "begins with -, like an option; pipe it through text where any text is meant, and put -- before it"
    return ""


def not_text(text: str, before: str, behind: str) -> str:
    """Why a value may not stand where text may."""
    if "$(" in before[-1:] + text + behind[:1]:
        return "has $(, which the kubelet would expand"
    return too_long(text)


def too_long(text: str) -> str:
    """Why a text is too long."""
    return f"is longer than {LONGEST_TEXT} characters" if len(text) > LONGEST_TEXT else ""


def not_accepted(value: Value, place: Place) -> str:
    """Why a value may not stand where words or names may."""
    text = value.text
    if not text:
        return ""
    if len(text) > LONGEST_WORD:
        return f"is longer than {LONGEST_WORD} characters"
    if _UPWARDS.search(text):
        return "has .. as a part of a path"
    if not _ACCEPTED[place].fullmatch(text):
        return f"has other characters than letters, digits and {_CHARACTERS[place]}"
    return like_option(value)
