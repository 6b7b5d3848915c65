"""Is the champion still good: its errors on a month, beside what they used to be."""

import dagster as dg

from taxi_assets.assets.asked import asked
from taxi_assets.assets.published import monthly_report, published
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.groups import performance_slicings
from taxi_assets.domain.performance import performance_rows
from taxi_assets.domain.report_schemas import DRIFT_REPORT, PERFORMANCE_REPORT
from taxi_assets.partitions import months_before
from taxi_assets.reports.page import Attachment, silent
from taxi_assets.reports.performance import performance_report
from taxi_assets.reports.performance_story import Story
from taxi_assets.resources.champion_record import PAST_MONTHS, judged, past_reports
from taxi_assets.resources.evidently_workspace import EvidentlyWorkspace
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.quoted_rides import sampled, tallied
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows

NAME = PERFORMANCE_REPORT.name
SAMPLED_TRIPS = 10_000


def performance(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The errors of the champion of the months before on one fleet's clean trips."""
    own_past = dg.AssetDep([fleet.name, NAME], partition_mapping=months_before(PAST_MONTHS))

    @monthly_report(
        fleet,
        NAME,
        months,
        code_version="1",
        ins={
            "trips": dg.AssetIn([fleet.name, "trip_features"]),
            "quotes": dg.AssetIn([fleet.name, "batch_predictions"]),
        },
        # both are read through the lake, as the check reads them
        deps=[own_past, dg.AssetKey([fleet.name, DRIFT_REPORT.name])],
        description=(
            f"How the {fleet.name} champion of the months before did on this month's trips, part "
            "by part, whether that is worse than when it was tested, and whether rides or fares "
            f"have changed. One row is {PERFORMANCE_REPORT.grain}."
        ),
    )
    def report(
        trips: TableSlice,
        quotes: TableSlice,
        lake: Lake,
        registry: Registry,
        reports: ReportStore,
        workspace: EvidentlyWorkspace,
    ) -> Rows:
        from taxi_assets.reports import snapshots

        (month,) = quotes.months
        by = asked(registry, fleet.name, quotes)
        if isinstance(by, str):
            page = silent(NAME, fleet.name, month, by)
            return published(reports, workspace, page, PERFORMANCE_REPORT)
        tallies = tallied(trips, quotes, by.bundle.zones, performance_slicings)
        rows = performance_rows(tallies, str(by.version.version), by.version.month)
        past, found = past_reports(lake, fleet, month), judged(lake, fleet, month, rows)
        story = Story(fleet.name, month, rows, past, found, by.bundle.level)
        sample = sampled(trips, quotes, SAMPLED_TRIPS)
        title = f"Evidently's regression report on a sample of {len(sample):,} trips"
        snapshot = snapshots.performance_snapshot(sample)
        attached = Attachment(title, snapshots.page(snapshot))
        page = performance_report(story, attached, len(sample))
        return published(reports, workspace, page, PERFORMANCE_REPORT, rows, snapshot)

    return report
