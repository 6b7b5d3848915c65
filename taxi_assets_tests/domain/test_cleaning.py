"""Which trips are kept, and what the others are charged with."""

import math
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.cleaning import KEPT, REFUND_PAIR, RULE_NAMES, RULES, by_rule
from taxi_assets.domain.schemas import CLEAN_TRIPS, REJECTED_TRIPS
from taxi_assets_tests.builders import published_trips, rules_of, sort_month
from taxi_assets_tests.strategies import cuts, good_months, raw_months

TICK = timedelta(microseconds=1)
TICK_MIN = 1 / 60e6


def test_an_ordinary_trip_is_kept() -> None:
    assert rules_of(published_trips()) == [None]


@pytest.mark.parametrize(
    ("pickup_at", "rule"),
    [
        (datetime(2025, 1, 1) - TICK, "pickup_outside_month"),
        (datetime(2025, 1, 1), None),
        (datetime(2025, 2, 1) - TICK, None),
        (datetime(2025, 2, 1), "pickup_outside_month"),
        (datetime(2008, 12, 31), "pickup_outside_month"),
        (None, "pickup_outside_month"),
    ],
)
def test_a_pickup_counts_from_the_months_first_to_its_last_instant(
    pickup_at: datetime | None, rule: str | None
) -> None:
    assert rules_of(published_trips(pickup_at=pickup_at, minutes=12)) == [rule]


@pytest.mark.parametrize("end", ["pickup_zone", "dropoff_zone"])
@pytest.mark.parametrize(
    ("zone", "rule"),
    [
        (0, "unknown_zone"),
        (1, None),
        (263, None),
        (264, "unknown_zone"),
        (265, "unknown_zone"),
        (-1, "unknown_zone"),
        (None, "unknown_zone"),
    ],
)
def test_both_zones_must_be_places(end: str, zone: int | None, rule: str | None) -> None:
    assert rules_of(published_trips(**{end: zone})) == [rule]


@pytest.mark.parametrize(
    ("minutes", "rule"),
    [
        (0.5, "impossible_duration"),
        (0.5 + TICK_MIN, None),
        (180.0, None),
        (180.0 + TICK_MIN, "impossible_duration"),
        (0.0, "impossible_duration"),
        (-12.0, "impossible_duration"),
        (None, "impossible_duration"),
    ],
)
def test_a_ride_takes_over_half_a_minute_and_at_most_three_hours(
    minutes: float | None, rule: str | None
) -> None:
    assert rules_of(published_trips(minutes=[minutes], distance_mi=0.1)) == [rule]


@pytest.mark.parametrize(
    ("distance_mi", "rule"),
    [
        (0.05, "impossible_distance"),
        (math.nextafter(0.05, 1), None),
        (math.nextafter(100.0, 0), None),
        (100.0, "impossible_distance"),
        (84_731.0, "impossible_distance"),
        (0.0, "impossible_distance"),
        (-2.5, "impossible_distance"),
        (math.nan, "impossible_distance"),
        (math.inf, "impossible_distance"),
        (None, "impossible_distance"),
    ],
)
def test_a_ride_goes_over_a_twentieth_of_a_mile_and_under_100(
    distance_mi: float | None, rule: str | None
) -> None:
    assert rules_of(published_trips(distance_mi=distance_mi, minutes=120)) == [rule]


@pytest.mark.parametrize(
    ("fare_usd", "rule"),
    [
        (2.49, "impossible_fare"),
        (2.50, None),
        (250.0, None),
        (250.01, "impossible_fare"),
        (0.0, "impossible_fare"),
        (math.nan, "impossible_fare"),
        (math.inf, "impossible_fare"),
        (None, "impossible_fare"),
    ],
)
def test_a_fare_is_2_50_to_250_dollars(fare_usd: float | None, rule: str | None) -> None:
    assert rules_of(published_trips(fare_usd=fare_usd)) == [rule]


@pytest.mark.parametrize(
    ("distance_mi", "rule"),
    [(40.0, None), (math.nextafter(40.0, 41), "impossible_speed"), (90.0, "impossible_speed")],
)
def test_a_ride_averages_at_most_80_miles_an_hour(distance_mi: float, rule: str | None) -> None:
    assert rules_of(published_trips(distance_mi=distance_mi, minutes=30)) == [rule]


@pytest.mark.parametrize(
    "column", ["passengers", "rate_code", "payment_type", "tip_usd", "cbd_usd", "vendor"]
)
def test_columns_that_no_rule_reads_may_be_null(column: str) -> None:
    assert rules_of(published_trips(**{column: None})) == [None]


