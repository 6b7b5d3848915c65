"""The simulated city behaves like the real one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from taxi_assets.domain.fleets import Fleet
from taxi_assets.simulator import simulate
from taxi_assets.simulator.city import the_city
from taxi_assets.simulator.zone_ids import MANHATTAN_CORE
from taxi_assets_tests.simulator.conftest import Read, canonical, clean


@pytest.mark.parametrize("month", ["2023-01", "2025-03"])
@pytest.mark.parametrize("column", ["fare_amount", "trip_distance", "minutes"])
def test_green_medians_are_near_the_real_citys(
    real_tlc: Path, read: Read, green: Fleet, month: str, column: str
) -> None:
    real = clean(canonical(pq.read_table(real_tlc / green.file_name(month))))[column].median()

    simulated = clean(read(green, month))[column].median()

    assert simulated == pytest.approx(real, rel=0.15)


def test_green_cabs_hardly_pick_up_in_the_core_and_yellow_ones_mostly_do(
    read: Read, green: Fleet, yellow: Fleet
) -> None:
    in_core = [
        read(fleet, "2025-03")["PULocationID"].isin(MANHATTAN_CORE).mean()
        for fleet in (green, yellow)
    ]

    assert in_core[0] < 0.10
    assert in_core[1] > 0.75


def test_rides_are_more_in_the_rush_hour_than_at_night_and_slower(trips: pd.DataFrame) -> None:
    kept = clean(trips).assign(mph=lambda t: t["trip_distance"] / t["minutes"] * 60)
    workdays = kept[kept["pickup_datetime"].dt.dayofweek < 5]
    by_hour = workdays.groupby(workdays["pickup_datetime"].dt.hour)["mph"]

    rides, speed = by_hour.size(), by_hour.median()

    assert rides[17] > 10 * rides[3]
    assert speed[17] < 0.85 * speed[3]


def test_nobody_gets_in_during_the_hour_that_spring_skips(trips: pd.DataFrame) -> None:
    skipped = trips["pickup_datetime"].between("2025-03-09 02:00:00", "2025-03-09 02:59:59")

    assert not skipped.any()
    assert trips["pickup_datetime"].between("2025-03-09 03:00:00", "2025-03-09 03:59:59").any()


def test_when_autumn_sets_clocks_back_some_rides_end_before_they_began(
    tmp_path: Path, yellow: Fleet
) -> None:
    (path,) = simulate(tmp_path, fleet=yellow, months=["2024-11"], rows=100_000)
    trips = canonical(pq.read_table(path))

    backwards = trips[trips["minutes"] < -5]

    assert len(backwards) > 5
    assert (backwards["pickup_datetime"].dt.floor("D") == pd.Timestamp("2024-11-03")).all()


def test_rides_between_jfk_and_manhattan_cost_the_flat_fare(read: Read, yellow: Fleet) -> None:
    trips = read(yellow, "2025-03")

    flat = trips[(trips["RatecodeID"] == 2) & (trips["fare_amount"] > 3)]

    assert len(flat) > 100
    assert (flat["fare_amount"] == 70.0).mean() > 0.98


def test_the_fee_of_the_business_district_starts_on_its_day(tmp_path: Path, green: Fleet) -> None:
    (path,) = simulate(tmp_path, fleet=green, months=["2025-01"], rows=20_000)
    trips = canonical(pq.read_table(path))
    day = trips["pickup_datetime"]

    charged = trips["cbd_congestion_fee"] > 0

    assert not charged[(day >= "2025-01-01") & (day < "2025-01-05")].any()
    assert 0.05 < charged[day >= "2025-01-05"].mean() < 0.25


def test_booked_rides_pay_tips_like_cards_and_cash_pays_none_on_record(trips: pd.DataFrame) -> None:
    tips = trips.groupby(trips["payment_type"].fillna(0))["tip_amount"].mean()

    assert tips[2] == 0.0
    assert tips[0] > 1.0
    assert tips[1] > 1.0


def test_the_city_is_built_once_and_covers_every_zone() -> None:
    city = the_city()

    assert city is the_city()
    assert [zone.id for zone in city.zones] == list(range(1, 264))
    assert np.isfinite(city.along_mi).all()
    assert city.cbd[:264].sum() < city.core[:264].sum()
