"""A month's model, trained on the months before it, and the champion it may become."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import dagster as dg

from taxi_assets.assets.options import TRAINING, monthly_asset
from taxi_assets.assets.provenance import provenance, version_tags
from taxi_assets.domain import bundle
from taxi_assets.domain.errors import RegistryError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.model import PARAMETERS, Trained
from taxi_assets.domain.schemas import TRIP_FEATURES
from taxi_assets.partitions import months_before, months_until
from taxi_assets.reports.page import silent
from taxi_assets.resources import promotions
from taxi_assets.resources.promotions import BY_GATES, Decision
from taxi_assets.resources.registry import ModelVersion, Registry
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import column_schema
from taxi_assets.resources.training_tables import TrainingTables, latest_tuned
from taxi_assets.settings import Settings

UNGATED = "its evaluation recorded no gates"


def fare_model(
    fleet: Fleet, months: dg.PartitionsDefinition[str], settings: Settings
) -> dg.AssetsDefinition:
    """The fare model of one fleet."""

    @monthly_asset(
        fleet,
        "fare_model",
        months,
        pool=TRAINING,
        group_name="model",
        code_version="2",
        kinds={"lightgbm", "mlflow"},
        output_required=False,
        ins={
            "past": dg.AssetIn(
                [fleet.name, "trip_features"],
                partition_mapping=months_before(settings.train_months),
            ),
            "route_history": dg.AssetIn([fleet.name, "route_history"]),
            "hour_history": dg.AssetIn([fleet.name, "hour_history"]),
            "zones": dg.AssetIn("zones"),
            "tuning": dg.AssetIn(
                [fleet.name, "tuned_parameters"],
                partition_mapping=months_until(settings.train_months),
            ),
        },
        description=(
            f"LightGBM fare model for {fleet.name} trips of this month, trained on up to "
            f"{settings.train_months} months before it. One registered version."
        ),
    )
    def fit(
        context: dg.AssetExecutionContext,
        past: TableSlice,
        route_history: TableSlice,
        hour_history: TableSlice,
        zones: TableSlice,
        tuning: TableSlice,
        registry: Registry,
        reports: ReportStore,
    ) -> Iterator[dg.MaterializeResult[None]]:
        month, started = context.partition_key, perf_counter()
        tables = TrainingTables(past, route_history, hour_history, zones)
        usable = tables.usable_months()
        if len(usable) < settings.min_train_months:
            reason = (
                f"A model for {month} needs features of {settings.min_train_months} of the "
                f"{settings.train_months} months before it, and there are {len(usable)}."
            )
            skip(context, reason)
            # what would explain the model is skipped with it, and could not say why itself
            reports.write(silent("shap_report", fleet.name, month, reason))
            return
        tuned = latest_tuned(tuning)
        made_from = provenance(fleet, month, usable, tables.all)
        made_from["tuned"] = tuned.origin if tuned else None
        with registry.run(context, fleet.name) as tracked:
            trained = tables.train(
                usable,
                threads=settings.train_threads,
                level=settings.interval,
                parameters=tuned.parameters if tuned else PARAMETERS,
                say=context.log.info,
            )
            log_training(tracked, month, trained)
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) / "bundle"
                bundle.save(folder, trained, tables.knowledge(), made_from)
                version = registry.register(
                    tracked, fleet.name, month, folder, version_tags(made_from)
                )
        seconds = {"seconds": round(perf_counter() - started, 3)}
        yield dg.MaterializeResult(
            metadata=describe(version, trained, made_from) | seconds,
            data_version=dg.DataVersion(version.identity),
        )

    return fit


def log_training(tracked: Any, month: str, trained: Trained) -> None:
    """What MLflow shows of a training run."""
    told = {
        f"{head}_{name}": value
        for head, parameters in trained.parameters.items()
        for name, value in parameters.items()
    }
    trees = {f"{head}_trees": count for head, count in trained.trees.items()}
    tracked.log_params({**told, **trees, "month": month, "interval_level": trained.level})
    tracked.log_metric("rehearsal_mae_usd", trained.rehearsal.mae_usd)
    tracked.log_metric("rehearsal_ride_mae_min", trained.rehearsal.ride_mae_min)
    tracked.log_metric("interval_offset", trained.rehearsal.offset)


def champion(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The model that answers for one fleet."""

    @monthly_asset(
        fleet,
        "champion",
        months,
        group_name="model",
        code_version="1",
        kinds={"mlflow"},
        deps=[dg.AssetKey([fleet.name, "evaluation"])],
        description=(
            f"The {fleet.name} model that answers. The alias `champion` moves to this month's "
            "version when the gates pass, never back to an earlier month, nor to a version that "
            "somebody withdrew."
        ),
    )
    def promote(
        context: dg.AssetExecutionContext, registry: Registry
    ) -> dg.MaterializeResult[None]:
        who, now = f"dagster run {context.run.run_id[:8]}", datetime.now(UTC)
        holder, verdict = crown(registry, fleet.name, context.partition_key, who, now)
        return dg.MaterializeResult(
            metadata={
                "verdict": verdict,
                "model": holder.name,
                "version": holder.version,
                "month": holder.month,
                "data_version": holder.identity,
            },
            data_version=dg.DataVersion(holder.identity),
        )

    return promote


