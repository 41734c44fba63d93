"""Scale to zero and back: holds the requests of a function that does not run, starts it, and stops it when it is idle.

A revision here is one process at most; what a cluster would spread over several pods waits for this one.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from sandbox.http import text
from sandbox.serving.instance import Instance, NoAnswerError, NotReachedError, StartError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.http import Request, Response
    from sandbox.processes import ProcessTable
    from sandbox.serving.instance import Launch
    from sandbox.serving.manifest import ServiceSpec

logger = logging.getLogger(__name__)

_CLOSING_GRACE = 5.0  # seconds that a function has when the whole sandbox stops


class Activator:
    """One Knative Service at run time."""

    def __init__(
        self,
        spec: ServiceSpec,
        launch: Callable[[ServiceSpec], Awaitable[Launch]],
        processes: ProcessTable,
        *,
        idle: float | None = None,
    ) -> None:
        self.spec = spec
        self._launch = launch
        self._processes = processes
        self._idle_override = idle
        self._instance: Instance | None = None
        self._starting: asyncio.Task[Instance] | None = None
        self._stopping: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._closed = False
        self._idle_timer: asyncio.TimerHandle | None = None

    @property
    def instance(self) -> Instance | None:
        """The process that answers now, if one runs."""
        return self._instance if self._instance is not None and self._instance.alive else None

    async def handle(self, request: Request) -> Response:
        """Answer a request, starting the function if it does not run."""
        self._waiting += 1
        self._cancel_idle_timer()
        try:
            async with asyncio.timeout(self.spec.timeout):
                return await self._forward(request)
        except (StartError, NoAnswerError) as error:
            if not self._closed:
                logger.warning("service/%s/%s: %s", self.spec.namespace, self.spec.name, error)
            return text(502, f"{self.spec.name}: {error}\n")
        except TimeoutError:
            return text(504, f"{self.spec.name}: no answer within {self.spec.timeout:.0f} s\n")
        finally:
            self._waiting -= 1
            self._arm_idle_timer()

    async def warm(self) -> None:
        """Have an instance run before the first request, as a minimum scale asks."""
        if self.instance is None:
            await self._activate()

    def replace(self, spec: ServiceSpec) -> None:
        """Take on a changed manifest: the next request meets a new process, the old one finishes."""
        changed = spec.template != self.spec.template
        self.spec = spec
        if changed:
            self._retire()

    async def close(self) -> None:
        """Stop what runs and wait for it; what still comes, such as a Broker's next try, starts nothing."""
        self._closed = True
        self._cancel_idle_timer()
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait((self._starting,))
        self._retire(_CLOSING_GRACE)
        if self._stopping:
            await asyncio.wait(self._stopping)

    async def _forward(self, request: Request) -> Response:
        instance = self.instance or await self._activate()
        try:
            return await instance.handle(request)
        except NotReachedError:
            if self._instance is instance:  # dead, though its end has not been seen yet
                self._retire(grace=0.0)
            return await (await self._activate()).handle(request)

    async def _activate(self) -> Instance:
        if self.instance is not None:
            return self.instance
        if self._closed:
            raise StartError("the Service has ended")
        if self._starting is None:
            self._starting = asyncio.create_task(self._start(), name=f"start {self.spec.name}")
            self._starting.add_done_callback(_retrieve)
        return await asyncio.shield(self._starting)

    async def _start(self) -> Instance:
        try:
            self._retire()
            self._instance = await Instance.start(await self._launch(self.spec), self._processes)
            return self._instance
        finally:
            self._starting = None
            self._arm_idle_timer()

    def _retire(self, grace: float | None = None) -> None:
        instance, self._instance = self._instance, None
        if instance is not None:
            task = asyncio.create_task(
                instance.stop(self.spec.timeout if grace is None else grace), name=f"stop {self.spec.name}"
            )
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

    def _arm_idle_timer(self) -> None:
        self._cancel_idle_timer()
        if self._waiting or self._closed or self.spec.min_scale > 0:
            return
        window = self.spec.window if self._idle_override is None else self._idle_override
        self._idle_timer = asyncio.get_running_loop().call_later(window, self._retire)

    def _cancel_idle_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None


def _retrieve(task: asyncio.Task[Instance]) -> None:
    """Keep asyncio from reporting a failed start that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
