"""A watch misses nothing between the moment it is asked for and the moment it starts to answer."""

import asyncio

from sandbox.api import Api
from sandbox.api.watching import Watch, WatchOptions


async def test_what_changes_before_a_watch_starts_to_answer_is_in_it() -> None:
    api = Api()
    resource = api.resource("configmaps", "")
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "early", "namespace": "default"}}
    since = str(api.store.revision)
    watch = Watch(api.store, api.catalog, resource, "default", WatchOptions(resource_version=since))
    await api.create(resource, config_map, "default")
    with watch:
        kind, entry = await asyncio.wait_for(anext(aiter(watch)), timeout=5)
    assert (kind, entry.obj["metadata"]["name"]) == ("ADDED", "early")
