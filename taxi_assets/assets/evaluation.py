"""A month's model, its champion and the baselines, scored on the month that none has seen."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from taxi_assets.assets.contest import Contest, Contestant, contestants, hold
from taxi_assets.assets.options import monthly_table
from taxi_assets.assets.plots import plots
from taxi_assets.domain.card import described, model_card
from taxi_assets.domain.evaluation import MODEL, Row, evaluate, overall, rows_of
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.gates import Verdicts, judge, objections, summary
from taxi_assets.domain.schemas import EVALUATION
from taxi_assets.domain.slices import WHOLE
from taxi_assets.reports.charts import embedded, png
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows

SHOWN = ("slice", "value", "trips", "mean_fare_usd", "mae_usd", "bias_usd", "coverage", "width_usd")
UNFIT = re.compile(r"[^\w /.:-]")  # what the names of MLflow's metrics may not hold


def evaluation(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The errors of one fleet's model, of the champion it faces and of the baselines."""

    @monthly_table(
        fleet,
        "evaluation",
        months,
        group_name="model",
        code_version="3",
        kinds={"iceberg", "mlflow"},
        ins={"trips": dg.AssetIn([fleet.name, "trip_features"])},
        deps=[dg.AssetKey([fleet.name, "fare_model"])],
        description=(
            f"How wrong the {fleet.name} model, the champion it faces and the baselines are on all "
            "clean trips of the month, which none has seen, and what the gates say of it. One row "
            f"is {EVALUATION.grain}."
        ),
    )
    def score(context: dg.AssetExecutionContext, trips: TableSlice, registry: Registry) -> Rows:
        model, rival = contestants(registry, fleet.name, context.partition_key)
        contest = hold(model, rival, trips, fleet.name)
        rows = evaluate(contest.actual, contest.predictors, contest.slicings)
        verdicts = judge(rows)
        note(registry, model, rows, verdicts)
        table = pa.RecordBatch.from_pylist(rows, schema=EVALUATION.arrow)
        with registry.run(context, fleet.name) as tracked:
            shown = report(tracked, registry, model, contest, rows, verdicts)
        return Rows([table], lambda: shown)

    return score


def note(registry: Registry, model: Contestant, rows: Sequence[Row], verdicts: Verdicts) -> None:
    """Tag the version with its errors and with what the gates say of it."""
    errors, reasons = overall(rows)[MODEL], objections(verdicts)
    registry.tag(
        model.version,
        mae_usd=errors["mae_usd"],
        rmse_usd=errors["rmse_usd"],
        gates=summary(verdicts),
    )
    if reasons:
        registry.reject(model.version, reasons)
    else:
        registry.accept(model.version)


def report(
    tracked: Any,
    registry: Registry,
    model: Contestant,
    contest: Contest,
    rows: Sequence[Row],
    verdicts: Verdicts,
) -> dict[str, Any]:
    """Log metrics, plots and the model card to MLflow; returns what the UI shows of them."""
    card = model_card({**model.bundle.manifest, "version": model.version.version}, rows, verdicts)
    tracked.log_metrics(metrics(rows))
    tracked.log_text(card, "model_card.md")
    registry.describe(model.version, described(card))
    figures = plots(contest.actual, contest.predictors[0], rows)
    pictures = {name: png(figure) for name, figure in figures.items()}  # drawn once for both
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in pictures.items():
            Path(scratch, f"{name}.png").write_bytes(content)
        tracked.log_artifacts(scratch, "evaluation")
    reasons = objections(verdicts)
    return {
        "model_version": model.version.version,
        "scores": shown_table(overall(rows).values(), [c.name for c in EVALUATION.columns]),
        "slices": shown_table(rows_of(rows, MODEL), SHOWN),
        "gates": dg.MetadataValue.md(
            "\n".join(f"- {line}" for line in summary(verdicts).split("; "))
        ),
        "model_card": dg.MetadataValue.md(card),
        **({"rejected": reasons} if reasons else {}),
        **{
            name: dg.MetadataValue.md(
                embedded(
                    name, content, f"`evaluation/{name}.png` among the artifacts of the MLflow run"
                )
            )
            for name, content in pictures.items()
        },
    }


def metrics(rows: Sequence[Row]) -> dict[str, float]:
    """Scores as MLflow wants them.

    `model_mae_usd` over the whole month for every number of every predictor, and
    `coverage/pickup_borough/Queens` for each part of it.
    """
    whole = {
        f"{predictor}_{name}": row[name]
        for predictor, row in overall(rows).items()
        for name in NUMBERS
        if row.get(name) is not None
    }
    parts = {
        UNFIT.sub("_", f"coverage/{row['slice']}/{row['value']}"): row["coverage"]
        for row in rows_of(rows, MODEL)
        if row["slice"] != WHOLE
    }
    return {**whole, **parts}


NUMBERS = tuple(c.name for c in EVALUATION.columns if not pa.types.is_string(c.type))


def shown_table(rows: Any, columns: Sequence[str]) -> dg.TableMetadataValue:
    """Rows for people."""
    return dg.MetadataValue.table(
        [dg.TableRecord({name: rounded(row.get(name)) for name in columns}) for row in rows]
    )


def rounded(value: Any) -> Any:
    """A number as people read it."""
    return round(value, 3) if isinstance(value, float) else value
