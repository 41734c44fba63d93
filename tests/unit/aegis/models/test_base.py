"""Where a resource lives, and what goes back on the wire."""

import pytest

from aegis.models.alert import AegisAlert, InvolvedObject
from aegis.models.base import Resource

ALERTS = AegisAlert.resource
PODS = Resource(group="", version="v1", kind="Pod", plural="pods")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (ALERTS.path(None), "/apis/aegis.io/v1alpha1/aegisalerts"),
        (ALERTS.path("ns"), "/apis/aegis.io/v1alpha1/namespaces/ns/aegisalerts"),
        (ALERTS.path("ns", "a"), "/apis/aegis.io/v1alpha1/namespaces/ns/aegisalerts/a"),
        (ALERTS.path("ns", "a", "status"), "/apis/aegis.io/v1alpha1/namespaces/ns/aegisalerts/a/status"),
        (PODS.path("ns", "p", "log"), "/api/v1/namespaces/ns/pods/p/log"),
    ],
    ids=["everywhere", "namespace", "object", "subresource", "core group"],
)
def test_the_path_of_a_request(path: str, expected: str) -> None:
    assert path == expected


def test_a_manifests_api_version() -> None:
    assert (ALERTS.api_version, PODS.api_version) == ("aegis.io/v1alpha1", "v1")


def test_only_what_was_set_goes_on_the_wire_in_camel_case() -> None:
    read = AegisAlert.read({"spec": {"involvedObject": {"kind": "Node"}, "startsAt": ""}, "status": {"count": 2}})
    assert read.wire() == {
        "spec": {"involvedObject": {"kind": "Node"}, "startsAt": ""},
        "status": {"count": 2},
    }


def test_python_and_wire_names_both_build_a_value() -> None:
    assert InvolvedObject(kind="Node") == InvolvedObject.model_validate({"kind": "Node", "unknown": 1})
