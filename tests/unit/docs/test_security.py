"""What docs/security.md says of rights and of tests is what the manifests and the tests have."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.rights import ACCOUNTS
from tests.unit.manifests.reading import ROOT, Manifest, of_kind, read

PAGE = ROOT / "docs" / "security.md"
LINES = PAGE.read_text(encoding="utf-8").splitlines()
CLAIMS = [line for line in LINES if "](../" in line and line.startswith("| ")]

_LINK = re.compile(r"\[(?P<name>[^\]]+)\]\(\.\./(?P<path>[^)#]+)\)(?P<tests>(?:(?::|,| and)? `test_\w+`)*)")


def rights(manifests: Sequence[Manifest], account: str, kind: str) -> str:
    """What the roles of one kind allow an account, in a cell of the table."""
    roles = of_kind(manifests, kind)
    bound = [
        roles[binding.body["roleRef"]["name"]]
        for binding in of_kind(manifests, f"{kind}Binding").values()
        if any(subject["name"] == account for subject in binding.body["subjects"])
    ]
    return "<br>".join(line for role in bound for rule in role.body["rules"] for line in spelled(rule)) or "nothing"


def spelled(rule: dict[str, list[str]]) -> Iterator[str]:
    """One line for each resource of a rule: ``get, patch aegisalerts.aegis.io/status``."""
    for resource in rule["resources"]:
        kind, slash, part = resource.partition("/")
        (group,) = rule["apiGroups"]
        named = f" ({', '.join(f'`{name}`' for name in rule['resourceNames'])})" if "resourceNames" in rule else ""
        yield f"{', '.join(rule['verbs'])} `{kind}{'.' if group else ''}{group}{slash}{part}`{named}"


def test_the_table_of_accounts_is_what_the_roles_allow() -> None:
    manifests = [*read("knative"), *read("eventing")]
    rows = [
        f"| {account} | {rights(manifests, account, 'ClusterRole')} | {rights(manifests, account, 'Role')} |"
        for account in ACCOUNTS
    ]
    start = LINES.index("| account | in all namespaces | in `monitoring` alone |") + 2
    assert LINES[start : start + len(rows) + 1] == [*rows, ""], "it should be:\n" + "\n".join(rows)


def test_every_line_that_says_what_an_attacker_can_do_says_what_holds_it() -> None:
    tables = PAGE.read_text(encoding="utf-8").split("| held by |\n|---|---|---|\n")[1:]
    rows = [row for table in tables for row in table.partition("\n\n")[0].splitlines()]
    assert rows
    for row in rows:
        assert _LINK.search(row.split(" | ")[-1]), row


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_tests_that_are_named_are_there(claim: str) -> None:
    for link in _LINK.finditer(claim):
        code = (ROOT / link["path"]).read_text(encoding="utf-8") if Path(link["path"]).suffix == ".py" else ""
        for name in re.findall(r"`(test_\w+)`", link["tests"]):
            assert re.search(rf"^(?:async )?def {name}\(", code, re.MULTILINE), f"{link['path']}: {name}"
