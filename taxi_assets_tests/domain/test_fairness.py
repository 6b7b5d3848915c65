"""For whom it is bad: intervals, what is judged, and the sentence that names a group."""

import numpy as np
import pandas as pd
import pytest

from taxi_assets.domain.bootstrap import bootstrap_interval, ratio_interval
from taxi_assets.domain.evaluation import Outcomes, Row
from taxi_assets.domain.fairness import fairness_rows, is_judged, judge_fairness
from taxi_assets.domain.heads import Quotes
from taxi_assets.domain.slices import Slicing
from taxi_assets.domain.tallies import tally
from taxi_assets_tests.quoted import RIDES, rides

AIRPORT = ("without an airport", "to or from an airport")


def rows(
    codes: np.ndarray, actual: Outcomes | None = None, said: Quotes | None = None
) -> dict[str, Row]:
    """The whole month and two groups of it, by value."""
    found, quoted = rides()
    slicings = [
        Slicing("all", ("all",), np.zeros(RIDES, np.int8)),
        Slicing("airport", AIRPORT, codes.astype(np.int8)),
    ]
    made = fairness_rows(tally(actual or found, said or quoted, slicings), "7")
    return {row["value"]: row for row in made}


def group(value: str, **changed: float | None) -> Row:
    """A row of a group like the city."""
    return {
        "model_version": "7",
        "grouping": "all" if value == "all" else "pickup_borough",
        "value": value,
        "trips": 2_000,
        "mean_fare_usd": 16.0,
        "mae_usd": 2.4,
        "mae_low_usd": 2.3,
        "mae_high_usd": 2.5,
        "relative_error": 0.15,
        "relative_low": 0.14,
        "relative_high": 0.16,
        "coverage": 0.8,
        "coverage_low": 0.79,
        "coverage_high": 0.81,
        **changed,
    }


HALF = np.arange(RIDES) % 2
CITY = group("all")


def test_numbers_and_intervals_are_those_of_the_groups_own_rides() -> None:
    actual, said = rides()
    frame = pd.DataFrame(
        {
            "group": HALF,
            "day": pd.Series(actual.pickup_at).dt.day,
            "fare": actual.fare_usd,
            "miss": np.abs(said.fare_usd - actual.fare_usd),
            "held": (said.low_usd <= actual.fare_usd) & (actual.fare_usd <= said.high_usd),
        }
    )

    found = rows(HALF)

    for code, name in enumerate(AIRPORT):
        own, row = frame[frame["group"] == code], found[name]
        assert row["trips"] == len(own)
        assert row["coverage"] == pytest.approx(own["held"].mean(), abs=1e-6)
        assert row["relative_error"] == pytest.approx(
            own["miss"].sum() / own["fare"].sum(), abs=1e-6
        )
        blocks = own["day"].to_numpy(np.int64)
        expected = bootstrap_interval(own["miss"].to_numpy(), blocks)
        assert (row["mae_low_usd"], row["mae_high_usd"]) == pytest.approx(expected, abs=1e-6)
        expected = bootstrap_interval(own["held"].to_numpy(np.float64), blocks)
        assert (row["coverage_low"], row["coverage_high"]) == pytest.approx(expected, abs=1e-6)
        assert row["relative_low"] < row["relative_error"] < row["relative_high"]


def test_a_ratio_of_equal_blocks_is_sure() -> None:
    over, under = np.full(8, 3.0), np.full(8, 4.0)

    assert ratio_interval(over, under, least=8) == (0.75, 0.75)
    assert ratio_interval(over, under, least=9) is None


def test_a_rerun_comes_to_the_same_rows() -> None:
    assert rows(HALF) == rows(HALF)


@pytest.mark.parametrize(("trips", "judged"), [(99, False), (100, True)])
def test_a_group_of_few_trips_is_not_judged(trips: int, judged: bool) -> None:
    few = rows(np.arange(RIDES) < trips)[AIRPORT[1]]

    assert few["trips"] == trips
    assert is_judged(few) is judged
    assert (few["relative_low"] is not None) is judged


