"""Workflow events that anybody could send: what they say of a workflow comes to nothing."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aegis.models.alert import AegisAlert
from aegis.models.states import Phase
from aegis.models.workflow import Workflow
from functions.status_tracker.sweep import sweep
from functions.status_tracker.tracking import Tracker
from tests.unit.functions.status_tracker.cluster import Cluster
from tests.unit.functions.status_tracker.objects import LATER, NAMESPACE, workflow_manifest

LONG_AGO = "2020-01-01T00:00:00Z"


def some(true: Any, *others: Any) -> st.SearchStrategy[Any]:
    """What is so, or something else that might be."""
    return st.sampled_from([true, *others])


@st.composite
def forged(draw: st.DrawFn, alert: AegisAlert, workflow: Workflow) -> Workflow:
    """A workflow as an event might tell of it, in each field true or not."""
    manifest = workflow_manifest(alert)
    meta = manifest["metadata"]
    owner = {**meta["ownerReferences"][0], "uid": draw(some(alert.metadata.uid, "other"))}
    told = {
        **meta,
        "name": draw(some(meta["name"], "other", "alert")),
        "namespace": draw(some(NAMESPACE, "default")),
        "uid": draw(some(workflow.metadata.uid, "other")),
        "resourceVersion": draw(some(workflow.metadata.resource_version, "1", "9" * 9)),
        "deletionTimestamp": draw(some(None, LONG_AGO)),
        "finalizers": draw(some(meta["finalizers"], [])),
        "ownerReferences": draw(some([owner], [])),
        "labels": {**meta["labels"], "aegis.io/phase": draw(some(*(phase.value for phase in Phase), "other"))},
        "annotations": {
            **meta["annotations"],
            "aegis.io/alert-uid": draw(some(alert.metadata.uid, "other")),
            "aegis.io/template": draw(some("monitoring/cordon", "monitoring/other")),
        },
    }
    status = {
        "phase": draw(some("Running", "", "Pending", "Succeeded", "Failed", "Error", "other")),
        "message": draw(some("", "call 0800")),
        "startedAt": draw(some(None, LONG_AGO, "2999-01-01T00:00:00Z")),
        "finishedAt": draw(some(None, LONG_AGO, "2999-01-01T00:00:00Z")),
    }
    return Workflow.read({**manifest, "metadata": told, "status": status})


@settings(max_examples=150, deadline=None)
@given(data=st.data(), deleted=st.booleans(), recorded=st.booleans())
async def test_a_forged_event_changes_nothing(data: st.DataObject, *, deleted: bool, recorded: bool) -> None:
    cluster = await Cluster().start()
    alert = await cluster.alert()
    workflow = await cluster.workflow(alert, "Running")
    if recorded:
        await Tracker(cluster.kube).follow(workflow, deleted=False)
    before = await cluster.get(AegisAlert, "alert")
    event = data.draw(forged(alert, workflow))
    tracker = Tracker(cluster.kube)
    await tracker.follow(event, deleted=deleted)
    await sweep(tracker, now=LATER)
    after = await cluster.get(AegisAlert, "alert")
    if recorded:
        assert after == before
    else:
        assert after.status.firing.workflow_uid in ("", workflow.metadata.uid)
        assert (after.status.firing.outcome, after.status.ops_status.total) in {("", 0), ("", 1)}
        assert not any("0800" in condition.message for condition in after.status.conditions)
    assert await cluster.counts() == (0, 0, 0, 0)
    assert workflow.metadata.name in await cluster.names(Workflow)
