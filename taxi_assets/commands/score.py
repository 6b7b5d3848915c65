"""Answers of a model for every row of a file of trips."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from taxi_assets.commands.champions import require_models
from taxi_assets.commands.quote import require_champion
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.scoring import ADDED, answers, require_columns
from taxi_assets.resources.registry import ModelVersion, Registry
from taxi_assets.resources.streams import pooled
from taxi_assets.resources.trip_tables import (
    open_table,
    require_target,
    table_batches,
    written_whole,
)

Say = Callable[[str], None]
LINE_ROWS = 250_000  # between two lines of progress
METADATA_KEY = b"taxi_assets"  # says in the written file who answered


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of a file.

    Attributes:
        fleet: fleet name.
        model: registered model.
        version: its version.
        tested_on: month the version was tested on.
        identity: SHA-256 of everything that can change an answer.
        out: the written file.
        rows: how many it has.
        scored: how many of them have answers.
        problems: how many have none, by what is wrong with them.
        seconds: from the first row to the last.
    """

    fleet: str
    model: str
    version: int
    tested_on: str
    identity: str
    out: str
    rows: int
    scored: int
    problems: dict[str, int]
    seconds: float

    def told(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        speed = f", {self.rows / self.seconds:,.0f} rows/s" if self.rows else ""
        return [
            f"{self.scored:,} of {self.rows:,} trips scored by {self.model} version {self.version} "
            f"(tested on {self.tested_on}) in {self.seconds:.1f} s{speed}: {self.out}",
            *(f"{count:,} not scored: {what}" for what, count in self.problems.items()),
        ]


def score(
    registry: Registry,
    fleet: str,
    number: int | None,
    source: Path,
    target: Path,
    *,
    force: bool,
    say: Say,
) -> Scored:
    """Score a file of trips.

    Args:
        registry: the models.
        fleet: whose model.
        number: of its version; None for the champion.
        source: Parquet file with the columns `NEEDED`.
        target: where to write its rows and columns, with those of `ADDED`.
        force: replace `target`.
        say: takes one line of progress at a time.

    Raises:
        UsageError: a file or column is not what it should be; nothing is written.
        DataError: the file cannot be read to its end; nothing is written.
        RegistryError: there is no such version, or it cannot be used.
    """
    with open_table(source) as file:
        require_target(target, source, force=force)
        require_columns(file.schema_arrow)
        version = version_to_ask(registry, fleet, number)
        model, started = registry.load(version), perf_counter()
        schema, problems = scored_schema(file.schema_arrow, version), Counter[str]()
        rows = file.metadata.num_rows
        with written_whole(target) as aside, pq.ParquetWriter(aside, schema) as writer:
            for batch in _paced(_scored(file, source, model), rows, say):
                problems.update(batch["problem"].drop_null().to_pylist())
                writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
    return Scored(
        fleet=fleet,
        model=version.name,
        version=version.version,
        tested_on=version.month,
        identity=version.identity,
        out=str(target),
        rows=rows,
        scored=rows - problems.total(),
        problems=dict(problems.most_common()),
        seconds=round(perf_counter() - started, 3),
    )


def version_to_ask(registry: Registry, fleet: str, number: int | None) -> ModelVersion:
    """The champion, or the version of that number.

    Raises:
        RegistryError: there is none.
    """
    if number is None:
        return require_champion(registry, fleet)
    require_models(registry, fleet)
    return registry.version(fleet, number)


def scored_schema(source: pa.Schema, version: ModelVersion) -> pa.Schema:
    """The source's columns and metadata, with the answers and who gave them."""
    who = {"model": version.name, "version": version.version, "identity": version.identity}
    metadata = {**(source.metadata or {}), METADATA_KEY: json.dumps(who).encode()}
    return pa.schema([*source, *ADDED], metadata)


def _scored(file: pq.ParquetFile, source: Path, model: Bundle) -> Iterator[pa.RecordBatch]:
    """The file's batches with answers; the next one is read while this one is answered."""

    def add(batch: pa.RecordBatch) -> pa.RecordBatch:
        told = answers(batch, model)
        names = [*batch.schema.names, *told.schema.names]
        return pa.RecordBatch.from_arrays([*batch.columns, *told.columns], names)

    return pooled(add, table_batches(source, file))


def _paced(batches: Iterator[pa.RecordBatch], total: int, say: Say) -> Iterator[pa.RecordBatch]:
    """The batches, with a line now and then."""
    done = 0
    for batch in batches:
        yield batch
        before, done = done, done + len(batch)
        if done // LINE_ROWS > before // LINE_ROWS:
            say(f"{done:,} of {total:,} trips scored")
