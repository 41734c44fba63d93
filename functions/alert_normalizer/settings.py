"""What an operator sets, from the environment."""

import logging
import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from aegis.models.alert import AFTER_FAILURE, AFTER_NO_OPS, AFTER_SUCCESS
from aegis.models.base import MOST
from aegis.names import is_label_key

_log = logging.getLogger(__name__)


class Settings(NamedTuple):
    """Which alerts are taken, and how they are stored."""

    namespace: str = "monitoring"
    ignored_types: frozenset[str] = frozenset({"Watchdog", "InfoInhibitor"})
    cooldown: timedelta = timedelta(minutes=30)
    refire_grace: timedelta = timedelta(minutes=2)
    system_parameters: Mapping[str, str] = MappingProxyType({})
    seconds_after_success: int = AFTER_SUCCESS
    seconds_after_failure: int = AFTER_FAILURE
    seconds_after_no_ops: int = AFTER_NO_OPS
    open_sources: frozenset[str] = frozenset()
    raw_alerts: bool = False
    hints: bool = False
    """Whether events are taken that only name a stored alert: they carry no token, and nothing of them is believed."""


@cache
def settings() -> Settings:
    """The process's settings, read when they are first needed."""
    return read(os.environ)


def read(environment: Mapping[str, str]) -> Settings:
    """Read settings.

    ``AEGIS_NAMESPACE``, ``AEGIS_IGNORED_TYPES`` (comma list), ``AEGIS_{COOLDOWN,REFIRE_GRACE}_SECONDS``,
    ``AEGIS_SYSTEM_PARAMETERS`` (``key=value,key=value``), ``AEGIS_TTL_SECONDS_AFTER_{SUCCESS,FAILURE,NO_OPS}``,
    ``AEGIS_OPEN_SOURCES`` (comma list, or ``*``), ``AEGIS_RAW_ALERTS`` and ``AEGIS_HINTS`` (``on``).
    """
    default = Settings()

    def seconds(name: str, otherwise: int) -> int:
        text = environment.get(name, "")
        if text.isascii() and text.isdigit():
            return min(int(text), MOST)
        if text:
            _log.error("a setting is not a number of seconds: its default stands", extra={"setting": name})
        return otherwise

    ignored = environment.get("AEGIS_IGNORED_TYPES")
    return Settings(
        namespace=environment.get("AEGIS_NAMESPACE") or default.namespace,
        ignored_types=default.ignored_types if ignored is None else frozenset(_listed(ignored)),
        cooldown=timedelta(seconds=seconds("AEGIS_COOLDOWN_SECONDS", default.cooldown.seconds)),
        refire_grace=timedelta(seconds=seconds("AEGIS_REFIRE_GRACE_SECONDS", default.refire_grace.seconds)),
        system_parameters=_parameters(environment.get("AEGIS_SYSTEM_PARAMETERS", "")),
        seconds_after_success=seconds("AEGIS_TTL_SECONDS_AFTER_SUCCESS", default.seconds_after_success),
        seconds_after_failure=seconds("AEGIS_TTL_SECONDS_AFTER_FAILURE", default.seconds_after_failure),
        seconds_after_no_ops=seconds("AEGIS_TTL_SECONDS_AFTER_NO_OPS", default.seconds_after_no_ops),
        open_sources=frozenset(_listed(environment.get("AEGIS_OPEN_SOURCES", ""))),
        raw_alerts=environment.get("AEGIS_RAW_ALERTS", "") == "on",
        hints=environment.get("AEGIS_HINTS", "") == "on",
    )


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _parameters(text: str) -> dict[str, str]:
    """System parameters become annotations, so a key that is none would keep every alert from being stored."""
    parameters = {}
    for item in _listed(text):
        key, equals, value = item.partition("=")
        if equals and is_label_key(key.strip()):
            parameters[key.strip()] = value.strip()
        else:
            _log.error("AEGIS_SYSTEM_PARAMETERS: left out what is no key=value", extra={"parameter": key})
    return parameters
