"""What of a month runs by itself: `TAXI_RETRAIN`.

The policy binds sensors and schedules. What people start does what it says.

A fleet's first model is no matter of drift: nothing can have drifted from what nobody has learned.
So with `on_drift` months run whole until a champion has been recorded, and the training leaves out
itself while there are too few months.

The weekly reports run whole under each policy: they explain a model that is there, and train none.
"""

import dagster as dg
from dagster._core.definitions.repository_definition import RepositoryDefinition

from taxi_assets.automation.jobs import month_job
from taxi_assets.settings import Retrain

TRAINING = ("fare_model", "evaluation", "champion", "shap_report")
MEANING: dict[Retrain, str] = {
    "monthly": "each month trains a model (TAXI_RETRAIN=monthly)",
    "on_drift": (
        "a month trains a model while there is no champion, and then only if its drift or"
        " performance check fails (TAXI_RETRAIN=on_drift)"
    ),
    "manual": "no month trains a model unless somebody says so (TAXI_RETRAIN=manual)",
}


def assets_to_run(
    fleet: str,
    retrain: Retrain,
    repository: RepositoryDefinition | None,
    instance: dg.DagsterInstance,
) -> list[dg.AssetKey] | None:
    """The part of a month's job that runs by itself, in order of keys; None where that is all.

    Args:
        fleet: fleet name.
        retrain: the policy.
        repository: has the job.
        instance: knows whether there was ever a champion.
    """
    if retrain == "monthly" or (retrain == "on_drift" and not _has_champion(fleet, instance)):
        return None
    assert repository is not None  # the daemon always gives it
    whole = repository.get_job(month_job(fleet)).asset_layer.executable_asset_keys
    training = {dg.AssetKey([fleet, name]) for name in TRAINING}
    return sorted(set(whole) - training)


def _has_champion(fleet: str, instance: dg.DagsterInstance) -> bool:
    """Told by Dagster's own record: a tick need not wait for MLflow."""
    return bool(instance.get_materialized_partitions(dg.AssetKey([fleet, "champion"])))
