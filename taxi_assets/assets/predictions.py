"""What people would have been quoted: a month's trips, asked of who was champion before it."""

from collections.abc import Iterator

import dagster as dg
import numpy as np
import pyarrow as pa

from taxi_assets.assets.contest import Contestant
from taxi_assets.assets.options import monthly_table
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.errors import OutdatedBundle
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.report_schemas import BATCH_PREDICTIONS
from taxi_assets.resources.model_versions import ModelVersion
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.streams import pooled
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows

ASKED = ["source_row", "pickup_at", "pickup_zone", "dropoff_zone", "passengers", "vendor"]


def reigning(registry: Registry, fleet: str, month: str) -> Contestant | str:
    """Who answered when a month began; a sentence where there is nobody to ask.

    Raises:
        BundleError: its bundle is damaged.
        RegistryUnreachable: MLflow does not answer.
    """
    version = registry.champion_before(fleet, month) if registry.exists else None
    if version is None:
        return f"No model was champion of {fleet} taxis before {month}."
    try:
        return Contestant(version, registry.load(version))
    except OutdatedBundle:
        return (
            f"The champion before {month}, version {version.version}, was made by other feature "
            f"code and cannot be asked: run {version.month} again."
        )


def batch_predictions(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Quotes of the champion of the months before for one fleet's clean trips.

    The champion of the month before is no dependency that Dagster knows of: within a run it would
    be this month's, and where a gate turned that one down, nobody would see how the old one does.
    """

    @monthly_table(
        fleet,
        "batch_predictions",
        months,
        group_name="reports",
        code_version="2",
        kinds={"iceberg", "mlflow"},
        ins={"clean_trips": dg.AssetIn([fleet.name, "clean_trips"])},
        description=(
            f"What the champion of the months before says of each clean {fleet.name} trip of this "
            f"month. One row is {BATCH_PREDICTIONS.grain}; none where there was no champion yet."
        ),
    )
    def predict(
        context: dg.AssetExecutionContext, clean_trips: TableSlice, registry: Registry
    ) -> Rows:
        champion = reigning(registry, fleet.name, context.partition_key)
        if isinstance(champion, str):
            context.log.info(champion)
            return Rows([], lambda: {"said": champion})
        told = {"model_version": champion.version.version, "tested_on": champion.version.month}
        return Rows(quoted(clean_trips, champion.bundle, champion.version), lambda: told)

    return predict


def quoted(trips: TableSlice, bundle: Bundle, version: ModelVersion) -> Iterator[pa.RecordBatch]:
    """Quotes in the order of the trips, batch by batch."""

    def ask(batch: pa.RecordBatch) -> pa.RecordBatch:
        said = bundle.quote(
            batch["pickup_zone"].to_numpy(),
            batch["dropoff_zone"].to_numpy(),
            batch["pickup_at"].to_numpy(zero_copy_only=False),
            batch["passengers"].to_numpy(zero_copy_only=False).astype(np.float32),
        )
        names = pa.array([str(version.version)] * len(batch), pa.string())
        columns = [said.fare_usd, said.low_usd, said.high_usd, said.ride_min]
        return pa.RecordBatch.from_arrays(
            [batch["source_row"], names, *map(pa.array, columns), batch["vendor"]],
            schema=BATCH_PREDICTIONS.arrow,
        )

    return pooled(ask, trips.batches(ASKED))
