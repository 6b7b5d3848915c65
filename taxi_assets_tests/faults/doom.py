"""The places where a run is killed, each by one name; called in the process that is to die."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

STEPS = (
    "raw_trips",
    "zones",
    "clean_and_rejected_trips",
    "route_history",
    "trip_features",
    "fare_model",
    "evaluation",
    "champion",
)
ASSETS = (*STEPS[:2], "clean_trips", "rejected_trips", *STEPS[3:])


def die() -> None:
    """End as with `kill -9`: nothing is flushed, closed or cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def before_step(name: str) -> None:
    """When Dagster is about to record that the step starts."""
    _at_event("STEP_START", name, recorded=False)


def after_asset(name: str) -> None:
    """When Dagster has recorded that the asset was materialized."""
    _at_event("ASSET_MATERIALIZATION", name, recorded=True)


def while_staging(table: str, batches: int) -> None:
    """When so many batches of the month are in a file that no snapshot refers to."""
    from taxi_assets.resources import landed_trips
    from taxi_assets.resources.lake import Lake

    landed_trips.BATCH_ROWS = 500  # a small month in more than one batch
    stage = Lake._stage  # noqa: SLF001 - the moment lies inside

    def doomed(self: Lake, iceberg: Any, path: str, shape: Any, month: str, rows: Any) -> Any:
        found = dying_after(rows, batches) if shape.name == table else rows
        return stage(self, iceberg, path, shape, month, found)

    def dying_after(rows: Any, count: int) -> Iterator[Any]:
        for number, batch in enumerate(rows, start=1):
            yield batch
            if number == count:
                die()

    setattr(Lake, "_stage", doomed)  # noqa: B010 - private, see above


def before_commit(table: str) -> None:
    """When the month's file is complete and nothing refers to it."""
    _before(_lake(), "_commit", lambda _, iceberg, *rest: iceberg.name()[-1] == table)


def before_swap(table: str) -> None:
    """When manifests and snapshots are written, before the catalog knows."""
    from pyiceberg.catalog.sql import SqlCatalog

    _before(SqlCatalog, "commit_table", lambda _, iceberg, *rest: iceberg.name()[-1] == table)


def amid_swap(table: str) -> None:
    """When the new metadata file is written, before the catalog points to it."""
    from pyiceberg.catalog.sql import SqlCatalog

    _after(SqlCatalog, "_write_metadata", lambda metadata, *rest, **more: table in _location(metadata, more))


def after_commit(table: str) -> None:
    """When the month is committed and Dagster does not know yet."""
    _after(_lake(), "write", lambda _, name, *rest: name.endswith(f".{table}"))


def before_pointer(folder: str) -> None:
    """When the published file has been landed and the landing still points to the one before."""
    from taxi_assets.resources.storage import LocalStorage

    _before(LocalStorage, "write", lambda _, name, content: folder in name and "current" in name)


def before_registration() -> None:
    """When MLflow has the model's files and no version of it."""
    import mlflow

    _before(mlflow, "register_model")


def before_tags() -> None:
    """When there is a version that nobody can tell anything about."""
    from taxi_assets.resources import registry

    _after(registry, "log_model")


def before_identity() -> None:
    """When the version has all its tags but the last."""
    from mlflow import MlflowClient

    _before(MlflowClient, "set_model_version_tag", lambda _, name, version, key, value: key == "identity")


def before_alias(alias: str) -> None:
    """When the version is whole, and the alias points elsewhere."""
    from mlflow import MlflowClient

    _before(MlflowClient, "set_registered_model_alias", lambda _, name, given, version: given == alias)


def after_alias(alias: str) -> None:
    """When the alias points to the version."""
    from mlflow import MlflowClient

    _after(MlflowClient, "set_registered_model_alias", lambda _, name, given, version: given == alias)
