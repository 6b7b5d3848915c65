"""Is the data sound: what a month's trips look like, and what changed."""

import dagster as dg
import numpy as np
import pandas as pd

from taxi_assets.assets.published import monthly_report, published
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.gates import MIN_TRIPS
from taxi_assets.domain.profile import Profile
from taxi_assets.domain.profiled_trips import PROFILED, Trips, read_trips
from taxi_assets.domain.profiling import profile
from taxi_assets.domain.report_schemas import DATA_PROFILE
from taxi_assets.domain.sampling import chosen_rows
from taxi_assets.partitions import months_before
from taxi_assets.reports.data_profile import data_profile as page
from taxi_assets.resources.evidently_workspace import EvidentlyWorkspace
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows

SAMPLED_TRIPS = 10_000  # that Evidently sees; all else is of all trips


def data_profile(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The profile of one fleet's month."""

    @monthly_report(
        fleet,
        "data_profile",
        months,
        code_version="2",
        ins={
            "clean_trips": dg.AssetIn([fleet.name, "clean_trips"]),
            "rejected_trips": dg.AssetIn([fleet.name, "rejected_trips"]),
            "zones": dg.AssetIn("zones"),
            "past": dg.AssetIn([fleet.name, "data_profile"], partition_mapping=months_before(12)),
        },
        description=(
            f"What the {fleet.name} trips of this month look like before and after cleaning, and "
            f"what changed against the last sound month. One row is {DATA_PROFILE.grain}."
        ),
    )
    def look(
        context: dg.AssetExecutionContext,
        clean_trips: TableSlice,
        rejected_trips: TableSlice,
        zones: TableSlice,
        past: TableSlice,
        reports: ReportStore,
        workspace: EvidentlyWorkspace,
    ) -> Rows:
        from taxi_assets.reports.snapshots import profile_snapshot

        month, city = context.partition_key, zones.read().to_pandas()
        lost = read_trips(rejected_trips.batches(["rule", *PROFILED]))
        kept = read_trips(clean_trips.batches(PROFILED))
        numbers = profile(kept, lost, month, city)
        before = {m: Profile.of(past.month(m).read().to_pylist()) for m in past.versions}
        report = page(fleet.name, month, Profile(numbers), before, lost, city)
        rows = [row._asdict() for row in numbers]
        snapshot = profile_snapshot(sampled(kept, month)) if len(kept) >= MIN_TRIPS else None
        return published(reports, workspace, report, DATA_PROFILE, rows, snapshot)

    return look


def sampled(trips: Trips, month: str) -> pd.DataFrame:
    """Some clean trips for Evidently, the same in every rerun."""
    taken = np.isin(trips.source_row, chosen_rows(month, trips.source_row, SAMPLED_TRIPS))
    hour = trips.pickup_at.astype("datetime64[h]").astype(np.int64) % 24
    columns = {
        "fare_usd": trips.fare_usd,
        "distance_mi": trips.distance_mi,
        "duration_min": trips.duration_min,
        "speed_mph": trips.speed_mph,
        "pickup_hour": hour,
    }
    return pd.DataFrame({name: values[taken] for name, values in columns.items()})
