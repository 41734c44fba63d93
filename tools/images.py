"""Build the container images, and push them where a cluster finds them: ``python -m tools.images [--registry …]``.

Takes docker, podman or buildah, whichever is there; buildah works without a daemon and without pulling anything. Base
image and kubectl are pinned: the one in the Dockerfiles, the other in ``tools.kubectl``. What was pushed is written to
``.aegis/images.json`` for ``tools.deploy``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools import kubectl
from tools.builders import Builder, choose
from tools.programs import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PUSHED = ROOT / ".aegis/images.json"
PUBLIC = "ghcr.io/aegis-on-knative"
"""What the manifests name."""
VERSION = "v0.1.0"
LOCAL_REGISTRY = "127.0.0.1:5000"
"""The registry of the cluster that ``make cluster`` starts; its nodes look there for images of every registry."""
_PIP = ("PIP_INDEX_URL", "PIP_CERT")
"""Settings that pip inside a build shares with pip outside it."""


@dataclass(frozen=True)
class Recipe:
    """An image and how to build it."""

    name: str
    dockerfile: Path
    context: Path
    arguments: tuple[str, ...] = ()


def main() -> int:
    """Build and push; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.images", description=__doc__)
    parser.add_argument("--registry", help=f"where to push to (default: {LOCAL_REGISTRY}, when that answers)")
    parser.add_argument("--kubectl", type=Path, help="a kubectl to put in instead of the pinned release")
    asked = parser.parse_args()
    registry = asked.registry or (LOCAL_REGISTRY if _answers(LOCAL_REGISTRY) else None)
    try:
        builder = choose()
        pushed = {}
        with tempfile.TemporaryDirectory() as folder:
            _put_kubectl(Path(folder) / "kubectl", asked.kubectl, registry)
            for recipe in _recipes(Path(folder)):
                print(f"{builder.program}: {recipe.name}", flush=True)  # noqa: T201
                reference = f"{PUBLIC}/{recipe.name}:{VERSION}"
                builder.build(reference, recipe.dockerfile, recipe.context, recipe.arguments)
                if registry:
                    pushed[recipe.name] = _push(builder, reference, recipe.name, registry)
    except ToolError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    if not registry:
        print(f"pushed nowhere: no registry is named, and none answers at {LOCAL_REGISTRY}")  # noqa: T201
        return 0
    PUSHED.parent.mkdir(exist_ok=True)
    PUSHED.write_text(json.dumps(pushed, indent=2) + "\n")
    print(f"pushed to {registry}, as {PUSHED.relative_to(ROOT)} says")  # noqa: T201
    return 0


def _recipes(folder: Path) -> Iterator[Recipe]:
    for requirements in sorted(ROOT.glob("functions/*/requirements.txt")):
        function = requirements.parent.name
        arguments = (f"FUNCTION={function}", *(f"{name}={os.environ[name]}" for name in _PIP if name in os.environ))
        yield Recipe(function.replace("_", "-"), ROOT / "images/function/Dockerfile", ROOT, arguments)
    for name in ("sop", "node-check"):
        yield Recipe(name, ROOT / f"images/{name}/Dockerfile", folder)


def _put_kubectl(path: Path, own: Path | None, registry: str | None) -> None:
    """Put in place the kubectl that the image for repairs contains.

    Without a way to fetch the pinned release, an image that does not leave this machine gets the kubectl that is on it.
    """
    if own is None:
        try:
            kubectl.fetch(path)
        except kubectl.Unreachable as error:
            found = shutil.which("kubectl")
            if found is None or not (registry or LOCAL_REGISTRY).startswith("127.0.0.1:"):
                raise ToolError(f"{error}\nName one to put in instead: make images KUBECTL=/path/to/kubectl") from error
            print(f"{error}\nso this machine's own goes into the image instead: {found}")  # noqa: T201
            own = Path(found)
        else:
            return
    try:
        shutil.copy(own, path)
    except OSError as error:
        raise ToolError(f"KUBECTL: {own}: {error.strerror}") from error


def _push(builder: Builder, reference: str, name: str, registry: str) -> dict[str, str]:
    """Push an image; return the name by which a cluster finds it, and its digest."""
    folder = f"{registry}/{PUBLIC.rpartition('/')[2]}"
    digest = builder.push(reference, f"{folder}/{name}:{VERSION}")
    if registry != LOCAL_REGISTRY:
        return {"image": f"{folder}/{name}", "digest": digest}
    if name == "sop":
        # Templates written elsewhere name this image.
        builder.push(reference, f"{registry}/bitnami/kubectl:latest")
    return {"image": f"{PUBLIC}/{name}", "digest": digest}


def _answers(registry: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{registry}/v2/", timeout=2):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
