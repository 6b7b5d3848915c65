"""Simulated months, made once, and where the real ones are."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxi_assets.domain.fleets import FLEETS, Fleet
from taxi_assets.simulator import simulate

ROWS = 60_000
REPOSITORY = Path(__file__).parents[2]
REAL = Path(os.environ.get("TAXI_TLC_TEST_DATA", REPOSITORY.parent / "shared" / "data" / "tlc"))

Read = Callable[[Fleet, str], pd.DataFrame]


@pytest.fixture(scope="session")
def green() -> Fleet:
    return FLEETS["green"]


@pytest.fixture(scope="session")
def yellow() -> Fleet:
    return FLEETS["yellow"]


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tlc")
    for fleet in (FLEETS["green"], FLEETS["yellow"]):
        simulate(root, fleet=fleet, months=["2023-01", "2025-03"], rows=ROWS)
    return root


@pytest.fixture(scope="session")
def read(tree: Path) -> Read:
    return lambda fleet, month: canonical(pq.read_table(tree / fleet.file_name(month)))


@pytest.fixture(scope="session")
def trips(read: Read, green: Fleet) -> pd.DataFrame:
    return read(green, "2025-03")


@pytest.fixture(scope="session")
def real_tlc() -> Path:
    if not (REAL / "trip-data").is_dir():
        pytest.skip(f"TLC's real files are not in {REAL}; TAXI_TLC_TEST_DATA says where else")
    return REAL


def canonical(table: pa.Table) -> pd.DataFrame:
    """A published file with both fleets' time columns under one name, and minutes beside them."""
    frame = table.to_pandas()
    frame.columns = frame.columns.str.replace("lpep_|tpep_", "", regex=True)
    lasted = frame["dropoff_datetime"] - frame["pickup_datetime"]
    return frame.assign(minutes=lasted.dt.total_seconds() / 60)


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    """Trips that a cleaning would keep."""
    kept = frame["fare_amount"].between(2.5, 250) & frame["minutes"].between(
        0.5, 180, inclusive="right"
    )
    kept &= frame["trip_distance"].between(0.05, 100, inclusive="neither")
    return frame[kept & (frame[["PULocationID", "DOLocationID"]] <= 263).all(axis=1)]
