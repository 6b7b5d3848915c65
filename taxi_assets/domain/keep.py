"""How far back things are kept, as people write it: `24m` or `90d`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.months import bounds, shift

_KEEP = re.compile(r"([1-9][0-9]{0,9})([md])")


@dataclass(frozen=True, slots=True)
class Keep:
    """How far back things are kept: so many months, or so many days."""

    months: int = 0
    days: int = 0

    def cutoff(self, now: datetime) -> datetime:
        """What stopped being current before this instant may go; UTC.

        Raises:
            UsageError: that lies before all time.
        """
        try:
            if self.days:
                return now - timedelta(days=self.days)
            first = bounds(shift(f"{now:%Y-%m}", -self.months))[0].replace(tzinfo=UTC)
            into = timedelta(days=now.day - 1, hours=now.hour, minutes=now.minute)
            ends = bounds(f"{first:%Y-%m}")[1].replace(tzinfo=UTC)
            return min(first + into, ends - timedelta(microseconds=1))
        except (OverflowError, ValueError) as error:
            raise UsageError(
                f"--keep {self} reaches back before year 1: give fewer months or days."
            ) from error

    def __str__(self) -> str:
        return f"{self.days}d" if self.days else f"{self.months}m"


def parse_keep(text: str, train_months: int, now: datetime) -> Keep:
    """The period that `24m` or `90d` stands for.

    Raises:
        UsageError: it is none, or ends within the months that a model learns from.
    """
    found = _KEEP.fullmatch(text.strip())
    if not found:
        raise UsageError(
            f"--keep '{text}' is no period: write months or days from 1 on, such as 24m or 90d."
        )
    number = int(found[1])
    keep = Keep(months=number) if found[2] == "m" else Keep(days=number)
    if keep.cutoff(now) > Keep(months=train_months).cutoff(now):
        raise UsageError(
            f"--keep {keep} is shorter than the {train_months} months a model learns from, whose "
            f"history would go: keep at least {train_months}m, or lower TAXI_TRAIN_MONTHS."
        )
    return keep
