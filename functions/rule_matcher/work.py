"""Whether there is a workflow of which nothing may be on the alert yet."""

from aegis.errors import NotFound
from aegis.kube import Kube
from aegis.models.alert import AegisAlert
from aegis.models.states import Phase
from aegis.models.workflow import Workflow


async def workflow_exists(kube: Kube, alert: AegisAlert) -> bool:
    """Whether the firing's workflow was made, in its newest attempt.

    Raises:
        Unavailable: when the API server does not answer.
    """
    try:
        await kube.get(Workflow, namespace=alert.metadata.namespace, name=alert.workflow_name(Phase.FIRING))
    except NotFound:
        return False
    return True
