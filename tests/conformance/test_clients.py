"""The official Python client, synchronous and asynchronous, against the server."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conformance.cluster import Cluster, Names

# In a process of their own: the client's import is heavy, and its clean-up is not as tidy as this suite demands.
_SYNC = """
import json, sys, warnings
warnings.simplefilter("ignore")
from kubernetes import client, config, watch
from kubernetes.dynamic import DynamicClient
config.load_kube_config(sys.argv[1])
namespace = sys.argv[2]
core, custom = client.CoreV1Api(), client.CustomObjectsApi()
where = ("conformance.aegis.io", "v1", namespace, "widgets")
metadata = client.V1ObjectMeta(name="c")
core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=metadata, data={"a": "b"}))
manifest = {"apiVersion": "conformance.aegis.io/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 2}}
custom.create_namespaced_custom_object(*where, manifest)
custom.patch_namespaced_custom_object_status(*where, "w", {"status": {"count": 3}})
stream = watch.Watch().stream(custom.list_namespaced_custom_object, *where, timeout_seconds=1)
seen = [event["type"] for event in stream]
dynamic = DynamicClient(client.ApiClient())
widgets = dynamic.resources.get(api_version="conformance.aegis.io/v1", kind="Widget")
manifest["spec"]["code"] = "abc"
applied = widgets.server_side_apply(body=manifest, namespace=namespace, field_manager="python")
try:
    core.read_namespaced_pod("none", namespace)
except client.ApiException as error:
    missing = error.status
print(json.dumps({
    "data": core.read_namespaced_config_map("c", namespace).data,
    "count": custom.get_namespaced_custom_object(*where, "w")["status"]["count"],
    "seen": seen, "code": applied.spec.code, "missing": missing,
}))
"""
_ASYNC = """
import asyncio, json, sys, warnings
warnings.simplefilter("ignore")
from kubernetes.aio import client, config, watch
async def main():
    await config.load_kube_config(sys.argv[1])
    where = ("conformance.aegis.io", "v1", sys.argv[2], "widgets")
    async with client.ApiClient() as api:
        custom = client.CustomObjectsApi(api)
        head = {"apiVersion": "conformance.aegis.io/v1", "kind": "Widget", "metadata": {"name": "w"}}
        manifest = dict(head, spec={"size": 2})
        await custom.create_namespaced_custom_object(*where, manifest)
        seen = []
        async with watch.Watch().stream(custom.list_namespaced_custom_object, *where, timeout_seconds=1) as stream:
            async for event in stream:
                seen.append(event["type"])
        found = await custom.get_namespaced_custom_object(*where, "w")
        print(json.dumps({"seen": seen, "size": found["spec"]["size"]}))
asyncio.run(main())
"""


def _run(program: str, cluster: Cluster, names: Names) -> object:
    command = [sys.executable, "-c", program, str(cluster.kubeconfig), names.namespace]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_synchronous_client(cluster: Cluster, names: Names) -> None:
    assert _run(_SYNC, cluster, names) == {
        "data": {"a": "b"},
        "count": 3,
        "seen": ["ADDED"],
        "code": "abc",
        "missing": 404,
    }


def test_the_asynchronous_client(cluster: Cluster, names: Names) -> None:
    assert _run(_ASYNC, cluster, names) == {"seen": ["ADDED"], "size": 2}
