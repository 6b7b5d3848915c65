"""Which months should have been landed by now.

Dagster's freshness policy of `raw_trips` sees when the asset was last materialized, of whatever
month: a backfill of old months makes it look fresh. So what is late is reckoned by month, here.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from taxi_assets.domain.months import bounds, month_range, shift

PUBLISHED_AFTER_DAYS = 60  # TLC: about two months after a month has ended
PATIENCE_DAYS = 15  # it does not keep a day


def late_months(landed: Iterable[str], today: date) -> list[str]:
    """Months after the newest landed one that TLC should have published, oldest first.

    Args:
        landed: `YYYY-MM` of one fleet, in any order.
        today: the day in New York.

    Returns:
        None of them where nothing was ever landed: what has not begun cannot be late.
    """
    newest = max(landed, default=None)
    if newest is None:
        return []
    return [m for m in month_range(shift(newest, 1), f"{today:%Y-%m}") if is_late(m, today)]


def is_late(month: str, today: date) -> bool:
    """Whether TLC should have published a month."""
    return today > due(month)


def due(month: str) -> date:
    """The last day on which a month is not late."""
    return bounds(month)[1].date() + timedelta(days=PUBLISHED_AFTER_DAYS + PATIENCE_DAYS)


def sentence(months: list[str], today: date) -> str:
    """Why months count as late."""
    ended = (today - bounds(months[0])[1].date()).days
    return (
        f"TLC publishes a month about {PUBLISHED_AFTER_DAYS} days after it ends, and {months[0]} "
        f"ended {ended} days ago"
    )
