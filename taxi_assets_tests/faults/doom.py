"""The places where a run is killed, each by one name; called in the process that is to die."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count
from typing import Any

import dagster as dg

STEPS = (
    "raw_trips",
    "zones",
    "clean_and_rejected_trips",
    "route_and_hour_history",
    "trip_features",
    "fare_model",
    "evaluation",
    "champion",
)
HALVES = ("clean_trips", "rejected_trips", "route_history", "hour_history")
ASSETS = (*STEPS[:2], *HALVES, *STEPS[4:])


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
    stage = getattr(Lake, STAGE)

    def doomed(lake: Lake, iceberg: Any, path: str, shape: Any, month: str, rows: Any) -> Any:
        found = _dying_after(batches, rows) if shape.name == table else rows
        return stage(lake, iceberg, path, shape, month, found)

    setattr(Lake, STAGE, doomed)


def before_commit(table: str) -> None:
    """When the month's file is complete and nothing refers to it."""
    from taxi_assets.resources.lake import Lake

    _at_call(Lake, COMMIT, lambda _, iceberg, *__: iceberg.name()[-1] == table)


def before_swap(table: str) -> None:
    """When the snapshot's files are written, and none of them can be found from the catalog."""
    from pyiceberg.catalog.sql import SqlCatalog

    _at_call(SqlCatalog, "commit_table", lambda _, iceberg, *__: iceberg.name()[-1] == table)


def amid_swap(table: str) -> None:
    """When the table's new metadata is written, and the catalog still points to the old."""
    from pyiceberg.catalog.sql import SqlCatalog

    def ours(metadata: Any, io: Any, metadata_path: str) -> bool:
        return f"/{table}/" in metadata_path

    _at_call(SqlCatalog, WRITE_METADATA, ours, then=True, bind=staticmethod)


def after_swap(table: str) -> None:
    """When the month is committed and Dagster does not know yet."""
    from pyiceberg.catalog.sql import SqlCatalog

    def ours(catalog: SqlCatalog, iceberg: Any, *_: Any) -> bool:
        return iceberg.name()[-1] == table

    _at_call(SqlCatalog, "commit_table", ours, then=True)


def before_pointer(folder: str) -> None:
    """When the published file is in the landing, which does not point to it yet."""
    from taxi_assets.resources.landing import POINTER
    from taxi_assets.resources.storage import LocalStorage

    def ours(storage: LocalStorage, name: str, *_: object) -> bool:
        return name.startswith(folder) and name.endswith(POINTER)

    _at_call(LocalStorage, "write", ours)


def amid_report(name: str, ending: str) -> None:
    """When a report's page is written, or just its JSON, and nothing else of it."""
    from taxi_assets.resources.storage import LocalStorage

    def ours(storage: LocalStorage, path: str, *_: object) -> bool:
        return path.endswith(f"/{name}{ending}")

    _at_call(LocalStorage, "write", ours, then=True)


def before_registration() -> None:
    """When MLflow has the model's files and no version of it."""
    from mlflow import MlflowClient

    _at_call(MlflowClient, "create_registered_model")


def before_tags() -> None:
    """When there is a version of which nothing is known."""
    from taxi_assets.resources import registry

    _at_call(registry, "log_model", then=True)


def before_identity() -> None:
    """When the version has all its tags but the last."""
    from mlflow import MlflowClient

    def ours(client: MlflowClient, name: str, version: str, key: str, value: str) -> bool:
        return key == "identity"

    _at_call(MlflowClient, "set_model_version_tag", ours)


def at_alias(alias: str, *, then: bool) -> None:
    """When the version is whole and the alias is about to point to it, or just does."""
    from mlflow import MlflowClient

    def ours(client: MlflowClient, name: str, given: str, version: str) -> bool:
        return given == alias

    _at_call(MlflowClient, "set_registered_model_alias", ours, then=then)


def at_statement(number: int) -> None:
    """When a database is about to be told so many things."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    told = count(1)

    def doomed(*_: Any) -> None:
        if next(told) == number:
            die()

    event.listen(Engine, "before_cursor_execute", doomed)


# the moments lie inside of these
STAGE, COMMIT, WRITE_METADATA = "_stage", "_commit", "_write_metadata"

POINTS: dict[str, Callable[[], None]] = {
    **{f"{step}: before its step": partial(before_step, step) for step in STEPS},
    **{f"{asset}: after it is recorded": partial(after_asset, asset) for asset in ASSETS},
    "raw_trips: landed, not pointed to": partial(before_pointer, "green"),
    "clean_trips: two batches staged": partial(while_staging, "clean_trips", 2),
    "clean_trips: file written": partial(before_commit, "clean_trips"),
    "clean_trips: snapshot written": partial(before_swap, "clean_trips"),
    "clean_trips: metadata written": partial(amid_swap, "clean_trips"),
    "clean_trips: committed": partial(after_swap, "clean_trips"),
    "trip_features: one batch staged": partial(while_staging, "trip_features", 1),
    "fare_model: logged": before_registration,
    "fare_model: registered, no tags": before_tags,
    "fare_model: all tags but identity": before_identity,
    "fare_model: no candidate alias yet": partial(at_alias, "candidate", then=False),
    "champion: before the alias": partial(at_alias, "champion", then=False),
    "champion: after the alias": partial(at_alias, "champion", then=True),
}

REPORT_POINTS: dict[str, Callable[[], None]] = {
    "batch_predictions: after it is recorded": partial(after_asset, "batch_predictions"),
    "data_profile: page written, no summary": partial(amid_report, "data_profile", ".html"),
    "drift_report: summary written, no table": partial(amid_report, "drift_report", ".json"),
    "shap_report: committed": partial(after_swap, "shap_report"),
    "performance_report: file written": partial(before_commit, "performance_report"),
    "fairness_report: after it is recorded": partial(after_asset, "fairness_report"),
}


def _at_event(kind: str, name: str, *, recorded: bool) -> None:
    """Die as Dagster stores an event of a step or asset: before it is stored, or after."""

    def ours(instance: dg.DagsterInstance, entry: dg.EventLogEntry, **more: Any) -> bool:
        event = entry.dagster_event
        if event is None or event.event_type_value != kind:
            return False
        step = (event.step_key or "").removeprefix("green__")
        return name == (event.asset_key.path[-1] if event.asset_key else step)

    _at_call(dg.DagsterInstance, "handle_new_event", ours, then=recorded)


def _at_call(
    owner: Any,
    name: str,
    ours: Callable[..., bool] = lambda *_, **__: True,
    *,
    then: bool = False,
    bind: Callable[..., Any] = lambda function: function,
) -> None:
    """Die before or, with `then`, after the first call that is ours."""
    real = getattr(owner, name)

    def doomed(*args: Any, **kwargs: Any) -> Any:
        hit = ours(*args, **kwargs)
        if hit and not then:
            die()
        result = real(*args, **kwargs)
        if hit:
            die()
        return result

    setattr(owner, name, bind(doomed))


def _dying_after(staged: int, batches: Iterable[Any]) -> Iterator[Any]:
    for number, batch in enumerate(batches, start=1):
        yield batch
        if number == staged:
            die()
