"""What is kept of posts that were not stored to their end."""

from aegis.errors import Unavailable
from aegis.events import Event
from functions.alert_normalizer.intake import Result, Stored
from functions.alert_normalizer.unfinished import Unfinished

EVENT = Event("t", "s", "1")


def stored(name: str) -> Stored:
    return Stored(Result.CREATED, name, "new", EVENT)


def test_what_is_on_record_is_known_until_the_post_is_answered_for() -> None:
    unfinished = Unfinished()
    unfinished.keep("p", {0: stored("a"), 1: Unavailable("slow"), 4: stored("b")})
    assert {at: answer.name for at, answer in unfinished.known("p").items()} == {0: "a", 4: "b"}
    assert all(answer.event is None for answer in unfinished.known("p").values())
    unfinished.forget("p")
    assert unfinished.known("p") == {}
    assert unfinished.known("") == {}


def test_what_comes_again_much_later_is_a_repeat() -> None:
    time = [0.0]
    unfinished = Unfinished(now=lambda: time[0])
    unfinished.keep("p", {0: stored("a")})
    time[0] = 300.0
    assert unfinished.known("p") == {}


def test_of_many_posts_the_last_are_kept() -> None:
    unfinished = Unfinished(most=3)
    for post in ("p", "q", "r"):
        unfinished.keep(post, {0: stored("a"), 1: stored("b")})
    assert [bool(unfinished.known(post)) for post in ("p", "q", "r")] == [False, False, True]
    unfinished.keep("s", {at: stored(str(at)) for at in range(4)})
    assert not any(unfinished.known(post) for post in ("r", "s"))
