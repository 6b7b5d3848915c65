"""What MLflow's client stands on: a server that answers, or a local database that is whole."""

import re
from pathlib import Path

from taxi_assets.domain.errors import RegistryUnreachable

SQLITE = "sqlite:///"


def require_store(tracking_uri: str) -> None:
    """Make sure that MLflow can be used.

    Args:
        tracking_uri: MLflow's.

    Raises:
        RegistryUnreachable: the server does not answer, or is ill.
    """
    import httpx
    from sqlalchemy.exc import SQLAlchemyError

    if tracking_uri.startswith(SQLITE):
        _ensure_database(Path(tracking_uri.removeprefix(SQLITE)))
    try:
        if tracking_uri.startswith("http"):
            httpx.get(f"{tracking_uri.rstrip('/')}/health", timeout=10).raise_for_status()
        else:
            _require_tables(tracking_uri)
    except (httpx.HTTPError, SQLAlchemyError) as error:
        where, cause = (without_password(str(part)) for part in (tracking_uri, error))
        raise RegistryUnreachable(
            f"MLflow at {where} does not answer ({cause.splitlines()[0]}): "
            "start it, or correct MLFLOW_TRACKING_URI."
        ) from error


def without_password(text: str) -> str:
    """Text fit for logs: URIs in it lose user and password."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def _require_tables(database_uri: str) -> None:
    """Read a database's list of tables: a file may open and be no database.

    MLflow's client would retry for minutes before it spoke up.
    """
    from sqlalchemy import create_engine, inspect

    inspect(create_engine(database_uri)).get_table_names()


def _ensure_database(database: Path) -> None:
    """Make MLflow's database aside and move it in place.

    MLflow makes it in a thousand statements, and cannot open one that a killed run left half made.
    """
    from filelock import FileLock
    from mlflow import MlflowClient

    if database.exists():
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{database}.lock"):
        if database.exists():  # another run was quicker
            return
        aside = database.with_name(f"{database.name}.new")
        for left in (aside, Path(f"{aside}-journal")):
            left.unlink(missing_ok=True)
        MlflowClient(f"{SQLITE}{aside}").search_experiments(max_results=1)
        aside.replace(database)
