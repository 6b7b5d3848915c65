"""Everything a run imports, so that processes forked from this one need not."""

import warnings
from contextlib import suppress
from importlib import import_module

MODULES = (
    "taxi_assets.commands.run",
    "taxi_assets_tests.faults.seen",
    "evidently.presets",
    "lightgbm",
    "matplotlib.figure",
    "shap",
    "mlflow.pyfunc",
    "mlflow.store.model_registry.sqlalchemy_workspace_store",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "opentelemetry.sdk.metrics",
    "git",
    "dagster_mlflow",
    "dagster_pandera",
    "dagster._core.instance.factory",
    "dagster._core.storage.sqlite_storage",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.root",
    "dagster._core.execution.execute_in_process",
    "dagster._core.executor.in_process",
    "dagster._daemon.auto_run_reexecution.auto_run_reexecution",
    "pandera.backends.pandas.register",
    "pandera.strategies.pandas_strategies",
    "pyiceberg.catalog.sql",
    "pyiceberg.io.pyarrow",
    "sqlalchemy.dialects.sqlite",
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what they warn of while they are imported is theirs
    for module in MODULES:
        with suppress(ImportError):  # one that a later version has no more is not missed
            import_module(module)
