"""Lists: selectors, pages and lists as of an earlier revision."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.api.errors import bad_request, expired, status_error
from sandbox.api.objects import name_of, namespace_of
from sandbox.api.selectors import Selector, parse_fields, parse_labels

if TYPE_CHECKING:
    from sandbox.api.catalog import Catalog
    from sandbox.api.resources import Resource
    from sandbox.api.store import Entry, Key, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """Which objects to list, and how many."""

    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_: str = ""
    resource_version: str = ""
    resource_version_match: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    entries: list[Entry]
    revision: int
    continue_: str = ""
    remaining: int | None = None


def selector_of(catalog: Catalog, resource: Resource, label_selector: str, field_selector: str) -> Selector:
    """Both selectors of a request, parsed for the resource."""
    if not label_selector and not field_selector:
        return Selector()
    selectable = catalog.kind(resource).selectable
    return Selector(parse_labels(label_selector), parse_fields(field_selector, resource, selectable))


def read_page(store: Store, catalog: Catalog, resource: Resource, namespace: str, options: ListOptions) -> Page:
    """One page of a resource's objects."""
    selector = selector_of(catalog, resource, options.label_selector, options.field_selector)
    revision, after = store.revision, None
    if options.continue_:
        revision, after = _from_token(options.continue_)
    elif options.resource_version_match == "Exact":
        revision = int(options.resource_version)
    elif options.resource_version.isdigit() and int(options.resource_version) > store.revision:
        raise status_error(
            504,
            "Timeout",
            f"Timeout: Too large resource version: {options.resource_version}, current: {store.revision}",
        )
    entries = _matching(store, resource, namespace, selector, revision=revision, after=after)
    remaining = None
    token = ""
    if options.limit and len(entries) > options.limit:
        remaining = None if selector.labels or selector.fields else len(entries) - options.limit
        entries = entries[: options.limit]
        token = _to_token(revision, (namespace_of(entries[-1].obj), name_of(entries[-1].obj)))
    return Page([catalog.present(resource, entry) for entry in entries], revision, token, remaining)


def _matching(
    store: Store, resource: Resource, namespace: str, selector: Selector, *, revision: int, after: Key | None
) -> list[Entry]:
    if revision >= store.revision:
        entries = list(store.items(resource.bucket, namespace, after=after))
    else:
        entries = _as_of(store, resource, namespace, revision, after)
    if selector.labels or selector.fields:
        entries = [entry for entry in entries if selector.matches(entry.obj)]
    return entries


def _as_of(store: Store, resource: Resource, namespace: str, revision: int, after: Key | None) -> list[Entry]:
    """The objects as they were: today's, with the changes since taken back."""
    if revision < store.oldest:
        raise expired(
            "The provided continue parameter is too old to display a consistent list result. You must start a new "
            "list without the continue parameter."
        )
    then = {(namespace_of(e.obj), name_of(e.obj)): e for e in store.items(resource.bucket, namespace)}
    for change in reversed(store.since(revision)):
        obj = change.entry.obj
        if change.bucket != resource.bucket or (namespace and namespace_of(obj) != namespace):
            continue
        key = (namespace_of(obj), name_of(obj))
        if change.previous is None:
            then.pop(key, None)
        else:
            then[key] = change.previous
    return [then[key] for key in sorted(then) if after is None or key > after]


def _to_token(revision: int, key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps([revision, *key]).encode()).decode().rstrip("=")


def _from_token(token: str) -> tuple[int, Key]:
    try:
        revision, namespace, name = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(revision), (str(namespace), str(name))
    except (ValueError, binascii.Error) as error:
        raise bad_request("continue key is not valid") from error
