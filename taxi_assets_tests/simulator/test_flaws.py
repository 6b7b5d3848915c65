"""Every flaw of the published files is there, in its measure."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from taxi_assets.domain.fleets import Fleet
from taxi_assets.simulator import simulate
from taxi_assets_tests.simulator.conftest import Read

RIDE = ["pickup_datetime", "dropoff_datetime", "PULocationID", "DOLocationID"]
CHARGED = [
    "fare_amount",
    "extra",
    "mta_tax",
    "improvement_surcharge",
    "congestion_surcharge",
    "cbd_congestion_fee",
    "tolls_amount",
    "total_amount",
]


@pytest.fixture(scope="module")
def shares(trips: pd.DataFrame) -> dict[str, float]:
    outside = ~trips["pickup_datetime"].between("2025-03-01", "2025-03-31 23:59:59")
    zones = trips[["PULocationID", "DOLocationID"]]
    struck = {
        "refund": trips["fare_amount"] < 0,
        "shared ride": trips.duplicated(RIDE, keep=False),
        "no record": trips["RatecodeID"].isna(),
        "pickup outside the month": outside,
        "zone unknown": (zones == 264).any(axis=1),
        "zone outside": (zones == 265).any(axis=1),
        "over 100 miles": trips["trip_distance"] > 100,
        "no distance": trips["trip_distance"] <= 0,
        "no fare": trips["fare_amount"] == 0,
        "rate 99": trips["RatecodeID"] == 99,
        "negotiated": trips["RatecodeID"] == 5,
        "no time": trips["minutes"] <= 0,
        "half a minute": trips["minutes"] <= 0.5,
        "over 3 hours": trips["minutes"] > 180,
        "nearly a day": trips["minutes"] > 1400,
        "nobody aboard": trips["passenger_count"] == 0,
    }
    return {flaw: float(rows.mean()) for flaw, rows in struck.items()}


@pytest.mark.parametrize(
    ("flaw", "low", "high"),
    [
        ("refund", 0.0018, 0.0042),
        ("shared ride", 0.0040, 0.0085),
        ("no record", 0.045, 0.070),
        ("pickup outside the month", 0.00005, 0.0010),
        ("zone unknown", 0.004, 0.009),
        ("zone outside", 0.002, 0.006),
        ("over 100 miles", 0.0002, 0.0012),
        ("no distance", 0.040, 0.060),
        ("no fare", 0.0005, 0.0020),
        ("rate 99", 0.0001, 0.0010),
        ("negotiated", 0.018, 0.030),
        ("no time", 0.0006, 0.0020),
        ("half a minute", 0.012, 0.035),
        ("over 3 hours", 0.003, 0.006),
        ("nearly a day", 0.0008, 0.0025),
        ("nobody aboard", 0.002, 0.012),
    ],
)
def test_each_flaw_has_its_share(
    shares: dict[str, float], flaw: str, low: float, high: float
) -> None:
    assert low < shares[flaw] < high


@pytest.mark.parametrize("fleet", ["green", "yellow"])
@pytest.mark.parametrize("month", ["2023-01", "2025-03"])
def test_no_row_comes_twice(
    read: Read, fleet: str, month: str, request: pytest.FixtureRequest
) -> None:
    trips = read(request.getfixturevalue(fleet), month)

    assert not trips.duplicated().any()


def test_refund_pairs_net_to_nothing(trips: pd.DataFrame) -> None:
    given = trips[trips["fare_amount"] < 0].assign(fare=lambda t: -t["fare_amount"])
    taken = trips[trips["fare_amount"] > 0].assign(fare=lambda t: t["fare_amount"])

    pairs = given.merge(taken, on=[*RIDE, "fare"], suffixes=("_given", "_taken"))

    assert 0.9 * len(given) < len(pairs) <= len(given)
    for name in CHARGED:
        assert np.allclose(pairs[f"{name}_given"] + pairs[f"{name}_taken"], 0.0)
    assert set(pairs["payment_type_given"]) <= {3, 4}


def test_some_refunds_are_of_nothing(tmp_path: Path, green: Fleet) -> None:
    (path,) = simulate(tmp_path, fleet=green, months=["2024-06"], rows=400_000)
    frame = pq.read_table(path).to_pandas()
    ride = ["lpep_pickup_datetime", "lpep_dropoff_datetime", "PULocationID", "DOLocationID"]

    alone = frame[(frame["fare_amount"] < 0) & ~frame.duplicated(ride, keep=False)]

    assert 1 <= len(alone) < 0.0003 * len(frame)


def test_rows_without_a_record_lack_all_of_it(trips: pd.DataFrame) -> None:
    record = ["RatecodeID", "passenger_count", "payment_type", "trip_type", "store_and_fwd_flag"]

    missing = trips[[*record, "congestion_surcharge"]].isna()

    assert missing.any(axis=1).equals(missing.all(axis=1))


def test_the_longest_distance_is_absurd_but_bounded(read: Read, green: Fleet) -> None:
    distance = pd.concat([read(green, month)["trip_distance"] for month in ("2023-01", "2025-03")])

    assert 10_000 < distance.max() <= 84_731
    assert not distance.between(60, 100).any()


@pytest.mark.parametrize("fleet", ["green", "yellow"])
def test_the_total_is_the_sum_of_its_parts(
    read: Read, fleet: str, request: pytest.FixtureRequest
) -> None:
    trips = read(request.getfixturevalue(fleet), "2025-03")
    parts = [c for c in [*CHARGED, "Airport_fee", "tip_amount"] if c in trips and c[:5] != "total"]

    added = trips[parts].fillna(0.0).sum(axis=1)

    assert np.allclose(added, trips["total_amount"], atol=0.005)
