"""Discovery: what the server offers, group by group as of old, and all at once as clients ask for it today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.api.resources import VERBS, Registry, Resource

if TYPE_CHECKING:
    from sandbox.api.objects import Object

_SUBRESOURCE_VERBS = {
    "log": ("get",),
    "binding": ("create",),
    "eviction": ("create",),
    "token": ("create",),
    "finalize": ("update",),
}
_SUBRESOURCE_KINDS = {
    "binding": ("", "v1", "Binding"),
    "eviction": ("policy", "v1", "Eviction"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
}
_GROUP = "apidiscovery.k8s.io"
AGGREGATED_TYPE = f"application/json;g={_GROUP};v=v2;as=APIGroupDiscoveryList"


def asks_for_aggregated(accept: str) -> bool:
    """Whether a client takes all groups at once in version v2: older ones know v2beta1 alone, and get each group."""
    wanted = set(AGGREGATED_TYPE.split(";"))
    return any(wanted <= {part.strip() for part in media.split(";")} for media in accept.split(","))


def version_info() -> Object:
    """What `/version` says."""
    return {
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "gitVersion": "v1.36.3+aegis-sandbox",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "python",
        "compiler": "cpython",
        "platform": "linux/amd64",
    }


def core_versions(host: str) -> Object:
    """What `/api` says."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def _versions(registry: Registry) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for resource in registry:
        versions = found.setdefault(resource.group, [])
        if resource.version not in versions:
            versions.append(resource.version)
    return found


def group(registry: Registry, name: str) -> Object | None:
    """What `/apis/<group>` says."""
    versions = _versions(registry).get(name)
    if not versions or not name:
        return None
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": listed, "preferredVersion": listed[0]}


def group_list(registry: Registry) -> Object:
    """What `/apis` says."""
    groups = [group(registry, name) for name in _versions(registry) if name]
    for found in groups:
        if found:
            del found["kind"], found["apiVersion"]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def resource_list(registry: Registry, group_name: str, version: str) -> Object | None:
    """What `/api/v1` and `/apis/<group>/<version>` say."""
    found = [r for r in registry if (r.group, r.version) == (group_name, version)]
    if not found:
        return None
    resources: list[Object] = []
    for resource in found:
        resources.append(_legacy(resource))
        resources += [_legacy_subresource(resource, sub) for sub in sorted(resource.subresources)]
    result: Object = {"kind": "APIResourceList", "groupVersion": found[0].api_version, "resources": resources}
    if group_name:
        result["apiVersion"] = "v1"
    return result


def _legacy(resource: Resource) -> Object:
    result: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(VERBS),
    }
    if resource.short_names:
        result["shortNames"] = list(resource.short_names)
    if resource.categories:
        result["categories"] = list(resource.categories)
    return result


def _legacy_subresource(resource: Resource, sub: str) -> Object:
    result: Object = {
        "name": f"{resource.plural}/{sub}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(_SUBRESOURCE_VERBS.get(sub, ("get", "patch", "update"))),
    }
    if sub in _SUBRESOURCE_KINDS:
        result["group"], result["version"], result["kind"] = _SUBRESOURCE_KINDS[sub]
    return result


def aggregated(registry: Registry, *, core: bool) -> Object:
    """All groups of `/api` or `/apis` with all their resources."""
    items: list[Object] = []
    for name, versions in _versions(registry).items():
        if bool(name) == core:
            continue
        listed = [
            {
                "version": version,
                "resources": [_described(r) for r in registry if (r.group, r.version) == (name, version)],
                "freshness": "Current",
            }
            for version in versions
        ]
        metadata: dict[str, Any] = {"creationTimestamp": None}
        if name:
            metadata["name"] = name
        items.append({"metadata": metadata, "versions": listed})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": f"{_GROUP}/v2", "metadata": {}, "items": items}


def _described(resource: Resource) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    result: Object = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(VERBS),
    }
    if resource.short_names:
        result["shortNames"] = list(resource.short_names)
    if resource.categories:
        result["categories"] = list(resource.categories)
    if resource.subresources:
        result["subresources"] = [_described_subresource(kind, sub) for sub in sorted(resource.subresources)]
    return result


def _described_subresource(kind: Object, sub: str) -> Object:
    if sub in _SUBRESOURCE_KINDS:
        kind = dict(zip(("group", "version", "kind"), _SUBRESOURCE_KINDS[sub], strict=True))
    verbs = list(_SUBRESOURCE_VERBS.get(sub, ("get", "patch", "update")))
    return {"subresource": sub, "responseKind": kind, "verbs": verbs}
