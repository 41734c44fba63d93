"""A deployment that fails says why, in kubectl's words, and ends with an error."""

import json
from pathlib import Path

import pytest

from tests.unit.tools.programs import Programs
from tools import deploy


def test_the_parts_are_applied_in_their_order_and_waited_for(programs: Programs) -> None:
    programs.install("kubectl")
    assert deploy.main() == 0
    applied = [call.rpartition("/")[2] for call in programs.calls if " apply " in call or " create " in call]
    assert applied[:2] == ["crds", "namespace.yaml"]
    assert "create" in applied[2]
    assert applied[3:] == ["deploy", "eventing"]
    waited = [call.split()[-1] for call in programs.calls if "condition=Ready" in call]
    assert waited == list(deploy._READY)


@pytest.mark.parametrize(
    ("failing", "shows"),
    [("apply", False), ("condition=Ready", True)],
    ids=["what cannot be applied", "what does not become ready is shown"],
)
def test_what_kubectl_refuses_is_said(
    programs: Programs, capsys: pytest.CaptureFixture[str], failing: str, *, shows: bool
) -> None:
    programs.install("kubectl", f'case "$*" in *{failing}*) echo it is not so >&2; exit 1;; esac')
    assert deploy.main() == 1
    assert "it is not so" in capsys.readouterr().err
    assert any(" get " in call for call in programs.calls) is shows


def test_tokens_are_made_where_there_are_none_and_are_never_printed(
    programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are no program's argument either: whoever is on the machine sees those."""
    made = []
    for number in range(2):
        given = tmp_path / f"given{number}"
        programs.install("kubectl", f'case "$*" in *create*) read -r line; echo "$line" > {given};; esac')
        assert deploy.main() == 0
        secret = json.loads(given.read_text())
        assert (secret["kind"], secret["metadata"]["name"]) == ("Secret", "aegis-intake-tokens")
        assert secret["stringData"].keys() == {"AlertManager", "Default"}
        made += secret["stringData"].values()
    assert len(set(made)) == len(made) == 4
    assert all(len(token) >= 32 for token in made)
    printed = capsys.readouterr()
    for token in made:
        assert token not in printed.out + printed.err + "".join(programs.calls)
    assert "get secret aegis-intake-tokens" in printed.out
    assert "credentials_file: /etc/alertmanager/aegis-token" in printed.out


def test_tokens_that_are_there_are_left_alone(programs: Programs, capsys: pytest.CaptureFixture[str]) -> None:
    programs.install("kubectl", 'case "$*" in *"get secret"*) echo secret/aegis-intake-tokens;; esac')
    assert deploy.main() == 0
    assert not any(" create " in call for call in programs.calls)
    assert "aegis-intake-tokens" not in capsys.readouterr().out


def test_a_quota_that_does_not_count_alerts_yet_is_made_anew(programs: Programs, tmp_path: Path) -> None:
    """The first time that it is waited for, its controller does not know the kind yet."""
    made = tmp_path / "made"
    wait = f"*wait*resourcequota*) [ -e {made} ]"
    programs.install("kubectl", f'case "$*" in {wait};; *delete*resourcequota*) echo > {made};; esac')
    assert deploy.main() == 0
    about = [call for call in programs.calls if "resourcequota" in call or "/deploy" in call]
    assert ["delete" if " delete " in call else "apply" if " apply " in call else "wait" for call in about] == [
        *["apply", "wait"],
        *["delete", "apply", "wait"],
    ]


def test_a_quota_that_never_counts_alerts_is_told(programs: Programs, capsys: pytest.CaptureFixture[str]) -> None:
    programs.install("kubectl", 'case "$*" in *wait*resourcequota*) echo timed out >&2; exit 1;; esac')
    assert deploy.main() == 1
    assert "resourcequota/aegis-alerts" in capsys.readouterr().err