@pytest.mark.parametrize(("days", "judged"), [(7, False), (8, True)])
def test_a_group_of_few_days_is_not_judged(days: int, judged: bool) -> None:
    at = pd.Series(rides()[0].pickup_at).dt.day.to_numpy()

    assert is_judged(rows(at <= days)[AIRPORT[1]]) is judged


def test_a_group_without_rides_has_no_row() -> None:
    assert AIRPORT[1] not in rows(np.zeros(RIDES))


def test_a_month_without_a_group_to_judge_says_so() -> None:
    found = judge_fairness([CITY], 0.8)

    assert found.verdict == "No group has 100 trips on 8 days, so none can be judged."
    assert (found.lowest, found.widest, found.times, found.judged) == (None, None, None, [])


def test_groups_like_the_city_are_even() -> None:
    found = judge_fairness([CITY, group("Bronx"), group("Queens", mae_usd=2.88)], 0.8)

    assert found.verdict == (
        "None of the 2 groups with 100 or more trips is surely more than 2 points below the city, "
        "whose fares the interval holds in 80% of rides. Errors over fares are at most 1.2 times "
        "the city's (rides from Queens)."
    )
    assert found.notable == []
    assert found.times == pytest.approx(1.2)


def test_a_group_that_is_surely_last_is_named_though_it_is_not_far() -> None:
    last = group("Bronx", coverage=0.76, coverage_low=0.75, coverage_high=0.77)

    found = judge_fairness([CITY, group("Queens"), last], 0.8)

    assert found.verdict.startswith(
        "Of rides from Bronx, the interval holds 76% (75% to 77%), of all 80%; none of the 2 groups"
    )
    assert found.notable == []
    assert found.lowest == last


@pytest.mark.parametrize(("high", "notable"), [(0.7501, False), (0.7499, True)])
def test_a_coverage_surely_five_points_below_the_level_is_notable(
    high: float, notable: bool
) -> None:
    short = group("Bronx", coverage=0.7, coverage_low=0.66, coverage_high=high)

    found = judge_fairness([CITY, short], 0.8)

    assert bool(found.notable) is notable
    expected = "Of rides from Bronx, the interval holds 70% (66% to 75%) where it should hold 80%."
    assert (found.verdict == expected) is notable


@pytest.mark.parametrize(("low", "notable"), [(0.2249, False), (0.2251, True)])
def test_an_error_surely_half_as_large_again_as_the_citys_is_notable(
    low: float, notable: bool
) -> None:
    bad = group("Bronx", mae_usd=4.0, relative_low=low, relative_high=0.28)

    found = judge_fairness([CITY, bad], 0.8)

    assert bool(found.notable) is notable
    expected = "The error on rides from Bronx is 25% of the fare (23% to 28%), the city's 15%."
    assert (found.verdict == expected) is notable


def test_the_worst_group_comes_first_and_the_others_are_counted_once() -> None:
    bad = {"coverage": 0.7, "coverage_low": 0.69, "coverage_high": 0.71}
    worse = {"coverage": 0.5, "coverage_low": 0.49, "coverage_high": 0.51, "relative_low": 0.3}

    found = judge_fairness(
        [CITY, group("Bronx", **bad), group("Queens", **worse), group("Brooklyn", **bad)], 0.8
    )

    assert found.verdict.startswith("Of rides from Queens, the interval holds 50%")
    assert found.verdict.endswith("; 2 more groups should be looked at.")
    assert [each.group[1] for each in found.notable] == ["Queens", "Bronx", "Brooklyn", "Queens"]


def test_fares_without_error_are_fair() -> None:
    actual, said = rides()
    same = np.full(RIDES, 12.5)
    equal = Outcomes(actual.pickup_at, same, actual.duration_min)

    found = judge_fairness(
        list(rows(HALF, equal, Quotes(same, same, same, said.ride_min)).values()), 0.8
    )

    assert found.times is None
    assert found.notable == []
    assert "Errors over fares" not in found.verdict
