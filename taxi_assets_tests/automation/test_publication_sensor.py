"""The sensor before a real CDN: what it asks for, what it says, and what it leaves alone."""

import json
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from taxi_assets.automation.watch import PUBLICATION
from taxi_assets_tests.automation.conftest import GREEN, Desk
from taxi_assets_tests.cdn import Fault

DAY = datetime(2026, 4, 20, 10, tzinfo=UTC)


def wanted(tick: Any) -> list[tuple[str, str]]:
    """Months and triggers of the runs that a tick asks for."""
    return [(request.partition_key, request.tags["taxi/trigger"]) for request in tick.run_requests]


def said(tick: Any) -> str:
    """Why a tick asks for no run."""
    assert not tick.run_requests
    assert tick.skip_message
    return str(tick.skip_message)


def test_a_published_month_is_run_once(desk: Desk) -> None:
    desk.publish("2025-01")

    first, second = desk.tick(), desk.tick()

    (request,) = first.run_requests
    assert request.partition_key == "2025-01"
    assert request.tags["taxi/fleet"] == "green"
    assert request.tags["taxi/trigger"] == "published"
    assert request.tags["taxi/publication"] == request.run_key
    assert said(second) == (
        "Runs of 2025-01 were asked for before, and nothing of them is landed yet: run again what"
        " has failed."
    )
    assert {asked.method for asked in desk.cdn.asked} == {"HEAD"}


def test_a_corrected_month_is_run_once_and_the_others_are_not(desk: Desk) -> None:
    desk.publish("2025-01", "2025-02")
    desk.land("2025-01", "2025-02")
    before = desk.tick()
    desk.publish("2025-01", content="corrected trips")

    first, second = desk.tick(), desk.tick()
    desk.land("2025-01")
    third = desk.tick()

    assert said(before) == (
        "The source has nothing new of green trips: 2 months are as known. 2025-03 is not out yet."
    )
    assert wanted(first) == [("2025-01", "corrected")]
    assert said(second)
    assert said(third)


def test_a_correction_of_a_correction_is_another_run(desk: Desk) -> None:
    desk.publish("2025-01")
    desk.land("2025-01")
    keys = []
    for content in ("corrected", "corrected again"):
        desk.publish("2025-01", content=content)
        keys += [request.run_key for request in desk.tick().run_requests]

    assert len(set(keys)) == 2


def test_months_come_in_time_order(desk: Desk) -> None:
    desk.publish("2025-01", "2025-02", "2025-03")
    desk.land("2025-02")
    desk.publish("2025-02", content="corrected")

    assert wanted(desk.tick()) == [
        ("2025-01", "published"),
        ("2025-02", "corrected"),
        ("2025-03", "published"),
    ]


def test_a_source_that_begins_later_is_told_apart_from_one_with_nothing_new(desk: Desk) -> None:
    desk.publish("2025-07")

    assert "set TAXI_FIRST_MONTH to the first of them" in said(desk.tick())


@pytest.mark.parametrize(
    "cursor", ["garbage", "[]", json.dumps({"version": 0, "seen": ["2025-01"]})]
)
def test_an_old_or_broken_cursor_asks_for_no_run_of_what_is_landed(
    desk: Desk, cursor: str, capfd: pytest.CaptureFixture[str]
) -> None:
    desk.publish("2025-01", "2025-02")
    desk.land("2025-01", "2025-02")
    desk.cursor = cursor

    tick = desk.tick()

    assert said(tick)
    assert json.loads(desk.cursor)["version"] == 1
    logged = capfd.readouterr().err
    assert "WARNING" in logged
    assert "so this one begins anew." in logged


def test_a_run_that_was_asked_for_is_known_without_the_cursor(desk: Desk) -> None:
    desk.publish("2025-01")
    (request,) = desk.tick().run_requests
    job = desk.graph.resolve_job_def("green_month_job")
    desk.instance.create_run_for_job(job, tags=dict(request.tags))

    desk.cursor = None

    assert said(desk.tick())


def test_a_source_that_is_down_is_one_sentence_and_the_cursor_stays(desk: Desk) -> None:
    desk.publish("2025-01")
    desk.tick()
    before = json.loads(desk.cursor or "")
    desk.publish("2025-02")
    desk.cdn.fail(GREEN.file_name("2025-02"), *[Fault(status=503, method="HEAD")] * 2)

    down = desk.tick()

    after = json.loads(desk.cursor or "")
    assert said(down) == (
        f"{desk.cdn.url}/trip-data/green_tripdata_2025-02.parquet could not be read (tried 2 times)"
        ": the source answered 503; check the network and the source's URL (TAXI_TLC_URL), then"
        " try again."
    )
    assert after == {**before, "fault": said(down)}
    assert wanted(desk.tick()) == [("2025-02", "published")]
    assert json.loads(desk.cursor or "")["fault"] is None


