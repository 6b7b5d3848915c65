"""What a home shows to someone who opens it: data versions, rows, models, and what lies around."""

from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from taxi_assets.domain.report_schemas import REPORT_TABLES
from taxi_assets.domain.schemas import TABLES
from taxi_assets.domain.table import Table
from taxi_assets.domain.versions import content_hash
from taxi_assets_tests.homes import Home, Stage

Part = tuple[str, str]  # table and month
# by a month without reports
UNMADE = {"tuned_parameters", "served_predictions", *(table.name for table in REPORT_TABLES)}
MADE = {name: table for name, table in TABLES.items() if name not in UNMADE}


@dataclass(frozen=True)
class Content:
    """One month of one table.

    Attributes:
        version: the data version the lake gives it, None where it knows of none.
        rows: rows that a reader finds.
        hash: of what a reader finds, without the number of the model that was used.
    """

    version: str | None
    rows: int
    hash: str


@dataclass(frozen=True)
class Seen:
    """A home as it stands.

    Attributes:
        raw: SHA-256 of the landed file, by month.
        tables: content by table and month.
        models: month and identity of each finished version, oldest first.
        numbers: of all versions, finished or not.
        champion: month and identity, None where nothing was promoted.
        candidate: the same for the other alias.
        files: Parquet files in the lake.
        orphans: those that no current snapshot refers to.
        unfinished: Dagster runs that have begun and not ended.
    """

    raw: dict[str, str]
    tables: dict[Part, Content]
    models: tuple[Part, ...]
    numbers: int
    champion: Part | None
    candidate: Part | None
    files: int
    orphans: int
    unfinished: int

    def results(self) -> "Seen":
        """What must not depend on how often a run was killed.

        Version numbers count what was cut short too; `evaluation` holds them.
        """
        tables = {
            part: replace(found, version=None) if part[0] == "evaluation" else found
            for part, found in self.tables.items()
        }
        return replace(self, tables=tables, numbers=0, files=0, orphans=0, unfinished=0)

    def before(self, month: str) -> "Seen":
        """Only what belongs to earlier months."""
        return replace(
            self.results(),
            raw={m: found for m, found in self.raw.items() if m < month},
            tables={part: found for part, found in self.tables.items() if part[1] < month},
            models=tuple(model for model in self.models if model[0] < month),
            champion=None,
            candidate=None,
        )


def look(home: Home) -> Seen:
    """Open a home and read all of it."""
    import dagster as dg

    months = [path.stem[-7:] for path in sorted((home.root / "tlc" / "trip-data").iterdir())]
    stage, registry = home.stage(), home.registry
    models = {model.version: (model.month, model.identity) for model in stage.models}
    named = {alias: models.get(number) for alias, number in stage.aliases.items()}
    tables = {name: _iceberg(home, name) for name in MADE}
    referred = {path for table in tables.values() for path in _files(table)}
    landed = {month: home.landing.current(f"{home.fleet}/{month}") for month in months}
    with home.instance() as instance:
        begun = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
        unfinished = instance.get_runs_count(dg.RunsFilter(statuses=begun))
    return Seen(
        raw={month: file.sha256 for month, file in landed.items() if file},
        tables={
            (name, month): content
            for name, table in tables.items()
            for month, content in _contents(name, table, months, stage).items()
        },
        models=tuple(models.values()),
        numbers=len(registry.client.search_model_versions()),
        champion=named.get("champion"),
        candidate=named.get("candidate"),
        files=len(stage.files),
        orphans=len({str(path) for path in stage.files} - referred),
        unfinished=unfinished,
    )


def _iceberg(home: Home, table: str) -> Any:
    """A table as any Iceberg client opens it."""
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("taxi", uri=home.settings.catalog)
    return catalog.load_table(f"{home.fleet if TABLES[table].monthly else 'city'}.{table}")


def _files(table: Any) -> set[str]:
    """Files of the current snapshot."""
    return {task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()}


def _contents(name: str, table: Any, months: list[str], stage: Stage) -> dict[str, Content]:
    """Each month's rows, whether the lake has a version of it or not."""
    shape, rows = TABLES[name], table.scan().to_arrow()
    if not shape.monthly:
        return {"all": _content(shape, rows, None)}
    versions = {
        part[1]: found.data_version for part, found in stage.tables.items() if part[0] == name
    }
    return {
        month: _content(shape, rows.filter(pc.equal(rows["month"], month)), versions.get(month))
        for month in months
    }


def _content(shape: Table, rows: pa.Table, version: str | None) -> Content:
    columns = [field for field in shape.arrow if field.name != "model_version"]
    schema = pa.schema(columns)
    ours = rows.select(schema.names).cast(schema).combine_chunks()
    return Content(version, len(rows), content_hash(schema, ours.to_batches()))
