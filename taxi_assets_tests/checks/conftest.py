"""A home whose first three months are sound; checks see what tests then do to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import pyarrow as pa
import pytest

from taxi_assets_tests.homes import Home, Stage

SOUND_MONTHS = ("2024-01", "2024-02", "2024-03")
Change = Callable[[pa.Table], pa.Table]


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three months of a thousand trips, published."""
    home = Home.at(tmp_path_factory.mktemp("town"))
    home.simulate(SOUND_MONTHS, rows=1_000)
    return home


@pytest.fixture(scope="session")
def sound(town: Home) -> Stage:
    """They have run, and the last of them has a model."""
    stage = town.run(*SOUND_MONTHS)
    assert [outcome.failures for outcome in stage.outcomes.values()] == [[], [], []]
    return stage


@contextmanager
def tampered(home: Home, table: str, month: str, change: Change) -> Iterator[None]:
    """A month of a table changed behind the graph's back, until the block ends."""
    rows = home.rows(table, month)
    home.overwrite(table, month, change(rows))
    try:
        yield
    finally:
        home.overwrite(table, month, rows)


def check_then(
    home: Home, month: str, *, table: str, check: str, downstream: str
) -> tuple[dg.AssetCheckEvaluation, bool]:
    """Run one check, and the asset behind it if the check lets it.

    Returns:
        What the check found, and whether the asset's step started.
    """
    checked = dg.AssetCheckKey(dg.AssetKey([home.fleet, table]), check)
    behind = dg.AssetSelection.assets(dg.AssetKey([home.fleet, downstream])).without_checks()
    result = home.run_selected(month, dg.AssetSelection.checks(checked) | behind)
    (evaluation,) = result.get_asset_check_evaluations()
    started = {
        event.step_key
        for event in result.all_events
        if event.event_type == dg.DagsterEventType.STEP_START
    }
    return evaluation, f"{home.fleet}__{downstream}" in started


def values(evaluation: dg.AssetCheckEvaluation) -> dict[str, object]:
    """What a check says it saw."""
    return {name: seen.value for name, seen in evaluation.metadata.items()}
