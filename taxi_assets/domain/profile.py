"""A month's profile: the numbers that its page is drawn from and that months are compared by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

PUBLISHED, CLEAN, REJECTED = "published", "clean", "rejected"
ALL = "all"
MEDIAN, LOW, HIGH = "median", "low", "high"
QUANTILES = {"5 %": 0.05, "25 %": 0.25, MEDIAN: 0.5, "75 %": 0.75, "95 %": 0.95}


class Number(NamedTuple):
    """One row of the table `data_profile`."""

    subject: str
    stage: str
    part: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Measure:
    """What a ride is measured by.

    Attributes:
        name: of the column.
        label: for people.
        unit: of the values.
        edges: of the bins of its histogram; one more bin holds all below, one all from the last on.
    """

    name: str
    label: str
    unit: str
    edges: tuple[float, ...]

    @property
    def bins(self) -> list[str]:
        """Names of the bins, from the lowest."""
        shown = [f"{edge:g}" for edge in self.edges]
        between = [f"{low} to {high}" for low, high in pairwise(shown)]
        return [f"under {shown[0]}", *between, f"{shown[-1]} and over"]


def _tenths(first: int, last: int) -> tuple[float, ...]:
    """Edges at every tenth of a power of ten: what cleaning takes lies far out on both sides."""
    return tuple(float(f"{10 ** (tenth / 10):.3g}") for tenth in range(first, last + 1))


MEASURES = (
    Measure("fare_usd", "Fare", "USD", _tenths(0, 30)),
    Measure("distance_mi", "Distance", "miles", _tenths(-20, 30)),
    Measure("duration_min", "Duration", "minutes", _tenths(-10, 32)),
    Measure("speed_mph", "Speed", "miles an hour", _tenths(-10, 30)),
)
METRICS = MEASURES[:3]  # what a ride costs, and how long it is


class Profile:
    """A month's numbers by what they are about."""

    def __init__(self, numbers: Iterable[Number]) -> None:
        self._parts: dict[tuple[str, str], dict[str, float]] = {}
        for number in numbers:
            self._parts.setdefault(number[:2], {})[number.part] = number.value

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "Profile":
        """The profile that rows of the table `data_profile` hold."""
        return cls(Number(**{name: row[name] for name in Number._fields}) for row in rows)

    def number(self, subject: str, stage: str = CLEAN, part: str = ALL) -> float | None:
        """One number, None where no trip can tell."""
        return self.parts(subject, stage).get(part)

    def count(self, subject: str, stage: str = CLEAN, part: str = ALL) -> int:
        """How many; what was not counted is none."""
        return int(self.parts(subject, stage).get(part, 0))

    def parts(self, subject: str, stage: str = CLEAN) -> dict[str, float]:
        """All numbers of a subject, in the order they were made."""
        return self._parts.get((subject, stage), {})

    @property
    def rejected_share(self) -> float | None:
        """Rejected trips among the published."""
        published = self.count("trips", PUBLISHED)
        return self.count("trips", REJECTED) / published if published else None
