"""The thin IO manager between assets and the lake, and the metadata of every table it writes."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import dagster as dg
import pyarrow as pa

from taxi_assets.domain.schemas import TABLES
from taxi_assets.domain.table import Table
from taxi_assets.resources.lake import UNPARTITIONED, Lake
from taxi_assets.resources.step_retries import retrying
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.warnings import preview_accepted


@dataclass(frozen=True)
class Rows:
    """What a table asset returns: rows as a stream, and what to say of them once they have passed.

    Attributes:
        batches: rows in the table's columns; consumed once.
        metadata: called after the last row was written.
    """

    batches: Iterable[pa.RecordBatch]
    metadata: Callable[[], dict[str, Any]] = field(default=dict)


def lake_name(key: dg.AssetKey) -> str:
    """The Iceberg identifier of an asset's table; what all fleets share lives in `city`."""
    return ".".join(key.path if len(key.path) > 1 else ("city", *key.path))


class TableIOManager(dg.ConfigurableIOManager):
    """Writes `Rows` to the lake as one month of one table, and hands out `TableSlice`s of it."""

    lake: dg.ResourceDependency[Lake]

    def handle_output(self, context: dg.OutputContext, obj: Rows) -> None:
        """Replace the month and say what was written."""
        key, started = context.asset_key, perf_counter()
        month = context.partition_key if context.has_asset_partitions else UNPARTITIONED
        table = TABLES[key.path[-1]]
        with _retrying(context.step_context):
            version = self.lake.write(lake_name(key), table, month, obj.batches, context.run_id)
        context.step_context.set_data_version(key, dg.DataVersion(version.data_version))
        context.add_output_metadata(
            {
                "dagster/row_count": version.rows,
                "dagster/table_name": version.table,
                "dagster/column_schema": column_schema(table),
                "data_version": version.data_version,
                "iceberg_snapshot_id": dg.MetadataValue.text(
                    str(version.snapshot_id or "none: the month has no rows")
                ),
                "changed": version.changed,
                "seconds": round(perf_counter() - started, 3),
                **obj.metadata(),
            }
        )

    def load_input(self, context: dg.InputContext) -> TableSlice:
        """A handle on the months asked for; nothing is read yet."""
        key = context.asset_key
        months = context.asset_partition_keys if context.has_asset_partitions else [UNPARTITIONED]
        with _retrying(context.step_context):
            return self.lake.slice(lake_name(key), TABLES[key.path[-1]], months)


def _retrying(step: Any) -> AbstractContextManager[None]:
    return retrying(step.previous_attempt_count, step.dagster_run.tags)


def column_schema(table: Table) -> dg.TableSchema:
    """The table's columns as the Dagster UI shows them.

    Types, descriptions with units, constraints.
    """
    from dagster_pandera import pandera_schema_to_dagster_type  # a second to import

    from taxi_assets.domain.validation import pandera_schema

    with preview_accepted():
        value = pandera_schema_to_dagster_type(pandera_schema(table)).metadata["schema"]
    assert isinstance(value, dg.TableSchemaMetadataValue)
    return value.schema
