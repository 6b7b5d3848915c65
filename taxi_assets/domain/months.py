"""Months as `YYYY-MM` keys: the partition of everything here. Text order is time order."""

import re
from datetime import datetime

from taxi_assets.domain.errors import UsageError

NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def check_month(month: str) -> str:
    """Return `month` unchanged if it is a `YYYY-MM` key.

    Raises:
        UsageError: it is not.
    """
    if not _MONTH.fullmatch(month):
        raise UsageError(f"'{month}' is not a month: write YYYY-MM, for example 2025-01.")
    return month


def shift(month: str, months: int) -> str:
    """The month that lies `months` later (earlier when negative)."""
    year, number = (int(part) for part in check_month(month).split("-"))
    year, zero_based = divmod(year * 12 + number - 1 + months, 12)
    return f"{year:04d}-{zero_based + 1:02d}"


def month_range(first: str, last: str) -> list[str]:
    """All months from `first` to `last`, both included; empty when `last` comes first."""
    months = []
    month = check_month(first)
    while month <= check_month(last):
        months.append(month)
        month = shift(month, 1)
    return months


def parse_months(text: str) -> list[str]:
    """Sorted distinct months of `2025-01`, `2025-01..2025-03` or `2025-01,2025-03`, in any mix.

    Raises:
        UsageError: a part is not a month, or a range runs backwards.
    """
    months: set[str] = set()
    for part in text.split(","):
        first, dots, last = part.strip().partition("..")
        found = month_range(first, last if dots else first)
        if not found:
            raise UsageError(
                f"'{part}' runs backwards: write the earlier month first, {last}..{first}."
            )
        months.update(found)
    return sorted(months)


def bounds(month: str) -> tuple[datetime, datetime]:
    """First instant of the month and of the next, New York local time without a zone."""
    year, number = (int(part) for part in check_month(month).split("-"))
    next_year, next_number = (int(part) for part in shift(month, 1).split("-"))
    return datetime(year, number, 1), datetime(next_year, next_number, 1)


def month_name(month: str) -> str:
    """The month as people say it: `March 2025`."""
    year, number = check_month(month).split("-")
    return f"{NAMES[int(number) - 1]} {year}"
