"""Is the data sound: what a month's trips look like, and what changed."""

import dagster as dg

from taxi_assets.assets.published import monthly_report, published
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.profile import Profile
from taxi_assets.domain.profiled_trips import PROFILED, read_trips
from taxi_assets.domain.profiling import profile
from taxi_assets.domain.report_schemas import DATA_PROFILE
from taxi_assets.partitions import months_before
from taxi_assets.reports.data_profile import data_profile as page
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows


def data_profile(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The profile of one fleet's month."""

    @monthly_report(
        fleet,
        "data_profile",
        months,
        code_version="1",
        ins={
            "clean_trips": dg.AssetIn([fleet.name, "clean_trips"]),
            "rejected_trips": dg.AssetIn([fleet.name, "rejected_trips"]),
            "zones": dg.AssetIn("zones"),
            "past": dg.AssetIn([fleet.name, "data_profile"], partition_mapping=months_before(12)),
        },
        description=(
            f"What the {fleet.name} trips of this month look like before and after cleaning, and "
            f"what changed against the month before. One row is {DATA_PROFILE.grain}."
        ),
    )
    def look(
        context: dg.AssetExecutionContext,
        clean_trips: TableSlice,
        rejected_trips: TableSlice,
        zones: TableSlice,
        past: TableSlice,
        reports: ReportStore,
    ) -> Rows:
        month, city = context.partition_key, zones.read().to_pandas()
        lost = read_trips(rejected_trips.batches(["rule", *PROFILED]))
        numbers = profile(read_trips(clean_trips.batches(PROFILED)), lost, month, city)
        before = {m: Profile.of(past.month(m).read().to_pylist()) for m in past.versions}
        report = page(fleet.name, month, Profile(numbers), before, lost, city)
        return published(reports, report, DATA_PROFILE, [row._asdict() for row in numbers])

    return look
