"""Bearer tokens."""

from pathlib import Path

import pytest

from aegis.errors import Unavailable
from functions.alert_normalizer.tokens import refuse


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """A Secret as Kubernetes mounts it: links into a folder that is swapped as a whole."""
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..data").symlink_to("..2026")
    write(tmp_path, old="t-old\n", new="t-new")
    return tmp_path


def write(folder: Path, **tokens: str) -> None:
    for name, token in tokens.items():
        (folder / "..data" / name).write_text(token)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


@pytest.mark.parametrize("header", ["Bearer t-old", "Bearer t-new", "bearer t-new", "BEARER  t-new"])
def test_each_of_several_tokens_opens(tokens: Path, header: str) -> None:
    assert refuse(header, tokens) is None


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
        "Basic t-old",
        "Bearer t\u00fc",
        "Bearer .",
    ],
)
def test_anything_else_does_not(tokens: Path, header: str | None, caplog: pytest.LogCaptureFixture) -> None:
    response = refuse(header, tokens)
    assert response is not None
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith('Bearer realm="aegis"')
    assert not any("t-ol" in str(record.__dict__) for record in caplog.records)


def test_a_rotation_needs_no_restart(tokens: Path) -> None:
    write(tokens, old="t-newer")
    assert refuse("Bearer t-newer", tokens) is None
    assert refuse("Bearer t-old", tokens) is not None


def test_without_a_folder_everybody_may_come_in() -> None:
    assert refuse(None, None) is None


@pytest.mark.parametrize("folder", ["missing", "empty", "blank", "file"])
def test_where_no_token_can_be_read_nobody_comes_in(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "blank").mkdir()
    (tmp_path / "blank" / "token").write_text("\n")
    (tmp_path / "file").touch()
    for header in (None, "Bearer ", "Bearer x"):
        with pytest.raises(Unavailable):
            refuse(header, tmp_path / folder)
