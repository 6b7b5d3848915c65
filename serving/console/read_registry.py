"""A registered model with all its versions, from an MLflow server or MLflow's local database."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ValidationError

from serving.console.errors import NothingYet
from serving.console.settings import ConsoleSettings, refused
from serving.mlflow_database import SQLITE, MlflowDatabase
from serving.mlflow_rest import MlflowServer
from serving.settings import Settings
from serving.versions import model_name
from taxi_assets.domain.errors import UsageError

MOST_VERSIONS = 1_000
MODEL_TAGS = "select key, value from registered_model_tags where name = ?"
ALIASES = "select alias, cast(version as text) from registered_model_aliases where name = ?"
VERSIONS = (
    "select cast(version as text), coalesce(run_id, '') from model_versions where name = ?"
    " and current_stage <> 'Deleted_Internal'"
)
VERSION_TAGS = "select cast(version as text), key, value from model_version_tags where name = ?"
METRICS = (
    "select run_uuid, key, value from latest_metrics where not is_nan and run_uuid in"
    " (select run_id from model_versions where name = ?)"
)


@dataclass(frozen=True, slots=True)
class Registered:
    """One version.

    Attributes:
        number: as MLflow counts, from 1.
        tags: what the pipeline noted on it.
        metrics: of the run that logged it, by name.
    """

    number: int
    tags: Mapping[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """A registered model.

    Attributes:
        tags: its own, promotions among them.
        aliases: version by alias.
        versions: oldest first.
    """

    tags: Mapping[str, str]
    aliases: Mapping[str, int]
    versions: tuple[Registered, ...]


class Registry(Protocol):
    """Where registered models are kept."""

    def model(self, fleet: str) -> Model:
        """A fleet's model.

        Raises:
            RegistryUnreachable: it does not answer.
            NothingYet: the fleet has no version.
        """

    def close(self) -> None:
        """Let go of connections."""


def open_registry(settings: ConsoleSettings) -> Registry:
    """The registry that the settings name; nothing is asked of it yet.

    Raises:
        UsageError: the tracking URI is of a kind that cannot be read.
    """
    uri = settings.tracking_uri
    if uri.startswith(SQLITE):
        return Database(Path(uri.removeprefix(SQLITE).partition("?")[0]))
    if uri.startswith(("http://", "https://")):
        return Server(uri, _service_settings())
    raise UsageError(
        "MLFLOW_TRACKING_URI leads to no registry that the console can read: give an MLflow "
        f"server's http:// URL or a local {SQLITE} database."
    )


def _service_settings() -> Settings:
    """The service's, for MLflow's user, password or token."""
    try:
        return Settings()
    except ValidationError as error:
        raise UsageError(refused(error)) from error


class Database(MlflowDatabase):
    """MLflow's SQLite file, opened read-only."""

    def model(self, fleet: str) -> Model:
        """See `Registry`."""
        if not self._file.exists():
            raise _nothing(fleet)
        name = model_name(fleet)
        with self._reading() as database:
            numbers = database.execute(VERSIONS, (name,)).fetchall()
            if not numbers:
                raise _nothing(fleet)
            tags, metrics = _by_owner(database, VERSION_TAGS, name), _metrics(database, name)
            versions = [
                Registered(int(number), tags.get(number, {}), metrics.get(run, {}))
                for number, run in numbers
            ]
            return Model(
                dict(database.execute(MODEL_TAGS, (name,)).fetchall()),
                {a: int(v) for a, v in database.execute(ALIASES, (name,)).fetchall()},
                tuple(sorted(versions, key=lambda version: version.number)),
            )


class _Pair(BaseModel):
    key: str
    value: str = ""


class _Alias(BaseModel):
    alias: str
    version: int  # MLflow writes it as text


class _Found(BaseModel):
    name: str
    version: int
    run_id: str = ""
    tags: list[_Pair] = []


class _FoundVersions(BaseModel):
    model_versions: list[_Found] = []
    next_page_token: str = ""


class _Told(BaseModel):
    name: str
    tags: list[_Pair] = []
    aliases: list[_Alias] = []


class _ToldModels(BaseModel):
    registered_models: list[_Told] = []


class _Metric(BaseModel):
    key: str
    value: float | str  # MLflow writes NaN as text


class _RunData(BaseModel):
    metrics: list[_Metric] = []


class _Run(BaseModel):
    data: _RunData


class _RunAnswer(BaseModel):
    run: _Run


class Server(MlflowServer):
    """An MLflow server, asked over its REST API."""

    def model(self, fleet: str) -> Model:
        """See `Registry`."""
        name = model_name(fleet)
        told = self._ask(_ToldModels, "registered-models/search", filter=f"name = '{name}'")
        if not told.registered_models:
            raise _nothing(fleet)
        (model,) = told.registered_models
        versions = [
            Registered(v.version, _dict(v.tags), self._metrics(v.run_id))
            for v in self._versions(name)
        ]
        if not versions:
            raise _nothing(fleet)
        return Model(
            _dict(model.tags),
            {entry.alias: entry.version for entry in model.aliases},
            tuple(sorted(versions, key=lambda version: version.number)),
        )

    def _versions(self, name: str) -> list[_Found]:
        """All versions, page by page."""
        found: list[_Found] = []
        token: dict[str, str] = {}
        while True:
            page = self._ask(
                _FoundVersions,
                "model-versions/search",
                filter=f"name = '{name}'",
                max_results=str(MOST_VERSIONS),
                **token,
            )
            found += page.model_versions
            if not page.next_page_token:
                return found
            token = {"page_token": page.next_page_token}

    def _metrics(self, run_id: str) -> dict[str, float]:
        """Metrics of a run; a version that somebody registered by hand may have none."""
        if not run_id:
            return {}
        data = self._ask(_RunAnswer, "runs/get", run_id=run_id).run.data
        return {m.key: m.value for m in data.metrics if isinstance(m.value, float)}


def _dict(pairs: list[_Pair]) -> dict[str, str]:
    return {pair.key: pair.value for pair in pairs}


def _by_owner(database: sqlite3.Connection, query: str, name: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for owner, key, value in database.execute(query, (name,)):
        found.setdefault(owner, {})[key] = value
    return found


def _metrics(database: sqlite3.Connection, name: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for run, key, value in database.execute(METRICS, (name,)):
        found.setdefault(run, {})[key] = value
    return found


def _nothing(fleet: str) -> NothingYet:
    return NothingYet(
        f"No model of {fleet} cabs is registered yet: run `make demo`, or correct TAXI_HOME or "
        "MLFLOW_TRACKING_URI."
    )
