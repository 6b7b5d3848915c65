"""MLflow's local database, read without MLflow.

`taxi-assets` without a server keeps its registry in `TAXI_HOME/mlflow/mlflow.db`. Three tables say
who the champion is, and have had these columns since MLflow 2.8; they are read, never written. So
`taxi-assets serve` answers right after `make demo`, with no MLflow server that takes half a
minute to start and half a gigabyte of memory.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from serving.models import Wanted
from serving.stores import Store, copy_bundle
from serving.versions import Version, choose, model_name
from taxi_assets.domain.errors import RegistryError, RegistryUnreachable

SQLITE = "sqlite:///"
BUSY_S = 5.0
ALIASES = "select alias, cast(version as text) from registered_model_aliases where name = ?"
TAGS = "select key, value from model_version_tags where name = ? and version = ?"
PLACE = (
    "select coalesce(storage_location, source) from model_versions where name = ? and version = ?"
)


class MlflowDatabase:
    """The registry in a SQLite file of this machine."""

    def __init__(self, file: Path, s3_endpoint: str | None = None) -> None:
        """Read `file`, which need not be there yet."""
        self.name = f"{SQLITE}{file}"
        self._file, self._s3_endpoint = file, s3_endpoint

    def wanted(self, fleet: str) -> Mapping[str, Wanted]:
        """See `Source`; a database that nobody has made yet names no champion."""
        if not self._file.exists():
            return {}
        name = model_name(fleet)
        with self._reading() as database:
            aliases = dict(database.execute(ALIASES, (name,)).fetchall())
            return choose(fleet, aliases, lambda number: _version(database, name, number))

    def fetch(self, wanted: Wanted, into: Path) -> None:
        """See `Source`."""
        place = f"{wanted.place.rstrip('/')}/artifacts/bundle"
        copy_bundle(Store(place, self._s3_endpoint).chunks, into)

    def close(self) -> None:
        """See `Source`."""

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        uri = f"file:{quote(str(self._file.absolute()))}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as database:
                yield database
        except sqlite3.Error as error:
            raise RegistryUnreachable(
                f"{self.name} cannot be read as MLflow's database: {error}."
            ) from error


def _version(database: sqlite3.Connection, name: str, number: str) -> Version:
    """A version with its tags and its files' place."""
    place = database.execute(PLACE, (name, number)).fetchone()
    if place is None:
        raise RegistryError(f"{name} has no version {number}: see whether it was deleted.")
    tags = dict(database.execute(TAGS, (name, number)).fetchall())
    return Version(number, tags, str(place[0]))
