"""A month's numbers: counted twice, in other ways."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.cleaning import RULE_NAMES
from taxi_assets.domain.profile import CLEAN, MEASURES, PUBLISHED, REJECTED, Profile
from taxi_assets.domain.profiled_trips import PROFILED, read_trips
from taxi_assets.domain.profiling import examples, median_interval
from taxi_assets_tests.builders import NOON, published_trips, sort_month
from taxi_assets_tests.profiles import Month, month_of, profiled, sorted_file
from taxi_assets_tests.real_months import real_zones
from taxi_assets_tests.strategies import ROWS

REAL_MONTH = "2025-02"


def month_with(rows: list[dict[str, Any]], cuts: list[int]) -> Month:
    """A month of such rows, read in parts."""
    published = published_trips(**{name: [row[name] for row in rows] for name in rows[0]})
    return month_of(sort_month(published, cuts))


@given(rows=st.lists(ROWS, min_size=1, max_size=12), cuts=st.sets(st.integers(1, 11)))
def test_every_trip_is_counted_whatever_it_holds_and_however_it_is_read(
    rows: list[dict[str, Any]], cuts: set[int]
) -> None:
    month = month_with(rows, [cut for cut in cuts if cut < len(rows)])

    numbers = month.profile
    assert month.numbers == month_with(rows, []).numbers
    assert numbers.count("trips", PUBLISHED) == len(rows)
    assert sum(numbers.parts("trips_by_rule", REJECTED).values()) == len(month.rejected)
    assert sum(numbers.parts("trips_by_vendor", PUBLISHED).values()) == len(rows)
    assert sum(numbers.parts("trips_by_day").values()) == len(month.clean)
    assert sum(numbers.parts("trips_by_hour").values()) == len(month.clean)
    for measure in MEASURES:
        assert sum(numbers.parts(f"trips_by_{measure.name}").values()) == len(month.clean)
    assert len({number[:3] for number in month.numbers}) == len(month.numbers)


@pytest.fixture(scope="module")
def real(real_tlc: Path) -> tuple[Profile, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A real month's profile, clean and rejected trips, and zones."""
    zones, trips = real_zones(real_tlc), sorted_file(real_tlc, REAL_MONTH)
    numbers = month_of([trips], REAL_MONTH, zones).profile
    return numbers, trips.clean.to_pandas(), trips.rejected.to_pandas(), zones


def test_counts_and_medians_of_a_real_month_are_those_of_pandas(real: Any) -> None:
    numbers, clean, rejected, _ = real

    both = pd.concat([clean, rejected])
    by_day = clean["pickup_at"].dt.strftime("%Y-%m-%d").value_counts()
    weekday_hour = clean["pickup_at"].dt.strftime("%A ") + clean["pickup_at"].dt.hour.astype(str)
    assert numbers.parts("trips_by_day") == by_day.sort_index().to_dict()
    assert numbers.count("trips_by_hour", part="Friday 18 h") == (weekday_hour == "Friday 18").sum()
    assert numbers.parts("pickups_by_zone") == {
        str(zone): count for zone, count in clean["pickup_zone"].value_counts().items()
    }
    assert numbers.parts("trips_by_rule", REJECTED) == {
        rule: (rejected["rule"] == rule).sum() for rule in RULE_NAMES
    }
    for name, share in both[PROFILED].isna().mean().items():
        assert numbers.number("null_share", PUBLISHED, name) == pytest.approx(share, abs=1e-6)
    for stage, trips in ((PUBLISHED, both), (CLEAN, clean)):
        hours = trips["duration_min"].where(trips["duration_min"] > 0) / 60
        trips = trips.assign(speed_mph=trips["distance_mi"] / hours)
        for measure in MEASURES:
            found = numbers.parts(measure.name, stage)
            expected = trips[measure.name].quantile([0.05, 0.25, 0.5, 0.75, 0.95])
            assert list(found.values()) == pytest.approx(expected.tolist(), abs=1e-6)


def test_routes_pairs_prices_and_vendors_of_a_real_month_are_those_of_pandas(real: Any) -> None:
    numbers, clean, rejected, zones = real

    routes = clean.groupby(["pickup_zone", "dropoff_zone"])
    busiest = routes.size().sort_values(ascending=False, kind="stable").head(15)
    assert list(numbers.parts("route_trips").values()) == busiest.tolist()
    (start, end), name = busiest.index[0], "{} to {}".format(*busiest.index[0])
    assert numbers.number("route_fare_usd", part=name) == pytest.approx(
        routes["fare_usd"].median()[start, end]
    )
    borough = zones.set_index("zone")["borough"]
    ends = {
        clean_end: clean[clean_end].map(borough) for clean_end in ("pickup_zone", "dropoff_zone")
    }
    between = ends["pickup_zone"].isin(["Queens", "Manhattan"]) & ends["dropoff_zone"].isin(
        ["Queens", "Manhattan"]
    )
    rides = clean[between & (ends["pickup_zone"] != ends["dropoff_zone"])]
    pair = "between Manhattan and Queens"
    assert numbers.count("pair_trips", part=pair) == len(rides)
    assert numbers.number("pair_distance_mi_median", part=pair) == pytest.approx(
        rides["distance_mi"].median(), abs=1e-6
    )
    metered = clean[(clean["rate_code"] == 1) & ~clean["fare_usd"].isin([2.5, 3.0])]
    assert numbers.count("metered_trips") == len(metered)
    assert numbers.number("fare_per_mile", part="median") == pytest.approx(
        (metered["fare_usd"] / metered["distance_mi"]).median(), abs=1e-6
    )
    lost = rejected[rejected["vendor"] == 6].groupby("rule").size()
    assert lost.to_dict() == {
        rule: count
        for rule in RULE_NAMES
        if (count := numbers.count(f"trips_by_vendor_{rule}", REJECTED, "6"))
    }


