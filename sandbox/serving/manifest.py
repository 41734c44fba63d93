"""What the sandbox reads from a Knative Service manifest, and how an image becomes a folder.

There is no container runtime here: an image is the source folder it would be built from. `…/aegis/rule-matcher:tag` is
`functions/rule_matcher`; target and source within it are the ones that the container's environment names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.durations import InvalidDurationError, parse_go_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

VISIBILITY_LABEL = "networking.knative.dev/visibility"
WINDOW_ANNOTATION = "autoscaling.knative.dev/window"
MIN_SCALE_ANNOTATIONS = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale")

_DEFAULT_WINDOW = 60.0
_DEFAULT_TIMEOUT = 300.0
_IMAGE_NAME = re.compile(r"^(?:.*/)?(?P<name>[a-z0-9._-]+?)(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?$")


class ManifestError(ValueError):
    """The Service cannot run here; the message says which field and why."""


@dataclass(frozen=True, slots=True)
class EnvVar:
    """A variable of the container: a value, or a reference to a key of a Secret or ConfigMap, or a field."""

    name: str
    value: str = ""
    source: str = ""
    """`Secret`, `ConfigMap`, `field` or nothing."""
    ref: str = ""
    key: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Mount:
    """A Secret or ConfigMap mounted as files; with neither, an empty folder."""

    path: str
    kind: str = ""
    name: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A Knative Service, as far as the sandbox runs it."""

    namespace: str
    name: str
    uid: str
    generation: int
    labels: tuple[tuple[str, str], ...]
    folder: str
    env: tuple[EnvVar, ...]
    mounts: tuple[Mount, ...]
    readiness_path: str | None
    concurrency: int
    timeout: float
    window: float
    min_scale: int
    public: bool

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which the Service is known inside the cluster."""
        base = f"{self.name}.{self.namespace}"
        return (base, f"{base}.svc", f"{base}.svc.cluster.local")

    @property
    def template(self) -> tuple[object, ...]:
        """What a new revision is made from; a process is replaced when it changes."""
        return (self.folder, self.env, self.mounts, self.readiness_path, self.concurrency, self.timeout)


def parse_service(obj: Mapping[str, Any]) -> ServiceSpec:
    """Read a Service object.

    Raises:
        ManifestError: when a field is missing or is not supported here.
    """
    meta = obj["metadata"]
    template = obj.get("spec", {}).get("template", {})
    pod = template.get("spec", {})
    containers = pod.get("containers") or []
    if len(containers) != 1:
        raise ManifestError("spec.template.spec.containers: the sandbox runs exactly one container")
    container = containers[0]
    labels: dict[str, str] = meta.get("labels") or {}
    annotations: dict[str, str] = template.get("metadata", {}).get("annotations") or {}
    return ServiceSpec(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta.get("uid", ""),
        generation=meta.get("generation", 1),
        labels=tuple(sorted(labels.items())),
        folder=folder_of(container.get("image", "")),
        env=tuple(_env_var(entry) for entry in container.get("env") or []),
        mounts=_mounts(container, pod),
        readiness_path=((container.get("readinessProbe") or {}).get("httpGet") or {}).get("path"),
        concurrency=int(pod.get("containerConcurrency") or 0),
        timeout=float(pod.get("timeoutSeconds") or _DEFAULT_TIMEOUT),
        window=_window(annotations),
        min_scale=next((int(annotations[key]) for key in MIN_SCALE_ANNOTATIONS if key in annotations), 0),
        public=labels.get(VISIBILITY_LABEL) != "cluster-local",
    )


def folder_of(image: str) -> str:
    """The folder under `functions/` that an image is built from.

    Raises:
        ManifestError: when the image's name cannot be read.
    """
    match = _IMAGE_NAME.match(image)
    if match is None:
        raise ManifestError(f"image: {image!r} is not an image reference")
    return match["name"].replace("-", "_")


def _window(annotations: Mapping[str, str]) -> float:
    try:
        return (
            parse_go_duration(annotations[WINDOW_ANNOTATION]) if WINDOW_ANNOTATION in annotations else _DEFAULT_WINDOW
        )
    except InvalidDurationError as error:
        raise ManifestError(f"{WINDOW_ANNOTATION}: {error}") from error


def _env_var(entry: Mapping[str, Any]) -> EnvVar:
    source = entry.get("valueFrom") or {}
    for kind, field in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
        if ref := source.get(field):
            return EnvVar(
                entry["name"], source=kind, ref=ref["name"], key=ref["key"], optional=bool(ref.get("optional"))
            )
    if field_ref := source.get("fieldRef"):
        return EnvVar(entry["name"], source="field", key=field_ref["fieldPath"])
    return EnvVar(entry["name"], str(entry.get("value", "")))


def _mounts(container: Mapping[str, Any], pod: Mapping[str, Any]) -> tuple[Mount, ...]:
    volumes = {volume["name"]: volume for volume in pod.get("volumes") or []}
    mounts = []
    for entry in container.get("volumeMounts") or []:
        volume = volumes.get(entry["name"])
        if volume is None:
            raise ManifestError(f"volumeMounts: there is no volume {entry['name']!r}")
        if secret := volume.get("secret"):
            mounts.append(Mount(entry["mountPath"], "Secret", secret["secretName"], bool(secret.get("optional"))))
        elif config := volume.get("configMap"):
            mounts.append(Mount(entry["mountPath"], "ConfigMap", config["name"], bool(config.get("optional"))))
        elif "emptyDir" in volume:
            mounts.append(Mount(entry["mountPath"]))
    return tuple(mounts)
