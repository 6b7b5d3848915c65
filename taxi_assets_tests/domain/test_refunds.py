"""Refund pairs: the same ride twice, once with its fare negated."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from taxi_assets.domain.cleaning import REFUND_PAIR, refund_rows
from taxi_assets.domain.trips import canonical
from taxi_assets_tests.builders import (
    GREEN,
    NOON,
    canonical_trips,
    published_trips,
    rules_of,
)
from taxi_assets_tests.strategies import raw_months

PAIR, FARE = REFUND_PAIR, "impossible_fare"


@pytest.mark.parametrize(
    ("fares", "charged"),
    [
        pytest.param([13.5, -13.5], [PAIR, PAIR], id="a sale and its refund"),
        pytest.param([-13.5, 13.5], [PAIR, PAIR], id="the refund listed first"),
        pytest.param([13.5, 13.5, -13.5], [PAIR, None, PAIR], id="sold twice, refunded once"),
        pytest.param([13.5, -13.5, -13.5], [PAIR, PAIR, FARE], id="sold once, refunded twice"),
        pytest.param([13.5, -13.5, 13.5, -13.5], [PAIR] * 4, id="sold twice, refunded twice"),
        pytest.param([-13.5], [FARE], id="a refund alone"),
        pytest.param([13.5, -13.49], [None, FARE], id="another amount"),
        pytest.param([13.5, -13.5000001], [PAIR, PAIR], id="the same cents"),
        pytest.param([0.0, -0.0], [FARE, FARE], id="nothing to refund"),
        pytest.param([None, float("nan")], [FARE, FARE], id="no fares"),
    ],
)
def test_pairs_are_one_to_one_and_both_halves_go(
    fares: list[float | None], charged: list[str | None]
) -> None:
    assert rules_of(published_trips(fare_usd=fares)) == charged


@pytest.mark.parametrize(
    "other",
    [
        {"pickup_at": [NOON, NOON + timedelta(seconds=1)]},
        {"dropoff_at": [NOON + timedelta(minutes=12), NOON + timedelta(minutes=13)]},
        {"pickup_zone": [74, 75]},
        {"dropoff_zone": [75, 74]},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_refund_of_another_ride_pairs_with_nothing(other: dict[str, list[object]]) -> None:
    assert rules_of(published_trips(fare_usd=[13.5, -13.5], **other)) == [None, FARE]


def test_payment_tip_and_distance_may_differ_within_a_pair() -> None:
    trips = published_trips(
        fare_usd=[13.5, -13.5], payment_type=[1, 4], tip_usd=[3.0, 0.0], distance_mi=[2.5, 0.0]
    )

    assert rules_of(trips) == [PAIR, PAIR]


def test_halves_pair_although_zones_of_other_trips_are_unknown() -> None:
    trips = published_trips(fare_usd=[13.5, -13.5, 13.5], pickup_zone=[74, 74, None])

    assert rules_of(trips) == [PAIR, PAIR, "unknown_zone"]


def test_halves_are_found_however_far_apart_they_lie() -> None:
    far = 5000
    pickups = [NOON + timedelta(minutes=minute) for minute in range(far)]
    trips = canonical_trips(pickup_at=[*pickups, NOON], fare_usd=[13.5] * far + [-13.5], minutes=12)

    assert refund_rows(pa.Table.from_batches([trips])).tolist() == [0, far]


def test_a_month_without_refunds_has_no_pairs() -> None:
    rows = refund_rows(pa.Table.from_batches([canonical_trips(fare_usd=[13.5, 14.0])]))

    assert rows.tolist() == []
    assert rows.dtype == np.int32


@given(month=raw_months())
def test_pairs_net_to_nothing_and_leave_nothing_more_to_pair(month: pa.RecordBatch) -> None:
    trips = canonical(month, GREEN, 0)

    paired = refund_rows(pa.Table.from_batches([trips])).tolist()

    assert paired == sorted(set(paired))
    inside, outside = Counter(), Counter()
    for trip in trips.to_pylist():
        fare = trip["fare_usd"]
        ride = (*(trip[c] for c in ("pickup_at", "dropoff_at", "pickup_zone", "dropoff_zone")),)
        if fare:
            cents = round(abs(fare) * 100)
            (inside if trip["source_row"] in paired else outside)[ride, cents, fare > 0] += 1
    assert all(inside[ride, cents, not sold] == n for (ride, cents, sold), n in inside.items())
    assert not any((ride, cents, not sold) in outside for ride, cents, sold in outside)


@pytest.mark.parametrize(
    ("month", "rows", "negative", "pairs"),
    [
        ("2023-01", 68_211, 176, 171),
        ("2023-03", 72_044, 196, 195),
        ("2024-01", 56_551, 182, 177),
        ("2025-01", 48_326, 150, 145),
        ("2025-03", 51_539, 155, 154),
    ],
)
def test_real_months_hold_the_pairs_that_were_counted_by_hand(
    real_tlc: Path, month: str, rows: int, negative: int, pairs: int
) -> None:
    table = pq.read_table(real_tlc / GREEN.file_name(month)).combine_chunks()
    trips = pa.Table.from_batches([canonical(batch, GREEN, 0) for batch in table.to_batches()])

    found = refund_rows(trips)

    fares = trips["fare_usd"].to_numpy()
    assert len(trips) == rows
    assert (fares < 0).sum() == negative
    assert len(found) == 2 * pairs
    assert (fares[found] < 0).sum() == pairs
    assert round(fares[found].sum(), 2) == 0.0