def test_a_month_without_trips_has_counts_of_none_and_no_medians() -> None:
    numbers = month_of([]).profile

    assert numbers.count("trips", PUBLISHED) == 0
    assert numbers.rejected_share is None
    assert len(numbers.parts("trips_by_day")) == 31
    assert not numbers.parts("fare_usd")
    assert not numbers.parts("null_share", PUBLISHED)
    assert not numbers.parts("fare_per_mile")


def test_a_profile_read_back_from_its_table_is_the_same() -> None:
    month = profiled(published_trips(fare_usd=[10.0, 20.0, -3.0]))

    again = Profile.of(number._asdict() for number in month.numbers)

    assert again.parts("fare_usd") == month.profile.parts("fare_usd")
    assert again.rejected_share == pytest.approx(1 / 3)


def test_values_that_cannot_be_read_are_missing_and_in_no_distribution() -> None:
    month = profiled(published_trips(fare_usd=[10.0, None, float("nan")], passengers=[None] * 3))

    numbers = month.profile
    assert sum(numbers.parts("trips_by_fare_usd", PUBLISHED).values()) == 1
    assert numbers.number("null_share", PUBLISHED, "fare_usd") == pytest.approx(2 / 3, abs=1e-6)
    assert numbers.number("null_share", PUBLISHED, "passengers") == 1.0


@pytest.mark.parametrize("minutes", [0.0, -5.0, None])
def test_a_ride_that_took_no_time_has_no_speed(minutes: float | None) -> None:
    month = profiled(published_trips(minutes=[minutes]))

    assert np.isnan(month.rejected.speed_mph).all()


@pytest.mark.parametrize(
    ("fare", "bin_name"),
    [
        (-10.0, "under 1"),
        (0.99, "under 1"),
        (1.0, "1 to 1.26"),
        (12.5, "10 to 12.6"),
        (999.0, "794 to 1000"),
        (1000.0, "1000 and over"),
    ],
)
def test_a_bin_holds_its_lower_edge_and_the_outer_bins_all_beyond(
    fare: float, bin_name: str
) -> None:
    numbers = profiled(published_trips(fare_usd=[fare])).profile

    held = {name for name, count in numbers.parts("trips_by_fare_usd", PUBLISHED).items() if count}
    assert held == {bin_name}


@pytest.mark.parametrize(
    ("miles", "fare", "stuck"), [(1.0, 3.0, 1), (1.0, 2.5, 1), (0.99, 3.0, 0), (1.0, 3.7, 0)]
)
def test_a_fare_is_stuck_when_a_mile_cost_the_initial_charge(
    miles: float, fare: float, stuck: int
) -> None:
    numbers = profiled(published_trips(distance_mi=[miles], fare_usd=fare, vendor=1)).profile

    assert numbers.count("stuck_fares_by_vendor", part="1") == stuck


def test_a_vendor_that_is_not_told_is_called_unknown() -> None:
    numbers = profiled(published_trips(vendor=[None, 2])).profile

    assert numbers.parts("trips_by_vendor", PUBLISHED) == {"unknown": 1, "2": 1}


def test_examples_are_the_first_of_each_rule_and_both_halves_of_a_refund() -> None:
    later = NOON + timedelta(days=1)
    rows = published_trips(
        fare_usd=[7.0, 9.0, -9.0, -7.0, 1.0, 1.1, 1.2, 1.3],
        pickup_at=[later, NOON, NOON, later, *[datetime(2025, 1, 2)] * 4],
        minutes=12,
    )

    rejected = profiled(rows).rejected

    assert {rule: rejected.fare_usd[at].tolist() for rule, at in examples(rejected).items()} == {
        "refund_pair": [9.0, -9.0],
        "impossible_fare": [1.0, 1.1, 1.2],
    }


def test_no_trips_are_read_from_no_batches() -> None:
    trips = read_trips([])

    assert len(trips) == 0
    assert set(trips.nulls.values()) == {0}
    assert examples(trips) == {}


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=200))
def test_the_interval_holds_its_median_and_does_not_know_the_order(values: list[float]) -> None:
    found = median_interval(np.array(values))

    assert found["low"] <= found["median"] <= found["high"]
    assert found == median_interval(np.array(values[::-1]))
    assert found["median"] == np.median(values)


def test_the_interval_misses_the_true_median_as_rarely_as_it_says() -> None:
    draws = np.random.default_rng(0).exponential(size=(4_000, 400))

    found = [median_interval(draw) for draw in draws]

    missed = [not each["low"] <= np.log(2) <= each["high"] for each in found]
    assert 0.0002 < np.mean(missed) < 0.0052  # 0.0027, give or take three standard errors


def test_nothing_has_no_median() -> None:
    assert median_interval(np.array([])) == {}
