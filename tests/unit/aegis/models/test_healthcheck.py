"""Health checks as they are read; the pod's template is somebody else's, so nothing of it may be lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.healthcheck import AegisClusterHealthCheck, AegisNodeHealthCheck, ClusterCheckPhase, NodeCheckStatus

POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "check"}},
    "spec": {
        "hostNetwork": True,
        "containers": [{"name": "check", "image": "check:1", "securityContext": {"privileged": True}}],
        "tolerations": [{"operator": "Exists"}],
    },
}

json_values = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=4,
)


def test_a_pod_template_goes_out_as_it_came_in() -> None:
    check = AegisNodeHealthCheck.read({"spec": {"node": "dev1", "template": POD}})
    assert check.spec.template is not None
    assert check.spec.template.wire() == POD


@given(st.dictionaries(st.sampled_from(["hostPID", "volumes", "dnsConfig"]), json_values))
def test_fields_of_the_pod_that_nobody_named_are_kept(extra: dict[str, Any]) -> None:
    spec = {**POD["spec"], **extra}
    check = AegisClusterHealthCheck.read({"spec": {"template": {"spec": spec}}})
    assert check.spec.template is not None
    assert check.spec.template.spec is not None
    assert check.spec.template.spec.wire() == spec


def test_results_are_read_by_module() -> None:
    item = {"item": "gpu0", "condition": "GpuDown", "level": "critical", "status": True, "message": "gone"}
    check = AegisNodeHealthCheck.read({"status": {"status": "Succeeded", "results": {"gpu": [item], "ib": []}}})
    assert check.status.status is NodeCheckStatus.SUCCEEDED
    assert [(found.condition, found.status) for found in check.status.results["gpu"]] == [("GpuDown", True)]


def test_a_check_that_nobody_took_up_has_no_phase_and_desires_nothing_yet() -> None:
    check = AegisClusterHealthCheck.read({"spec": {"schedule": "@hourly"}})
    assert (check.status.phase, check.status.desired) == (ClusterCheckPhase.NONE, None)


@pytest.mark.parametrize("spec", [{"timeout": 0}, {"schedule": "every day"}], ids=["timeout", "schedule"])
def test_one_stored_before_it_was_checked_is_still_read(spec: dict[str, Any]) -> None:
    """What only the API server refuses may be in it from before; whoever acts on it says what is wrong."""
    assert AegisClusterHealthCheck.read({"spec": spec})
