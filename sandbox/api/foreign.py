"""The definitions of Knative's, Argo's and Prometheus' kinds, which a real cluster gets from their installers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sandbox.api.errors import ApiError
from sandbox.api.resources import CRDS

if TYPE_CHECKING:
    from sandbox.api.api import Api

_MANIFESTS = Path(__file__).parent.parent / "crds"


async def install_foreign_kinds(api: Api) -> None:
    """Define the foreign kinds that are not defined yet."""
    for path in sorted(_MANIFESTS.glob("*.yaml")):
        for definition in yaml.safe_load_all(path.read_text()):
            try:
                await api.create(CRDS, definition)
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise
