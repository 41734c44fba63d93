"""Alertmanager's matchers on what an alert says: ``mountpoint="/boot"``, ``severity=~"critical|page"``, ``team!=""``.

They mean what they mean there: a regular expression fits the whole value, and what the alert does not say is the empty
text. Source: https://prometheus.io/docs/alerting/latest/configuration/#matcher (UTF-8 mode).
"""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from aegis.models.alert import AegisAlert
from functions.rule_matcher.patterns import check, matches

_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_BARE = r"""[^\s{}!=~,\\"'`]++"""
_MATCHER = re.compile(
    rf"\s*+(?P<name>{_QUOTED}|{_BARE})\s*+(?P<op>=~|!~|!=|=)\s*+(?P<value>{_QUOTED}|{_BARE})\s*+", re.DOTALL
)
_ACCEPTED = 'accepted is a matcher of Alertmanager\'s, as mountpoint="/boot", severity=~"critical|page" or team!=""'


class BadMatcher(ValueError):
    """The text is no matcher."""


class Matcher(NamedTuple):
    """One condition on one value."""

    name: str
    operator: str
    value: str

    def holds(self, values: Mapping[str, str]) -> bool:
        """Whether an alert's values meet it."""
        found = values.get(self.name, "")
        match self.operator:
            case "=":
                return found == self.value
            case "!=":
                return found != self.value
            case "=~":
                return matches(self.value, found)
        return not matches(self.value, found)

    def __str__(self) -> str:
        return f"{self.name}{self.operator}{json.dumps(self.value, ensure_ascii=False)}"


def read_matcher(text: str) -> Matcher:
    """Read one matcher.

    Raises:
        BadMatcher: with a message for the rule's author.
    """
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise BadMatcher(f"no matcher; {_ACCEPTED}")
    name, operator, value = _unquoted(found["name"]), found["op"], _unquoted(found["value"])
    if not name:
        raise BadMatcher(f"its name is empty; {_ACCEPTED}")
    if operator in ("=~", "!~"):
        check(value)
    return Matcher(name, operator, value)


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text, strict=False))
    except ValueError as error:
        raise BadMatcher(f"{text} has an escape that is none (write \\\\ for a backslash); {_ACCEPTED}") from error


def values_of(alert: AegisAlert) -> dict[str, str]:
    """What matchers see: the alert's details as they came, and below them its own fields."""
    spec = alert.spec
    own = {
        "alertname": spec.type,
        "type": spec.type,
        "source": spec.source,
        "severity": spec.severity,
        "fingerprint": spec.fingerprint,
    }
    return {**own, **spec.all_details}
