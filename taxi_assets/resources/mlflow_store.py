"""What MLflow's client stands on: a server that answers, or a local database that is whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taxi_assets.domain.errors import RegistryError, RegistryUnreachable
from taxi_assets.domain.secrets import without_password

SQLITE = "sqlite:///"
# MLflow's own are 7 and 120: four minutes of silence before a server's error 500 is heard of
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
PASSWORD = ": set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
REFUSALS = {  # MLflow's error codes with which a server that is well says no, and what to do
    "ALREADY_EXISTS": "",
    "BAD_REQUEST": "",
    "CUSTOMER_UNAUTHORIZED": PASSWORD,
    "ENDPOINT_NOT_FOUND": ": see that MLFLOW_TRACKING_URI leads to an MLflow of this version",
    "INVALID_PARAMETER_VALUE": "",
    "NOT_FOUND": ": see whether it was deleted in MLflow",
    "PERMISSION_DENIED": PASSWORD,
    "RESOURCE_ALREADY_EXISTS": "",
    "RESOURCE_DOES_NOT_EXIST": ": see whether it was deleted in MLflow",
    "UNAUTHENTICATED": PASSWORD,
}


def be_impatient() -> None:
    """Let MLflow's client give up after seconds, not minutes; settings of the user's stay."""
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)


@contextmanager
def reaching(tracking_uri: str) -> Iterator[None]:
    """Turn what MLflow's client raises into errors of ours.

    Raises:
        RegistryUnreachable: no answer, an ill server's, or none of MLflow's.
        RegistryError: MLflow refuses what was asked.
    """
    from google.protobuf.json_format import ParseError
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as error:
        remedy = REFUSALS.get(error.error_code)
        if remedy is None:
            raise _unreachable(tracking_uri, error) from error
        raise RegistryError(
            f"MLflow at {without_password(tracking_uri)} refuses ({_first_line(error)}){remedy}."
        ) from error
    except (RequestException, SQLAlchemyError, ParseError) as error:
        raise _unreachable(tracking_uri, error) from error


def _unreachable(tracking_uri: str, error: Exception) -> RegistryUnreachable:
    return RegistryUnreachable(
        f"MLflow at {without_password(tracking_uri)} does not answer ({_first_line(error)}): "
        "start it, or correct MLFLOW_TRACKING_URI."
    )


def _first_line(error: Exception) -> str:
    """An error's message, short and without passwords."""
    lines = without_password(str(error)).split("Response body:")[0].splitlines() or [repr(error)]
    return lines[0].strip().rstrip(".:")[:300]


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
            answer = httpx.get(f"{tracking_uri.rstrip('/')}/health", timeout=10).raise_for_status()
            if answer.text.strip() != "OK":
                raise not_mlflow(tracking_uri)
        else:
            _require_tables(tracking_uri)
    except (httpx.HTTPError, SQLAlchemyError) as error:
        raise _unreachable(tracking_uri, error) from error


def not_mlflow(tracking_uri: str) -> RegistryUnreachable:
    """Something answers, and it is another server, or a proxy's login page."""
    return RegistryUnreachable(
        f"What answers at {without_password(tracking_uri)} is not MLflow: "
        "correct MLFLOW_TRACKING_URI."
    )


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
