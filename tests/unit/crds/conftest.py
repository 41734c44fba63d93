"""The generated CRDs, and where the Go system's files lie."""

import os
from pathlib import Path
from typing import Any

import pytest

from tools.crds import KINDS, crd

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def crds() -> dict[str, dict[str, Any]]:
    """The generated CRDs by kind."""
    return {kind.resource.kind: crd(kind) for kind in KINDS}


@pytest.fixture(scope="session")
def schemas(crds: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Their schemas by kind."""
    return {kind: doc["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for kind, doc in crds.items()}


@pytest.fixture(scope="session")
def go_system() -> Path:
    """The folder with the CRDs and examples of the Go system that these CRDs stand in for."""
    folder = Path(os.environ.get("AEGIS_SEED_DATA") or ROOT.parent / "shared" / "data" / "seed")
    if not (folder / "manifests").is_dir():
        pytest.skip(f"no manifests under {folder}: set AEGIS_SEED_DATA")
    return folder
