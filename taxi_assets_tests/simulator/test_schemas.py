"""The columns of each month are those TLC published."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxi_assets.domain.fleets import FLEETS, Fleet
from taxi_assets.domain.months import month_range
from taxi_assets.simulator.schemas import published_schema

MONTHS = ["2023-01", "2023-02", "2023-03", "2024-01", "2025-01", "2025-02", "2025-03"]


@pytest.mark.parametrize("month", MONTHS)
def test_green_columns_are_the_real_files(real_tlc: Path, green: Fleet, month: str) -> None:
    real = pq.read_schema(real_tlc / green.file_name(month)).remove_metadata()

    assert published_schema(green, month).equals(real)


@pytest.mark.parametrize("fleet", FLEETS.values(), ids=FLEETS)
@pytest.mark.parametrize("month", ["2023-01", "2025-03"])
def test_written_files_have_the_published_columns(tree: Path, fleet: Fleet, month: str) -> None:
    written = pq.read_schema(tree / fleet.file_name(month)).remove_metadata()

    assert written.equals(published_schema(fleet, month))


@pytest.mark.parametrize("fleet", FLEETS.values(), ids=FLEETS)
def test_every_month_has_every_column_the_product_needs(fleet: Fleet) -> None:
    needed = {column.source for column in fleet.columns if column.needed}

    for month in month_range("2023-01", "2025-12"):
        assert needed <= {name.lower() for name in published_schema(fleet, month).names}


def test_yellow_changed_the_case_of_its_airport_fee(yellow: Fleet) -> None:
    before, after = published_schema(yellow, "2023-01"), published_schema(yellow, "2023-02")

    assert "airport_fee" in before.names
    assert "Airport_fee" in after.names


@pytest.mark.parametrize("fleet", FLEETS.values(), ids=FLEETS)
def test_the_congestion_zone_fee_is_a_column_since_2025(fleet: Fleet) -> None:
    before, after = published_schema(fleet, "2024-12"), published_schema(fleet, "2025-01")

    assert "cbd_congestion_fee" not in before.names
    assert after.field("cbd_congestion_fee").type == pa.float64()
    assert after.names[-1] == "cbd_congestion_fee"
