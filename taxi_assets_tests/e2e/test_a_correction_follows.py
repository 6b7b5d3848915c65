"""A real daemon with every sensor on: a month is published, then an earlier one is corrected."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest
from dagster._core.scheduler.instigation import TickStatus

from taxi_assets.automation.retraining import TRAINING
from taxi_assets.domain.fleets import FLEETS
from taxi_assets_tests.cdn import Cdn, serving
from taxi_assets_tests.daemons import daemon, until
from taxi_assets_tests.homes import Home, Stage
from taxi_assets_tests.resources.alert_receivers import Hook, hooked

FIRST, MIDDLE, NEWEST = "2025-01", "2025-02", "2025-03"
FLEET_SENSORS = ("publication", "dependents", "automation")
SENSORS = (*(f"green_{name}_sensor" for name in FLEET_SENSORS), "alerts")
PATIENCE_S = 240  # on a busy machine; a run with reports takes up to a minute there
Asked = list[tuple[str, str]]


@dataclass
class Life:
    """What happened.

    Attributes:
        published: runs after a month was published, as (month, trigger), as they started.
        corrected: runs after one was corrected.
        made: what the latter made, as (asset, month).
        before: the home before the correction.
        after: the home when all was quiet again.
        kept: what had been made of the newest month before the correction.
        hook: who was told.
    """

    published: Asked
    corrected: Asked
    made: list[tuple[str, str]]
    before: Stage
    after: Stage
    kept: set[str]
    hook: Hook


def sent(instance: dg.DagsterInstance) -> list[dg.RunRecord]:
    """Runs that sensors asked for, as they started."""
    found = [r for r in instance.get_run_records() if "taxi/trigger" in r.dagster_run.tags]
    return sorted(found, key=lambda record: record.start_time or float("inf"))


def told(records: list[dg.RunRecord]) -> Asked:
    tags = [record.dagster_run.tags for record in records]
    return [(each["dagster/partition"], each["taxi/trigger"]) for each in tags]


def is_quiet(instance: dg.DagsterInstance, runs: int) -> bool:
    """So many runs have ended, and the fleet's sensors have since ticked twice for nothing."""
    records = sent(instance)
    if len(records) < runs or not all(record.dagster_run.is_finished for record in records):
        return False
    last = max(record.end_time or 0.0 for record in records)
    states = [s for s in instance.all_instigator_state() if s.instigator_name != "alerts"]
    since = [
        instance.get_ticks(
            state.instigator_origin_id,
            state.selector_id,
            after=last,
            statuses=[TickStatus.SKIPPED, TickStatus.SUCCESS],
        )
        for state in states
    ]
    return len(since) == len(FLEET_SENSORS) and all(len(ticks) >= 2 for ticks in since)


def have_ticked(instance: dg.DagsterInstance) -> bool:
    """Each sensor has seen the home as it was."""
    states = instance.all_instigator_state()
    return len(states) == len(SENSORS) and all(
        instance.get_ticks(
            state.instigator_origin_id,
            state.selector_id,
            statuses=[TickStatus.SKIPPED, TickStatus.SUCCESS],
        )
        for state in states
    )


def made_by(instance: dg.DagsterInstance, records: list[dg.RunRecord]) -> list[tuple[str, str]]:
    """What runs have made, as (asset, month); assets without months have none."""
    made = dg.DagsterEventType.ASSET_MATERIALIZATION
    events = [
        entry.get_dagster_event()
        for record in records
        for entry in instance.all_logs(record.dagster_run.run_id, of_type=made)
    ]
    return sorted((str(e.asset_key.path[-1]), e.partition or "") for e in events if e.asset_key)


def publish(cdn: Cdn, home: Home, *months: str) -> None:
    for month in months:
        cdn.publish(FLEETS["green"].file_name(month), home.file(month).read_bytes())


def correct(cdn: Cdn, home: Home, month: str) -> None:
    """Publish a month again, with fewer trips."""
    file = io.BytesIO()
    pq.write_table(home.published(month).slice(0, 1_300), file)
    cdn.publish(FLEETS["green"].file_name(month), file.getvalue())


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    root = tmp_path_factory.mktemp("life")
    with serving(root / "cdn") as cdn, hooked() as hook:
        yield lived(root, cdn, hook)


def lived(root: Path, cdn: Cdn, hook: Hook) -> Life:
    home = Home.at(root / "home", train_months=2, min_train_months=2, first_month=FIRST)
    home = replace(home, settings=home.settings.model_copy(update={"tlc_url": cdn.url}))
    home.simulate([FIRST, MIDDLE, NEWEST], rows=1_500)
    for file in (root / "home" / "tlc").rglob("*"):
        if file.is_file() and file != home.file(NEWEST):
            name = file.relative_to(root / "home" / "tlc").as_posix()
            cdn.publish(name, file.read_bytes())
    home.run(FIRST, MIDDLE)
    variables = {
        "TAXI_FIRST_MONTH": FIRST,
        "TAXI_TRAIN_MONTHS": "2",
        "TAXI_ALERT_WEBHOOK": hook.url,
    }
    with daemon(home, SENSORS, **variables) as log, home.instance() as instance:
        until(lambda: have_ticked(instance), PATIENCE_S, log)
        assert sent(instance) == []

        publish(cdn, home, NEWEST)
        until(lambda: is_quiet(instance, 1), PATIENCE_S, log)
        published, before = sent(instance), home.stage()
        correct(cdn, home, MIDDLE)
        until(lambda: is_quiet(instance, 3), PATIENCE_S, log)
        until(lambda: any("champion" in str(post) for post in hook.posted), PATIENCE_S, log)

        corrected = sent(instance)[len(published) :]
        made = made_by(instance, published)
        return Life(
            published=told(published),
            corrected=told(corrected),
            made=made_by(instance, corrected),
            before=before,
            after=home.stage(),
            kept={name for name, month in made if month == NEWEST},
            hook=hook,
        )


@pytest.mark.slow
def test_a_published_month_is_run_once_to_champion_and_reports_and_people_are_told(
    life: Life,
) -> None:
    assert life.published == [(NEWEST, "published")]
    assert life.kept >= {"fare_model", "evaluation", "champion", "drift_report", "shap_report"}
    assert life.before.aliases["champion"] == 1
    assert [post for post in life.hook.posted if "version 1 is champion" in str(post)]


@pytest.mark.slow
def test_a_correction_makes_that_month_and_those_that_learned_from_it_once_and_no_others(
    life: Life,
) -> None:
    assert life.corrected == [(MIDDLE, "corrected"), (NEWEST, "history-changed")]
    models = set(TRAINING)  # for which the middle month has too few before it
    expected = {(name, NEWEST) for name in life.kept}
    expected |= {(name, MIDDLE) for name in life.kept - models}
    monthly = [(name, month) for name, month in life.made if name != "zones"]
    assert sorted(expected) == monthly


@pytest.mark.slow
def test_a_correction_changes_the_content_of_what_depends_on_it_and_of_nothing_else(
    life: Life,
) -> None:
    before, after = life.before.data_versions(), life.after.data_versions()
    changed = {key for key in after if before.get(key) != after[key]}

    assert {month for _, month in changed} == {MIDDLE, NEWEST}
    assert {("clean_trips", MIDDLE), ("trip_features", MIDDLE)} <= changed
    assert {("route_history", NEWEST), ("trip_features", NEWEST)} <= changed
    assert not changed & {("clean_trips", NEWEST), ("route_history", MIDDLE)}
    assert [model.month for model in life.after.models] == [NEWEST, NEWEST]
