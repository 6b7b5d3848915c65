"""Trips sorted by the cleaning rules into kept and rejected."""

from collections.abc import Iterator

import dagster as dg
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from taxi_assets.assets.options import MEMORY, multi_asset
from taxi_assets.domain.cleaning import (
    KEPT,
    RULE_NAMES,
    RULES,
    by_rule,
    refund_rows,
    sort_trips,
)
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.schemas import CLEAN_TRIPS, REJECTED_TRIPS
from taxi_assets.domain.trips import require_usable
from taxi_assets.resources.landed_trips import numbered_batches, open_trips, pair_columns
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.streams import Spool, pooled
from taxi_assets.resources.tables import Rows

Charged = npt.NDArray[np.int64]  # trips by rule, and kept, as `Sorted.charged`


def sorted_trips(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """`clean_trips` and `rejected_trips` of one fleet.

    One step, so that no trip can fall between them.
    """

    def out(name: str, grain: str, kind: str) -> dg.AssetOut:
        return dg.AssetOut(
            key=[fleet.name, name],
            group_name="tables",
            kinds={"iceberg"},
            io_manager_key="tables",
            code_version="1",
            description=f"{fleet.name.capitalize()} trips that {kind}. {grain.capitalize()}.",
        )

    @multi_asset(
        name=f"{fleet.name}__clean_and_rejected_trips",
        outs={
            "clean_trips": out(
                "clean_trips",
                CLEAN_TRIPS.grain,
                "broke no cleaning rule, under canonical names and types",
            ),
            "rejected_trips": out(
                "rejected_trips",
                REJECTED_TRIPS.grain,
                "broke a cleaning rule, kept whole with the rule's name",
            ),
        },
        deps=[dg.AssetKey([fleet.name, "raw_trips"])],
        partitions_def=months,
        pool=MEMORY,
    )
    def sort(
        context: dg.AssetExecutionContext, landing: dg.ResourceParam[Landing]
    ) -> Iterator[dg.Output[Rows]]:
        month = context.partition_key
        with open_trips(landing, fleet, month) as file:
            require_usable(file.schema_arrow, fleet)
        refunds = refund_rows(pair_columns(landing, fleet, month))
        charged = np.zeros(KEPT + 1, dtype=np.int64)
        with Spool() as aside:

            def clean() -> Iterator[pa.RecordBatch]:
                """Clean trips as they come, rejected ones put aside: one pass over the file."""
                numbered = numbered_batches(landing, fleet, month)
                for batch in pooled(
                    lambda b: sort_trips(b[1], b[0], fleet, month, refunds), numbered
                ):
                    np.add(charged, batch.charged, out=charged)
                    aside.put(batch.rejected)
                    yield batch.clean

            yield dg.Output(
                Rows(clean(), lambda: {"kept_share": kept_share(charged)}), "clean_trips"
            )
            shown = {"rejected_by_rule": rules_table(charged)}
            yield dg.Output(Rows(aside.batches(), lambda: shown), "rejected_trips")

    return sort


def kept_share(charged: Charged) -> float:
    """Kept trips among all."""
    return float(charged[KEPT] / charged.sum())


def rules_table(charged: Charged) -> dg.TableMetadataValue:
    """How many trips each rule took, with its bound and reason."""
    about = {rule.name: (rule.bound, rule.reason) for rule in RULES}
    about[RULE_NAMES[0]] = (
        "both halves go",
        "a sale and its refund net to nothing: no ride was paid for",
    )
    total = int(charged.sum())
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "rule": rule,
                    "trips": trips,
                    "share": f"{trips / total:.3%}",
                    "bound": about[rule][0],
                    "reason": about[rule][1],
                }
            )
            for rule, trips in by_rule(charged).items()
        ]
    )
