"""What to send: data of every shape, and near to what is well-formed."""

import json
from typing import Any

from hypothesis import strategies as st

_NASTY = (
    "",
    "\ud800",
    "\x00",
    "../..",
    "a" * 300,
    "x" * 40_000,
    "{{x}}",
    "1e999",
    "☃" * 70,
    "-1",
    "2026-01-01T00:00:00Z",
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, -(2**70), 10**400, 1.5, 1e308]),
    st.sampled_from(_NASTY),
    st.text(max_size=20),
)
JSON = st.recursive(
    LEAVES,
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(st.sampled_from(_NASTY) | st.text(max_size=9), part, max_size=4)
    ),
)


@st.composite
def mutated(draw: st.DrawFn, data: Any) -> Any:
    """Data with some parts of it something else, left out or doubled."""
    if draw(st.integers(0, 19)) == 0:
        return draw(JSON)
    if isinstance(data, dict):
        kept = {key: draw(mutated(part)) for key, part in data.items() if draw(st.integers(0, 29))}
        return kept | draw(st.dictionaries(st.text(max_size=9), JSON, max_size=1))
    if isinstance(data, list):
        return [draw(mutated(part)) for part in data] * draw(st.sampled_from([1, 1, 1, 2, 20]))
    return data


def written(data: Any) -> bytes:
    """As JSON; what JSON cannot say (NaN, half of a pair) as Python writes it."""
    return json.dumps(data).encode()


@st.composite
def bodies(draw: st.DrawFn, data: st.SearchStrategy[Any]) -> bytes:
    """JSON of the data, or bytes that are nearly that: cut, doubled, a piece of it very often, nested deeply."""
    body = written(draw(data))
    match draw(st.integers(0, 9)):
        case 0:
            return body[: draw(st.integers(0, len(body)))]
        case 1:
            return draw(st.binary(max_size=200))
        case 2:
            unit = draw(
                st.sampled_from([b"[", b'{"a":', b"[0,", b"{},", b'"a":0,', b'"\\u0000', b"1", b" ", b"\\", b"-"])
            )
            return draw(st.sampled_from([b"", b"[", b"{", b'"'])) + unit * draw(st.sampled_from([3, 1_000, 20_000]))
        case 3:
            at = draw(st.integers(0, len(body)))
            return body[:at] + draw(st.binary(min_size=1, max_size=9)) + body[at:]
    return body
