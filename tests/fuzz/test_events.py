"""Whatever event reaches a function, it is answered: handled, or refused for good."""

import json

from hypothesis import strategies as st

from tests.fuzz.shapes import bodies, mutated
from tests.fuzz.system import System, fuzz
from tests.samples import FUNCTIONS, SAMPLES

SENT = st.tuples(
    st.sampled_from(FUNCTIONS),
    bodies(st.sampled_from([json.loads(sample.body) for sample in SAMPLES]).flatmap(mutated)),
)


def test_whatever_event_comes_is_answered(system: System, seconds: float) -> None:
    def check(sent: tuple[str, bytes]) -> None:
        system.tell(*sent)

    fuzz(SENT, check, seconds=seconds)
