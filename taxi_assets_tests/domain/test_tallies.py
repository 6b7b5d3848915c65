"""Errors as sums: the same numbers as from all rides at once."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.evaluation import Outcomes
from taxi_assets.domain.heads import Quotes
from taxi_assets.domain.performance import performance_rows
from taxi_assets.domain.slices import Slicing
from taxi_assets.domain.tallies import DAYS, added, numbers, tally
from taxi_assets_tests.quoted import RIDES, rides

KINDS = ("a", "b", "never")
CODES = (np.arange(RIDES) % 7 == 0).astype(np.int8)


def cut(actual: Outcomes, said: Quotes, rows: slice) -> tuple[Outcomes, Quotes]:
    return (
        Outcomes(actual.pickup_at[rows], actual.fare_usd[rows], actual.duration_min[rows]),
        Quotes(said.fare_usd[rows], said.low_usd[rows], said.high_usd[rows], said.ride_min[rows]),
    )


def test_the_numbers_are_those_of_a_groupby_in_pandas() -> None:
    actual, said = rides()
    frame = pd.DataFrame(
        {
            "kind": np.array(KINDS)[CODES],
            "fare": actual.fare_usd,
            "quote": said.fare_usd,
            "error": said.fare_usd - actual.fare_usd,
            "held": (said.low_usd <= actual.fare_usd) & (actual.fare_usd <= said.high_usd),
            "width": said.high_usd - said.low_usd,
            "ride": (said.ride_min - actual.duration_min).__abs__(),
        }
    )

    rows = performance_rows(tally(actual, said, [Slicing("kind", KINDS, CODES)]), "7", "2025-02")

    found = pd.DataFrame(rows).set_index("value")
    by_kind = frame.groupby("kind")
    fares = by_kind["fare"].sum()
    expected = pd.DataFrame(
        {
            "trips": by_kind.size(),
            "mean_fare_usd": by_kind["fare"].mean(),
            "mae_usd": by_kind["error"].agg(lambda error: error.abs().mean()),
            "rmse_usd": by_kind["error"].agg(lambda error: (error**2).mean() ** 0.5),
            "bias_usd": by_kind["error"].mean(),
            "fare_ratio": fares / by_kind["quote"].sum(),
            "coverage": by_kind["held"].mean(),
            "width_usd": by_kind["width"].mean(),
            "ride_mae_min": by_kind["ride"].mean(),
        }
    )
    pd.testing.assert_frame_equal(
        found[expected.columns], expected, check_names=False, atol=1e-6, rtol=0
    )
    assert set(found["model_version"]) == {"7"}
    assert set(found["tested_on"]) == {"2025-02"}


@given(cuts=st.lists(st.integers(0, RIDES), max_size=4))
def test_batches_add_up_to_the_whole_however_they_are_cut(cuts: list[int]) -> None:
    actual, said = rides()
    edges = [0, *sorted(cuts), RIDES]

    parts = [
        tally(*cut(actual, said, slice(*edge)), [Slicing("kind", KINDS, CODES[slice(*edge)])])
        for edge in pairwise(edges)
    ]

    (whole,) = tally(actual, said, [Slicing("kind", KINDS, CODES)])
    (found,) = added(parts)
    np.testing.assert_allclose(found.sums, whole.sums, rtol=1e-9)


def test_adding_up_leaves_the_parts_as_they_were() -> None:
    actual, said = rides()
    part = tally(actual, said, [Slicing("kind", KINDS, CODES)])
    before = part[0].sums.copy()

    added([part, part])

    np.testing.assert_array_equal(part[0].sums, before)


def test_nothing_adds_up_to_nothing() -> None:
    assert added([]) == []


def test_each_ride_counts_on_its_day() -> None:
    actual, said = rides()
    days = pd.Series(actual.pickup_at).dt.day.to_numpy()

    (found,) = tally(actual, said, [Slicing("all", ("all",), np.zeros(RIDES, np.int8))])

    assert found.of("trips").shape == (1, DAYS)
    assert found.of("trips")[0].tolist() == np.bincount(days, minlength=32)[1:].tolist()


def test_fares_that_are_all_equal_are_nothing_special() -> None:
    actual, said = rides()
    same = np.full(RIDES, 12.5)
    equal = Outcomes(actual.pickup_at, same, actual.duration_min)

    (found,) = tally(
        equal, Quotes(same, same, same, said.ride_min), [Slicing("kind", KINDS, CODES)]
    )

    row = numbers(found.sums[0].sum(axis=0))
    assert (row["mae_usd"], row["rmse_usd"], row["bias_usd"], row["width_usd"]) == (0, 0, 0, 0)
    assert (row["fare_ratio"], row["coverage"]) == (1, 1)
    assert row["mean_fare_usd"] == pytest.approx(12.5)
