"""For whom is it bad: the champion's errors group by group."""

import dagster as dg
import pandas as pd

from taxi_assets.assets.asked import asked
from taxi_assets.assets.published import monthly_report, published
from taxi_assets.domain.fairness import fairness_rows
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.groups import groupings
from taxi_assets.domain.report_schemas import FAIRNESS_REPORT
from taxi_assets.reports.fairness import fairness_report
from taxi_assets.reports.page import silent
from taxi_assets.resources.evidently_workspace import EvidentlyWorkspace
from taxi_assets.resources.quoted_rides import tallied
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows

NAME = FAIRNESS_REPORT.name


def fairness(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Whose rides one fleet's champion of the months before prices badly."""

    @monthly_report(
        fleet,
        NAME,
        months,
        code_version="1",
        ins={
            "trips": dg.AssetIn([fleet.name, "trip_features"]),
            "quotes": dg.AssetIn([fleet.name, "batch_predictions"]),
        },
        description=(
            f"For whom the {fleet.name} champion of the months before is worse than for others, as "
            f"far as trip records can tell. One row is {FAIRNESS_REPORT.grain}."
        ),
    )
    def report(
        trips: TableSlice,
        quotes: TableSlice,
        registry: Registry,
        reports: ReportStore,
        workspace: EvidentlyWorkspace,
    ) -> Rows:
        from taxi_assets.reports.snapshots import fairness_snapshot

        (month,) = quotes.months
        by = asked(registry, fleet.name, quotes)
        if isinstance(by, str):
            page = silent(NAME, fleet.name, month, by)
            return published(reports, workspace, page, FAIRNESS_REPORT)
        tallies = tallied(trips, quotes, by.bundle.zones, groupings)
        rows = fairness_rows(tallies, str(by.version.version))
        snapshot = fairness_snapshot(pd.DataFrame(rows))
        page = fairness_report(fleet.name, month, rows, by.bundle.level)
        return published(reports, workspace, page, FAIRNESS_REPORT, rows, snapshot)

    return report
