"""Bearer tokens, and the sources that they are for."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from aegis.errors import Unavailable
from functions.alert_normalizer.senders import Sender
from functions.alert_normalizer.tokens import OPEN, Gate

SOURCES = st.sampled_from(["AlertManager", "Default", "AI", "shop"])
TOKENS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """A Secret as Kubernetes mounts it: links into a folder that is swapped as a whole."""
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..data").symlink_to("..2026")
    write(tmp_path, AlertManager="t-old\nt-new\n", Default="t-new\r\n\n  t-default  \n")
    return tmp_path


def write(folder: Path, **tokens: str) -> None:
    for name, token in tokens.items():
        (folder / "..data" / name).write_text(token)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


def admitted(gate: Gate, header: str | None) -> Sender | None:
    """The sender, if it is let in."""
    answer = gate.admit(header)
    if isinstance(answer, Sender):
        return answer
    assert answer.status_code == 401
    return None


def sender(*sources: str) -> Sender:
    return Sender(frozenset(sources))


@pytest.mark.parametrize(
    ("header", "sources"),
    [
        ("Bearer t-old", ["AlertManager"]),
        ("bearer t-default", ["Default"]),
        ("BEARER  t-new", ["AlertManager", "Default"]),
    ],
)
def test_a_token_is_for_the_sources_whose_file_has_it(tokens: Path, header: str, sources: list[str]) -> None:
    assert admitted(Gate(tokens), header) == sender(*sources)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t-old",
        "Bearer",
        "Bearer ",
        "Bearer t-ol",
        "Bearer t-oldt-new",
        "Bearer t-old\nt-new",
        "Basic t-old",
        "Bearer t\u00fc",
        "Bearer .",
        "Bearer AlertManager",
    ],
)
def test_anything_else_opens_nothing(tokens: Path, header: str | None, caplog: pytest.LogCaptureFixture) -> None:
    response = Gate(tokens).admit(header)
    assert isinstance(response, Response)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith('Bearer realm="aegis"')
    assert not any("t-ol" in str(record.__dict__) for record in caplog.records)


def test_a_rotation_needs_no_restart(tokens: Path) -> None:
    write(tokens, AlertManager="t-newer")
    assert admitted(Gate(tokens), "Bearer t-newer") == sender("AlertManager")
    assert admitted(Gate(tokens), "Bearer t-old") is None


@given(held=st.dictionaries(SOURCES, st.lists(TOKENS, max_size=3)), presented=TOKENS)
def test_no_token_is_for_a_source_that_does_not_hold_it(
    tmp_path_factory: pytest.TempPathFactory, held: dict[str, list[str]], presented: str
) -> None:
    folder = tmp_path_factory.mktemp("tokens")
    for source, tokens in held.items():
        (folder / source).write_text("\n".join(tokens))
    expected = {source for source, tokens in held.items() if presented in tokens}
    if any(held.values()):
        assert admitted(Gate(folder), f"Bearer {presented}") == (sender(*expected) if expected else None)
    else:
        with pytest.raises(Unavailable):
            Gate(folder).admit(f"Bearer {presented}")


@pytest.mark.parametrize("header", [None, "", "Bearer x", "Basic x"])
def test_where_all_sources_are_open_no_token_is_looked_at(header: str | None) -> None:
    found = admitted(OPEN, header)
    assert found is not None
    assert found.may_store("anything")


def test_some_sources_may_be_open_and_the_others_not(tokens: Path) -> None:
    gate = Gate(tokens, frozenset({"shop"}))
    assert admitted(gate, None) == sender("shop")
    assert admitted(gate, "Bearer t-old") == sender("shop", "AlertManager")
    assert admitted(gate, "Bearer nonsense") is None


@pytest.mark.parametrize("folder", ["missing", "empty", "blank", "file"])
def test_where_no_token_can_be_read_nobody_comes_in_and_hears_why(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "blank").mkdir()
    (tmp_path / "blank" / "Default").write_text("\n \n")
    (tmp_path / "file").touch()
    for header in (None, "Bearer ", "Bearer x"):
        with pytest.raises(Unavailable, match="aegis-intake-tokens is missing or holds none") as refusal:
            Gate(tmp_path / folder).admit(header)
        assert refusal.value.retry_after > 0
