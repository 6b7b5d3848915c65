"""A catalog in PostgreSQL is restarted: the lake goes on, a month that was cut is written again."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest

from taxi_assets.domain.errors import LakeUnreachable
from taxi_assets.resources.lake import Lake
from taxi_assets_tests.homes import NO_MODELS, Home
from taxi_assets_tests.lakes import MONTHS, NAME, RIDES, rides

pytestmark = pytest.mark.slow
OLD, NEW = rides(10), rides(25, first=100)


class Postgresql:
    """A server of its own, which may be stopped at once and started again."""

    def __init__(self, server: Any) -> None:
        self.server = server

    def stop(self) -> None:
        """Stop as a crash does: connections are cut, nothing is written out."""
        self._tell(["-m", "immediate", "-w", "stop"])

    def start(self) -> None:
        self.server.ensure_postgres_running()

    def _tell(self, what: list[str]) -> None:
        from pgserver._commands import pg_ctl

        pg_ctl(what, pgdata=self.server.pgdata, user=self.server.system_user, timeout=30)


@pytest.fixture
def postgresql(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgresql]:
    pgserver = pytest.importorskip("pgserver", reason="pgserver has no wheel for this Python")
    with TemporaryDirectory() as root:  # not below pytest's folder: the server is another user
        monkeypatch.setenv("XDG_RUNTIME_DIR", root)
        with pgserver.get_server(Path(root) / "data") as server:
            yield Postgresql(server)


@pytest.fixture
def lake(postgresql: Postgresql, tmp_path: Path) -> Lake:
    uri = postgresql.server.get_uri().replace("postgresql:", "postgresql+psycopg2:")
    return Lake(warehouse=str(tmp_path / "tables"), catalog_uri=uri)


def test_a_backfill_amid_which_it_is_restarted_comes_to_what_an_undisturbed_one_does(
    postgresql: Postgresql, tmp_path: Path
) -> None:
    months = ("2025-01", "2025-02")
    asked = ("backfill", "--months", "2025-01..2025-02", "--only", "models")
    uri = postgresql.server.get_uri().replace("postgresql:", "postgresql+psycopg2:")
    disturbed = Home.at(tmp_path / "one", min_train_months=NO_MODELS, catalog_uri=uri)
    whole = Home.at(tmp_path / "other", min_train_months=NO_MODELS)
    for home in (disturbed, whole):
        home.simulate(months, rows=1_000)
    told = {"TAXI_CATALOG_URI": uri}

    with disturbed.begun(*asked, until=("2025-01", "raw_trips"), **told) as process:
        postgresql.stop()
        postgresql.start()
        _, said = process.communicate()
    again = disturbed.invoke(*asked, **told)

    assert again.exit_code == 0, said + again.output
    assert disturbed.stage().data_versions() == whole.run(*months).data_versions()


def test_a_restart_between_two_months_of_a_backfill_is_not_noticed(
    postgresql: Postgresql, lake: Lake
) -> None:
    lake.write(NAME, RIDES, MONTHS[0], [OLD])
    postgresql.stop()
    postgresql.start()

    lake.write(NAME, RIDES, MONTHS[1], [NEW])

    assert lake.slice(NAME, RIDES, MONTHS[:1]).read() == pa.Table.from_batches([OLD])
    assert lake.slice(NAME, RIDES, MONTHS[1:2]).read() == pa.Table.from_batches([NEW])


def test_a_stop_amid_a_month_leaves_the_old_one_and_the_next_try_writes_the_new(
    postgresql: Postgresql, lake: Lake
) -> None:
    lake.write(NAME, RIDES, MONTHS[0], [OLD])

    def stopping() -> Iterator[pa.RecordBatch]:
        yield NEW
        postgresql.stop()

    with pytest.raises(LakeUnreachable, match="TAXI_CATALOG_URI"):
        lake.write(NAME, RIDES, MONTHS[0], stopping())
    postgresql.start()

    assert lake.slice(NAME, RIDES, MONTHS[:1]).read() == pa.Table.from_batches([OLD])
    lake.write(NAME, RIDES, MONTHS[0], [NEW])
    assert lake.slice(NAME, RIDES, MONTHS[:1]).read() == pa.Table.from_batches([NEW])
