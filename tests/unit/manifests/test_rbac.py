"""Each ServiceAccount may do exactly what its function does."""

from collections.abc import Iterator, Sequence

import pytest

from tests.rights import ACCOUNTS, EVERYWHERE, IN_THE_NAMESPACE
from tests.unit.manifests.reading import Manifest, granted, of_kind

each_account = pytest.mark.parametrize("account", ACCOUNTS)


@each_account
def test_an_account_may_do_everywhere_what_is_listed(account: str, manifests: Sequence[Manifest]) -> None:
    assert granted(manifests, account, "ClusterRole") == EVERYWHERE.get(account, {})


@each_account
def test_an_account_may_do_in_the_namespace_what_is_listed(account: str, manifests: Sequence[Manifest]) -> None:
    assert granted(manifests, account, "Role") == IN_THE_NAMESPACE.get(account, {})


def rules(manifests: Sequence[Manifest]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    for kind in ("Role", "ClusterRole"):
        for role in of_kind(manifests, kind).values():
            for rule in role.body["rules"]:
                yield f"{kind} {role.name}", rule


def test_no_rule_is_a_wildcard_or_opens_a_way_to_more(manifests: Sequence[Manifest]) -> None:
    forbidden_resources = {"secrets", "pods/exec", "serviceaccounts/token", "roles", "clusterroles", "rolebindings"}
    forbidden_verbs = {"impersonate", "escalate", "bind", "deletecollection"}
    for name, rule in rules(manifests):
        values = {value for part in ("apiGroups", "resources", "verbs") for value in rule[part]}
        assert not any("*" in value for value in values), name
        assert not forbidden_resources & set(rule["resources"]), name
        assert not forbidden_verbs & set(rule["verbs"]), name


def test_only_alerts_and_raw_alerts_are_ever_deleted(manifests: Sequence[Manifest]) -> None:
    deleted = {r for _, rule in rules(manifests) if "delete" in rule["verbs"] for r in rule["resources"]}
    assert deleted == {"aegisalerts", "aegisrawalerts"}


def test_every_account_exists_and_is_used(manifests: Sequence[Manifest]) -> None:
    accounts = set(of_kind(manifests, "ServiceAccount"))
    bound = {
        (subject["kind"], subject["namespace"], subject["name"])
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for binding in of_kind(manifests, kind).values()
        for subject in binding.body["subjects"]
    }
    assert bound == {("ServiceAccount", "monitoring", account) for account in accounts}
    assert accounts == set(ACCOUNTS)
