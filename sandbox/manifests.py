"""Reads manifests as `kubectl apply -k` would, as far as the project's own folders need it, and applies them.

A folder with a kustomization gives what its `resources` name, in its `namespace` and with its `labels`; one without
gives all its YAML files. What changes manifests further (patches, images, components) is refused, not ignored.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.api import ApiError, WriteOptions
from sandbox.api.options import APPLY_PATCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sandbox.api import Api, Object

logger = logging.getLogger(__name__)

_KUSTOMIZATION = "kustomization.yaml"
_UNDERSTOOD = {"apiVersion", "kind", "metadata", "resources", "namespace", "labels", "images", "configurations"}
_FIRST = ("CustomResourceDefinition", "Namespace")


class UnreadableManifestError(Exception):
    """A manifest or kustomization that cannot be used; says which file and why."""


def load(path: Path) -> list[Object]:
    """The objects of a file or folder.

    Raises:
        UnreadableManifestError: when something in it cannot be used.
    """
    if not path.is_dir():
        return _documents(path)
    kustomization = path / _KUSTOMIZATION
    if not kustomization.is_file():
        return [obj for file in sorted(path.glob("*.yaml")) for obj in _documents(file)]
    (config,) = _documents(kustomization)
    if unknown := config.keys() - _UNDERSTOOD:
        raise UnreadableManifestError(f"{kustomization}: the sandbox does not know {', '.join(sorted(unknown))}")
    objects = [obj for entry in config.get("resources") or [] for obj in load(path / entry)]
    return [_customised(obj, config) for obj in objects]


async def apply(api: Api, objects: Iterable[Object], *, namespace: str = "default") -> None:
    """Apply objects as a server-side apply does, definitions and namespaces first.

    Raises:
        UnreadableManifestError: when the API refuses one.
    """
    for obj in sorted(objects, key=lambda obj: _rank(str(obj.get("kind")))):
        try:
            await _apply_one(api, obj, namespace)
        except ApiError as error:
            name = f"{obj.get('kind')}/{obj.get('metadata', {}).get('name')}"
            raise UnreadableManifestError(f"{name}: {error.message}") from error


async def _apply_one(api: Api, obj: Object, namespace: str) -> None:
    resource = api.resource_of(obj)
    meta = obj["metadata"]
    target = meta.get("namespace", namespace) if resource.namespaced else ""
    options = WriteOptions(field_manager="sandbox", force=True)
    await api.patch(resource, meta["name"], obj, target, content_type=APPLY_PATCH, options=options)


def _rank(kind: str) -> int:
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _documents(file: Path) -> list[Object]:
    try:
        documents = list(yaml.safe_load_all(file.read_text()))
    except (OSError, yaml.YAMLError) as error:
        raise UnreadableManifestError(f"{file}: {error}") from error
    return list(_objects(document for document in documents if document))


def _objects(documents: Iterable[Any]) -> Iterator[Object]:
    for document in documents:
        if document.get("kind") == "List":
            yield from document.get("items") or []
        else:
            yield document


def _customised(obj: Object, config: Mapping[str, Any]) -> Object:
    meta = dict(obj["metadata"])
    if config.get("namespace") and not _cluster_scoped(obj):
        meta["namespace"] = config["namespace"]
    for entry in config.get("labels") or []:
        meta["labels"] = {**(meta.get("labels") or {}), **(entry.get("pairs") or {})}
    return {**obj, "metadata": meta}


def _cluster_scoped(obj: Object) -> bool:
    if str(obj["apiVersion"]).partition("/")[0].endswith(".k8s.io"):
        return str(obj["kind"]).startswith(("Cluster", "CustomResourceDefinition", "ValidatingAdmissionPolicy"))
    return obj["kind"] in ("Namespace", "Node")
