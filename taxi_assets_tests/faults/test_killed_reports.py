"""Reports killed while they were made, and made again, are those of an undisturbed run."""

import hashlib
import json
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from taxi_assets.reports.page import TITLES
from taxi_assets_tests.faults.conftest import DONE, LAST, Prepared
from taxi_assets_tests.faults.doom import REPORT_POINTS
from taxi_assets_tests.faults.processes import call, start
from taxi_assets_tests.faults.troubles import can_mount, small_disk
from taxi_assets_tests.homes import Home

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Reports:
    """What people find of reports.

    Attributes:
        tables: data version by table and month.
        summaries: SHA-256 of each report's JSON, by month and name.
        pages: months and names of the pages.
        runs: snapshots in the Evidently workspace.
        half: files that were left half-written where people look.
    """

    tables: dict[tuple[str, str], str]
    summaries: dict[tuple[str, str], str]
    pages: frozenset[tuple[str, str]]
    runs: int
    half: tuple[str, ...]


def look_at_reports(home: Home) -> Reports:
    """Everything that reports leave."""
    root = Path(home.settings.reports_uri) / home.fleet
    found = [path for path in root.rglob("*.json") if path.parent.name != "quality"]
    pages = [path for path in root.glob("*/*.html") if path.stem in TITLES]
    whole = {path: path.read_text("utf-8").rstrip().endswith("</html>") for path in pages}
    workspace = Path(home.settings.evidently_workspace)
    runs = [path for path in workspace.rglob("snapshots/*.json") if json.loads(path.read_bytes())]
    return Reports(
        tables=home.stage().data_versions(),
        summaries={
            (path.parent.name, path.stem): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in found
        },
        pages=frozenset((path.parent.name, path.stem) for path in pages),
        runs=len(runs),
        half=tuple(str(path) for path, ended in whole.items() if not ended),
    )


def make(home: Home, log: Path, months: str) -> None:
    """Make reports undisturbed."""
    command = start(home, log, "run", "--only", "reports", "--months", months)
    assert command.wait() == 0, command.said()


@pytest.fixture(scope="module")
def reported(
    prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Home, Path, Reports]:
    """All months run, all but the last reported; and what an undisturbed run makes of the last."""
    kept = tmp_path_factory.mktemp("reported") / "kept"
    home = prepared.restore()
    command = start(home, kept.with_name("log"), "run", "--only", "models", "--months", LAST)
    assert command.wait() == 0, command.said()
    make(home, kept.with_name("log"), f"{DONE[-1]}")
    shutil.copytree(home.root, kept)
    make(home, kept.with_name("log"), LAST)
    return home, kept, call(home, look_at_reports)


@pytest.mark.parametrize("point", REPORT_POINTS)
def test_reports_killed_anywhere_and_made_again_are_the_same(
    reported: tuple[Home, Path, Reports], tmp_path: Path, point: str
) -> None:
    home, kept, undisturbed = reported
    shutil.rmtree(home.root)
    shutil.copytree(kept, home.root)
    log = tmp_path / "killed"
    killed = start(home, log, "run", "--only", "reports", "--months", LAST, point=point)

    ended = killed.wait()
    left = call(home, look_at_reports)
    make(home, tmp_path / "again", LAST)

    assert ended == -signal.SIGKILL, killed.said()
    assert left.half == ()
    assert call(home, look_at_reports) == undisturbed


@pytest.mark.skipif(not can_mount(), reason="only root mounts a small disk")
def test_reports_on_a_full_disk_say_so_and_made_again_are_the_same(
    reported: tuple[Home, Path, Reports], tmp_path: Path
) -> None:
    home, kept, undisturbed = reported
    shutil.rmtree(home.root)
    shutil.copytree(kept, home.root)

    with small_disk(Path(home.settings.reports_uri), kib=64):
        full = start(home, tmp_path / "full", "run", "--only", "reports", "--months", LAST)
        ended = full.wait()
        left = call(home, look_at_reports)
    make(home, tmp_path / "again", LAST)

    assert ended == 1
    assert "No space left" in full.said()
    assert left.half == ()
    assert call(home, look_at_reports) == undisturbed