BREAKING: dict[str, dict[str, Any]] = {
    "pickup_outside_month": {"pickup_at": datetime(2024, 12, 25)},
    "unknown_zone": {"pickup_zone": 264},
    "impossible_duration": {"minutes": 0.0},
    "impossible_distance": {"distance_mi": 0.0},
    "impossible_fare": {"fare_usd": 999.0},
    "impossible_speed": {"distance_mi": 99.0},
}


def test_every_rule_can_be_broken_and_has_words() -> None:
    assert [rule.name for rule in RULES] == list(BREAKING)
    assert all(rule.bound and rule.reason for rule in RULES)


@given(broken=st.sets(st.sampled_from(list(BREAKING)[:-1]), min_size=1))
def test_a_trip_that_breaks_several_rules_is_charged_to_the_first(broken: set[str]) -> None:
    values: dict[str, Any] = {"minutes": 12.0}
    for rule in broken:
        values |= BREAKING[rule]

    charged = rules_of(published_trips(**values))

    assert charged == [next(rule for rule in BREAKING if rule in broken)]


def test_a_refund_pair_is_charged_as_such_before_any_rule() -> None:
    values = {"minutes": 0.0, "pickup_zone": 264, "distance_mi": 0.0}

    assert rules_of(published_trips(fare_usd=[13.5, -13.5], **values)) == [REFUND_PAIR] * 2


def _broken_in_plain_words(trip: dict[str, Any], outside: bool) -> str | None:
    """The first rule a canonical trip breaks, read from the README's words."""
    zones = trip["pickup_zone"], trip["dropoff_zone"]
    minutes, miles, fare = trip["duration_min"], trip["distance_mi"], trip["fare_usd"]
    if outside:
        return "pickup_outside_month"
    if any(zone is None or not 1 <= zone <= 263 for zone in zones):
        return "unknown_zone"
    if minutes is None or not 0.5 < minutes <= 180:
        return "impossible_duration"
    if miles is None or not 0.05 < miles < 100:
        return "impossible_distance"
    if fare is None or not 2.5 <= fare <= 250:
        return "impossible_fare"
    return "impossible_speed" if miles / (minutes / 60) > 80 else None


@given(month=raw_months())
def test_the_rules_agree_with_a_plain_reading_of_each_row(month: pa.RecordBatch) -> None:
    (result,) = sort_month(month)

    for trip in result.clean.to_pylist():
        assert _broken_in_plain_words(trip, f"{trip['pickup_at']:%Y-%m}" != "2025-01") is None
    for trip in result.rejected.to_pylist():
        at = trip["pickup_at"]
        expected = _broken_in_plain_words(trip, at is None or f"{at:%Y-%m}" != "2025-01")
        assert trip["rule"] in (expected, REFUND_PAIR)


@given(month=raw_months(), data=st.data())
def test_sorting_in_batches_is_sorting_the_whole(
    month: pa.RecordBatch, data: st.DataObject
) -> None:
    (whole,) = sort_month(month)

    parts = sort_month(month, data.draw(cuts(len(month))))

    clean, rejected = (
        pa.Table.from_batches([getattr(part, side) for part in parts])
        for side in ("clean", "rejected")
    )
    assert clean.equals(pa.Table.from_batches([whole.clean]))
    without_text = pa.Table.from_batches([whole.rejected]).drop_columns(["raw_row"])
    assert rejected.drop_columns(["raw_row"]).equals(without_text)
    assert sum(part.charged for part in parts).tolist() == whole.charged.tolist()


@given(month=raw_months())
def test_tables_have_their_public_schema_and_counts_add_up(month: pa.RecordBatch) -> None:
    (result,) = sort_month(month)

    assert result.clean.schema.equals(CLEAN_TRIPS.arrow)
    assert result.rejected.schema.equals(REJECTED_TRIPS.arrow)
    assert result.charged[KEPT] == len(result.clean)
    names = result.rejected["rule"].to_pylist()
    assert by_rule(result.charged) == {rule: names.count(rule) for rule in RULE_NAMES}


@given(month=good_months())
def test_good_trips_are_all_kept_unchanged_and_in_order(month: pa.RecordBatch) -> None:
    (result,) = sort_month(month)

    assert len(result.rejected) == 0
    assert result.clean["source_row"].to_pylist() == list(range(len(month)))
    assert result.clean["fare_usd"].equals(month["fare_amount"])
    assert result.clean["pickup_at"].equals(month["lpep_pickup_datetime"])


def test_sorting_leaves_the_published_rows_alone() -> None:
    month = published_trips(fare_usd=[13.5, -13.5, 999.0, math.nan])
    before = published_trips(fare_usd=[13.5, -13.5, 999.0, math.nan])

    sort_month(month)

    assert month.schema.equals(before.schema)
    assert repr(month.to_pydict()) == repr(before.to_pydict())
