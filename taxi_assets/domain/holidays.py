"""Legal holidays, as masks over days.

Source: the `holidays` library's calendars of the United States and of New York State. A holiday
that falls on a weekend also counts on the weekday it is observed on.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.errors import UsageError

FIRST_YEAR, LAST_YEAR = 2009, 2050  # TLC's files begin in 2009
_FIRST = np.datetime64(f"{FIRST_YEAR}-01-01", "D")
_END = np.datetime64(f"{LAST_YEAR + 1}-01-01", "D")

Days = npt.NDArray[np.datetime64]
Bools = npt.NDArray[np.bool_]


def is_federal_holiday(days: Days) -> Bools:
    """Whether each day is a legal holiday in all of the United States.

    Args:
        days: (n,) datetime64 of any unit; the time of day is ignored.

    Returns:
        (n,) True on the eleven federal holidays (ten before 2021) and the days they are observed.

    Raises:
        UsageError: a day is missing or outside the years 2009 to 2050.
    """
    return _looked_up(days, None)


def is_new_york_holiday(days: Days) -> Bools:
    """Whether each day is a public holiday in New York State: the federal ones and the state's.

    Arguments, returns and errors are those of `is_federal_holiday`; the state adds Lincoln's and
    Susan B. Anthony's birthdays and Election Day.
    """
    return _looked_up(days, "NY")


def _looked_up(days: Days, state: str | None) -> Bools:
    """(n,) the calendar's answer for each day."""
    day = np.asarray(days).astype("datetime64[D]")
    if not ((day >= _FIRST) & (day < _END)).all():  # a missing day compares False too
        raise UsageError(
            f"Holidays are known for {FIRST_YEAR} to {LAST_YEAR}; a day is missing or outside."
        )
    return _calendar(state)[(day - _FIRST).astype(np.int64)]


@cache
def _calendar(state: str | None) -> Bools:
    """(days of all years,) True on holidays; computed once a process."""
    import holidays  # a third of a second to import, and not every command looks a day up

    named = holidays.country_holidays("US", subdiv=state, years=range(FIRST_YEAR, LAST_YEAR + 1))
    days = np.array(sorted(named), "datetime64[D]")
    mask = np.zeros((_END - _FIRST).astype(np.int64), np.bool_)
    mask[(days[(days >= _FIRST) & (days < _END)] - _FIRST).astype(np.int64)] = True
    mask.setflags(write=False)
    return mask
