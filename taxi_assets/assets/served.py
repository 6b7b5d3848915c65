"""What people were quoted: the service's log by month, beside what became of the rides."""

from typing import Any

import dagster as dg
import pyarrow as pa

from taxi_assets.assets.options import monthly_table
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.months import month_name
from taxi_assets.domain.served import OUTCOME_LOG, QUOTE_LOG, SERVED_PREDICTIONS
from taxi_assets.domain.served_rows import TRIP_COLUMNS, outcome_months, quotes_of, served_rows
from taxi_assets.resources.served_log import Logged, ServedLog
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows

GROUP = "serving"


def served_predictions(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """One fleet's live quotes.

    A month can be gathered as soon as it has ended, without any trip yet: TLC publishes them two
    months later. Gathered again once they have been cleaned, quotes get the trips they were for.
    """

    @monthly_table(
        fleet,
        SERVED_PREDICTIONS.name,
        months,
        group_name=GROUP,
        code_version="1",
        ins={"clean_trips": dg.AssetIn([fleet.name, "clean_trips"])},
        description=(
            f"What the service quoted for {fleet.name} rides of the month, with their outcomes and "
            f"true trips where these are known. One row is {SERVED_PREDICTIONS.grain}; none where "
            "the service has logged nothing."
        ),
    )
    def gather(
        context: dg.AssetExecutionContext, clean_trips: TableSlice, served_log: ServedLog
    ) -> Rows:
        month = context.partition_key
        asked = served_log.read(QUOTE_LOG.name, [month])
        quotes = quotes_of(fleet.name, asked.rows)
        told = served_log.read(OUTCOME_LOG.name, outcome_months(quotes))
        rows = served_rows(quotes, told.rows, clean_trips.read(TRIP_COLUMNS))
        shown = metadata(fleet.name, month, rows, asked, told, served_log.root)
        return Rows(rows.combine_chunks().to_batches(), lambda: shown)

    return gather


def metadata(
    fleet: str, month: str, rows: pa.Table, asked: Logged, told: Logged, root: str
) -> dict[str, Any]:
    """What there was, how much of it could be used, and what could not be read."""
    found = {name: rows.num_rows - rows[name].null_count for name in ("outcome_usd", "source_row")}
    said = (
        f"{rows.num_rows:,} quotes of {month_name(month)}."
        if rows.num_rows
        else f"The service has logged no {fleet} quote of {month_name(month)} in {root}."
    )
    faults = asked.faults | told.faults
    return {
        "said": said,
        "files": asked.files,
        "with_outcome": found["outcome_usd"],
        "with_trip": found["source_row"],
        "unreadable_files": len(faults),
        "unreadable": dg.MetadataValue.json(faults),
    }
