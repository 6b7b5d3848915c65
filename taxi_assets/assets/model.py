"""A month's model: trained on the months before, scored on the month, promoted when it is good enough."""

import platform
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa

from taxi_assets.domain import bundle
from taxi_assets.domain.evaluation import Score, score
from taxi_assets.domain.features import FEATURES, FloatArray
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.model import MonthOfTrips, Trained, route_median, train
from taxi_assets.domain.schemas import EVALUATION
from taxi_assets.partitions import months_before
from taxi_assets.resources.lake import TableSlice
from taxi_assets.resources.registry import ModelVersion, Registry, git_sha
from taxi_assets.resources.tables import Rows
from taxi_assets.settings import Settings

LIBRARIES = ("lightgbm", "numpy", "pandas", "pyarrow")


def fare_model(
    fleet: Fleet, months: dg.PartitionsDefinition[str], settings: Settings
) -> dg.AssetsDefinition:
    """The fare model of one fleet."""

    @dg.asset(
        key=[fleet.name, "fare_model"],
        partitions_def=months,
        group_name="model",
        kinds={"lightgbm", "mlflow"},
        output_required=False,
        code_version="1",
        ins={
            "past": dg.AssetIn(
                [fleet.name, "trip_features"],
                partition_mapping=months_before(settings.train_months),
            ),
            "route_history": dg.AssetIn([fleet.name, "route_history"]),
            "zones": dg.AssetIn("zones"),
        },
        description=f"LightGBM fare model for {fleet.name} trips of this month, trained on up to {settings.train_months} months before it. One registered version.",
    )
    def fit(
        context: dg.AssetExecutionContext,
        past: TableSlice,
        route_history: TableSlice,
        zones: TableSlice,
        registry: Registry,
    ) -> Iterator[dg.MaterializeResult[None]]:
        month = context.partition_key
        usable = {name: version for name, version in past.versions.items() if version.rows}
        if len(usable) < settings.min_train_months:
            _skip(
                context,
                f"A model for {month} needs {settings.min_train_months} earlier months of features and there are {len(usable)}.",
            )
            return
        trained = train(
            [_month_of_trips(past, name) for name in usable], threads=settings.train_threads
        )
        provenance = _provenance(fleet, month, [past, route_history, zones])
        with (
            tempfile.TemporaryDirectory() as scratch,
            registry.run(context.run, fleet.name) as tracked,
        ):
            folder = Path(scratch) / "bundle"
            folder.mkdir()
            bundle.save(folder, trained, zones.read(), route_history.read(), provenance)
            tracked.log_params(
                {
                    **trained.parameters,
                    "month": month,
                    "training_months": ",".join(usable),
                    "rounds": trained.rounds,
                }
            )
            tracked.log_metric("early_stop_rmse_usd", trained.early_stop_rmse_usd)
            version = registry.register(tracked, fleet.name, month, folder, _tags(provenance))
        yield dg.MaterializeResult(
            metadata=_describe(version, trained), data_version=dg.DataVersion(version.identity)
        )

    return fit


def evaluation(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The errors of one fleet's model and of the baselines."""

    @dg.asset(
        key=[fleet.name, "evaluation"],
        partitions_def=months,
        group_name="model",
        kinds={"iceberg", "mlflow"},
        io_manager_key="tables",
        code_version="1",
        ins={"trips": dg.AssetIn([fleet.name, "trip_features"])},
        deps=[dg.AssetKey([fleet.name, "fare_model"])],
        description=f"How wrong the {fleet.name} model and the baselines are on all clean trips of the month, which none has seen. One row is {EVALUATION.grain}.",
    )
    def evaluate(context: dg.AssetExecutionContext, trips: TableSlice, registry: Registry) -> Rows:
        version = registry.version_of(fleet.name, context.partition_key)
        scores = score_month(registry.load(version), trips)
        with registry.run(context.run, fleet.name) as tracked:
            tracked.log_metrics(
                {
                    f"{name}_{metric}": value
                    for name, s in scores.items()
                    for metric, value in asdict(s).items()
                    if value is not None
                }
            )
        registry.tag(
            version,
            mae_usd=round(scores["model"].mae_usd, 4),
            rmse_usd=round(scores["model"].rmse_usd, 4),
        )
        rows = [
            {"predictor": name, "model_version": str(version.version), **asdict(s)}
            for name, s in scores.items()
        ]
        table = dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}
                )
                for row in rows
            ]
        )
        return Rows(
            [pa.RecordBatch.from_pylist(rows, schema=EVALUATION.arrow)],
            lambda: {"scores": table, "model_version": version.version},
        )

    return evaluate


