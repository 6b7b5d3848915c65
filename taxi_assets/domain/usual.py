"""Whether a month's number is like those of the months before it."""

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW_MONTHS = 12
MIN_MONTHS = 3  # a range of fewer months says nothing


@dataclass(frozen=True, slots=True)
class UsualRange:
    """The range of past months, widened by a margin on both sides."""

    low: float
    high: float
    months: int

    def holds(self, value: float) -> bool:
        """Whether a value lies in the range."""
        return self.low <= value <= self.high


def usual_range(past: Sequence[float], margin: float) -> UsualRange | None:
    """Range of the last 12 values; None when fewer than 3 months can be compared with.

    Args:
        past: one value a month, oldest first.
        margin: by how much of itself each bound is widened, for example 0.2.
    """
    recent = past[-WINDOW_MONTHS:]
    if len(recent) < MIN_MONTHS:
        return None
    return UsualRange(min(recent) * (1 - margin), max(recent) * (1 + margin), len(recent))
