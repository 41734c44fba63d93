"""The rules of all namespaces, kept while the process lives, so that matching an alert reads none.

The first alert lists them and starts one watch. While the watch is away, each answer is found in a fresh list. Alerts
that need a fresh list at the same time share one; the index is made again only when a rule's spec changed, not when
its counters did.
"""

import asyncio
import contextvars
import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, ValidationError

from aegis.kube import PAGE_OF_LARGE, Change, Kube
from aegis.models.base import Object, Resource
from aegis.models.rule import AegisAlertOpsRule, RuleSpec
from aegis.names import NamespacedName, ResourceVersion
from aegis.scope import EACH_ITS_OWN, Scope
from functions.rule_matcher.matching import Rule, RuleIndex
from functions.rule_matcher.ties import Twins
from functions.rule_matcher.validity import NAMESPACE_BYTES

_WATCH_SECONDS = 300.0
"""How long one watch is trusted: a connection that died without a word is found out by then."""

_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 30.0
_log = logging.getLogger(__name__)


class StoredRule(Object):
    """A rule with its spec unread: one that an older CRD let through must not hide all the others."""

    resource: ClassVar[Resource] = AegisAlertOpsRule.resource

    spec: dict[str, Any] = Field(default_factory=dict)


class RuleCache:
    """What is known of the rules; close it when the process does not end with it."""

    def __init__(self, kube: Kube, scope: Scope = EACH_ITS_OWN) -> None:
        """Nothing is read until the rules are first needed; the scope says for whose alerts they count."""
        self._kube = kube
        self._scope = scope
        self._rules: dict[NamespacedName, Rule] = {}
        self._sizes: dict[NamespacedName, int] = {}
        self._kept: Counter[str] = Counter()
        self._twins: Twins | None = None
        self._index = RuleIndex((), scope)
        self._outdated = False
        self._following = False
        self._begun = 0
        self._read = 0
        self._turn = asyncio.Lock()
        self._version = ResourceVersion("")
        self._meanwhile: list[Change[StoredRule]] = []
        self._follower: asyncio.Task[None] | None = None

    async def current(self) -> RuleIndex:
        """The rules as the watch has them, or from a list where there is no watch.

        Raises:
            Unavailable: when they cannot be read.
        """
        return self._indexed() if self._following else await self.reread()

    async def reread(self) -> RuleIndex:
        """The rules as they are now: from a list that began after this was called.

        Raises:
            Unavailable: when they cannot be read.
        """
        await self._list()
        if self._follower is None or self._follower.done():
            self._follower = asyncio.create_task(
                self._follow(), name="follow the rules", context=contextvars.Context()
            )  # with a context of its own: it logs for no event
        return self._indexed()

    async def all(self) -> Sequence[Rule]:
        """The rules one by one, in order of their names; for that alone none is followed.

        Raises:
            Unavailable: when they cannot be read.
        """
        if not self._following:
            await self._list()
        return [rule for _, rule in sorted(self._rules.items())]

    def tied(self, rule: Rule) -> Iterator[Rule]:
        """Others, of those that are known, that apply to the same alerts with the same priority."""
        if self._twins is None:  # a cold start that only matches alerts does without
            self._twins = Twins(self._rules.values(), self._scope)
        return self._twins.of(rule)

    def has_room(self, rule: AegisAlertOpsRule) -> bool:
        """Whether a rule is kept beside the others of its namespace that are."""
        return self._has_room(_where(rule), _size(rule.spec.wire()))

    async def close(self) -> None:
        """Stop following."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.wait([follower])

    def _indexed(self) -> RuleIndex:
        if self._outdated:
            self._index = self._index.remade(self._rules.values())
            self._outdated = False
        return self._index

    async def _list(self) -> None:
        """List the rules, unless somebody's list that began in the meantime is there already."""
        begun_before = self._begun
        async with self._turn:
            if self._read > begun_before:
                return
            self._begun += 1
            self._meanwhile.clear()
            self._version = await self._list_pages()
            for change in self._meanwhile:  # of these the list may know nothing
                self._apply(change)
            self._read = self._begun

    async def _list_pages(self) -> ResourceVersion:
        """Keep what is listed, page by page, and nothing else; the version of the list."""
        seen: set[NamespacedName] = set()
        version = self._version
        async for page in self._kube.pages(StoredRule, page_size=PAGE_OF_LARGE):
            for item in page.items:
                seen.add(_where(item))
                self._put(item)
            version = page.resource_version
        for where in self._rules.keys() - seen:
            self._drop(where)
        return version

    def _apply(self, change: Change[StoredRule]) -> None:
        if not change.deleted:
            self._put(change.item)
        elif (known := self._rules.get(_where(change.item))) and known.uid == change.item.metadata.uid:
            self._drop(known.where)

    def _put(self, item: StoredRule) -> None:
        where, meta = _where(item), item.metadata
        known = self._rules.get(where)
        if known is not None and known.uid == meta.uid and known.generation >= meta.generation:
            return  # only its status moved, or a list was ahead of the watch
        try:
            spec = RuleSpec.model_validate(item.spec)
        except ValidationError as error:
            _log.warning("a rule cannot be read", extra={"object": item.reference, "error": str(error)})
            self._drop(where)
            return
        self._drop(where)
        size = _size(item.spec)
        if not self._has_room(where, size):
            _log.warning("there is no room for a rule in its namespace", extra={"object": item.reference})
            return
        self._rules[where] = rule = Rule(where, meta.uid, meta.generation, spec)
        if self._twins is not None:
            self._twins.add(rule)
        self._sizes[where] = size
        self._kept[where.namespace] += size
        self._outdated = True

    def _drop(self, where: NamespacedName) -> None:
        if rule := self._rules.pop(where, None):
            if self._twins is not None:
                self._twins.remove(rule)
            self._kept[where.namespace] -= self._sizes.pop(where)
            self._outdated = True

    def _has_room(self, where: NamespacedName, size: int) -> bool:
        others = self._kept[where.namespace] - self._sizes.get(where, 0)
        return others + size <= NAMESPACE_BYTES or self._scope.is_shared(where.namespace)

    async def _follow(self) -> None:
        """Watch from the last list on, and list again whenever a watch has ended, however it did."""
        listed, pause = True, _PAUSE_SECONDS
        while True:
            try:
                if not listed:
                    await self._list()
                await self._watch()
                pause = _PAUSE_SECONDS
            except Exception as error:  # noqa: BLE001  (nobody awaits this task: it outlives whatever happens to a watch)
                _log.warning("the rules are not followed", extra={"error": repr(error), "seconds": pause})
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            listed = False
            await asyncio.sleep(pause)

    async def _watch(self) -> None:
        self._following = True
        try:
            async with asyncio.timeout(_WATCH_SECONDS):
                async for change in self._kube.watch(StoredRule, since=self._version):
                    self._apply(change)
                    if self._turn.locked():
                        self._meanwhile.append(change)
        except TimeoutError:
            return
        finally:
            self._following = False


def _where(item: Object) -> NamespacedName:
    return NamespacedName(item.metadata.namespace, item.metadata.name)


def _size(spec: Mapping[str, Any]) -> int:
    return len(json.dumps(spec))
