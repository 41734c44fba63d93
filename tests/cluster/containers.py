"""The container images of the programs that run as pods, made without a daemon and without pulling anything."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.layout import BIN, REGISTRY_ADDRESS
from tests.cluster.manifests import image
from tests.cluster.processes import run
from tools.builders import Buildah

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = "dev.local/pause:v2"
"""What holds a pod's namespaces: anything that sleeps."""

_EVENTING = (
    *("broker/ingress", "broker/filter", "mtchannel_broker", "controller", "webhook", "mtping"),
    *("in_memory/channel_controller", "in_memory/channel_dispatcher", "apiserver_receive_adapter"),
)
_SERVING = ("activator", "autoscaler", "controller", "queue", "webhook")
_ARGO = ("workflow-controller", "argoexec")
_KNATIVE_USER, _ARGO_USER = "65532", "8737"
_FUNC_UTILS = "knative/func-utils:v2"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def ensure(say: Callable[[str], None]) -> None:
    """Make the images that the registry does not have yet."""
    _program(PAUSE, Path("/bin/busybox"), "sleep", _KNATIVE_USER, "2147483647")
    for name in _EVENTING:
        path = f"knative.dev/eventing/cmd/{name}"
        _program(image("eventing", path), BIN / "eventing" / Path(name).name, Path(name).name, _KNATIVE_USER)
    for name in _SERVING:
        _program(image("serving", f"knative.dev/serving/cmd/{name}"), BIN / "serving" / name, name, _KNATIVE_USER)
    for name in _ARGO:
        _program(image("argo", f"argo/{name}"), BIN / "argo" / name, name, _ARGO_USER)
    _func_utils()
    say("the images of Knative and Argo are in the registry")


def _program(reference: str, program: Path, name: str, user: str, *arguments: str) -> None:
    """Make an image of one static program."""
    place = reference.partition("/")[2]
    if _in_registry(place):
        return
    container = run("buildah", "from", "scratch").strip()
    try:
        run("buildah", "copy", "--quiet", container, program, f"/bin/{name}")
        run(
            *("buildah", "config", "--entrypoint", json.dumps([f"/bin/{name}", *arguments]), "--user", user),
            # Where Knative's programs look for their data: they need none of it, but the variable.
            *("--env", "PATH=/bin", "--env", "KO_DATA_PATH=/", container),
        )
        run("buildah", "commit", "--quiet", container, reference)
    finally:
        run("buildah", "rm", container)
    # Nothing of it travels: to compress it takes longer than to copy it.
    target = f"docker://{REGISTRY_ADDRESS}/{place}"
    run("buildah", "push", "--quiet", "--disable-compression", "--tls-verify=false", reference, target)
    run("buildah", "rmi", reference)


def _func_utils() -> None:
    """Make what the func CLI starts in a cluster to reach functions from."""
    if not _in_registry(_FUNC_UTILS):
        folder = Path(__file__).parent / "images/func-utils"
        buildah = Buildah()
        buildah.build(f"ghcr.io/{_FUNC_UTILS}", folder / "Dockerfile", folder, ())
        buildah.push(f"ghcr.io/{_FUNC_UTILS}", f"{REGISTRY_ADDRESS}/{_FUNC_UTILS}")


def _in_registry(place: str) -> bool:
    repository, _, tag = place.rpartition(":")
    request = urllib.request.Request(
        f"http://{REGISTRY_ADDRESS}/v2/{repository}/manifests/{tag}", method="HEAD", headers={"Accept": _MANIFEST}
    )
    try:
        with urllib.request.urlopen(request, timeout=10):
            return True
    except urllib.error.HTTPError:
        return False
