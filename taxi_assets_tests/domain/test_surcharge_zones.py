"""Where surcharges apply, against the zones' shapes and what meters charged."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.zones import (
    CBD_ZONES,
    CONGESTION_ZONES,
    LAST_ZONE,
    MANHATTAN_ZONES,
    mask_of,
    read_zones,
)
from taxi_assets.simulator.zone_ids import MANHATTAN_CORE, MANHATTAN_NORTH

CENTRAL_PARK, WITHOUT_ROAD_TO_MANHATTAN = 43, {103, 104, 105, 202}
MONTHS = ["2023-01", "2023-02", "2023-03", "2024-01", "2025-01", "2025-02", "2025-03"]
# Broadway's corners with 60th and 96th Street in State Plane miles, and the avenues' direction.
AT_60TH, AT_96TH, AVENUES = (187.36, 41.56), (187.87, 43.29), np.radians(29.0)


@pytest.fixture(scope="module")
def published(real_tlc: Path) -> pd.DataFrame:
    misc = real_tlc / "misc"
    zones = read_zones(
        (misc / "taxi_zone_lookup.csv").read_bytes(), (misc / "taxi_zones.zip").read_bytes()
    )
    return zones.set_index("zone")


@pytest.fixture(scope="module")
def hailed(real_tlc: Path) -> pd.DataFrame:
    """Green rides hailed in the street that start north of Manhattan's core."""
    columns = [
        "lpep_pickup_datetime",
        "PULocationID",
        "DOLocationID",
        "fare_amount",
        "trip_type",
        "congestion_surcharge",
    ]
    months = []
    for month in MONTHS:
        path = real_tlc / FLEETS["green"].file_name(month)
        wanted = [*columns, *(["cbd_congestion_fee"] if month >= "2025" else [])]
        months.append(pq.read_table(path, columns=wanted).to_pandas())
    rides = pd.concat(months).query("fare_amount > 0 and trip_type == 1")
    return rides[~rides["PULocationID"].isin([*CONGESTION_ZONES, CENTRAL_PARK])]


def south_of(zones: pd.DataFrame, corner: tuple[float, float]) -> set[int]:
    """Zones of Manhattan whose centroid lies south of the street through that corner."""
    along = [
        np.sin(AVENUES) * x + np.cos(AVENUES) * y
        for x, y in (corner, (zones["x_mi"], zones["y_mi"]))
    ]
    return set(zones.index[(zones["borough"] == "Manhattan") & (along[1] < along[0])])


def test_manhattan_is_the_borough_as_published(published: pd.DataFrame) -> None:
    assert set(published.index[published["borough"] == "Manhattan"]) == MANHATTAN_ZONES


def test_the_congestion_zone_lies_south_of_96th_street(published: pd.DataFrame) -> None:
    south = south_of(published, AT_96TH)

    assert south - WITHOUT_ROAD_TO_MANHATTAN - {CENTRAL_PARK} == CONGESTION_ZONES


def test_the_business_district_lies_south_of_60th_street(published: pd.DataFrame) -> None:
    assert south_of(published, AT_60TH) - WITHOUT_ROAD_TO_MANHATTAN == CBD_ZONES


def test_most_rides_into_each_congestion_zone_paid_for_it(hailed: pd.DataFrame) -> None:
    into = hailed[hailed["DOLocationID"].isin(MANHATTAN_ZONES)].groupby("DOLocationID")
    paid = into["congestion_surcharge"].agg(lambda usd: (usd > 0).mean())[into.size() >= 30]

    assert set(paid.index[paid > 0.5]) == CONGESTION_ZONES & set(paid.index)
    assert len(paid) > 55


def test_most_rides_into_each_zone_of_the_business_district_paid_its_toll(
    hailed: pd.DataFrame,
) -> None:
    tolled = hailed[hailed["lpep_pickup_datetime"] >= pd.Timestamp("2025-01-05")]
    into = tolled[tolled["DOLocationID"].isin(MANHATTAN_ZONES)].groupby("DOLocationID")
    paid = into["cbd_congestion_fee"].agg(lambda usd: (usd > 0).mean())[into.size() >= 30]

    assert set(paid.index[paid > 0.5]) == CBD_ZONES & set(paid.index)
    assert len(paid) > 50


def test_the_simulated_city_keeps_its_core_and_district_within_reach_of_the_real_ones() -> None:
    assert set(MANHATTAN_CORE) - CONGESTION_ZONES == {24, CENTRAL_PARK, 151, 194}
    assert set(MANHATTAN_CORE) >= CONGESTION_ZONES
    assert {*MANHATTAN_CORE, *MANHATTAN_NORTH, 103, 104, 105} == MANHATTAN_ZONES


def test_a_mask_is_true_at_its_zones_only() -> None:
    mask = mask_of(CBD_ZONES)

    assert mask.shape == (LAST_ZONE + 1,)
    assert set(np.flatnonzero(mask)) == CBD_ZONES
