"""What can die under Aegis on a real cluster, each killed as a machine that fails would kill it."""

import signal
from collections.abc import Callable
from dataclasses import dataclass

from tests.cluster import layout, processes
from tests.e2e.api import NAMESPACE, Api, Json
from tests.e2e.driver import FUNCTIONS, condition

_PROCESSES = ("apiserver", "etcd")
_PODS = {
    **{name: (NAMESPACE, f"serving.knative.dev/service={name}") for name in FUNCTIONS},
    "the Broker's ingress": ("knative-eventing", "eventing.knative.dev/brokerRole=ingress"),
    "the Broker's filter": ("knative-eventing", "eventing.knative.dev/brokerRole=filter"),
    "the channel's dispatcher": ("knative-eventing", "messaging.knative.dev/role=dispatcher"),
    "the ApiServerSource": (NAMESPACE, "eventing.knative.dev/sourceName=aegis-resources"),
    "the PingSource": ("knative-eventing", "eventing.knative.dev/source=ping-source-controller"),
    "the activator": ("knative-serving", "app=activator"),
    "Argo's controller": ("argo", "app=workflow-controller"),
}


@dataclass(frozen=True)
class Fault:
    """Something to kill."""

    name: str
    kill: Callable[[], int]
    """Kills it, and waits until what replaces it is ready; how many processes or pods that were."""


def faults(api: Api) -> list[Fault]:
    """All that can be killed here: etcd and the API server only where they are processes of the project's own."""
    pods = [Fault(name, lambda where=where: _kill_pods(api, *where)) for name, where in _PODS.items()]  # type: ignore[misc]
    own = str(api.http.base_url).rstrip("/") == layout.API_SERVER
    return pods + [Fault(name, lambda name=name: _kill_process(api, name)) for name in _PROCESSES if own]  # type: ignore[misc]


def _kill_pods(api: Api, namespace: str, selector: str) -> int:
    """Delete pods without grace; a function may have none, and gets one when it is next asked."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    pods = {pod["metadata"]["name"] for pod in api.items(path, labelSelector=selector)}
    for name in pods:
        api.request("DELETE", f"{path}/{name}", gracePeriodSeconds="0")
    if not selector.startswith("serving.knative.dev/"):

        def replaced(seen: dict[str, Json]) -> bool:
            return any(name not in pods and _ready(pod) for name, pod in seen.items())

        api.watch_until(path, replaced, labelSelector=selector)
    return len(pods)


def _kill_process(api: Api, name: str) -> int:
    """Kill a process of the control plane and start it again."""
    processes.restart(name, signal.SIGKILL)
    api.wait_for("/api/v1/namespaces/default", lambda item: item is not None)
    return 1


def _ready(pod: Json) -> bool:
    return condition(pod, "Ready").get("status") == "True"
