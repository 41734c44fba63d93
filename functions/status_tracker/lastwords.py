"""The last lines of the log of a step that failed: why it did, as the SOP itself says it.

They are of use to whoever reads the alert, and no more: a log that is gone, refused or slow keeps no outcome back.
"""

import asyncio
import logging
import os
import re

from aegis.errors import ApiError, Unavailable
from aegis.kube import Kube
from aegis.lifecycle.work import Progress
from aegis.models.states import OpsPhase
from aegis.models.workflow import FailedStep, Workflow
from aegis.names import fnv1a

_LINES, _MOST_LINES = 10, 100
_ARGOS_LINES = 20
"""That Argo may add around what the step wrote."""
_BYTES = 262_144  # the first of these lines: beyond that their end is not seen
_SHOWN = 2000  # characters
_SECONDS = 2.0
_CONTAINER = "main"
"""What Argo calls the container of a step."""
_POD_NAMES = "workflows.argoproj.io/pod-name-format"
_PREFIX_LENGTH = 242
_ARGOS = re.compile(r"time=.* argo=true( .*)?|Error: exit status \d+")
"""What Argo's executor writes into the log of a step. Source: Argo's ``util/logs``, which leaves these lines out."""
_log = logging.getLogger(__name__)


async def with_last_words(kube: Kube, workflow: Workflow, progress: Progress) -> Progress:
    """What there is to say of a workflow, with what the step wrote last that made it fail."""
    step, lines = workflow.status.failure, _lines()
    if step is None or progress.ops is not OpsPhase.FAILED or not lines:
        return progress
    meta, pod = workflow.metadata, pod_name(workflow, step)
    if pod != meta.name and not pod.startswith(f"{meta.name}-"):
        return progress  # none of this workflow's
    try:
        async with asyncio.timeout(_SECONDS):
            text = await kube.log(
                namespace=meta.namespace,
                pod=pod,
                container=_CONTAINER,
                lines=lines + _ARGOS_LINES,
                most_bytes=_BYTES,
            )
    except (ApiError, Unavailable, TimeoutError) as error:
        _log.info("no log of a step that failed", extra={"workflow": workflow.reference, "error": str(error)})
        return progress
    words = readable(text, lines)
    return progress._replace(log=f"\nIts log ends with:\n{words}") if words else progress


def readable(log: str, lines: int) -> str:
    """The last lines that a step wrote, without what is not seen but moves or hides what is.

    Each is marked, so that none passes for one of ours.
    """
    seen = "".join(character for character in log if character.isprintable() or character in "\n\t")
    written = [line for line in seen.strip().split("\n") if not _ARGOS.fullmatch(line.strip())]
    shown = "\n".join(written[-lines:]).strip()[-_SHOWN:]
    return "\n".join(f"| {line}" for line in shown.split("\n")) if shown else ""


def pod_name(workflow: Workflow, step: FailedStep) -> str:
    """The name that Argo gives a step's pod.

    Source: Argo's ``workflow/util/pod_name.go``.
    """
    meta = workflow.metadata
    if meta.annotations.get(_POD_NAMES) == "v1":
        return step.id
    if step.node == meta.name:
        return meta.name
    prefix = f"{meta.name}-{step.template}" if step.template else meta.name
    return f"{prefix[:_PREFIX_LENGTH]}-{fnv1a(step.node.encode('utf-8', 'surrogatepass'), bits=32)}"


def _lines() -> int:
    text = os.environ.get("AEGIS_LOG_LINES", "")
    return min(int(text), _MOST_LINES) if text.isascii() and text.isdigit() else _LINES
