"""What is on record of posts that were not stored to their end, so that the sender's retry goes on from there.

A sender that gives up while many alerts are stored posts them all again, and gives up again as late. What this process
stored of them is not stored once more, so that each retry gets further, and nothing is counted twice.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from functions.alert_normalizer.incoming import MOST_ALERTS
from functions.alert_normalizer.intake import Stored

_KEPT_SECONDS = 300.0  # senders come again sooner; what comes later is a repeat, and counts
_NOTHING: Mapping[int, Stored] = MappingProxyType({})


class _Begun(NamedTuple):
    answers: Mapping[int, Stored]
    at: float


class Unfinished:
    """The answers to alerts of posts that are to come again, by their positions; as many as one input may have."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic, most: int = MOST_ALERTS) -> None:
        """Begin with none."""
        self._now = now
        self._most = most
        self._posts: OrderedDict[str, _Begun] = OrderedDict()

    def known(self, post: str) -> Mapping[int, Stored]:
        """What was answered to a post so far."""
        begun = self._posts.get(post)
        return begun.answers if begun and self._now() - begun.at < _KEPT_SECONDS else _NOTHING

    def keep(self, post: str, answers: Mapping[int, object]) -> None:
        """Keep what is on record of a post; all that was told to the Broker is not told again."""
        stored = {at: answer._replace(event=None) for at, answer in answers.items() if isinstance(answer, Stored)}
        self.forget(post)
        self._posts[post] = _Begun(stored, self._now())
        while sum(len(begun.answers) for begun in self._posts.values()) > self._most:
            self._posts.popitem(last=False)

    def forget(self, post: str) -> None:
        """A post was answered for."""
        self._posts.pop(post, None)
