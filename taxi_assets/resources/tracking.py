"""The MLflow run of a Dagster run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import dagster as dg

from taxi_assets.resources.model_files import quiet_progress
from taxi_assets.warnings import preview_accepted


@contextmanager
def tracked_run(
    context: dg.AssetExecutionContext, tracking_uri: str, experiment: str, tags: dict[str, str]
) -> Iterator[Any]:
    """All steps of a Dagster run log to one MLflow run, whichever process they run in.

    Args:
        context: of the step.
        tracking_uri: MLflow's.
        experiment: its name; it exists.
        tags: kept on the run.

    Yields:
        dagster-mlflow's handle, with MLflow's functions on it. The run ends when the block
        does; the next step takes it up again.
    """
    with preview_accepted():
        from dagster_mlflow import mlflow_tracking

    config = {
        "experiment_name": experiment,
        "mlflow_tracking_uri": tracking_uri,
        "extra_tags": tags,
    }
    wanted = {"mlflow": mlflow_tracking.configured(config)}
    status = "FAILED"
    with preview_accepted(), quiet_progress(), ExitStack() as opened:
        told = dg.build_resources(wanted, dagster_run=context.run, log_manager=context.log)
        try:
            mlflow = opened.enter_context(told).mlflow
        except dg.DagsterResourceFunctionError as error:
            raise error.user_exception from error  # MLflow's own
        try:
            yield mlflow
            status = "FINISHED"
        finally:
            mlflow.end_run(status=status)