def champion(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The model that answers for one fleet."""

    @dg.asset(
        key=[fleet.name, "champion"],
        partitions_def=months,
        group_name="model",
        kinds={"mlflow"},
        deps=[dg.AssetKey([fleet.name, "evaluation"])],
        code_version="1",
        description=f"The {fleet.name} model that answers: the alias `champion` moves here when the month's gates pass, and never back to an earlier month.",
    )
    def promote(
        context: dg.AssetExecutionContext, registry: Registry
    ) -> dg.MaterializeResult[None]:
        contender = registry.version_of(fleet.name, context.partition_key)
        holder = registry.champion(fleet.name)
        if holder is None or contender.month >= holder.month:
            registry.promote(contender)
            said = f"version {contender.version} of {contender.month} is champion"
            holder = contender
        else:
            said = f"version {holder.version} stays champion: it was tested on {holder.month}, later than {contender.month}"
        context.log.info(said)
        return dg.MaterializeResult(
            metadata={
                "verdict": said,
                "model": holder.name,
                "version": holder.version,
                "month": holder.month,
                "data_version": holder.identity,
            },
            data_version=dg.DataVersion(holder.identity),
        )

    return promote


def score_month(model: bundle.Bundle, trips: TableSlice) -> dict[str, Score]:
    """Score the model and every baseline on the same trips."""
    fares, predictions = [], []
    for batch in trips.batches():
        features = _matrix([batch], len(batch))
        fares.append(batch["fare_usd"].to_numpy())
        predictions.append(
            {
                "model": model.predict(features),
                "linear_regression": model.linear.predict(features),
                "route_median": route_median(features, model.global_median_usd),
                "global_median": np.full(len(features), model.global_median_usd),
            }
        )
    actual = np.concatenate(fares) if fares else np.empty(0)
    names = predictions[0] if predictions else ["model"]
    return {
        name: score(
            actual, np.concatenate([p[name] for p in predictions]) if predictions else actual
        )
        for name in names
    }


def _month_of_trips(past: TableSlice, month: str) -> MonthOfTrips:
    """One month's features and fares, in memory."""
    part = past.lake.slice(past.name, past.table, [month])
    batches = list(part.batches(["fare_usd", *FEATURES]))
    return MonthOfTrips(
        month,
        _matrix(batches, part.rows),
        np.concatenate([batch["fare_usd"].to_numpy() for batch in batches]),
    )


def _matrix(batches: list[pa.RecordBatch], rows: int) -> FloatArray:
    """(rows, 30) float32 features of table batches, null as NaN."""
    matrix = np.empty((rows, len(FEATURES)), dtype=np.float32)
    start = 0
    for batch in batches:
        for index, name in enumerate(FEATURES):
            matrix[start : start + len(batch), index] = batch[name].to_numpy(zero_copy_only=False)
        start += len(batch)
    return matrix


def _provenance(fleet: Fleet, month: str, tables: list[TableSlice]) -> dict[str, Any]:
    """What a model was made from, down to snapshots and library versions."""
    return {
        "fleet": fleet.name,
        "month": month,
        "training_months": list(tables[0].versions),
        "tables": {
            table.name: {key: asdict(v) for key, v in table.versions.items()} for table in tables
        },
        "git_sha": git_sha(),
        "libraries": {
            "python": platform.python_version(),
            **{name: installed(name) for name in LIBRARIES},
        },
    }


def _tags(provenance: dict[str, Any]) -> dict[str, str]:
    """The part of the provenance that people search versions by."""
    snapshots = {
        name: sorted({str(v["snapshot_id"]) for v in months.values()})
        for name, months in provenance["tables"].items()
    }
    return {
        "fleet": provenance["fleet"],
        "training_months": ",".join(provenance["training_months"]),
        "snapshot_ids": "; ".join(f"{name}={','.join(ids)}" for name, ids in snapshots.items()),
        "git_sha": provenance["git_sha"],
    }


def _describe(version: ModelVersion, trained: Trained) -> dict[str, Any]:
    """What the UI shows of a model."""
    return {
        "model": version.name,
        "version": version.version,
        "new_version": version.created,
        "data_version": version.identity,
        "mlflow_run": version.run_id,
        "dagster/row_count": sum(trained.rows.values()),
        "training_months": ", ".join(trained.rows),
        "rounds": trained.rounds,
        "early_stop_rmse_usd": trained.early_stop_rmse_usd,
    }


def _skip(context: dg.AssetExecutionContext, reason: str) -> None:
    """Leave the asset unmaterialized, with the reason where the UI and the command line find it."""
    context.log.info(reason)
    context.log_event(
        dg.AssetObservation(
            context.asset_key, partition=context.partition_key, metadata={"skipped": reason}
        )
    )
