"""Debian's docker-registry over one folder: the mirror from which the nodes pull, whatever registry an image names."""

from __future__ import annotations

import json
import urllib.request

from tests.cluster import processes
from tests.cluster.layout import REGISTRY, REGISTRY_ADDRESS, STATE
from tests.cluster.waiting import until


def start(name: str, *, namespace: str | None = None) -> None:
    """Start a registry at ``REGISTRY_ADDRESS``, on the host or in a node's namespace; all of them share one folder."""
    REGISTRY.mkdir(parents=True, exist_ok=True)
    config = STATE / "registry.json"
    config.write_text(
        json.dumps(
            {
                "version": 0.1,
                "log": {"level": "warn", "accesslog": {"disabled": True}},
                "storage": {"filesystem": {"rootdirectory": str(REGISTRY)}, "delete": {"enabled": True}},
                "http": {"addr": REGISTRY_ADDRESS},
            }
        )
    )
    processes.start(
        name, "docker-registry", "serve", config, namespace=namespace, environment={"OTEL_TRACES_EXPORTER": "none"}
    )


def answers() -> bool:
    """Whether the host's registry answers."""
    try:
        with urllib.request.urlopen(f"http://{REGISTRY_ADDRESS}/v2/", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def up() -> None:
    """Start the host's registry, to which images are pushed.

    Raises:
        RuntimeError: it has ended, since something else has its port, for example; the message says what it said.
        TimeoutError: it does not answer.
    """
    start("registry")
    until(f"the registry at {REGISTRY_ADDRESS} answers", answers, seconds=30, by=("registry",))
