"""A deployment that fails says why, in kubectl's words, and ends with an error."""

import pytest

from tests.unit.tools.programs import Programs
from tools import deploy


def test_the_parts_are_applied_in_their_order_and_waited_for(programs: Programs) -> None:
    programs.install("kubectl")
    assert deploy.main() == 0
    applied = [call.rpartition("/")[2] for call in programs.calls if " apply " in call]
    assert applied == ["crds", "deploy", "eventing"]
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
