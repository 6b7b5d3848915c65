"""What report assets have in common: the page kept, the table written, the picture shown."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
import pyarrow as pa

from taxi_assets.assets.options import Decorator, monthly_table
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.table import Table
from taxi_assets.reports.charts import embedded, png
from taxi_assets.reports.page import Report
from taxi_assets.resources.evidently_workspace import EvidentlyWorkspace
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.tables import Rows

if TYPE_CHECKING:  # ten seconds to import
    from evidently.core.report import Snapshot

GROUP = "reports"


def monthly_report(
    fleet: Fleet, name: str, months: dg.PartitionsDefinition[str], **more: Any
) -> Decorator:
    """`dg.asset` for one of a fleet's reports: a page, and the table behind it."""
    return monthly_table(fleet, name, months, group_name=GROUP, kinds={"iceberg", "html"}, **more)


def published(
    store: ReportStore,
    workspace: EvidentlyWorkspace,
    report: Report,
    table: Table,
    rows: Sequence[Mapping[str, Any]] = (),
    snapshot: "Snapshot | None" = None,
) -> Rows:
    """Keep a report where people find it, and hand its table to the lake.

    Args:
        store: where pages are kept.
        workspace: where Evidently follows the course over months.
        report: the page.
        table: shape of the table behind it.
        rows: the table; none where there is nothing to report.
        snapshot: Evidently's view of the same; None where there is nothing to report.
    """
    if snapshot is None:
        workspace.remove(report.fleet, report.month, report.name)
    else:
        workspace.add(report.fleet, report.month, report.name, snapshot)
    where = store.write(report)
    shown: dict[str, Any] = {
        "verdict": report.verdict,
        "report": dg.MetadataValue.url(where) if "://" in where else dg.MetadataValue.path(where),
        **{number.label: number.shown for number in report.numbers},
    }
    if report.cover is not None:
        picture = embedded(report.cover.name, png(report.cover.figure), where)
        shown[report.cover.name] = dg.MetadataValue.md(picture)
    batch = pa.RecordBatch.from_pylist([dict(row) for row in rows], schema=table.arrow)
    return Rows([batch], lambda: shown)
