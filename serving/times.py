"""Pick-up times as New York's clocks show them."""

from datetime import datetime, timedelta
from functools import cache

from taxi_assets.domain.clock import NEW_YORK
from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.holidays import LAST_YEAR
from taxi_assets.domain.price_list import KNOWN_SINCE

FIRST = datetime.fromisoformat(str(KNOWN_SINCE))  # before it no surcharge is known
END = datetime(LAST_YEAR + 1, 1, 1)  # from then on no holiday is
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def new_york_time(at: datetime) -> datetime:
    """A time as New York's clocks show it.

    Args:
        at: New York local where it has no offset. Of an hour that daylight saving repeats, the
            first is meant; who means the second, says so by its offset.

    Returns:
        The same without an offset.

    Raises:
        UsageError: daylight saving skips it, or prices and holidays of its year are not known.
    """
    if at.tzinfo is not None:
        at = _converted(at)
    if not FIRST <= at < END:
        raise UsageError(
            f"{at:%Y-%m-%d} is outside the calendar: "
            f"prices and holidays are known from {FIRST:%Y-%m-%d} to {LAST_YEAR}-12-31."
        )
    begin, end = skipped_hour(at.year)
    if begin <= at < end:
        raise UsageError(
            f"{at:%Y-%m-%dT%H:%M} does not exist in New York: clocks went from {begin:%H:%M} to "
            f"{end:%H:%M} that night, ask for a time before or after."
        )
    return at


def _converted(at: datetime) -> datetime:
    try:
        return at.astimezone(NEW_YORK).replace(tzinfo=None, fold=0)
    except OverflowError:  # New York's clocks do not reach there
        return at.replace(tzinfo=None)


@cache
def skipped_hour(year: int) -> tuple[datetime, datetime]:
    """Begin and end of the hour that daylight saving skips; far ahead in a year without it."""
    days = (datetime(year, 1, 1) + number * DAY for number in range(366))
    night = next((day for day in days if _offset(day) < _offset(day + DAY)), datetime.max - DAY)
    hours = (night + number * HOUR for number in range(24))
    begin = next(filter(_is_skipped, hours), datetime.max - DAY)
    return begin, begin + HOUR


def _is_skipped(local: datetime) -> bool:
    """A time in a gap has the earlier offset at fold 0 and the later one at fold 1 (PEP 495)."""
    return _offset(local) < _offset(local.replace(fold=1))


def _offset(local: datetime) -> timedelta:
    """From UTC to New York."""
    offset = local.replace(tzinfo=NEW_YORK).utcoffset()
    assert offset is not None  # every time has one there
    return offset
