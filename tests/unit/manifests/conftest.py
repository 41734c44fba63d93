"""The manifests of `knative/` and `eventing/`, as they lie there."""

from collections.abc import Sequence

import pytest

from tests.unit.manifests.reading import Manifest, read


@pytest.fixture(scope="session")
def manifests() -> Sequence[Manifest]:
    """Every object that the two folders hold."""
    return [*read("knative"), *read("eventing")]
