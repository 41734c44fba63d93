"""Object metadata: what the server fills in, what it protects, and what it demands of names, labels and owners."""

from __future__ import annotations

import re
import secrets
import uuid
from typing import TYPE_CHECKING, Any

from sandbox.api.errors import Cause, bad_request, conflict, stale
from sandbox.api.objects import Object, timestamp, uid_of, version_of

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.api.resources import Resource

_LABEL = re.compile(r"[0-9A-Za-z](?:[-0-9A-Za-z_.]*[0-9A-Za-z])?")
_SUBDOMAIN = re.compile(r"[0-9a-z](?:[-0-9a-z]*[0-9a-z])?(?:\.[0-9a-z](?:[-0-9a-z]*[0-9a-z])?)*")
_DNS_LABEL = re.compile(r"[0-9a-z](?:[-0-9a-z]*[0-9a-z])?")
_DNS_1035 = re.compile(r"[a-z](?:[-0-9a-z]*[0-9a-z])?")
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_LABEL_LENGTH = 63
_NAME_LENGTH = 253
_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName")

_SUBDOMAIN_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_DNS_LABEL_MESSAGE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_DNS_1035_MESSAGE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_VALUE_MESSAGE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_KEY_MESSAGE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


def address(resource: Resource, obj: Object, namespace: str) -> None:
    """Check that the object is what the request's path says, and complete its address."""
    api_version = obj.setdefault("apiVersion", resource.api_version)
    if api_version != resource.api_version:
        raise bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    metadata = obj["metadata"]
    if not resource.namespaced:
        if metadata.pop("namespace", None):
            raise bad_request("namespace should not be set on cluster-scoped objects")
        return
    if metadata.setdefault("namespace", namespace) != namespace:
        if metadata["namespace"]:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = namespace


