"""Work on threads: in order, never far ahead of its consumer, and never hanging on a failure."""

import threading
from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.resources.streams import Spool, pooled
from taxi_assets_tests.lakes import RIDES, rides


class Failed(Exception):
    """What goes wrong."""


def living() -> set[threading.Thread]:
    return set(threading.enumerate())


@given(items=st.lists(st.integers(), max_size=30), workers=st.integers(1, 4))
def test_results_come_in_the_order_of_the_items(items: list[int], workers: int) -> None:
    assert list(pooled(lambda n: n * 2, items, workers)) == [n * 2 for n in items]


def test_a_slow_item_is_waited_for_and_not_overtaken() -> None:
    second_done = threading.Event()

    def work(item: str) -> str:
        if item == "slow":
            assert second_done.wait(60)
        else:
            second_done.set()
        return item

    assert list(pooled(work, ["slow", "quick"], workers=2)) == ["slow", "quick"]


def test_items_are_worked_on_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=60)

    found = list(pooled(lambda item: (item, both.wait())[0], [1, 2], workers=2))

    assert found == [1, 2]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_no_more_items_are_taken_than_there_are_workers_and_one(workers: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    ahead = [len(taken) - done for done, _ in enumerate(pooled(lambda n: n, items(), workers))]

    assert max(ahead) == workers + 1
    assert len(taken) == 100


def test_nothing_is_taken_before_the_first_result_is_asked_for() -> None:
    taken: list[int] = []

    pooled(taken.append, iter([1, 2, 3]))

    assert taken == []


@pytest.mark.parametrize("bad", [0, 5, 9])
def test_a_failure_comes_in_its_turn_and_ends_the_threads(bad: int) -> None:
    before, seen = living(), []

    def work(number: int) -> int:
        if number == bad:
            raise Failed(number)
        return number

    with pytest.raises(Failed, match=str(bad)):
        seen.extend(pooled(work, range(10)))

    assert living() == before


def test_results_before_a_failure_are_handed_out() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise Failed
        return number

    results = pooled(work, range(10))
    seen = [next(results) for _ in range(3)]

    with pytest.raises(Failed):
        next(results)

    assert seen == [0, 1, 2]


def test_a_failure_of_the_stream_itself_passes_through() -> None:
    before = living()

    def items() -> Iterator[int]:
        yield 1
        raise Failed

    with pytest.raises(Failed):
        list(pooled(lambda n: n, items()))

    assert living() == before


def test_a_consumer_that_stops_early_ends_the_threads() -> None:
    before = living()
    results = pooled(lambda n: n, range(1_000_000))

    first = next(results)
    results.close()

    assert first == 0
    assert living() == before


@given(counts=st.lists(st.integers(0, 50), max_size=8))
def test_a_spool_gives_back_what_was_put_aside(counts: list[int]) -> None:
    batches = [rides(count, first=100 * n) for n, count in enumerate(counts)]

    with Spool() as spool:
        for batch in batches:
            spool.put(batch)
        found = list(spool.batches())

    assert pa.Table.from_batches(found, RIDES.arrow).equals(
        pa.Table.from_batches(batches, RIDES.arrow)
    )
