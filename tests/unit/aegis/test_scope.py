"""Whose templates count for whose alerts."""

import pytest

from aegis.models.alert import TemplateReference
from aegis.scope import SETTING, Scope, read


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        pytest.param(None, set(), id="not set"),
        pytest.param("", set(), id="empty"),
        pytest.param("platform", {"platform"}, id="one"),
        pytest.param(" platform, gpu-team ,", {"platform", "gpu-team"}, id="several, with spaces"),
        pytest.param("*", {"*"}, id="all"),
    ],
)
def test_namespaces_are_named_in_a_comma_list(setting: str | None, named: set[str]) -> None:
    assert read({} if setting is None else {SETTING: setting}) == Scope(frozenset(named))


@pytest.mark.parametrize(
    ("setting", "namespace", "counts"),
    [
        pytest.param("", "monitoring", True, id="the alert's own"),
        pytest.param("", "gpu-team", False, id="another"),
        pytest.param("gpu-team", "gpu-team", True, id="one that is named"),
        pytest.param("gpu", "gpu-team", False, id="one whose name only begins so"),
        pytest.param("*", "gpu-team", True, id="any, where all count"),
        pytest.param("gpu-*", "gpu-team", False, id="no patterns"),
    ],
)
def test_templates_count_from_the_alerts_namespace_and_from_those_named(
    setting: str, namespace: str, *, counts: bool
) -> None:
    template = TemplateReference(namespace=namespace, name="cordon")
    refusal = read({SETTING: setting}).refusal(template, alert_namespace="monitoring")
    assert (refusal == "") is counts
    assert counts or (f"{namespace}/cordon" in refusal and SETTING in refusal)
