"""A month's model and the baselines, scored on the month that none of them has seen."""

from collections import defaultdict
from dataclasses import asdict
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa

from taxi_assets.assets.options import monthly_table
from taxi_assets.domain import baselines
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.errors import DataError
from taxi_assets.domain.evaluation import Score, score
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.heads import Numbers
from taxi_assets.domain.schemas import EVALUATION
from taxi_assets.resources.feature_rows import FeatureBatch, feature_batches
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows


def evaluation(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The errors of one fleet's model and of the baselines."""

    @monthly_table(
        fleet,
        "evaluation",
        months,
        group_name="model",
        code_version="2",
        kinds={"iceberg", "mlflow"},
        ins={"trips": dg.AssetIn([fleet.name, "trip_features"])},
        deps=[dg.AssetKey([fleet.name, "fare_model"])],
        description=(
            f"How wrong the {fleet.name} model and the baselines are on all clean trips of the "
            f"month, which none has seen. One row is {EVALUATION.grain}."
        ),
    )
    def evaluate(context: dg.AssetExecutionContext, trips: TableSlice, registry: Registry) -> Rows:
        version = registry.version_of(fleet.name, context.partition_key)
        scores = score_month(registry.load(version), trips, fleet.name)
        rows = [
            {"predictor": name, "model_version": str(version.version), **asdict(found)}
            for name, found in scores.items()
        ]
        with registry.run(context, fleet.name) as tracked:
            tracked.log_metrics(metrics(scores))
        registry.tag(version, mae_usd=scores["model"].mae_usd, rmse_usd=scores["model"].rmse_usd)
        table = pa.RecordBatch.from_pylist(rows, schema=EVALUATION.arrow)
        shown = dg.MetadataValue.table([dg.TableRecord(rounded(row)) for row in rows])
        return Rows([table], lambda: {"scores": shown, "model_version": version.version})

    return evaluate


def predictions(model: Bundle, batch: FeatureBatch, fleet: str) -> dict[str, Numbers]:
    """What the model and each baseline say of the same trips, US dollars."""
    features, median = batch.features, model.global_median_usd
    return {
        "model": model.predict(features).fare_usd,
        "linear_regression": model.linear.predict(features),
        "tariff": baselines.tariff(features, batch.pickup_at, fleet, median),
        "route_median": baselines.route_median(features, median),
        "global_median": np.full(len(features), median),
    }


def score_month(model: Bundle, trips: TableSlice, fleet: str) -> dict[str, Score]:
    """Score the model and every baseline on a month's trips.

    Raises:
        DataError: the month has no clean trips.
    """
    actual: list[Numbers] = []
    said: defaultdict[str, list[Numbers]] = defaultdict(list)
    for batch in feature_batches(trips):
        actual.append(batch.fare_usd)
        for name, found in predictions(model, batch, fleet).items():
            said[name].append(found)
    if not actual:
        raise DataError("The month has no clean trips to score a model on.")
    truth = np.concatenate(actual)
    return {name: score(truth, np.concatenate(parts)) for name, parts in said.items()}


def metrics(scores: dict[str, Score]) -> dict[str, float]:
    """Scores as MLflow wants them: one flat name a number."""
    return {
        f"{predictor}_{name}": value
        for predictor, found in scores.items()
        for name, value in asdict(found).items()
        if value is not None
    }


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people."""
    return {
        name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()
    }