def crown(
    registry: Registry, fleet: str, month: str, who: str, now: datetime
) -> tuple[ModelVersion, str]:
    """Make a month's version champion unless something speaks against it.

    Returns:
        The champion, and what was decided.

    Raises:
        RegistryError: something does, and there is no other champion.
    """
    with registry.exclusively():  # no other month may come between look and move
        contender, holder = registry.version_of(fleet, month), registry.champion(fleet)
        objection = objection_to(contender, holder)
        if objection is None:
            decision = Decision(who, contender.gates or UNGATED, now)
            promotions.promote(registry, fleet, contender, decision, BY_GATES)
            return contender, f"version {contender.version} of {contender.month} is champion"
    if holder is None:
        raise RegistryError(f"{fleet} gets no champion: {objection}.")
    return holder, f"version {holder.version} stays champion: {objection}"


def objection_to(contender: ModelVersion, holder: ModelVersion | None) -> str | None:
    """Why a version may not become champion without a person's word, or None."""
    if contender.withdrawn:
        return f"version {contender.version} was withdrawn by {contender.withdrawn.rstrip('.')}"
    if contender.rejected:
        return f"version {contender.version} was rejected ({contender.rejected.rstrip('.')})"
    if holder is not None and contender.month < holder.month:
        return f"it was tested on {holder.month}, later than {contender.month}"
    return None


def describe(version: ModelVersion, trained: Trained, made_from: dict[str, Any]) -> dict[str, Any]:
    """What the UI shows of a model."""
    tuned = made_from["tuned"]
    return {
        "model": version.name,
        "version": version.version,
        "new_version": version.created,
        "data_version": version.identity,
        "mlflow_run": version.run_id,
        "training_months": ", ".join(trained.rows),
        "dagster/row_count": sum(trained.rows.values()),
        "dagster/column_schema": column_schema(TRIP_FEATURES),
        "iceberg_snapshot_ids": version_tags(made_from)["snapshot_ids"],
        "trees": ", ".join(f"{name} {n}" for name, n in trained.trees.items()),
        "parameters": f"tuned for {tuned['month']}" if tuned else "defaults",
        "rehearsal_mae_usd": trained.rehearsal.mae_usd,
        "rehearsal_ride_mae_min": trained.rehearsal.ride_mae_min,
        "importance": dg.MetadataValue.table(
            [
                dg.TableRecord({"feature": name, "share_of_gain": f"{share:.1%}"})
                for name, share in trained.importance.items()
            ]
        ),
    }


def skip(context: dg.AssetExecutionContext, reason: str) -> None:
    """Leave the asset out, with the reason where the UI and the command line find it."""
    context.log.info(reason)
    context.log_event(
        dg.AssetObservation(
            context.asset_key, partition=context.partition_key, metadata={"skipped": reason}
        )
    )
