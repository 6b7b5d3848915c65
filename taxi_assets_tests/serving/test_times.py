"""New York's clocks, with their gaps and repetitions."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.times import new_york_time, skipped_hour
from taxi_assets.domain.clock import NEW_YORK
from taxi_assets.domain.errors import UsageError

INSTANTS = st.datetimes(datetime(2019, 1, 2), datetime(2050, 12, 30), timezones=st.just(UTC))


def test_a_local_time_stays_what_it_is() -> None:
    at = datetime(2025, 3, 14, 8, 30)

    assert new_york_time(at) == at


@pytest.mark.parametrize(
    ("at", "local"),
    [
        (datetime(2025, 1, 15, 17, tzinfo=UTC), datetime(2025, 1, 15, 12)),
        (datetime(2025, 7, 15, 17, tzinfo=UTC), datetime(2025, 7, 15, 13)),
        (
            datetime(2025, 7, 15, 17, tzinfo=timezone(timedelta(hours=-4))),
            datetime(2025, 7, 15, 17),
        ),
        (datetime(2025, 11, 2, 6, 30, tzinfo=UTC), datetime(2025, 11, 2, 1, 30)),
        (datetime(2025, 11, 2, 5, 30, tzinfo=UTC), datetime(2025, 11, 2, 1, 30)),
    ],
)
def test_an_offset_is_converted(at: datetime, local: datetime) -> None:
    found = new_york_time(at)

    assert found == local
    assert found.tzinfo is None
    assert found.fold == 0


@given(instant=INSTANTS)
def test_every_instant_has_a_time_that_new_yorks_clocks_show(instant: datetime) -> None:
    local = new_york_time(instant)

    assert local == instant.astimezone(NEW_YORK).replace(tzinfo=None, fold=0)
    assert new_york_time(local) == local  # no instant falls into a gap


@pytest.mark.parametrize("minute", [0, 30, 59])
def test_an_hour_that_clocks_skip_is_refused_by_name(minute: int) -> None:
    at = datetime(2025, 3, 9, 2, minute)

    with pytest.raises(UsageError, match=r"does not exist .* from 02:00 to 03:00 that night"):
        new_york_time(at)


@pytest.mark.parametrize("at", [datetime(2025, 3, 9, 1, 59, 59), datetime(2025, 3, 9, 3)])
def test_the_times_on_both_sides_of_the_gap_exist(at: datetime) -> None:
    assert new_york_time(at) == at


def test_the_first_of_two_hours_is_meant_when_clocks_go_back() -> None:
    at = datetime(2025, 11, 2, 1, 30)

    assert new_york_time(at) == at


@pytest.mark.parametrize(
    "at",
    [
        datetime(1970, 1, 1),
        datetime(2018, 12, 31, 23, 59, 59),
        datetime(2051, 1, 1),
        datetime(2100, 6, 1),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-23))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23))),
    ],
)
def test_years_of_which_nothing_is_known_are_refused(at: datetime) -> None:
    with pytest.raises(UsageError, match="known from 2019-01-01 to 2050-12-31"):
        new_york_time(at)


@pytest.mark.parametrize(
    ("year", "begin"), [(2019, datetime(2019, 3, 10, 2)), (2050, datetime(2050, 3, 13, 2))]
)
def test_each_year_skips_an_hour_of_a_sunday_in_march(year: int, begin: datetime) -> None:
    assert skipped_hour(year) == (begin, begin + timedelta(hours=1))
