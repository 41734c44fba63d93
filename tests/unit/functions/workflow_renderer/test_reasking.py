"""A template that is mended takes hold for the alerts that it kept from a workflow."""

from typing import Any

import pytest

from aegis.events import ALERT_FIRING, Event
from aegis.models.alert import AegisAlert, AlertState
from aegis.models.template import AegisOpsTemplate
from tests.unit.functions.workflow_renderer.cluster import NAMESPACE, Cluster, start
from tests.unit.functions.workflow_renderer.manifests import START


@pytest.fixture
async def cluster() -> Cluster:
    return await start()


async def refused(cluster: Cluster, name: str, found: str, *, template: str = "t") -> None:
    """An alert whose template made no workflow."""
    alert = await cluster.create(AegisAlert, name, {"type": "NodeDown"})
    reference: dict[str, Any] = {"namespace": NAMESPACE, "name": template}
    firing = {"triggerStatus": found, "template": reference}
    await cluster.kube.patch_status(
        alert, AlertState.model_validate({"status": "Firing", "opsStatus": {"triggerStatus": found}, "firing": firing})
    )


@pytest.mark.parametrize("found", ["TemplateNotFound", "TemplateInvalid", "UnsafeValue", "TriggerFailed"])
async def test_a_template_has_the_alerts_asked_that_had_none_because_of_it(
    cluster: Cluster, sent: list[Event], found: str
) -> None:
    await refused(cluster, "its-own", found)
    await refused(cluster, "of-another", found, template="other")
    await refused(cluster, "no-rule", "RuleNotFound")
    template = await cluster.create(AegisOpsTemplate, "t", {"manifest": START})
    recorded = await cluster.recorded(template)
    assert recorded.status.status == "Recorded"
    assert [(event.type, event.subject) for event in sent] == [(ALERT_FIRING, "monitoring/its-own")]
    sent.clear()
    await cluster.recorded(recorded)
    assert sent == []


async def test_a_template_that_is_invalid_has_nobody_asked(cluster: Cluster, sent: list[Event]) -> None:
    await refused(cluster, "its-own", "TemplateInvalid")
    await cluster.recorded(await cluster.create(AegisOpsTemplate, "t", {"manifest": "{{ if }}"}))
    assert sent == []
