"""Samples that come out the same however the trips are read."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.sampling import Sampler, allocate, stable_hash

MONTHS = ("2025-01", "2025-02")
TRIPS = {("2025-01", 3): 700, ("2025-01", 1): 200, ("2025-02", 3): 90, ("2025-02", 4): 10}
HASHES = [14786624888420049232, 10843772360219812183, 11178057666338117839]  # of 2025-03, by hand
STRATA = st.dictionaries(
    st.tuples(st.sampled_from(MONTHS), st.integers(0, 5)), st.integers(0, 500), max_size=12
)


def trips() -> pd.DataFrame:
    """A thousand trips, boroughs mixed, row numbers with gaps."""
    parts = [
        pd.DataFrame({"month": month, "borough": borough, "fare": float(count)}, range(count))
        for (month, borough), count in TRIPS.items()
    ]
    found = pd.concat(parts).sample(frac=1, random_state=1)
    return found.assign(source_row=np.arange(len(found)) * 3)


def sampled(size: int, batches: Iterable[pd.DataFrame]) -> pd.DataFrame:
    sampler = Sampler(size)
    for batch in batches:
        for month, part in batch.groupby("month", sort=False):
            columns = {name: part[name].to_numpy() for name in ("borough", "fare")}
            sampler.add(
                str(month), part["source_row"].to_numpy(), part["borough"].to_numpy(), columns
            )
    return sampler.sample()


@pytest.mark.parametrize("rows", [1, 7, 64, 999, 1_000])
def test_batches_make_no_difference(rows: int) -> None:
    everything = trips()

    found = sampled(100, (everything[at : at + rows] for at in range(0, 1_000, rows)))

    pd.testing.assert_frame_equal(found, sampled(100, [everything]))


@given(st.randoms(use_true_random=False))
def test_the_order_of_months_and_trips_makes_no_difference(random: object) -> None:
    everything = trips()
    seed = random.randrange(1 << 30)  # type: ignore[attr-defined]
    mixed = everything.sample(frac=1, random_state=seed)

    found = sampled(100, [mixed[:400], mixed[400:]])

    pd.testing.assert_frame_equal(found, sampled(100, [everything]))


def test_every_month_and_borough_has_its_share() -> None:
    found = sampled(100, [trips()])

    shares = found.groupby(["month", "borough"]).size().to_dict()
    assert shares == {name: count // 10 for name, count in TRIPS.items()}
    assert found["source_row"].is_unique


def test_all_trips_are_taken_where_there_are_no_more_than_asked_for() -> None:
    everything = trips()

    found = sampled(1_000, [everything])

    expected = everything.sort_values(["month", "source_row"], ignore_index=True)
    pd.testing.assert_frame_equal(found[expected.columns], expected)


def test_without_trips_there_is_no_sample() -> None:
    assert Sampler(10).sample().empty


def test_a_smaller_sample_is_part_of_a_larger_one() -> None:
    small, large = sampled(100, [trips()]), sampled(200, [trips()])

    assert set(small["source_row"]) < set(large["source_row"])


def test_another_month_takes_other_rows() -> None:
    rows = np.arange(1_000)

    first, second = (set(np.argsort(stable_hash(month, rows))[:100]) for month in MONTHS)

    assert len(first & second) < 30  # 10 are to be expected by chance


def test_the_hash_is_what_it_has_always_been() -> None:
    found = stable_hash("2025-03", np.array([0, 1, 2_999_999], np.int32))

    assert found.tolist() == HASHES


def test_the_hash_spreads_evenly() -> None:
    tenths = stable_hash("2025-03", np.arange(100_000)) // np.uint64(1_844_674_407_370_955_162)

    assert np.bincount(tenths.astype(int)) == pytest.approx(np.full(10, 10_000), abs=400)


@given(STRATA, st.integers(0, 2_000))
def test_an_allocation_is_proportional_to_within_one_trip(
    strata: dict[tuple[str, int], int], size: int
) -> None:
    found = allocate(strata, size)

    total = sum(strata.values())
    assert sum(found.values()) == min(size, total)
    for name, count in strata.items():
        assert found[name] <= count
        if total > size:
            assert abs(found[name] - count * size / total) < 1


def test_the_largest_remainders_get_what_is_left_over() -> None:
    strata = {("2025-01", 0): 47, ("2025-01", 1): 16, ("2025-01", 2): 15}

    # quotas of 6.03, 2.05 and 1.92: nine trips by whole parts, the tenth to 0.92
    assert list(allocate(strata, 10).values()) == [6, 2, 2]


def test_equal_remainders_go_by_name() -> None:
    strata = {("2025-02", 0): 5, ("2025-01", 0): 5}

    assert allocate(strata, 5) == {("2025-01", 0): 3, ("2025-02", 0): 2}
