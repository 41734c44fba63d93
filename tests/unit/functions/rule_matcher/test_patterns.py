"""What patterns match, and which literal text they are known to require."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from aegis.models.base import TEXT_LENGTH
from functions.rule_matcher.patterns import (
    BadPattern,
    Branch,
    branches,
    check,
    compiled,
    matches,
    meant_as_text,
)

ROOT = Path(__file__).resolve().parents[4]
ANY = (Branch(()),)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        pytest.param("NodeDown", "NodeDown", True, id="a plain type"),
        pytest.param("NodeDown", "NodeDownAgain", False, id="not a part of a type"),
        pytest.param("Node", "MyNode", False, id="not the end of a type"),
        pytest.param(".*Disk.*", "NodeDiskFull", True, id="a part of a type where the pattern says so"),
        pytest.param("A|AB", "AB", True, id="the alternative that matches whole"),
        pytest.param("^NodeDown$", "NodeDown", True, id="anchors are allowed"),
        pytest.param("(?i)nodedown", "NODEDOWN", True, id="without regard to case"),
        pytest.param("[[:upper:]]+", "NODE", True, id="POSIX classes as in Go"),
        pytest.param(r"\QNode.Down\E", "Node.Down", True, id="quoting as in Go"),
        pytest.param("Node.Down", "Node\nDown", False, id="a dot is no newline"),
        pytest.param("NodeDown$", "NodeDown\n", False, id="a dollar is the very end"),
        pytest.param("Knoten.*", "KnotenGefährdet", True, id="any Unicode"),
        pytest.param(".*", "\ud800", False, id="text that is no Unicode"),
        pytest.param("(", "(", False, id="a bad pattern matches nothing"),
    ],
)
def test_a_pattern_matches_the_whole_type(pattern: str, text: str, *, expected: bool) -> None:
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        pytest.param("Node(", "missing )", id="unbalanced"),
        pytest.param("(?=Node)", "invalid perl operator", id="look-ahead"),
        pytest.param(r"(a)\1", "invalid escape sequence", id="back-reference"),
        pytest.param("a{2000}", "invalid repetition size", id="repeated too often"),
        pytest.param("a" * (TEXT_LENGTH + 1), f"longer than {TEXT_LENGTH}", id="too long"),
        pytest.param("\ud800", "not valid Unicode", id="a lone surrogate"),
    ],
)
def test_a_bad_pattern_is_explained(pattern: str, said: str) -> None:
    with pytest.raises(BadPattern, match=re.escape(said)):
        check(pattern)


@pytest.mark.parametrize("pattern", ["NodeDown", "Node.*", "Knoten-Gefährdet"])
def test_a_good_pattern_is_not_objected_to(pattern: str) -> None:
    check(pattern)


def test_rules_that_only_name_types_do_without_re2() -> None:
    program = (
        "import sys; from functions.rule_matcher.matching import RuleIndex;"
        "from tests.unit.functions.rule_matcher.objects import alert, rule;"
        "assert RuleIndex([rule('r', 'NodeDown'), rule('p', '.*Disk.*')]).find(alert('NodeDown')).rule;"
        "assert 're2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}"})


def test_no_pattern_hangs_on_a_hostile_type() -> None:
    started = time.process_time()
    assert not matches("(a+)+(a|aa)*([a-z]+)*.*.*.*b", "a" * 5000 + "!")
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("NodeDown", (Branch(("NodeDown",), exact=True),)),
        ("^NodeDown$", (Branch(("NodeDown",), exact=True),)),
        (r"Node\.Down", (Branch(("Node.Down",), exact=True),)),
        ("Node.*", (Branch(("Node",)),)),
        (".*Disk.*Full", (Branch(("Disk", "Full")),)),
        ("Node(Cpu|Disk)Full", (Branch(("Node", "Full")),)),
        ("A|^(B|(?:C.*))$", (Branch(("A",), exact=True), Branch(("B",), exact=True), Branch(("C",)))),
        ("abc+d", (Branch(("abc", "d")),)),
        ("abc*d?", (Branch(("ab",)),)),
        ("ab{0,3}c+?", (Branch(("a", "c")),)),
        ("[]x]ab[^a]]?", ANY),
        ("[[:alpha:]]ab", (Branch(("ab",)),)),
        ("a^b", (Branch(("a", "b")),)),
        ("(?i)disk", ANY),
        (r"\x41bc", ANY),
        (r"\Qa|b\E", ANY),
        ("^*a", ANY),
        ("a{,2}b", ANY),
        ("", ANY),
        ("(", ANY),
        (")", ANY),
        ("(a", ANY),
        ("a" * (TEXT_LENGTH + 1) + ".*", ANY),
    ],
)
def test_the_literals_that_a_pattern_requires(pattern: str, expected: tuple[Branch, ...]) -> None:
    assert branches(pattern) == expected


GREEDY = r".*(\pL{{1,300}})N{}?.*"


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("(?i)" + "k" * (TEXT_LENGTH - 4), id="as long as may be, without case"),
        pytest.param("." * (TEXT_LENGTH // 2), id="of any characters"),
        pytest.param("[a-z]{0,1000}", id="repeated as often as may be"),
        pytest.param(r".*\pL+ \pL+.*", id="classes of all scripts"),
        pytest.param("|".join(f"Node{number}.*" for number in range(110)), id="of many alternatives"),
    ],
)
def test_what_people_write_fits_into_a_patterns_memory(pattern: str) -> None:
    check(pattern)


@pytest.mark.parametrize(
    "pattern", [GREEDY.format(1), "(.{1,100}x){1,9}", r"(\pL|\pN){100}"], ids=["classes", "nested", "alternatives"]
)
def test_a_pattern_that_needs_more_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern, match="more than 128 KiB of memory"):
        check(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(GREEDY, id="over their memory"),
        pytest.param(r".*(\pL{{1,4}})N{}?.*", id="large"),
        pytest.param(r".*a.{{12}}{}?.*", id="small, with many states"),
    ],
)
def test_patterns_have_a_memory_limit_together(pattern: str) -> None:
    program = (
        "import random; from functions.rule_matcher.patterns import matches\n"
        "def resident(): return int(open('/proc/self/statm').read().split()[1]) * 4096\n"
        "matches('Node.*', 'NodeDown'); before = resident()\n"
        "text = ''.join(random.Random(1).choices('abcdefghijNé', k=500))\n"
        f"for number in range(400): matches({pattern!r}.format(number), text)\n"
        "assert resident() - before < 80 * 2**20, resident() - before"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}"})


def test_a_pattern_is_found_to_be_bad_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_: list[str] = []

    def noting(pattern: str, options: object) -> Any:
        compiled_.append(pattern)
        return real(pattern, options)  # type: ignore[no-untyped-call]

    real = re2.compile
    monkeypatch.setattr(re2, "compile", noting)
    patterns = [GREEDY.format(f"Once{number}") for number in range(20)]
    for _ in range(3):
        assert not any(matches(pattern, "NodeDown") for pattern in patterns)
    assert compiled_ == [pattern for pattern in patterns for _ in range(2)]  # with little memory, then with much


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(" * 511 + "ab" + ")" * 511, (Branch(("ab",), exact=True),)),
        ("(a|" * 255 + "b" + ")" * 255, (*[Branch(("a",), exact=True)] * 255, Branch(("b",), exact=True))),
        ("(a|b)*" * 170, ANY),
        ("|" * 1000, ANY * 1001),
    ],
    ids=["nested", "nested alternatives", "groups", "empty alternatives"],
)
def test_deep_and_wide_patterns_are_read(pattern: str, expected: tuple[Branch, ...]) -> None:
    assert branches(pattern) == expected


PLAIN_ATOMS = ["a", "b", "ab", "é", "-", "]", "{", ".", "[ab]", "[^a]", "[]a]", "[[:alpha:]]", "(a|b)", "(?:ab)"]
ODD_ATOMS = [r"\.", r"\w", r"\b", r"\x61", r"\Qa.b\E", "^", "$", "|", "(", ")", "(?P<n>b)", "(?i)"]
ATOMS = st.sampled_from([*PLAIN_ATOMS, *ODD_ATOMS])
PATTERNS = st.lists(
    st.tuples(ATOMS, st.sampled_from(["", "", "", "*", "+", "?", "*?", "{2}", "{0,1}", "{,1}"])), max_size=6
).map(lambda parts: "".join(atom + repeat for atom, repeat in parts))
TEXTS = st.text("aAb.é-]{", max_size=8)


@given(pattern=PATTERNS, text=TEXTS)
def test_what_a_pattern_matches_holds_the_literals_of_one_of_its_branches(pattern: str, text: str) -> None:
    if matches(pattern, text):
        found = branches(pattern)
        assert any(all(literal in text for literal in branch.literals) for branch in found)
        assert any(text in branch.literals for branch in found if branch.exact) or not all(b.exact for b in found)


@given(pattern=PATTERNS)
def test_an_exact_branch_of_a_valid_pattern_is_matched(pattern: str) -> None:
    try:
        compiled(pattern)
    except BadPattern:
        return
    for branch in branches(pattern):
        if branch.exact:
            assert matches(pattern, branch.literals[0])


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("Memory (copy)", r"Memory \(copy\)"),
        ("Load (5m) of (all)", r"Load \(5m\) of \(all\)"),
        (r"Memory \(copy\)", ""),
        ("Node(Down|Lost)", ""),
        ("Node(Down)?", ""),
        ("(?i)disk", ""),
        (".*Disk.*", ""),
        ("Disk", ""),
    ],
)
def test_parentheses_that_group_nothing_are_probably_meant_as_text(pattern: str, meant: str) -> None:
    assert meant_as_text(pattern) == meant
    assert not meant or matches(meant, pattern)