def test_another_source_than_the_landings_is_not_taken_for_corrections(desk: Desk) -> None:
    from taxi_assets.resources.landed_trips import LOOKUP, LOOKUP_FOLDER
    from taxi_assets.resources.landing import Landing
    from taxi_assets.resources.tlc import TlcSource

    tree = desk.cdn.root.as_uri()
    desk.cdn.publish(LOOKUP, b"zones")
    landing = Landing(f"{desk.settings.lake_uri}/landing")
    landing.land(TlcSource(url=tree), LOOKUP, folder=LOOKUP_FOLDER, now=DAY)

    assert "would mix with it: choose another TAXI_HOME" in said(desk.tick())


def test_a_tick_asks_the_source_a_bounded_number_of_times(desk: Desk) -> None:
    months = [f"2025-{number:02d}" for number in range(1, 13)]
    desk.publish(*months)
    desk.land(*months)
    desk.cdn.asked.clear()

    looked_at = set[str]()
    for _ in range(2):
        desk.cdn.asked.clear()
        desk.tick()
        looked_at |= {asked.path for asked in desk.cdn.asked}
        assert len(desk.cdn.asked) == 3 + 6 + 2

    assert looked_at >= {GREEN.file_name(month) for month in months}


def test_sensor_and_schedules_are_off_until_they_are_switched_on(desk: Desk) -> None:
    repository = desk.graph.get_repository_def()

    assert {s.name: s.minimum_interval_seconds for s in repository.sensor_defs} == {
        "green_publication_sensor": 3600,
        "green_dependents_sensor": 3600,
        "green_automation_sensor": 3600,
        "alerts": 60,
    }
    assert {s.default_status.name for s in repository.sensor_defs} == {"STOPPED"}
    assert {s.default_status.name for s in repository.schedule_defs} == {"STOPPED"}
    assert {(s.name, s.cron_schedule, s.execution_timezone) for s in repository.schedule_defs} == {
        ("green_monthly_refresh", "0 6 20 * *", "America/New_York"),
        ("green_weekly_monitoring", "0 7 * * 1", "America/New_York"),
        ("green_weekly_served", "30 7 * * 1", "America/New_York"),
    }


def test_the_monthly_schedule_asks_for_what_the_sensor_would(desk: Desk) -> None:
    desk.publish("2025-01", "2025-02")
    desk.land("2025-01")
    desk.publish("2025-01", content="corrected")

    scheduled = desk.at("green_monthly_refresh", DAY)

    assert wanted(scheduled) == [("2025-01", "corrected"), ("2025-02", "published")]
    assert [r.run_key for r in scheduled.run_requests] == [
        r.run_key for r in desk.tick().run_requests
    ]


def test_the_monthly_schedule_does_not_repeat_what_the_sensor_asked_for(desk: Desk) -> None:
    desk.publish("2025-01")
    (request,) = desk.tick().run_requests
    job = desk.graph.resolve_job_def("green_month_job")
    desk.instance.create_run_for_job(job, tags={PUBLICATION: request.run_key or ""})

    skipped = desk.at("green_monthly_refresh", DAY)

    assert said(skipped)


def test_the_monthly_schedule_looks_at_every_landed_month(desk: Desk) -> None:
    months = [f"2025-{number:02d}" for number in range(1, 13)]
    desk.publish(*months)
    desk.land(*months)
    desk.publish("2025-08", content="corrected")

    assert wanted(desk.at("green_monthly_refresh", DAY)) == [("2025-08", "corrected")]


def test_the_monthly_schedule_says_when_the_source_is_down(desk: Desk) -> None:
    desk.cdn.fail(GREEN.file_name("2025-01"), *[Fault(status=503, method="HEAD")] * 2)

    skipped = desk.at("green_monthly_refresh", DAY)

    assert "could not be read (tried 2 times)" in said(skipped)


def test_the_weekly_reports_are_of_the_newest_month_that_was_run(desk: Desk) -> None:
    before = desk.at("green_weekly_monitoring", DAY)
    for month in ("2025-02", "2025-03", "2025-01"):
        made = dg.AssetMaterialization(["green", "trip_features"], partition=month)
        desk.instance.report_runless_asset_event(made)

    (request,) = desk.at("green_weekly_monitoring", DAY).run_requests

    assert said(before) == "No green month has been run yet."
    assert (request.partition_key, request.run_key) == ("2025-03", "green-reports-2026-04-20")


@pytest.mark.parametrize(
    ("time", "month"),
    [
        (DAY, "2026-03"),
        (datetime(2026, 5, 1, 3, 59, tzinfo=UTC), "2026-03"),  # still April in New York
        (datetime(2026, 5, 1, 4, tzinfo=UTC), "2026-04"),
    ],
)
def test_what_was_served_is_of_the_month_that_has_ended_last(
    desk: Desk, time: datetime, month: str
) -> None:
    (request,) = desk.at("green_weekly_served", time).run_requests

    assert request.partition_key == month


def test_what_was_served_before_the_first_month_is_not_asked_for(desk: Desk) -> None:
    skipped = desk.at("green_weekly_served", datetime(2025, 1, 6, tzinfo=UTC))

    assert "2024-12 is before TAXI_FIRST_MONTH" in said(skipped)