def begin(obj: Object, now: datetime) -> None:
    """Give a new object what the server alone may give."""
    metadata = obj["metadata"]
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "managedFields"):
        metadata.pop(key, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = timestamp(now)


def generate_name(base: str) -> str:
    """A name from `generateName`: the base, cut where it is too long, and five random characters."""
    room = _LABEL_LENGTH - 5
    return base[:room] + "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(5))


def continue_from(resource: Resource, new: Object, old: Object) -> None:
    """Check that the new object succeeds the old, and keep what a client may not change."""
    name = old["metadata"]["name"]
    if version_of(new) not in ("", version_of(old)):
        raise stale(resource, name)
    if uid_of(new) not in ("", uid_of(old)):
        why = f"Precondition failed: UID in precondition: {uid_of(new)}, UID in object meta: {uid_of(old)}"
        raise conflict(resource, name, why)
    metadata = new["metadata"]
    for key in _KEPT:
        if key in old["metadata"]:
            metadata[key] = old["metadata"][key]
        else:
            metadata.pop(key, None)
    metadata.pop("selfLink", None)
    metadata["resourceVersion"] = version_of(old)


def tidy(obj: Object) -> None:
    """Leave out what is empty, as the server's encoder does."""
    metadata = obj["metadata"]
    for key in [key for key, value in metadata.items() if value in (None, "", [], {}) and key != "name"]:
        del metadata[key]


def check_name(resource: Resource, name: str, field: str = "metadata.name") -> list[Cause]:
    """What is wrong with a name."""
    if not name:
        return [Cause(field, "Required value: name or generateName is required", "FieldValueRequired")]
    if resource.group == "rbac.authorization.k8s.io":
        bad = name in (".", "..") or "/" in name or "%" in name
        return [Cause(field, f"Invalid value: \"{name}\": may not contain '/'")] if bad else []
    if resource.kind == "Namespace" and not resource.group:
        return _check_label_name(field, name, _DNS_LABEL, _DNS_LABEL_MESSAGE)
    if resource.kind == "Service" and not resource.group:
        return _check_label_name(field, name, _DNS_1035, _DNS_1035_MESSAGE)
    causes = []
    if len(name) > _NAME_LENGTH:
        causes.append(Cause(field, f'Invalid value: "{name}": must be no more than 253 characters'))
    if not _SUBDOMAIN.fullmatch(name):
        causes.append(Cause(field, f'Invalid value: "{name}": {_SUBDOMAIN_MESSAGE}'))
    return causes


def _check_label_name(field: str, name: str, pattern: re.Pattern[str], message: str) -> list[Cause]:
    causes = []
    if len(name) > _LABEL_LENGTH:
        causes.append(Cause(field, f'Invalid value: "{name}": must be no more than 63 characters'))
    if not pattern.fullmatch(name):
        causes.append(Cause(field, f'Invalid value: "{name}": {message}'))
    return causes


def check_metadata(obj: Object) -> list[Cause]:
    """What is wrong with labels, annotations, owners and finalizers."""
    metadata = obj["metadata"]
    causes: list[Cause] = []
    for key, value in (metadata.get("labels") or {}).items():
        causes += _check_key("metadata.labels", key)
        if len(value) > _LABEL_LENGTH:
            causes.append(Cause("metadata.labels", f'Invalid value: "{value}": must be no more than 63 bytes'))
        if value and not _LABEL.fullmatch(value):
            causes.append(Cause("metadata.labels", f'Invalid value: "{value}": {_VALUE_MESSAGE}'))
    for key in metadata.get("annotations") or {}:
        causes += _check_key("metadata.annotations", key)
    causes += _check_owners(metadata.get("ownerReferences") or [])
    for finalizer in metadata.get("finalizers") or []:
        causes += _check_key("metadata.finalizers", str(finalizer))
    return causes


def _check_key(field: str, key: str) -> list[Cause]:
    prefix, slash, name = key.rpartition("/")
    causes = []
    if slash and not _SUBDOMAIN.fullmatch(prefix):
        causes.append(Cause(field, f'Invalid value: "{key}": prefix part {_SUBDOMAIN_MESSAGE}'))
    if not name:
        causes.append(Cause(field, f'Invalid value: "{key}": name part must be non-empty'))
    elif len(name) > _LABEL_LENGTH:
        causes.append(Cause(field, f'Invalid value: "{key}": name part must be no more than 63 bytes'))
    if not _LABEL.fullmatch(name):
        causes.append(Cause(field, f'Invalid value: "{key}": {_KEY_MESSAGE}'))
    return causes


def _check_owners(references: list[Object]) -> list[Cause]:
    causes: list[Cause] = []
    controllers: list[Object] = []
    for reference in references:
        for key, label in (("apiVersion", "version"), ("kind", "kind"), ("name", "name"), ("uid", "uid")):
            if not reference.get(key):
                shown: Any = '""'
                causes.append(
                    Cause(f"metadata.ownerReferences.{key}", f"Invalid value: {shown}: {label} must not be empty")
                )
        if reference.get("controller"):
            controllers.append(reference)
    if len(controllers) > 1:
        first, second = (f"{ref['kind']}/{ref['name']}" for ref in controllers[:2])
        message = (
            f'Only one reference can have Controller set to true. Found "true" in references for {first} and {second}'
        )
        causes.append(Cause("metadata.ownerReferences", f'Invalid value: "object": {message}'))
    return causes


def check_finalizers_only_shrink(new: Object, old: Object) -> list[Cause]:
    """Nothing may newly hold an object that is already being deleted."""
    if not old["metadata"].get("deletionTimestamp"):
        return []
    before = old["metadata"].get("finalizers") or []
    added = [item for item in new["metadata"].get("finalizers") or [] if item not in before]
    if not added:
        return []
    listed = ", ".join(f'"{item}"' for item in added)
    message = (
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers "
        f"[]string{{{listed}}}"
    )
    return [Cause("metadata.finalizers", message, "FieldValueForbidden")]
