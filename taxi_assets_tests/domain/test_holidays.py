"""Legal holidays as masks over days."""

from collections.abc import Callable

import numpy as np
import pytest

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.holidays import Bools, Days, is_federal_holiday, is_new_york_holiday

Calendar = Callable[[Days], Bools]


@pytest.mark.parametrize(
    ("day", "federal", "new_york"),
    [
        pytest.param("2009-01-01", True, True, id="the first day there is"),
        pytest.param("2050-12-31", False, False, id="the last day there is"),
        pytest.param("2023-01-02", True, True, id="New Year observed on the Monday after"),
        pytest.param("2021-12-24", True, True, id="Christmas observed on the Friday before"),
        pytest.param("2021-12-31", True, True, id="next year's New Year observed in this one"),
        pytest.param("2023-02-13", False, True, id="Lincoln's birthday is the state's"),
        pytest.param("2024-11-05", False, True, id="and so is Election Day"),
        pytest.param("2025-11-27", True, True, id="Thanksgiving"),
        pytest.param("2025-11-28", False, False, id="the day after it"),
        pytest.param("2020-06-19", False, False, id="Juneteenth before it was a holiday"),
        pytest.param("2022-06-20", True, True, id="and observed since"),
    ],
)
def test_a_day_is_looked_up_in_both_calendars(day: str, federal: bool, new_york: bool) -> None:
    days = np.array([day], "datetime64[D]")

    assert is_federal_holiday(days).tolist() == [federal]
    assert is_new_york_holiday(days).tolist() == [new_york]


def test_the_time_of_day_does_not_matter() -> None:
    at = np.array(["2025-07-03T23:59:59", "2025-07-04T00:00:00", "2025-07-04T23:59:59"], "M8[us]")

    assert is_federal_holiday(at).tolist() == [False, True, True]


def test_no_days_have_no_holidays() -> None:
    assert is_federal_holiday(np.array([], "datetime64[D]")).shape == (0,)


@pytest.mark.parametrize("calendar", [is_federal_holiday, is_new_york_holiday])
@pytest.mark.parametrize("day", ["2008-12-31", "2051-01-01", "NaT"])
def test_a_day_outside_the_calendar_is_refused(calendar: Calendar, day: str) -> None:
    with pytest.raises(UsageError, match="2009 to 2050; a day is missing or outside"):
        calendar(np.array(["2025-03-03", day], "datetime64[D]"))


def test_an_answer_can_be_changed_without_changing_the_calendar() -> None:
    new_year = np.array(["2025-01-01"], "datetime64[D]")

    is_federal_holiday(new_year)[:] = False

    assert is_federal_holiday(new_year).tolist() == [True]
