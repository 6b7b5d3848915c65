"""LightGBM parameters tuned on the months before a month: as late as a model may learn from."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import dagster as dg
import pyarrow as pa

from taxi_assets.assets.model import skip
from taxi_assets.assets.options import TRAINING, monthly_table
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.model import Say
from taxi_assets.domain.schemas import TUNED_PARAMETERS
from taxi_assets.domain.tuning import DEFAULTS, fingerprint, losses, make_folds
from taxi_assets.partitions import months_before
from taxi_assets.resources.feature_rows import read_window
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.studies import Judge, Study, Tried, best, open_study
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows
from taxi_assets.resources.trial_runs import all_logged, log_trials
from taxi_assets.settings import Settings

Log = Callable[[list[Tried]], None]
SAID_OF_A_TRIAL = "trial "  # how each line about one begins


def tuned_parameters(
    fleet: Fleet, months: dg.PartitionsDefinition[str], settings: Settings
) -> dg.AssetsDefinition:
    """The tuned parameters of one fleet."""

    @monthly_table(
        fleet,
        "tuned_parameters",
        months,
        pool=TRAINING,
        group_name="model",
        code_version="1",
        kinds={"iceberg", "optuna", "mlflow"},
        output_required=False,
        ins={
            "past": dg.AssetIn(
                [fleet.name, "trip_features"],
                partition_mapping=months_before(settings.train_months),
            ),
            "zones": dg.AssetIn("zones"),
        },
        description=(
            f"Parameters with which the {fleet.name} model would have quoted the last weeks before "
            f"this month best, of {settings.tune_trials} tried; this month's model and later ones "
            f"use them. One row is {TUNED_PARAMETERS.grain}."
        ),
    )
    def tune(
        context: dg.AssetExecutionContext, past: TableSlice, zones: TableSlice, registry: Registry
    ) -> Iterator[dg.MaterializeResult[Rows]]:
        month = context.partition_key
        usable = [name for name, version in past.versions.items() if version.rows]
        if len(usable) < settings.min_train_months:
            skip(
                context,
                f"Tuning for {month} needs features of {settings.min_train_months} of the "
                f"{settings.train_months} months before it, and there are {len(usable)}.",
            )
            return
        told = fingerprint(data_versions(past, zones), settings.train_threads)
        with open_study(settings.root / "tuning", fleet.name, month, told) as study:
            tried = study.tried(settings.tune_trials)
            if not whole(registry, fleet.name, study, settings.tune_trials):
                with registry.run(context, fleet.name) as tracked:
                    tried = search(
                        study,
                        settings.tune_trials,
                        lambda: judge_of(past, usable, zones, settings.train_threads),
                        partial(log_trials, registry, fleet.name, tracked.active_run(), study.name),
                        context.log.info,
                    )
        yield dg.MaterializeResult(value=Rows([found_rows(tried)], lambda: describe(study, tried)))

    return tune


def data_versions(*tables: TableSlice) -> dict[str, dict[str, str]]:
    """Data versions by table and month."""
    return {
        table.name: {month: version.data_version for month, version in table.versions.items()}
        for table in tables
    }


def judge_of(past: TableSlice, usable: list[str], zones: TableSlice, threads: int) -> Judge:
    """What tells how good parameters are on the rides of some months."""
    folds = make_folds(read_window(past, usable), zones.read().to_pandas(), threads)
    return lambda parameters, watch: losses(folds, parameters, threads, watch)


def whole(registry: Registry, fleet: str, study: Study, trials: int) -> bool:
    """Whether nothing is left to try or to log."""
    tried = study.tried(trials)
    return len(tried) == trials and all_logged(registry, fleet, study.name, tried)


def search(
    study: Study, trials: int, judge_of_rides: Callable[[], Judge], log: Log, say: Say
) -> list[Tried]:
    """Make and log the trials that are left, saying of each how it went.

    Args:
        study: which has some of them, or none.
        trials: how many there are to be.
        judge_of_rides: makes what judges parameters; takes a while, so only where one is needed.
        log: takes finished trials, and leaves those alone that it has.
        say: takes one line of progress at a time.

    Returns:
        All of them, in order.
    """
    tried = study.tried(trials)
    log(tried)
    if tried:
        say(f"{len(tried)} of {trials} trials are known from an earlier run")
    judge = judge_of_rides() if len(tried) < trials else None
    while judge and len(tried) < trials:
        tried.append(study.advance(judge))
        log(tried[-1:])
        say(said_of(tried, trials))
    return tried


def said_of(tried: list[Tried], trials: int) -> str:
    """One line about the last trial."""
    last = "given up" if tried[-1].pruned else f"off by {tried[-1].mae_usd:.4f} $"
    return (
        f"{SAID_OF_A_TRIAL}{len(tried)} of {trials}: {last} "
        f"(best {best(tried).mae_usd:.4f}, default {tried[0].mae_usd:.4f})"
    )


def found_rows(tried: list[Tried]) -> pa.RecordBatch:
    """The table: one row a parameter."""
    winner, default = best(tried), tried[0]
    went = {
        "mae_usd": winner.mae_usd,
        "default_mae_usd": default.mae_usd,
        "trials": len(tried),
        "folds": len(default.losses),
    }
    rows = [
        {"parameter": name, "value": value, "default": DEFAULTS[name], **went}
        for name, value in winner.values.items()
    ]
    return pa.RecordBatch.from_pylist(rows, schema=TUNED_PARAMETERS.arrow)


def describe(study: Study, tried: list[Tried]) -> dict[str, Any]:
    """What the UI shows of a tuning."""
    winner = best(tried)
    return {
        "study": study.name,
        "trials": len(tried),
        "pruned": sum(trial.pruned for trial in tried),
        "best_trial": winner.number,
        "mae_usd": winner.mae_usd,
        "default_mae_usd": tried[0].mae_usd,
        "parameters": dict(winner.values),
    }
