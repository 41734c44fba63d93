"""The ways in which a workflow could come by more than its rule's author may give it, by the field of Argo's it takes.

The fields are those of Argo's CRD that name an account, a Secret, a patch of pods or a template of elsewhere. A field
of a new release shows as one that is missing here.
"""

import json
import re
from pathlib import Path

_TABLE = Path(__file__).parents[1] / "functions/workflow_renderer/argo_fields.json"
_POWERFUL = re.compile(r"serviceAccount|podSpecPatch|secret|templateRef|^inline$|automount", re.IGNORECASE)

VOLUME_OF_ARGO = "Argo mounts it as a volume: a Secret volume"
VOLUME_OF_A_NODE = "a volume that only hostaccess gives: a volume of the node"

HELD = {
    "serviceAccountName": "an account",
    "serviceAccountToken": "of the pod's own account: an account",
    "automountServiceAccountToken": "of the pod's own account: an account",
    "podSpecPatch": "a patch of pods",
    "inline": "an inline template's account",
    "templateRef": "a template of elsewhere",
    "workflowTemplateRef": "a workflow of elsewhere",
    "secretKeyRef": "a Secret in a variable",
    "secretRef": "a Secret in all variables",
    "secretName": "a Secret volume",
    "secret": "a Secret volume",
    "secretFile": VOLUME_OF_A_NODE,
    "nodePublishSecretRef": VOLUME_OF_A_NODE,
    "imagePullSecrets": "the kubelet shows it to the registry that it is for, and to no container",
    "accessKeySecret": VOLUME_OF_ARGO,
    "accountKeySecret": VOLUME_OF_ARGO,
    "caSecret": VOLUME_OF_ARGO,
    "clientCertSecret": VOLUME_OF_ARGO,
    "clientIDSecret": VOLUME_OF_ARGO,
    "clientKeySecret": VOLUME_OF_ARGO,
    "clientSecretSecret": VOLUME_OF_ARGO,
    "krbCCacheSecret": VOLUME_OF_ARGO,
    "krbKeytabSecret": VOLUME_OF_ARGO,
    "passwordSecret": VOLUME_OF_ARGO,
    "secretKeySecret": VOLUME_OF_ARGO,
    "serverSideCustomerKeySecret": VOLUME_OF_ARGO,
    "serviceAccountKeySecret": VOLUME_OF_ARGO,
    "sessionTokenSecret": VOLUME_OF_ARGO,
    "sshPrivateKeySecret": VOLUME_OF_ARGO,
    "tokenURLSecret": VOLUME_OF_ARGO,
    "usernameSecret": VOLUME_OF_ARGO,
}
"""How each of them is tried in `tests/e2e/test_pods.py`, or what holds it."""


def powerful_fields() -> set[str]:
    """The names of all such fields that Argo has, wherever they are."""
    table = json.loads(_TABLE.read_text())
    names = {name for part in table["objects"] for name in part["fields"]}
    return {name for name in names if _POWERFUL.search(name)}
