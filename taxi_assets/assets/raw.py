"""What TLC publishes, landed unchanged: monthly trip files and the zones."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

from taxi_assets.assets.options import DOWNLOADS, asset, monthly_asset
from taxi_assets.domain.errors import BadFile
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.schemas import ZONES
from taxi_assets.domain.trips import misfit
from taxi_assets.domain.zones import read_zones
from taxi_assets.resources.lake import BATCH_ROWS
from taxi_assets.resources.landed_trips import LOOKUP, open_trips, refuse_another_source
from taxi_assets.resources.landing import LandedFile, Landing
from taxi_assets.resources.tables import Rows
from taxi_assets.resources.tlc import TlcSource

SHAPES = "misc/taxi_zones.zip"
# TLC publishes a month each month, and does not keep a day
MONTHLY = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(days=46), warn_window=timedelta(days=35)
)


@asset(
    key="zones",
    group_name="raw",
    kinds={"iceberg"},
    io_manager_key="tables",
    code_version="1",
    pool=DOWNLOADS,
)
def zones(
    context: dg.AssetExecutionContext, source: TlcSource, landing: dg.ResourceParam[Landing]
) -> Rows:
    """TLC's 263 taxi zones: names, boroughs, centroids and shapes. One row a zone."""
    refuse_another_source(landing, source.url)
    landed = [
        landing.land(
            source,
            path,
            folder=f"zones/{Path(path).stem}",
            check=None,
            now=datetime.now(UTC),
            log=context.log.info,
        )
        for path in (LOOKUP, SHAPES)
    ]
    lookup, shapes = (landing.open(file).read() for file in landed)
    table = pa.RecordBatch.from_pandas(
        read_zones(lookup, shapes), schema=ZONES.arrow, preserve_index=False
    )
    return Rows(
        [table], lambda: {"source": dg.MetadataValue.text(", ".join(file.url for file in landed))}
    )


def raw_trips(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The landed trip files of one fleet."""

    @monthly_asset(
        fleet,
        "raw_trips",
        months,
        pool=DOWNLOADS,
        group_name="raw",
        kinds={"parquet"},
        code_version="1",
        freshness_policy=MONTHLY,
        description=(
            f"{fleet.name.capitalize()} trip files as TLC published them, byte for byte. "
            f"One file a month. {fleet.description}."
        ),
    )
    def land(
        context: dg.AssetExecutionContext, source: TlcSource, landing: dg.ResourceParam[Landing]
    ) -> dg.MaterializeResult[None]:
        month, started = context.partition_key, perf_counter()
        refuse_another_source(landing, source.url)
        landed = landing.land(
            source,
            fleet.file_name(month),
            folder=f"{fleet.name}/{month}",
            check=partial(check_file, fleet=fleet, month=month),
            now=datetime.now(UTC),
            log=context.log.info,
        )
        with open_trips(landing, fleet, month) as file:
            metadata = _describe(landed, file)
        metadata["seconds"] = dg.MetadataValue.float(round(perf_counter() - started, 3))
        return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(landed.sha256))

    return land


def check_file(path: Path, *, fleet: Fleet, month: str) -> None:
    """Refuse a readable Parquet file that is not this fleet's and month's.

    Raises:
        BadFile: it is not, it is empty, or a part of it cannot be read.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            pickup = next((n for n in schema.names if n.lower() == fleet.columns[0].source), None)
            pickups = file.read([pickup])[pickup] if pickup else None
            reason = misfit(schema, pickups, fleet, month)
            for _ in file.iter_batches(BATCH_ROWS):  # a readable footer says nothing of the pages
                pass
    except (OSError, pa.ArrowException) as error:
        reason = f"its data cannot be read ({error})"
    if reason:
        raise BadFile(f"The file published as {fleet.file_name(month)} was not landed: {reason}.")


def _describe(landed: LandedFile, file: pq.ParquetFile) -> dict[str, dg.MetadataValue]:
    """What the UI shows of a landed file."""
    columns = [dg.TableColumn(field.name, str(field.type)) for field in file.schema_arrow]
    return {
        "dagster/row_count": dg.MetadataValue.int(file.metadata.num_rows),
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns)),
        "data_version": dg.MetadataValue.text(landed.sha256),
        "url": dg.MetadataValue.url(landed.url),
        "path": dg.MetadataValue.path(landed.path),
        "bytes": dg.MetadataValue.int(landed.bytes),
        "etag": dg.MetadataValue.text(landed.etag or ""),
        "downloaded": dg.MetadataValue.bool(landed.fetched),
    }
