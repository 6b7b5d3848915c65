"""Trials as MLflow runs, nested in the run of the Dagster run that finished them."""

from typing import TYPE_CHECKING

from taxi_assets.resources.mlflow_store import reaching
from taxi_assets.resources.model_versions import model_name
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.studies import Tried

if TYPE_CHECKING:  # MLflow takes four seconds to import: only model stages may
    from mlflow.entities import Run

STUDY, TRIAL, STATE = "taxi.study", "taxi.trial", "taxi.state"
PARENT = "mlflow.parentRunId"
WHOLE = "FINISHED"
MOST_RUNS = 5_000  # more than trials can be set to, half-logged ones included


def log_trials(
    registry: Registry, fleet: str, parent: "Run", study: str, tried: list[Tried]
) -> None:
    """Log the trials that have no run yet; a trial whose logging was cut short is logged anew.

    Args:
        registry: where MLflow is.
        fleet: whose experiment.
        parent: run that the new runs are nested in.
        study: its name.
        tried: finished trials.
    """
    with reaching(registry.tracking_uri):
        known = trial_runs(registry, fleet, study)
        for run in known:
            if run.info.status != WHOLE:
                registry.client.delete_run(run.info.run_id)
        for trial in tried:
            if str(trial.number) not in _numbers(known):
                _log(registry, parent, study, trial)


def trial_runs(registry: Registry, fleet: str, study: str) -> "list[Run]":
    """The runs of a study's trials, in the order they were begun."""
    with reaching(registry.tracking_uri):
        experiment = registry.client.get_experiment_by_name(model_name(fleet))
        if experiment is None:
            return []
        return list(
            registry.client.search_runs(
                [experiment.experiment_id],
                f"tags.`{STUDY}` = '{study}'",
                max_results=MOST_RUNS,
                order_by=["attributes.start_time ASC"],
            )
        )


def all_logged(registry: Registry, fleet: str, study: str, tried: list[Tried]) -> bool:
    """Whether each of the trials has its run."""
    logged = _numbers(trial_runs(registry, fleet, study))
    return {str(trial.number) for trial in tried} <= logged


def _numbers(runs: "list[Run]") -> set[str]:
    """The trials that are logged whole."""
    return {run.data.tags[TRIAL] for run in runs if run.info.status == WHOLE}


def _log(registry: Registry, parent: "Run", study: str, trial: Tried) -> None:
    """One trial; its run is finished last, which says that it is whole."""
    client, state = registry.client, "pruned" if trial.pruned else "complete"
    run_id = client.create_run(
        parent.info.experiment_id,
        tags={PARENT: parent.info.run_id, STUDY: study, TRIAL: str(trial.number), STATE: state},
        run_name=f"trial {trial.number}",
    ).info.run_id
    for name, value in trial.values.items():
        client.log_param(run_id, name, value)
    for fold, loss in enumerate(trial.losses):
        client.log_metric(run_id, f"fold_{fold}_mae_usd", loss)
    if not trial.pruned:
        client.log_metric(run_id, "mae_usd", trial.mae_usd)
    client.set_terminated(run_id, WHOLE)
