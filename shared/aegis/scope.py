"""Whose rules and templates count for an alert: its own namespace's, and those of namespaces that the operator names.

Whoever may write rules in one namespace must not thereby answer the alerts of another. The matcher and the renderer
read the same setting, so that a template which the one refuses is not read by the other either.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from aegis.models.alert import TemplateReference

SETTING = "AEGIS_RULE_NAMESPACES"
"""A comma list of namespaces, or ``*`` for all of them; none unless it is set."""


class Scope(NamedTuple):
    """The namespaces whose rules and templates count for alerts of every namespace."""

    named: frozenset[str] = frozenset()

    def is_shared(self, namespace: str) -> bool:
        """Whether what is in the namespace counts for every alert."""
        return namespace in self.named or "*" in self.named

    def refusal(self, template: TemplateReference, *, alert_namespace: str) -> str:
        """Why a template may not be run for an alert; empty where it may."""
        if template.namespace == alert_namespace or self.is_shared(template.namespace):
            return ""
        return (
            f"the AegisOpsTemplate {template.namespace}/{template.name} does not count for alerts in "
            f"{alert_namespace}: {SETTING} does not name its namespace"
        )


EACH_ITS_OWN = Scope()
"""Where no namespace is named: what is in a namespace counts for the alerts that are in it."""


@cache
def scope() -> Scope:
    """The process's scope, read when it is first needed."""
    return read(os.environ)


def read(environment: Mapping[str, str]) -> Scope:
    """Read ``AEGIS_RULE_NAMESPACES``."""
    return Scope(frozenset(name.strip() for name in environment.get(SETTING, "").split(",") if name.strip()))
