"""What Aegis's accounts ask of the API server, as the API server itself counts it.

``apiserver_request_total`` does not tell whose a request was. But ``apiserver_flowcontrol_dispatched_requests_total``
counts by FlowSchema, and a FlowSchema can be for certain accounts, verbs and resources. So for the time of the
benchmark there is one for each kind of request that the functions make, and one for all other requests of theirs. They
lead to the priority level that these accounts have anyway, so nothing is served otherwise than before.

A cluster with several API servers counts in each: only what the one that answers has counted is seen.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple, Self

from benchmarks.cluster.metrics import totals
from tests.e2e.api import NAMESPACE, Api, Json
from tests.e2e.driver import FUNCTIONS, SERVICES, Cluster, condition

OTHER = "other"
"""Whatever else the accounts ask."""
COUNTED = (
    "of_accounts: requests of the functions' ServiceAccounts, by apiserver_flowcontrol_dispatched_requests_total of a "
    "FlowSchema for each kind, so that Argo's, Knative's and the benchmark's own are not among them; the ticks that "
    "fell into the time are. of_everyone: apiserver_request_total by verb, resource and code, whoever asked."
)

_KINDS = (
    ("aegis.io", "aegisalerts", ("create", "get", "list", "delete")),
    ("aegis.io", "aegisalerts/status", ("patch",)),
    ("aegis.io", "aegisalertopsrules", ("get", "list", "watch")),
    ("aegis.io", "aegisalertopsrules/status", ("patch",)),
    ("aegis.io", "aegisopstemplates", ("get", "list")),
    ("aegis.io", "aegisopstemplates/status", ("patch",)),
    ("argoproj.io", "workflows", ("create", "get", "list", "patch")),
    ("", "events", ("create",)),
)
"""What the functions ask, by group and resource."""
_RESOURCES = {(group, resource) for group, resource, _ in _KINDS}
_SCHEMAS = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
_LEVEL = "workload-low"
_PRECEDENCE = 8000  # before `service-accounts` (9000), after all that is for parts of Kubernetes itself
_PREFIX = "aegis-benchmark."
_LABEL = "aegis-benchmark"


class Requests(NamedTuple):
    """How many requests the API server has counted."""

    of_accounts: Counter[str]
    """By verb and resource, such as ``patch aegisalerts/status``."""
    of_everyone: Counter[str]
    """By verb, resource and status code, such as ``PATCH aegisalerts/status 409``."""

    def since(self, before: Self) -> "Requests":
        """What was added since an earlier count."""
        return Requests(self.of_accounts - before.of_accounts, self.of_everyone - before.of_everyone)


@dataclass(frozen=True)
class Accounting:
    """The counts, for as long as the FlowSchemas are there."""

    api: Api

    def read(self) -> Requests:
        """The counts as they are now."""
        text = self.api.http.get("/metrics").raise_for_status().text
        dispatched = totals(text, "apiserver_flowcontrol_dispatched_requests_total", "flow_schema")
        answered = totals(text, "apiserver_request_total", "verb", "group", "resource", "subresource", "code")
        return Requests(
            Counter({kind_of(schema): count for (schema,), count in dispatched.items() if schema.startswith(_PREFIX)}),
            Counter(
                {
                    f"{verb} {_joined(resource, sub)} {code}": count
                    for (verb, group, resource, sub, code), count in answered.items()
                    if (group, _joined(resource, sub)) in _RESOURCES
                }
            ),
        )


def count_requests(cluster: Cluster) -> Accounting:
    """Have the API server count from now on, until the cluster is cleaned."""
    services = (cluster.api.get(f"{SERVICES}/{name}") for name in FUNCTIONS)
    accounts = sorted({service["spec"]["template"]["spec"]["serviceAccountName"] for service in services})
    kinds = ((verb, group, resource) for group, resource, verbs in _KINDS for verb in verbs)
    schemas = [flow_schema(accounts), *(flow_schema(accounts, *kind) for kind in kinds)]
    for schema in schemas:
        cluster.apply(schema)

    def in_force(seen: dict[str, Json]) -> bool:
        """The API server says of each that it has a priority level when it has taken it in."""
        return len(seen) == len(schemas) and all(
            condition(s, "Dangling").get("status") == "False" for s in seen.values()
        )

    cluster.api.watch_until(_SCHEMAS, in_force, labelSelector=_LABEL)
    return Accounting(cluster.api)


def flow_schema(accounts: list[str], verb: str = "*", group: str = "*", resource: str = "*") -> Json:
    """One that only says whose the requests are and what kind they are of; without a kind, all that are left."""
    rest = resource == "*"
    rules = {
        "subjects": [
            {"kind": "ServiceAccount", "serviceAccount": {"name": name, "namespace": NAMESPACE}} for name in accounts
        ],
        "resourceRules": [
            {
                "verbs": [verb],
                "apiGroups": [group],
                "resources": [resource],
                "namespaces": ["*"],
                "clusterScope": True,
            }
        ],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}] if rest else [],
    }
    name = OTHER if rest else f"{verb}.{resource.replace('/', '.')}"
    return {
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "FlowSchema",
        "metadata": {"name": f"{_PREFIX}{name}", "labels": {_LABEL: ""}},
        "spec": {
            "priorityLevelConfiguration": {"name": _LEVEL},
            "matchingPrecedence": _PRECEDENCE + rest,
            "distinguisherMethod": {"type": "ByUser"},
            "rules": [rules],
        },
    }


def kind_of(schema: str) -> str:
    """The kind of request that a FlowSchema of this name counts."""
    verb, *resource = schema.removeprefix(_PREFIX).split(".")
    return " ".join([verb, _joined(*resource)]) if resource else verb


def _joined(resource: str, subresource: str = "") -> str:
    return f"{resource}/{subresource}" if subresource else resource
