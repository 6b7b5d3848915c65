"""Months and their profiles, without a lake or an instance."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxi_assets.domain.cleaning import PAIR_COLUMNS, Sorted, refund_rows, sort_trips
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.lasting import findings
from taxi_assets.domain.profile import Number, Profile
from taxi_assets.domain.profiled_trips import Trips, read_trips
from taxi_assets.domain.profiling import profile
from taxi_assets.domain.trips import canonical
from taxi_assets.reports.data_profile import data_profile
from taxi_assets.reports.page import Report
from taxi_assets_tests.builders import MONTH, sort_month, square_city
from taxi_assets_tests.real_months import real_zones

GREEN = FLEETS["green"]


@dataclass(frozen=True)
class Month:
    """A month as its report sees it."""

    clean: Trips
    rejected: Trips
    numbers: list[Number]

    @property
    def profile(self) -> Profile:
        return Profile(self.numbers)


def month_of(parts: list[Sorted], month: str = MONTH, zones: pd.DataFrame | None = None) -> Month:
    """A month sorted in one part or more."""
    clean = read_trips(part.clean for part in parts)
    rejected = read_trips(part.rejected for part in parts)
    city = square_city() if zones is None else zones
    return Month(clean, rejected, profile(clean, rejected, month, city))


def profiled(published: pa.RecordBatch) -> Month:
    """The month of `builders.MONTH` in the square city."""
    return month_of(sort_month(published))


def paged(month: Month, past: dict[str, Profile] | None = None, at: str = MONTH) -> Report:
    """Its report."""
    city = square_city()
    return data_profile("green", at, month.profile, past or {}, month.rejected, city)


def sorted_file(tree: Path, month: str) -> Sorted:
    """A published month, sorted by the pipeline's rules."""
    (rows,) = pq.read_table(tree / GREEN.file_name(month)).combine_chunks().to_batches()
    pairs = pa.Table.from_batches([canonical(rows, GREEN, 0).select(PAIR_COLUMNS)])
    return sort_trips(rows, 0, GREEN, month, refund_rows(pairs))


def changes_in(tree: Path, months: list[str]) -> dict[str, list[str]]:
    """What is named in each month of a tree of published files but the first."""
    zones = real_zones(tree)
    known = {m: month_of([sorted_file(tree, m)], m, zones).profile for m in months}
    return {
        m: [change.text for change in findings(known[m], {p: known[p] for p in months if p < m}, m)]
        for m in months[1:]
    }
