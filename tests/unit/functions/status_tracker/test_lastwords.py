"""Why a step failed, as its own log says it."""

from typing import Any
from unicodedata import category

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.workflow import Workflow
from functions.status_tracker.lastwords import pod_name, readable, with_last_words
from functions.status_tracker.progress import read_progress
from sandbox.workloads import nodetree
from tests.unit.functions.status_tracker.objects import PENDING, alert, workflow
from tests.unit.transports import kube_over

FAILED = workflow(alert(PENDING), "Failed", message="child failed")
NAME = FAILED.metadata.name
STEP = {
    "type": "Pod",
    "phase": "Failed",
    "name": f"{NAME}[0].drain",
    "displayName": "drain",
    "templateName": "drain-node",
    "message": "Error (exit code 3)",
}


def failed(step: dict[str, Any] = STEP, annotations: dict[str, str] | None = None, node: str = "node-1") -> Workflow:
    meta = FAILED.metadata
    noted = meta.model_copy(update={"annotations": {**meta.annotations, **(annotations or {})}})
    status = {**FAILED.status.wire(), "nodes": {node: step}}
    return Workflow.read({"metadata": noted.wire(), "spec": FAILED.spec, "status": status})


async def message(answer: httpx.Response | Exception, item: Workflow | None = None) -> tuple[str, list[httpx.URL]]:
    """What is said of the failed workflow where the API server answers so, and what it was asked."""
    asked: list[httpx.URL] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        if isinstance(answer, Exception):
            raise answer
        return answer

    item = item or failed()
    progress = read_progress(item)
    assert progress is not None
    said = await with_last_words(kube_over(httpx.MockTransport(respond)), item, progress)
    return f"{said.message}{said.log}", asked


async def test_the_end_of_the_log_stands_below_what_argo_says() -> None:
    said, (asked,) = await message(httpx.Response(200, content=b"draining dev1\ncannot evict db-0\n"))
    assert said == (
        "child failed: step drain: Error (exit code 3)\nIts log ends with:\n| draining dev1\n| cannot evict db-0"
    )
    assert asked.path.startswith(f"/api/v1/namespaces/monitoring/pods/{NAME}-drain-node-")
    assert dict(asked.params) == {"container": "main", "tailLines": "30", "limitBytes": "262144"}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"reason": "NotFound"}),
        httpx.Response(403, json={"reason": "Forbidden"}),
        httpx.Response(400, json={"message": "the container is waiting to start"}),
        httpx.Response(500),
        httpx.ConnectError("away"),
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b"\x00\x1b\x07\n \n"),
    ],
)
async def test_without_a_log_there_is_what_argo_says(answer: httpx.Response | Exception) -> None:
    assert (await message(answer))[0] == "child failed: step drain: Error (exit code 3)"


@pytest.mark.parametrize("item", [workflow(alert(PENDING), "Succeeded"), FAILED], ids=["it succeeded", "no step"])
async def test_no_log_is_read_where_no_step_failed(item: Workflow) -> None:
    assert (await message(httpx.Response(200, content=b"x"), item))[1] == []


@pytest.mark.parametrize(("setting", "asked"), [("0", None), ("3", "23"), ("5000", "120"), ("many", "30"), ("", "30")])
async def test_as_many_lines_are_read_as_is_set(
    setting: str, asked: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEGIS_LOG_LINES", setting)
    urls = (await message(httpx.Response(200, content=b"x")))[1]
    assert [url.params["tailLines"] for url in urls] == ([asked] if asked else [])


@pytest.mark.parametrize(("node", "reads"), [("another-pod", 0), (f"{NAME}-123", 1)])
async def test_no_log_is_read_but_of_the_workflows_own_pods(node: str, reads: int) -> None:
    item = failed(annotations={"workflows.argoproj.io/pod-name-format": "v1"}, node=node)
    assert len((await message(httpx.Response(200, content=b"x"), item))[1]) == reads


def step_of(item: Workflow) -> str:
    assert item.status.failure is not None
    return pod_name(item, item.status.failure)


def test_a_steps_pod_is_named_as_argo_names_it() -> None:
    assert step_of(failed()) == nodetree.pod_name(NAME, STEP["name"], "drain-node")
    assert step_of(failed({**STEP, "name": NAME})) == NAME
    assert step_of(failed({**STEP, "templateRef": {"name": "shared", "template": "of-theirs"}})) == nodetree.pod_name(
        NAME, STEP["name"], "of-theirs"
    )
    assert step_of(failed(annotations={"workflows.argoproj.io/pod-name-format": "v1"})) == "node-1"


def test_what_argo_adds_to_a_log_is_left_out() -> None:
    log = (
        'time="2026-01-01T00:00:00Z" level=INFO msg="capturing logs" argo=true\n'
        "one\ntwo\nargo=true is what I want\n"
        'time="2026-01-01T00:00:01Z" level=INFO msg="sub-process exited" argo=true error="exit status 3"\n'
        "Error: exit status 3\n"
    )
    assert readable(log, 2) == "| two\n| argo=true is what I want"


def test_no_line_of_a_log_passes_for_another_or_hides_what_is_beside_it() -> None:
    log = "Its log ends with:\r\x85all is well\u202e gnihton\u200b\n\nrule monitoring/r applies"
    assert readable(log, 3) == "| Its log ends with:all is well gnihton\n| \n| rule monitoring/r applies"


@given(st.text(alphabet=st.characters(categories=["Cf", "Cc", "L"])))
def test_what_is_not_seen_is_left_out(log: str) -> None:
    assert not any(category(character) == "Cf" for character in readable(log, 10))


@given(st.binary())
def test_whatever_a_step_writes_is_text_in_the_end(written: bytes) -> None:
    shown = readable(written.decode(errors="replace"), 10)
    assert len(shown) <= 2000 + 10 * len("| ")
    assert not any(category(character) in ("Cc", "Cs", "Cf") for character in shown.replace("\n", "").replace("\t", ""))
