"""What each ServiceAccount of Aegis may do: the whole table, for the manifests and for a real API server."""

Grants = dict[tuple[str, str], set[str]]
"""Verbs by API group and resource."""

AEGIS, ARGO, CORE = "aegis.io", "argoproj.io", ""

EVERYWHERE: dict[str, Grants] = {
    "alert-normalizer": {(CORE, "nodes"): {"list"}},
    "rule-matcher": {
        (AEGIS, "aegisalerts"): {"get", "list"},
        (AEGIS, "aegisalerts/status"): {"patch"},
        (AEGIS, "aegisalertopsrules"): {"get", "list", "watch"},
        (AEGIS, "aegisalertopsrules/status"): {"patch"},
        (AEGIS, "aegisopstemplates"): {"get", "list"},
        (ARGO, "workflows"): {"get"},
        (CORE, "events"): {"create"},
    },
    "workflow-renderer": {
        (AEGIS, "aegisalerts"): {"get", "list"},
        (AEGIS, "aegisalerts/status"): {"patch"},
        (AEGIS, "aegisalertopsrules"): {"get"},
        (AEGIS, "aegisopstemplates"): {"get", "list"},
        (AEGIS, "aegisopstemplates/status"): {"patch"},
        (ARGO, "workflows"): {"get"},
        (CORE, "events"): {"create"},
    },
    "status-tracker": {
        (AEGIS, "aegisalerts"): {"get", "list", "delete"},
        (AEGIS, "aegisalerts/status"): {"patch"},
        (AEGIS, "aegisalertopsrules"): {"get", "list"},
        (AEGIS, "aegisalertopsrules/status"): {"patch"},
        (AEGIS, "aegisopstemplates"): {"get", "list"},
        (AEGIS, "aegisopstemplates/status"): {"patch"},
        (ARGO, "workflows"): {"get", "list"},
        (CORE, "events"): {"create"},
    },
    "aegis-sources": {
        (AEGIS, "aegisalerts"): {"get", "list", "watch"},
        (AEGIS, "aegisalertopsrules"): {"get", "list", "watch"},
        (AEGIS, "aegisopstemplates"): {"get", "list", "watch"},
        (ARGO, "workflows"): {"get", "list", "watch"},
    },
    "aegis-workflow": {(CORE, "nodes"): {"get", "patch"}},
}
"""What an account may do in all namespaces: rules, templates and alerts made by hand may lie in any."""

IN_THE_NAMESPACE: dict[str, Grants] = {
    "alert-normalizer": {
        (AEGIS, "aegisalerts"): {"get", "create", "patch"},
        (AEGIS, "aegisalerts/status"): {"patch"},
        (AEGIS, "aegisrawalerts"): {"get", "create"},
        (ARGO, "workflows"): {"get"},
    },
    "workflow-renderer": {(ARGO, "workflows"): {"create"}, (CORE, "serviceaccounts"): {"use"}},
    "status-tracker": {
        (ARGO, "workflows"): {"patch"},
        (AEGIS, "aegisrawalerts"): {"list", "delete"},
        (CORE, "pods/log"): {"get"},
    },
    "aegis-workflow": {(ARGO, "workflowtaskresults"): {"create", "patch"}},
}
"""What it may do in its own namespace only: above all, create the workflows that repair, to run as `aegis-workflow`."""

ACCOUNTS = sorted(EVERYWHERE.keys() | IN_THE_NAMESPACE.keys())
