"""The turn of a month and the days when New York's clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from dagster._core.test_utils import freeze_time
from dagster._utils.schedules import schedule_execution_time_iterator

from taxi_assets.definitions import build_definitions
from taxi_assets.domain.cleaning import sort_trips
from taxi_assets.domain.clock import local_time
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.partitions import monthly
from taxi_assets.settings import Settings
from taxi_assets_tests.builders import published_trips

GREEN = FLEETS["green"]
NEW_YORK = ZoneInfo("America/New_York")
SPRING, AUTUMN = datetime(2025, 3, 9), datetime(2025, 11, 2)


@pytest.mark.parametrize(
    ("ends_utc", "ended", "before"),
    [
        (datetime(2025, 3, 1, 5, tzinfo=UTC), "2025-02", "2025-01"),  # winter time
        (datetime(2025, 4, 1, 4, tzinfo=UTC), "2025-03", "2025-02"),  # the clocks changed in it
        (datetime(2025, 11, 1, 4, tzinfo=UTC), "2025-10", "2025-09"),  # summer time
        (datetime(2025, 12, 1, 5, tzinfo=UTC), "2025-11", "2025-10"),  # they changed back in it
        (datetime(2026, 1, 1, 5, tzinfo=UTC), "2025-12", "2025-11"),
    ],
)
def test_a_month_is_a_partition_once_it_has_ended_in_new_york_and_not_in_utc(
    ends_utc: datetime, ended: str, before: str
) -> None:
    months = monthly("2025-01")

    with freeze_time(ends_utc - timedelta(seconds=1)):
        assert months.get_partition_keys()[-1] == before
    with freeze_time(ends_utc):
        assert months.get_partition_keys()[-1] == ended


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
@pytest.mark.parametrize(
    ("name", "hour"), [("green_weekly_monitoring", "07:00"), ("green_weekly_served", "07:30")]
)
def test_a_weekly_schedule_ticks_once_a_week_at_its_hour_when_the_clocks_change(
    day: datetime, name: str, hour: str
) -> None:
    begin = (day - timedelta(days=10)).replace(tzinfo=NEW_YORK)
    end = (day + timedelta(days=11)).replace(tzinfo=NEW_YORK)
    graph = build_definitions(Settings(fleets=("green",))).get_repository_def()

    schedule = graph.get_schedule_def(name)
    times = [
        time.astimezone(NEW_YORK)
        for time in takewhile(
            lambda time: time < end,
            schedule_execution_time_iterator(
                begin.timestamp(), schedule.cron_schedule, schedule.execution_timezone
            ),
        )
    ]

    assert [f"{time:%H:%M}" for time in times] == [hour] * 3
    days = [time.date() for time in times]
    assert [later - day for day, later in pairwise(days)] == [timedelta(days=7)] * 2


@pytest.mark.parametrize(
    ("pickup_at", "minutes", "rule"),
    [
        (datetime(2025, 11, 2, 1, 30), 12, None),  # in one of the two hours: nobody knows which
        (
            datetime(2025, 11, 2, 1, 50),
            -40,
            "impossible_duration",
        ),  # 20, set back by 60
        (datetime(2025, 3, 9, 1, 50), 80, None),  # 20, set forward by 60
    ],
)
def test_a_trip_in_the_hour_of_the_change_is_kept_or_charged_to_a_rule(
    pickup_at: datetime, minutes: int, rule: str | None
) -> None:
    trips = published_trips(pickup_at=pickup_at, minutes=minutes)

    found = sort_trips(trips, 0, GREEN, f"{pickup_at:%Y-%m}", np.array([], np.int32))

    assert [trip["rule"] for trip in found.rejected.to_pylist()] == ([rule] if rule else [])
    assert found.clean.num_rows + found.rejected.num_rows == 1


def test_the_same_wall_clock_time_of_both_hours_is_one_pickup_time() -> None:
    assert local_time("2025-11-02T01:30-04:00") == local_time("2025-11-02T01:30-05:00")
