"""Scheduler and kubelets in one: takes every pod, whoever made it, from Pending to its end."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from sandbox.api import ApiError
from sandbox.conditions import now
from sandbox.informer import Informer
from sandbox.workloads import podevents, podstatus
from sandbox.workloads.nodes import choose, is_ready

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.api import Api, Object
    from sandbox.workloads.containers import Exit, Runner
    from sandbox.workloads.logs import LogBook

logger = logging.getLogger(__name__)

_FINISHED = ("Succeeded", "Failed")
_GONE_OR_CHANGED = (404, 409)


class Kubelet:
    """The pods of the cluster."""

    def __init__(self, api: Api, runner: Runner, logs: LogBook) -> None:
        self._api = api
        self._runner = runner
        self._logs = logs
        self._resource = api.resource("pods")
        self._pods = Informer(api, self._resource, self._pod_changed)
        self._nodes = Informer(api, api.resource("nodes"), self._node_changed)
        self._lives: dict[str, asyncio.Task[None]] = {}
        self._node_changes = asyncio.Event()

    async def run(self) -> None:
        """Follow pods and nodes until cancelled; containers end with it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._nodes.run())
                await self._nodes.synced.wait()
                group.create_task(self._pods.run())
        finally:
            for life in self._lives.values():
                life.cancel()
            await asyncio.gather(*self._lives.values(), return_exceptions=True)

    def _pod_changed(self, kind: str, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        gone = kind == "DELETED"
        if gone or pod["metadata"].get("deletionTimestamp"):
            if life := self._lives.pop(uid, None):
                life.cancel()
            if gone:
                self._logs.remove(uid)
        elif uid not in self._lives and pod.get("status", {}).get("phase") not in _FINISHED:
            life = asyncio.create_task(self._live(pod), name=f"pod {pod['metadata']['name']}")
            self._lives[uid] = life
            life.add_done_callback(lambda task: self._ended(uid, task))

    def _node_changed(self, _kind: str, _node: Object) -> None:
        self._node_changes.set()
        self._node_changes = asyncio.Event()

    def _ended(self, uid: str, task: asyncio.Task[None]) -> None:
        self._lives.pop(uid, None)
        self._logs.end(uid)
        if not task.cancelled() and (error := task.exception()):
            logger.error("pod %s: %s", uid, error, exc_info=error)

    async def _live(self, pod: Object) -> None:
        pod = await self._placed(pod)
        if refused := self._runner.refused(pod):
            await self._write(pod, podstatus.ended_as_a_whole(podstatus.NOT_HONOURED, refused))
            await podevents.warn(
                self._api, pod, reason=podstatus.NOT_HONOURED, message=refused, component=podevents.KUBELET
            )
            return
        started = now()
        self._logs.begin(pod["metadata"]["uid"])
        deadline = pod["spec"].get("activeDeadlineSeconds")
        try:
            async with asyncio.timeout(deadline):
                exits = await self._contain(pod, started)
        except TimeoutError:
            message = "Pod was active on the node longer than the specified deadline"
            await self._write(pod, podstatus.ended_as_a_whole("DeadlineExceeded", message))
            return
        self._logs.end(pod["metadata"]["uid"])
        await self._write(pod, podstatus.finished(pod, exits, started, now()))

    async def _placed(self, pod: Object) -> Object:
        """The pod on its node. A pod that names one goes there even when it is cordoned: no scheduler is asked."""
        said = ""
        while True:
            changed = self._node_changes
            wanted = pod["spec"].get("nodeName")
            if wanted:
                node = self._nodes.get("", wanted)
                if node is not None and is_ready(node):
                    return pod
            else:
                name, message = choose(pod, self._nodes.objects)
                if name is not None:
                    meta = pod["metadata"]
                    change = {"spec": {"nodeName": name}}
                    return await self._api.patch(
                        self._resource, meta["name"], change, meta["namespace"], subresource="binding"
                    )
                if message != said:
                    said = message
                    await self._write(pod, podstatus.unschedulable(message, now()))
                    await podevents.warn(
                        self._api, pod, reason="FailedScheduling", message=message, component=podevents.SCHEDULER
                    )
            await changed.wait()

    async def _contain(self, pod: Object, started: str) -> Sequence[Exit]:
        for container in pod["spec"].get("initContainers") or []:
            end = await self._start(pod, container)
            if end.code:
                return [end] * len(pod["spec"]["containers"])
        await self._write(pod, podstatus.running(pod, started))
        async with asyncio.TaskGroup() as group:
            runs = [group.create_task(self._start(pod, container)) for container in pod["spec"]["containers"]]
        if pod["spec"].get("restartPolicy", "Always") == "Always":
            await asyncio.Event().wait()  # such a pod is meant to run until it is deleted
        return [run.result() for run in runs]

    async def _start(self, pod: Object, container: Mapping[str, Any]) -> Exit:
        return await self._runner.run(pod, container, self._logs.file(pod["metadata"]["uid"], container["name"]))

    async def _write(self, pod: Object, status: Mapping[str, Any]) -> None:
        meta = pod["metadata"]
        try:
            await self._api.patch(
                self._resource, meta["name"], {"status": status}, meta["namespace"], subresource="status"
            )
        except ApiError as error:
            if error.code not in _GONE_OR_CHANGED:
                raise
