"""What a person would look at first when a test failed: resources, Events and the functions' logs."""

import subprocess
from datetime import datetime

_NAMESPACE = "--namespace=monitoring"
_SECONDS = 30
_LENGTH = 20_000

_LOOKS = {
    "nodes and pods": ("get", "nodes,pods", "--all-namespaces", "--output=wide"),
    "aegis": ("get", "alerts,opsrules,opstemplates,workflows", _NAMESPACE, "--output=wide"),
    "alerts": ("describe", "alerts", _NAMESPACE),
    "workflows": ("describe", "workflows", _NAMESPACE),
    "knative": ("get", "ksvc,brokers,triggers,apiserversources,pingsources,sinkbindings", _NAMESPACE),
    "events": ("get", "events", _NAMESPACE, "--sort-by=.lastTimestamp"),
}
_LOGS = ("logs", _NAMESPACE, "--selector=serving.knative.dev/service", "--container=user-container")


def gather(since: datetime) -> list[tuple[str, str]]:
    """Sections for a test's report."""
    logs = (*_LOGS, "--prefix", "--tail=-1", "--max-log-requests=50", f"--since-time={since.isoformat()}")
    return [(f"kubectl: {title}", _kubectl(*arguments)) for title, arguments in {**_LOOKS, "logs": logs}.items()]


def _kubectl(*arguments: str) -> str:
    """The end of what kubectl says, and why if it says nothing."""
    try:
        done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout + done.stderr)[-_LENGTH:]
