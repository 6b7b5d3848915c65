"""A month's model, trained on the months before it, and the champion it may become."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import dagster as dg

from taxi_assets.assets.provenance import provenance, version_tags
from taxi_assets.checks.model import MODEL_CHECKS
from taxi_assets.domain import bundle
from taxi_assets.domain.errors import RegistryError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.model import Trained, train
from taxi_assets.domain.schemas import TRIP_FEATURES
from taxi_assets.partitions import months_before
from taxi_assets.resources import promotions
from taxi_assets.resources.feature_rows import month_of_trips
from taxi_assets.resources.promotions import BY_GATES, Decision
from taxi_assets.resources.registry import ModelVersion, Registry
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import column_schema
from taxi_assets.settings import Settings

GATES = f"passed {', '.join(check.name for check in MODEL_CHECKS if check.blocking)}"


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
        description=(
            f"LightGBM fare model for {fleet.name} trips of this month, trained on up to "
            f"{settings.train_months} months before it. One registered version."
        ),
    )
    def fit(
        context: dg.AssetExecutionContext,
        past: TableSlice,
        route_history: TableSlice,
        zones: TableSlice,
        registry: Registry,
    ) -> Iterator[dg.MaterializeResult[None]]:
        month, started = context.partition_key, perf_counter()
        needed = settings.min_train_months
        usable = [name for name, version in past.versions.items() if version.rows]
        if len(usable) < needed:
            skip(
                context,
                f"A model for {month} needs features of {needed} of the {settings.train_months} "
                f"months before it, and there are {len(usable)}.",
            )
            return
        made_from = provenance(fleet, month, usable, [past, route_history, zones])
        with registry.run(context, fleet.name) as tracked:
            trained = train(
                [month_of_trips(past, name) for name in usable], threads=settings.train_threads
            )
            tracked.log_params({**trained.parameters, "month": month, "rounds": trained.rounds})
            tracked.log_metric("early_stop_rmse_usd", trained.early_stop_rmse_usd)
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) / "bundle"
                bundle.save(folder, trained, zones.read(), route_history.read(), made_from)
                version = registry.register(
                    tracked, fleet.name, month, folder, version_tags(made_from)
                )
        seconds = {"seconds": round(perf_counter() - started, 3)}
        yield dg.MaterializeResult(
            metadata=describe(version, trained, made_from) | seconds,
            data_version=dg.DataVersion(version.identity),
        )

    return fit


def champion(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The model that answers for one fleet."""

    @dg.asset(
        key=[fleet.name, "champion"],
        partitions_def=months,
        group_name="model",
        kinds={"mlflow"},
        deps=[dg.AssetKey([fleet.name, "evaluation"])],
        code_version="1",
        description=(
            f"The {fleet.name} model that answers. The alias `champion` moves to this month's "
            "version when the gates pass, never back to an earlier month, nor to a version that "
            "somebody withdrew."
        ),
    )
    def promote(
        context: dg.AssetExecutionContext, registry: Registry
    ) -> dg.MaterializeResult[None]:
        decision = Decision(
            who=f"dagster run {context.run.run_id[:8]}", why=GATES, now=datetime.now(UTC)
        )
        holder, verdict = crown(registry, fleet.name, context.partition_key, decision)
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
    registry: Registry, fleet: str, month: str, decision: Decision
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
        "rounds": trained.rounds,
        "early_stop_rmse_usd": trained.early_stop_rmse_usd,
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
