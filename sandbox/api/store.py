"""Where objects live: in memory, with one revision counter and a bounded history of changes for watches.

The store knows nothing of kinds. It keeps objects by bucket, namespace and name, gives each write the next revision
as its resourceVersion, and tells subscribers. With a `Persistence` every commit is written through before anyone
hears of it, so that what a client was told survives a restart.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sandbox.api.objects import Object, clone, encode, name_of, namespace_of, uid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Key = tuple[str, str]
ChangeKind = Literal["ADDED", "MODIFIED", "DELETED"]


class Entry:
    """One stored version of one object; its JSON is made once, for all who list and watch."""

    __slots__ = ("_json", "obj", "revision")

    def __init__(self, obj: Object, revision: int) -> None:
        self.obj = obj
        self.revision = revision
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """The object as JSON."""
        if self._json is None:
            self._json = encode(self.obj)
        return self._json


class Change:
    """One commit: what became of an object, and what it was before."""

    __slots__ = ("bucket", "entry", "kind", "previous")

    def __init__(self, kind: ChangeKind, bucket: str, entry: Entry, previous: Entry | None) -> None:
        self.kind: ChangeKind = kind
        self.bucket = bucket
        self.entry = entry
        self.previous = previous


class Persistence(Protocol):
    """A place that keeps commits beyond the process."""

    def load(self) -> tuple[int, Iterable[tuple[str, Object]]]:
        """The last revision, and all objects with their buckets."""

    def save(self, bucket: str, key: Key, body: bytes, revision: int) -> None:
        """Keep an object as of this revision."""

    def drop(self, bucket: str, key: Key, revision: int) -> None:
        """Forget an object as of this revision."""

    def close(self) -> None:
        """Release what is held."""


class Store:
    """All objects, and the recent past."""

    def __init__(
        self,
        persistence: Persistence | None = None,
        *,
        history: int = 10_000,
        history_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._buckets: dict[str, dict[Key, Entry]] = {}
        self._sorted: dict[str, list[Key]] = {}
        self._by_uid: dict[str, tuple[str, Key]] = {}
        self._dependents: dict[str, dict[tuple[str, Key], None]] = {}
        self._history: deque[Change] = deque()
        self._history_limits = (history, history_bytes)
        self._history_bytes = 0
        self._forgetting = False
        self._subscribers: dict[Callable[[Change], None], None] = {}
        self._persistence = persistence
        self.revision = 1
        if persistence:
            revision, objects = persistence.load()
            self.revision = max(revision, 1)
            for bucket, obj in objects:
                self._place(bucket, Entry(obj, int(obj["metadata"]["resourceVersion"])))

    @property
    def oldest(self) -> int:
        """The oldest revision from which a watch can still start."""
        if self._forgetting:
            return self._history[0].entry.revision
        return self._history[0].entry.revision - 1 if self._history else self.revision

    def get(self, bucket: str, namespace: str, name: str) -> Entry | None:
        """The object as it is now."""
        return self._buckets.get(bucket, {}).get((namespace, name))

    def items(self, bucket: str, namespace: str = "", *, after: Key | None = None) -> Iterator[Entry]:
        """Objects in the order of namespace and name; those of one namespace when it is given."""
        entries = self._buckets.get(bucket, {})
        keys = self._sorted.get(bucket)
        if keys is None:
            keys = self._sorted[bucket] = sorted(entries)
        for key in keys:
            if (not namespace or key[0] == namespace) and (after is None or key > after):
                yield entries[key]

    def buckets(self) -> list[str]:
        """The buckets that hold something."""
        return [bucket for bucket, entries in self._buckets.items() if entries]

    def count(self, bucket: str) -> int:
        """How many objects a bucket holds."""
        return len(self._buckets.get(bucket, {}))

    def by_uid(self, uid: str) -> tuple[str, Entry] | None:
        """The object with that uid, and its bucket."""
        found = self._by_uid.get(uid)
        return (found[0], self._buckets[found[0]][found[1]]) if found else None

    def dependents(self, uid: str) -> list[tuple[str, Entry]]:
        """The objects that name the uid as an owner, each with its bucket."""
        return [(bucket, self._buckets[bucket][key]) for bucket, key in self._dependents.get(uid, {})]

    def put(self, bucket: str, obj: Object) -> Entry:
        """Commit an object as the newest version of itself; the caller gives it away."""
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        entry = Entry(obj, self.revision)
        key = (namespace_of(obj), name_of(obj))
        if self._persistence:
            self._persistence.save(bucket, key, entry.json, self.revision)
        previous = self._place(bucket, entry)
        self._tell(Change("MODIFIED" if previous else "ADDED", bucket, entry, previous))
        return entry

    def remove(self, bucket: str, namespace: str, name: str) -> Entry:
        """Commit that an object is gone; returns its last state, under the revision of its going."""
        key = (namespace, name)
        self.revision += 1
        if self._persistence:
            self._persistence.drop(bucket, key, self.revision)
        previous = self._buckets[bucket].pop(key)
        self._sorted.pop(bucket, None)
        self._unindex(bucket, previous)
        obj = clone(previous.obj)
        obj["metadata"]["resourceVersion"] = str(self.revision)
        entry = Entry(obj, self.revision)
        self._tell(Change("DELETED", bucket, entry, previous))
        return entry

    def reread(self, bucket: str, decode: Callable[[Object], Object]) -> None:
        """Decode the bucket's objects anew, as a changed schema has them; no change of theirs, so nobody is told."""
        for key, entry in list(self._buckets.get(bucket, {}).items()):
            self._buckets[bucket][key] = Entry(decode(clone(entry.obj)), entry.revision)

    def since(self, revision: int) -> list[Change]:
        """The changes after a revision; the caller has made sure that they are still kept."""
        recent: list[Change] = []
        for change in reversed(self._history):
            if change.entry.revision <= revision:
                break
            recent.append(change)
        recent.reverse()
        return recent

    def subscribe(self, tell: Callable[[Change], None]) -> None:
        """Call this with every change from now on, within the commit."""
        self._subscribers[tell] = None

    def unsubscribe(self, tell: Callable[[Change], None]) -> None:
        """Call this no more."""
        self._subscribers.pop(tell, None)

    def close(self) -> None:
        """Release the persistence."""
        if self._persistence:
            self._persistence.close()

    def _tell(self, change: Change) -> None:
        self._remember(change)
        for tell in list(self._subscribers):
            tell(change)

    def _remember(self, change: Change) -> None:
        """Keep a change, and forget the oldest where there are too many or their JSON is too long."""
        self._history.append(change)
        self._history_bytes += len(change.entry.json)
        most, longest = self._history_limits
        while len(self._history) > most or (len(self._history) > 1 and self._history_bytes > longest):
            self._history_bytes -= len(self._history.popleft().entry.json)
            self._forgetting = True

    def _place(self, bucket: str, entry: Entry) -> Entry | None:
        key = (namespace_of(entry.obj), name_of(entry.obj))
        entries = self._buckets.setdefault(bucket, {})
        previous = entries.get(key)
        if previous:
            self._unindex(bucket, previous)
        else:
            self._sorted.pop(bucket, None)
        entries[key] = entry
        self._by_uid[uid_of(entry.obj)] = (bucket, key)
        for uid in _owners(entry.obj):
            self._dependents.setdefault(uid, {})[bucket, key] = None
        return previous

    def _unindex(self, bucket: str, entry: Entry) -> None:
        place = (bucket, (namespace_of(entry.obj), name_of(entry.obj)))
        self._by_uid.pop(uid_of(entry.obj), None)
        for uid in _owners(entry.obj):
            of_owner = self._dependents.get(uid, {})
            of_owner.pop(place, None)
            if not of_owner:
                self._dependents.pop(uid, None)


def _owners(obj: Object) -> list[Any]:
    return [reference.get("uid") for reference in obj["metadata"].get("ownerReferences") or ()]
