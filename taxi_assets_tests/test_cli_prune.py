"""`taxi-assets prune` in a real home: what is old goes, and nothing that anybody needs."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from evidently.ui.workspace import Workspace

from taxi_assets.commands.prune import Plan, Pruning
from taxi_assets.domain.keep import Keep
from taxi_assets.domain.retention import CATEGORIES, FILE, LANDED, RUN, SNAPSHOT
from taxi_assets.domain.schemas import TABLES
from taxi_assets.reports.snapshots import fairness_snapshot
from taxi_assets.resources.evidently_workspace import EvidentlyWorkspace, stable_id
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.storage import Storage
from taxi_assets_tests.homes import MONTHLY, Home

MONTHS = ("2025-01", "2025-02", "2025-03")
LATER = datetime.now(UTC) + timedelta(days=3 * 365)  # when all that is done here is long ago
KEEP = Keep(months=24)


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """January was corrected twice: once before the champion learned from it, and once after.

    Between the two its features held rows that no model has seen.
    """
    home = Home.at(tmp_path_factory.mktemp("prune"))
    home.simulate(MONTHS, rows=1_500)
    home.run(*MONTHS)
    home.publish("2025-01", home.published("2025-01").slice(0, 1_300))
    home.run(*MONTHS)
    home.overwrite("trip_features", "2025-01", home.rows("trip_features", "2025-01").slice(0, 700))
    home.publish("2025-01", home.published("2025-01").slice(0, 1_200))
    home.run("2025-01")
    return home


@pytest.fixture
def orphan(home: Home) -> Iterator[Path]:
    """A file that a killed run has left, written on the day of the prune."""
    folder = home.root / "taxi" / "lake" / "tables" / "green" / "clean_trips" / "data"
    file = folder / "left-behind.parquet"
    file.write_bytes(b"half")
    os.utime(file, (LATER.timestamp(), LATER.timestamp()))
    yield file
    file.unlink(missing_ok=True)


def prune(home: Home, now: datetime = LATER, *, dry: bool = False) -> Plan:
    with home.instance() as instance:
        pruning = Pruning(home.settings, instance, ("green",), KEEP, now)
        plan = pruning.plan(lambda _: None)
        if not dry:
            pruning.carry_out(plan, lambda _: None)
    return plan


def current(home: Home) -> dict[str, object]:
    """What the tables hold now, every row of it verified against its data version."""
    found: dict[str, object] = {}
    for table in MONTHLY:
        name = f"green.{table}"
        for month, version in home.lake.versions(name).items():
            rows = sum(len(batch) for batch in home.lake.verified(name, TABLES[table], month))
            found[f"{name} {month}"] = (version, rows)
    return found


def snapshots(home: Home) -> set[str]:
    names = [f"green.{table}" for table in MONTHLY]
    tables = {name: home.lake.iceberg(name) for name in names}
    return {
        f"{name}@{s.snapshot_id}"
        for name, table in tables.items()
        if table
        for s in table.snapshots()
    }


def size(home: Home) -> int:
    files = (home.root / "taxi" / "lake").rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def materialized(home: Home) -> dict[str, set[str]]:
    with home.instance() as instance:
        return {
            key.to_user_string(): set(instance.get_materialized_partitions(key))
            for key in instance.all_asset_keys()
        }


def test_nothing_goes_while_all_is_young(home: Home, orphan: Path) -> None:
    plan = prune(home, datetime.now(UTC), dry=True)

    assert plan.removals == ()


def test_a_killed_prune_loses_nothing_and_the_next_one_ends_its_work(
    home: Home, orphan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, dags, bytes_before = current(home), materialized(home), size(home)
    champion = home.registry.champion("green")
    assert champion is not None
    dry = prune(home, dry=True)
    assert current(home) == before
    assert {one.name for one in dry.of(SNAPSHOT)} < snapshots(home)

    deleted: list[str] = []
    real = Storage.delete

    def dies(storage: Storage, name: str) -> None:
        if len(deleted) == 3:
            raise KeyboardInterrupt
        deleted.append(name)
        real(storage, name)

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "delete", dies)
        with pytest.raises(KeyboardInterrupt):
            prune(home)
    assert current(home) == before

    rest = prune(home)

    done = {(one.category, one.name) for one in rest.removals}
    killed = {(SNAPSHOT, one.name) for one in dry.of(SNAPSHOT)} | {(FILE, n) for n in deleted}
    assert done | killed == {(one.category, one.name) for one in dry.removals}
    assert all(dry.of(category) for category in (SNAPSHOT, FILE, LANDED, RUN))
    assert current(home) == before
    assert materialized(home) == dags
    assert not {one.name for one in dry.of(SNAPSHOT)} & snapshots(home)
    assert orphan.exists()
    freed = sum(one.bytes for one in dry.removals if one.category in (FILE, LANDED))
    # the expiry itself writes a metadata file for each table that it changes
    assert bytes_before - size(home) > freed / 2
    assert prune(home).removals == ()
    result = home.invoke("reproduce", "green", str(champion.version), "--json")
    assert json.loads(result.stdout)["identical"], result.output


def test_running_a_pruned_month_again_changes_nothing(home: Home) -> None:
    prune(home)
    before = home.stage()

    after = home.run("2025-01")

    assert replace(after, outcomes={}) == replace(before, outcomes={})


def test_a_prune_makes_nothing_due(home: Home) -> None:
    """January's last run made the same again: the later months were made with the one before."""
    asked = ("backfill", "--months", "2025-01..2025-03", "--only", "models", "--dry-run", "--json")
    home.run(*MONTHS)
    home.run("2025-01")
    said = home.invoke(*asked)
    assert said.exit_code == 0, (said.output, said.exception)
    before = json.loads(said.stdout)["plan"]

    gone = prune(home).of(RUN)

    assert gone
    assert json.loads(home.invoke(*asked).stdout)["plan"] == before == []


