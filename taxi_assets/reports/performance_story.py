"""What the performance report tells of, page and pictures alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.judgement import Judgement
from taxi_assets.domain.performance import EVERYTHING, Parts, by_part

PARTED_BY = {
    "distance_band": "length of ride",
    "boroughs": "pair of boroughs",
    "pickup_borough": "borough of pick-up",
    "service_zone": "service zone of pick-up",
    "hour_band": "hour of the day",
    "weekday": "weekday",
    "route": "route seen before or not",
    "rate": "rate, known after the ride only",
}


@dataclass(frozen=True, slots=True)
class Story:
    """A month of a champion.

    Attributes:
        fleet: fleet name.
        month: `YYYY-MM`.
        rows: of the month, in the table's columns.
        past: rows of earlier months' reports, by month.
        judgement: None where the champion's test is not known.
        level: share of rides that the interval is to hold.
    """

    fleet: str
    month: str
    rows: Sequence[Row]
    past: Mapping[str, Sequence[Row]]
    judgement: Judgement | None
    level: float

    @property
    def now(self) -> Parts:
        """The month's rows by part."""
        return by_part(self.rows)

    @property
    def whole(self) -> Row:
        """The row of the whole month."""
        return self.now[EVERYTHING]

    @property
    def tested(self) -> Parts:
        """Rows of the champion's test by part; empty where it is not known."""
        return self.judgement.record.months[0] if self.judgement else {}
