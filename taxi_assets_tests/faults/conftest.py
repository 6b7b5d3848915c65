"""A home in which all months but the last have run, and what an undisturbed run makes of that."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import pytest

from taxi_assets_tests.cdn import Cdn, serving
from taxi_assets_tests.faults.processes import call, start
from taxi_assets_tests.faults.seen import Seen, look
from taxi_assets_tests.homes import Home

DONE, LAST = ("2025-01", "2025-02", "2025-03"), "2025-04"
ROWS = 3_000


@dataclass(frozen=True)
class Prepared:
    """One home, always in the same place: Iceberg's metadata and MLflow know absolute paths.

    Attributes:
        home: it.
        kept: a copy of it before the last month.
        before: what it shows then.
        after: what it shows once the last month has run undisturbed.
        took_s: how long that took; a kill that comes later kills nothing.
        cdn: where its files come from: a home takes them from one source for ever.
    """

    home: Home
    kept: Path
    before: Seen
    after: Seen
    took_s: float
    cdn: Cdn

    def restore(self) -> Home:
        """The home as it was before the last month."""
        _restore(self.home, self.kept)
        return self.home


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    with prepare(tmp_path_factory.mktemp("kills")) as prepared:
        yield prepared


@pytest.fixture
def home(prepared: Prepared) -> Iterator[Home]:
    """The home before the last month."""
    return prepared.restore()


@contextmanager
def prepare(root: Path) -> Iterator[Prepared]:
    """Simulate all months in a folder, serve them until the block ends, and run them."""
    with serving(root / "home" / "tlc") as cdn:
        home = Home.at(root / "home", tlc_url=cdn.url)
        yield _prepare(home, cdn, root)


def _prepare(home: Home, cdn: Cdn, root: Path) -> Prepared:
    kept, log = root / "kept", root / "log"
    home.simulate([*DONE, LAST], rows=ROWS)
    run(home, log, f"{DONE[0]}..{DONE[-1]}")
    before = call(home, look)
    shutil.copytree(home.root, kept)
    started = perf_counter()
    run(home, log, LAST)
    took_s = perf_counter() - started
    after = call(home, look)
    _restore(home, kept)
    return Prepared(home, kept, before, after, took_s, cdn)


def run(home: Home, log: Path, months: str) -> None:
    """Run months undisturbed."""
    command = start(home, log, "run", "--only", "models", "--months", months)
    assert command.wait() == 0, command.said()


def _restore(home: Home, kept: Path) -> None:
    shutil.rmtree(home.root)
    shutil.copytree(kept, home.root)