def test_a_dry_run_tells_programs_what_would_go(home: Home) -> None:
    result = home.invoke("prune", "--keep", "24m", "--dry-run", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 0, result.output
    assert told["done"] is False
    assert told["totals"] == {name: {"count": 0, "bytes": 0} for name in CATEGORIES}


@pytest.mark.parametrize("keep", ["0m", "sometimes", "-3d", "6m", "90d"])
def test_a_period_that_makes_no_sense_is_refused_in_one_sentence(home: Home, keep: str) -> None:
    result = home.invoke("prune", f"--keep={keep}")

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: --keep ")


def test_reports_of_past_months_leave_the_index_with_their_pages(home: Home) -> None:
    store = ReportStore(root=home.settings.reports_uri)
    told = {"fleet": "green", "table": "clean_trips", "data_version": "1" * 64, "passed": True}
    for month in ("2020-01", "2090-01"):
        store.write_quality({**told, "month": month})
        store.storage.write(f"green/{month}/plot.html", b"a page")
    store.write_index("green")
    shown = EvidentlyWorkspace(root=home.settings.evidently_workspace)
    scores = pd.DataFrame({"mae_usd": [2.0, 1.0], "coverage": [0.8, 0.9]})
    for month in ("2020-01", "2090-01"):
        shown.add("green", month, "fairness_report", fairness_snapshot(scores))

    kept = home.invoke("prune", "--keep", "24m", "--dry-run", "--json")
    made = datetime(2021, 1, 1, tzinfo=UTC).timestamp()
    for file in Path(store.root, "green", "2020-01").rglob("*.*"):
        os.utime(file, (made, made))
    result = home.invoke("prune", "--keep", "24m")

    assert json.loads(kept.stdout)["removals"] == []  # they were made today
    index = (store.storage.read("green/index.html") or b"").decode()
    assert result.exit_code == 0, result.output
    assert "This is gone:" in result.stdout
    assert not store.storage.files("green/2020-01")
    assert len(store.storage.files("green/2090-01")) == 2
    assert "2020-01" not in index
    assert "2090-01" in index
    assert list(shown.months("green").values()) == ["2090-01"]
    assert len(Workspace(shown.root).list_runs(stable_id("green"))) == 1
