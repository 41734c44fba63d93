"""Watching from a thread of its own while something else is done."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from threading import Condition, Thread

from aegis.models.workflow import ALERT_LABEL, OUTCOME_FINALIZER
from tests.e2e.api import Api, Json

_FOLLOWED_SECONDS = 3600.0


class Follower:
    """Has each change of a collection noted, from the moment that it is made until the process ends."""

    def __init__(
        self, api: Api, path: str, note: Callable[[dict[str, Json], Collection[str]], None], **params: str
    ) -> None:
        """Follow a collection; it is noted as it is before this returns."""
        self._changed = Condition()
        self._begun = False
        Thread(target=self._follow, args=(api, path, note, params), daemon=True).start()
        self.until(lambda: self._begun, seconds=_FOLLOWED_SECONDS)

    def until(self, done: Callable[[], bool], *, seconds: float) -> None:
        """Wait until what was noted is as wanted.

        Raises:
            TimeoutError: when it is not in time.
        """
        with self._changed:
            if not self._changed.wait_for(done, timeout=seconds):
                raise TimeoutError(f"waited {seconds:.0f} s in vain")

    def _follow(
        self,
        api: Api,
        path: str,
        note: Callable[[dict[str, Json], Collection[str]], None],
        params: dict[str, str],
    ) -> None:
        for seen, changed in api.follow(path, seconds=_FOLLOWED_SECONDS, **params):
            with self._changed:
                note(seen, changed)
                self._begun = True
                self._changed.notify_all()


@dataclass
class Sightings:
    """When workflows were first seen, in seconds of the monotonic clock, by their alerts' names or else their own."""

    created: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    """When Argo was done with them."""
    released: dict[str, float] = field(default_factory=dict)
    """When nothing was left to be written about them on their alerts, rules and templates."""

    def note(self, seen: dict[str, Json], changed: Collection[str]) -> None:
        """Take in changed workflows."""
        now = time.monotonic()
        for workflow in (seen[name]["metadata"] for name in changed if name in seen):
            labels = workflow["labels"]
            name = labels.get(ALERT_LABEL, workflow["name"])
            self.created.setdefault(name, now)
            if labels.get("workflows.argoproj.io/completed") == "true":
                self.ended.setdefault(name, now)
                if OUTCOME_FINALIZER not in workflow.get("finalizers", ()):
                    self.released.setdefault(name, now)


@dataclass
class Peak:
    """The most pods that ran at once."""

    pods: int = 0

    def note(self, seen: dict[str, Json], _: Collection[str]) -> None:
        """Take in how many run now."""
        self.pods = max(self.pods, sum(pod.get("status", {}).get("phase") == "Running" for pod in seen.values()))
