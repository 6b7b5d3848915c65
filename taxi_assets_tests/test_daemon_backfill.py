"""What the command line says of a backfill that the daemon cannot carry out, or is told not to."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus
from dagster._daemon.types import DaemonHeartbeat
from dagster._utils.error import SerializableErrorInfo

from taxi_assets.commands import daemon
from taxi_assets.domain.errors import UsageError
from taxi_assets_tests.homes import Home

JOB, MONTHS = "green_model_job", ["2025-01", "2025-02"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path)


@pytest.fixture
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    with home.instance() as instance:
        yield instance


def beat(instance: dg.DagsterInstance, seconds_ago: float) -> None:
    instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - seconds_ago, "SENSOR", "one", []))


def run(
    instance: dg.DagsterInstance, asked: str, month: str, status: dg.DagsterRunStatus, **tags: str
) -> dg.DagsterRun:
    nothing = dg.GraphDefinition(name="nothing").to_job()
    of_it = {"dagster/backfill": asked, "dagster/partition": month}
    told = {f"dagster/{name}": value for name, value in tags.items()}
    return instance.create_run_for_job(nothing, status=status, tags=of_it | told)


@pytest.mark.parametrize(("seconds_ago", "alive"), [(None, False), (5, True), (600, False)])
def test_a_daemon_is_alive_while_it_shows_signs_of_life(
    instance: dg.DagsterInstance, seconds_ago: float | None, alive: bool
) -> None:
    if seconds_ago is not None:
        beat(instance, seconds_ago)

    assert daemon.is_alive(instance) is alive


def test_nothing_can_be_left_to_a_daemon_that_is_not_there(home: Home) -> None:
    done = home.invoke("backfill", "--months", "2025-01", "--detach")

    assert done.exit_code == 1
    assert "No daemon is alive" in done.stderr


def test_a_daemon_that_is_at_a_backfill_is_not_asked_for_another_that_it_would_mix_in(
    home: Home, instance: dg.DagsterInstance
) -> None:
    home.simulate([*MONTHS, "2025-03"], rows=1_000)
    beat(instance, 5)
    asked = ("backfill", "--only", "models", "--detach", "--json", "--months")

    first = json.loads(home.invoke(*asked, "2025-01..2025-02").stdout)
    covered = home.invoke(*asked, "2025-02")
    more = home.invoke(*asked, "2025-02..2025-03")

    second, third = json.loads(covered.stdout), json.loads(more.stdout)
    assert first["backfill_ids"] == second["backfill_ids"] == third["backfill_ids"]
    assert len(instance.get_backfills()) == 1
    assert [one["month"] for one in third["plan"]] == ["2025-02", "2025-03"]
    assert (first["left"], second["left"], covered.exit_code) == ([], [], 0)
    assert [one["month"] for one in third["left"]] == ["2025-03"]
    assert more.exit_code == 1
    assert "again once the daemon is through" in more.stderr


def test_a_canceled_or_impossible_backfill_ends_in_a_sentence(
    instance: dg.DagsterInstance,
) -> None:
    canceled, impossible = (daemon.ask(instance, JOB, MONTHS) for _ in range(2))
    for asked, status, error in (
        (canceled, BulkActionStatus.CANCELED, None),
        (impossible, BulkActionStatus.FAILED, SerializableErrorInfo("no such job\nat", [], "E")),
    ):
        found = instance.get_backfill(asked)
        assert found
        instance.update_backfill(found.with_status(status).with_error(error))

    with pytest.raises(UsageError, match=f"{canceled} was canceled"):
        list(daemon.follow(instance, canceled, "green", print))
    with pytest.raises(UsageError, match=r"could not carry out .*: no such job$"):
        list(daemon.follow(instance, impossible, "green", print))


def test_a_run_that_is_tried_again_is_no_outcome_and_the_last_one_is(
    instance: dg.DagsterInstance,
) -> None:
    asked, said = daemon.ask(instance, JOB, MONTHS), list[str]()
    failed, done = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS
    run(instance, asked, "2025-01", failed, will_retry="true")
    last = run(instance, asked, "2025-01", done)
    lost = run(instance, asked, "2025-02", failed, will_retry="false")
    beat(instance, 600)

    outcomes = list(daemon.follow(instance, asked, "green", said.append))

    assert [(one.run_id, one.failed) for one in outcomes] == [
        (last.run_id, False),
        (lost.run_id, True),
    ]
    assert said == ["green 2025-01  the run failed and will be run again"]
    assert daemon.under_way(instance, JOB) == []


def test_a_run_whose_process_died_is_told_and_the_one_after_it_followed(
    instance: dg.DagsterInstance,
) -> None:
    asked, said = daemon.ask(instance, JOB, ["2025-01"]), list[str]()
    dead = run(instance, asked, "2025-01", dg.DagsterRunStatus.STARTED, will_retry="true")
    instance.report_run_failed(dead, "Run worker died.")
    last = run(instance, asked, "2025-01", dg.DagsterRunStatus.SUCCESS)
    beat(instance, 5)

    (outcome,) = daemon.follow(instance, asked, "green", said.append)

    assert (outcome.run_id, outcome.failed) == (last.run_id, False)
    assert said == [
        "green 2025-01  run FAILED: Run worker died.",
        "green 2025-01  the run failed and will be run again",
    ]


def test_the_backfills_that_are_not_through_are_under_way_the_oldest_first(
    instance: dg.DagsterInstance,
) -> None:
    daemon.ask(instance, "yellow_model_job", MONTHS)
    first, second = (daemon.ask(instance, JOB, MONTHS) for _ in range(2))
    run(instance, first, "2025-01", dg.DagsterRunStatus.SUCCESS)
    begun = daemon.under_way(instance, JOB)
    run(instance, first, "2025-02", dg.DagsterRunStatus.FAILURE)  # whether again is not known yet
    undecided = daemon.under_way(instance, JOB)
    run(instance, first, "2025-02", dg.DagsterRunStatus.CANCELED)
    through = daemon.under_way(instance, JOB)

    assert [one.backfill_id for one in begun] == [first, second]
    assert [one.backfill_id for one in undecided] == [first, second]
    assert [one.backfill_id for one in through] == [second]


def test_a_silent_daemon_is_told_once(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, said = daemon.ask(instance, JOB, MONTHS), list[str]()
    beat(instance, 600)
    waits = 0

    def wait(_: float) -> None:
        nonlocal waits
        waits += 1
        for month in MONTHS if waits == 3 else []:
            run(instance, asked, month, dg.DagsterRunStatus.SUCCESS)

    monkeypatch.setattr(daemon.time, "sleep", wait)
    outcomes = list(daemon.follow(instance, asked, "green", said.append))

    assert [one.month for one in outcomes] == MONTHS
    assert len(said) == 1
    assert "no sign of life for 600 s" in said[0]
