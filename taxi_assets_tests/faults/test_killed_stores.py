"""A process killed amid its statements to a database leaves a store that the next can use."""

import signal
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from taxi_assets.domain.versions import content_hash
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.registry import Registry
from taxi_assets_tests.faults.doom import at_statement
from taxi_assets_tests.faults.processes import fork
from taxi_assets_tests.lakes import MONTHS, NAME, RIDES, rides

pytestmark = pytest.mark.slow
NEVER = 0
OLD, NEW = rides(10), rides(25, first=100)


def use_a_new_registry(root: Path, statement: int) -> None:
    """Open MLflow, which makes its database in some 1,700 statements."""
    at_statement(statement)
    registry = Registry(tracking_uri=f"sqlite:///{root / 'mlflow.db'}", local_root=str(root))
    assert registry.champion("green") is None
    assert registry.versions("green") == []


def lake_in(root: Path) -> Lake:
    return Lake(warehouse=str(root / "tables"), catalog_uri=f"sqlite:///{root / 'catalog.db'}")


def use_a_new_lake(root: Path, statement: int) -> None:
    """Write and read months, for which the catalog and a table are made."""
    at_statement(statement)
    lake = lake_in(root)
    for month in MONTHS:
        lake.write(NAME, RIDES, month, [OLD])
    assert len(lake.slice(NAME, RIDES, MONTHS).read()) == len(OLD) * len(MONTHS)


def replace_a_month(root: Path, statement: int) -> None:
    """Write other rows into a month that has some."""
    at_statement(statement)
    lake_in(root).write(NAME, RIDES, MONTHS[1], [NEW])


@pytest.mark.parametrize("statement", [30, 260, 1_000])
def test_mlflows_database_is_whole_or_not_there(tmp_path: Path, statement: int) -> None:
    killed = fork(tmp_path / "killed", use_a_new_registry, tmp_path, statement)
    ended, left = killed.wait(), (tmp_path / "mlflow.db").exists()

    again = fork(tmp_path / "again", use_a_new_registry, tmp_path, NEVER)

    assert ended == -signal.SIGKILL, killed.said()
    assert not left
    assert again.wait() == 0, again.said()


@pytest.mark.parametrize("statement", [2, 5, 8, 12, 16, 20, 24])
def test_a_half_made_catalog_is_completed(tmp_path: Path, statement: int) -> None:
    killed = fork(tmp_path / "killed", use_a_new_lake, tmp_path, statement)
    ended = killed.wait()

    again = fork(tmp_path / "again", use_a_new_lake, tmp_path, NEVER)

    assert ended == -signal.SIGKILL, killed.said()
    assert again.wait() == 0, again.said()


@pytest.mark.parametrize("statement", range(1, 14))  # it takes nine: the last ones find it done
def test_a_month_that_was_being_replaced_is_the_old_or_the_new(
    tmp_path: Path, statement: int
) -> None:
    before = {month: lake_in(tmp_path).write(NAME, RIDES, month, [OLD]) for month in MONTHS}
    killed = fork(tmp_path / "killed", replace_a_month, tmp_path, statement)
    ended = killed.wait()

    left = lake_in(tmp_path)
    rows = {month: left.slice(NAME, RIDES, [month]).read() for month in MONTHS}
    versions = left.versions(NAME)

    done = versions[MONTHS[1]].rows == len(NEW)
    assert ended == (0 if done else -signal.SIGKILL), killed.said()
    assert rows[MONTHS[0]] == rows[MONTHS[2]] == pa.Table.from_batches([OLD])
    found = pa.Table.from_batches([NEW if done else OLD])
    assert rows[MONTHS[1]] == found
    assert versions[MONTHS[1]].data_version == content_hash(RIDES.arrow, found.to_batches())
    assert versions[MONTHS[0]] == replace(before[MONTHS[0]], changed=False)
