"""The environment of a function's process: what its manifest says, and what Knative and the kubelet add."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.api import ApiError
from sandbox.serving.instance import Launch, StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.api import Api
    from sandbox.serving.manifest import EnvVar, Mount, ServiceSpec

_FROM_HOST = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_NOT_FOUND = 404


class LaunchPlanner:
    """Turns a Service into what its process is started with."""

    def __init__(
        self,
        api: Api,
        *,
        root: Path,
        functions: Path,
        state: Path,
    ) -> None:
        self._api = api
        self._root = root
        self._functions = functions
        self._state = state
        self.bound: Callable[[ServiceSpec], Mapping[str, str]] = lambda _: {}
        """What SinkBindings add to a Service's environment."""

    async def plan(self, spec: ServiceSpec) -> Launch:
        """What to start the Service's process with, as of now.

        Raises:
            StartError: when the folder, the source or something that the environment refers to does not exist.
        """
        folder = self._functions / spec.folder
        if not folder.is_dir():
            raise StartError(f"the image's folder {folder} does not exist")
        values = {var.name: await self._value(spec, var) for var in spec.env}
        own = {name: value for name, value in values.items() if value is not None}
        for mount in spec.mounts:
            place = await self._materialise(spec, mount)
            own = {name: _relocated(value, mount.path, place) for name, value in own.items()}
        env = {**self._base(spec), **own, **self.bound(spec)}
        env["FUNCTION_SOURCE"] = str(self._source(folder, env.get("FUNCTION_SOURCE", "main.py")))
        return Launch(
            cwd=folder,
            env=env,
            log=self._state / "logs" / f"{spec.name}.log",
            readiness_path=spec.readiness_path,
            concurrency=spec.concurrency,
        )

    def _base(self, spec: ServiceSpec) -> dict[str, str]:
        home = self._state / "home" / spec.name
        home.mkdir(parents=True, exist_ok=True)
        inherited = {name: os.environ[name] for name in _FROM_HOST if name in os.environ}
        return inherited | {
            "HOME": str(home),
            "KUBECONFIG": str(self._state / "kubeconfig"),
            "PYTHONPATH": os.pathsep.join((str(self._root), str(self._root / "shared"))),
            "PYTHONUNBUFFERED": "1",
            "AEGIS_OPEN_SOURCES": "*",  # the gateway is on this machine's loopback: no token is asked for
            "K_SERVICE": spec.name,
            "K_CONFIGURATION": spec.name,
            "K_REVISION": f"{spec.name}-{spec.generation:05d}",
        }

    def _source(self, folder: Path, source: str) -> Path:
        for candidate in (self._root / source, folder / source, folder / Path(source).name):
            if candidate.is_file():
                return candidate
        raise StartError(f"FUNCTION_SOURCE: there is no {source} in {folder} or {self._root}")

    async def _value(self, spec: ServiceSpec, var: EnvVar) -> str | None:
        if var.source == "field":
            fields = {"metadata.namespace": spec.namespace, "metadata.name": spec.name}
            return fields.get(var.key, "")
        if not var.source:
            return var.value
        data = await self._data(spec, var.source, var.ref, optional=var.optional)
        if var.key in data:
            return data[var.key].decode()
        if var.optional:
            return None
        raise StartError(f"env {var.name}: {var.source} {var.ref} has no key {var.key}")

    async def _materialise(self, spec: ServiceSpec, mount: Mount) -> Path:
        place = self._state / "volumes" / spec.name / mount.path.strip("/").replace("/", "-")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        if not mount.kind:
            return place
        for key, value in (await self._data(spec, mount.kind, mount.name, optional=mount.optional)).items():
            file = place / Path(key).name
            file.touch(mode=0o600)
            file.write_bytes(value)
        return place

    async def _data(self, spec: ServiceSpec, kind: str, name: str, *, optional: bool) -> dict[str, bytes]:
        resource = self._api.resource("secrets" if kind == "Secret" else "configmaps")
        try:
            obj = await self._api.get(resource, name, spec.namespace)
        except ApiError as error:
            if error.code == _NOT_FOUND and optional:
                return {}
            raise StartError(f"{kind} {spec.namespace}/{name}: {error.message}") from error
        if kind == "Secret":
            return {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()}
        return {key: value.encode() for key, value in (obj.get("data") or {}).items()}


def _relocated(value: str, mount_path: str, place: Path) -> str:
    """A path inside a mount, as the path where the files are on this machine."""
    inside = value == mount_path or value.startswith(mount_path.rstrip("/") + "/")
    return str(place) + value[len(mount_path.rstrip("/")) :] if inside else value
