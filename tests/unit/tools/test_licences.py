"""A package whose licence is not on the allow-list fails the check, and so does one that states none."""

from typing import Any

import pytest

from tools import licences


def component(*stated: dict[str, Any], name: str = "some") -> dict[str, Any]:
    return {"name": name, "version": "1.0", **({"licenses": list(stated)} if stated else {})}


def spdx(identifier: str) -> dict[str, Any]:
    return {"license": {"id": identifier}}


def classifier(name: str) -> dict[str, Any]:
    return {"license": {"name": f"License :: OSI Approved :: {name}"}}


@pytest.mark.parametrize(
    "stated",
    [
        [spdx("MIT")],
        [classifier("BSD License")],
        [spdx("Apache-2.0"), classifier("Apache Software License")],
        [{"expression": "(MIT OR Apache-2.0) AND BSD-3-Clause"}],
    ],
    ids=["identifier", "classifier", "both", "expression"],
)
def test_what_is_on_the_list_may_be_used(stated: list[dict[str, Any]]) -> None:
    assert licences.problems({"components": [component(*stated)]}) == []


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ([spdx("AGPL-3.0-only")], "AGPL-3.0-only"),
        ([spdx("MIT"), classifier("GNU General Public License v3 (GPLv3)")], "GPLv3"),
        ([{"expression": "MIT AND GPL-2.0-only"}], "MIT AND GPL-2.0-only"),
        ([{"expression": "GPL-2.0-only WITH Classpath-exception-2.0"}], "WITH"),
        ([{"license": {"name": "see the file"}}], "see the file"),
        ([], "no licence"),
    ],
    ids=["identifier", "one of two", "one of an expression", "exception", "prose", "none"],
)
def test_anything_else_is_named(stated: list[dict[str, Any]], said: str) -> None:
    (problem,) = licences.problems({"components": [component(spdx("MIT")), component(*stated, name="other")]})
    assert problem.startswith("other 1.0: ")
    assert said in problem


def test_what_is_installed_may_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert licences.main() == 0, capsys.readouterr().err
