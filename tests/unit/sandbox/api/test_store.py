"""The store remembers the recent past, and no more of it than there is room for."""

from sandbox.api.store import Store


def put(store: Store, text: str) -> None:
    store.put("things", {"metadata": {"name": "one", "namespace": "default", "uid": "1"}, "text": text})


def test_the_history_has_a_greatest_number_of_changes() -> None:
    store = Store(history=3)
    for number in range(5):
        put(store, str(number))
    assert [change.entry.obj["text"] for change in store.since(store.oldest - 1)] == ["2", "3", "4"]


def test_many_versions_of_what_is_large_leave_the_history_sooner() -> None:
    store = Store(history_bytes=100_000)
    for _ in range(5):
        put(store, "x" * 40_000)
    kept = store.since(store.oldest - 1)
    assert [change.entry.revision for change in kept] == [store.revision - 1, store.revision]


def test_a_change_larger_than_the_history_is_still_told() -> None:
    store = Store(history_bytes=1000)
    put(store, "x" * 5000)
    assert len(store.since(store.revision - 1)) == 1
    assert store.oldest == store.revision - 1
