"""The model inputs that are watched for drift, and the bins they are counted in.

The bins are the same in every month and for every fleet, so that any two months can be compared.
Missing values are a bin of their own. Not watched, because they move without the city changing:

- `month_of_year`, `holiday`: the calendar decides them.
- `route_trips` and the medians of routes and zones: they grow and settle with history. What matters
  of them is in the expected fare and duration.
- `fare_trend`: it follows fares, month by month, and that is what the model needs it for.
  `fares_are_level` watches fares themselves.
- single zones: 263 shares are mostly chance in a month of a few thousand trips. Where rides start
  is watched by borough and by miles east and north.
- what only restates another input: the rest of the geometry, minutes of the week, expected speed.

Expected fare, expected duration and hour pace are what history says of route and hour. A table has
them by the history of its own month, which grows: between the first months of a city where nothing
changes, they move by up to half a standard deviation. So both sides are seen through the champion's
own history, as it sees them when it quotes: what moves then is the city. Counting them month by
month for whoever will be champion is impossible, so histograms leave them out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.features import FEATURES, build_features
from taxi_assets.domain.places import Places
from taxi_assets.domain.slices import WEEKDAYS
from taxi_assets.domain.zones import BOROUGHS

Values = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MISSING = "missing"
CITY_HALL_MI = (186.0, 37.7)  # New York State Plane: a point that people know to count miles from
MANY_PASSENGERS = 6


@dataclass(frozen=True, slots=True)
class Input:
    """One watched input.

    Attributes:
        name: in programs.
        label: for people.
        unit: of its values; empty for names and counts.
        bins: names of the bins, in order, without `MISSING`.
        edges: where a number's bins end, all but the last; none for what has values instead of
            sizes, of which each is a bin.
        learned: whether it is what some history says of a trip.
    """

    name: str
    label: str
    unit: str
    bins: tuple[str, ...]
    edges: tuple[float, ...] = ()
    learned: bool = False

    @property
    def is_number(self) -> bool:
        """Whether its values have sizes."""
        return bool(self.edges)

    @property
    def all_bins(self) -> tuple[str, ...]:
        """Names of the bins, `MISSING` last."""
        return (*self.bins, MISSING)

    def codes(self, values: Values) -> npt.NDArray[np.intp]:
        """(n,) the bin of each value, as its place in `all_bins`."""
        missing = np.isnan(values)
        found = np.digitize(values, self.edges) if self.is_number else np.where(missing, 0, values)
        return np.where(missing, len(self.bins), found).astype(np.intp)


def _number(name: str, label: str, unit: str, *edges: float, learned: bool = False) -> Input:
    """An input of sizes: `under 1`, `1 to 2`, ..., `5 and more`."""
    inner = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    bins = (f"under {edges[0]:g}", *inner, f"{edges[-1]:g} and more")
    return Input(name, label, unit, bins, edges, learned)


def _yes_or_no(name: str, label: str) -> Input:
    return Input(name, label, "", ("no", "yes"))


_HOURS = tuple(f"{hour}" for hour in range(24))
_PEOPLE = (*map(str, range(MANY_PASSENGERS)), f"{MANY_PASSENGERS} and more")
INPUTS = (
    Input("pickup_borough", "pick-up borough", "", BOROUGHS),
    Input("dropoff_borough", "drop-off borough", "", BOROUGHS),
    _number("pickup_east_mi", "how far east", "mi", 0, 1, 2, 3, 4, 5, 7, 10),
    _number("pickup_north_mi", "how far north", "mi", -4, -2, 0, 2, 3, 4, 5, 6, 7, 9),
    _yes_or_no("same_zone", "within one zone"),
    _yes_or_no("from_airport", "from an airport"),
    _yes_or_no("to_airport", "to an airport"),
    _number("straight_mi", "straight line", "mi", 0.1, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12),
    Input("trip_hour", "trip hour", "h", _HOURS, tuple(range(1, 24))),
    Input("weekday", "weekday", "", WEEKDAYS),
    Input("passengers", "passengers", "", _PEOPLE),
    _number(
        *("expected_fare_usd", "expected fare", "USD"),
        *(8, 10, 12, 14, 16, 20, 25, 30, 40, 60),
        learned=True,
    ),
    _number(
        *("expected_duration_min", "expected duration", "min"),
        *(6, 8, 10, 12, 14, 17, 20, 25, 30, 40),
        learned=True,
    ),
    _number(
        *("hour_pace", "hour pace", ""),
        *(0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4),
        learned=True,
    ),
)
BY_NAME = {watched.name: watched for watched in INPUTS}
COUNTED = tuple(watched for watched in INPUTS if not watched.learned)
LEARNED = tuple(watched.name for watched in INPUTS if watched.learned)
COLUMNS = (
    *("pickup_borough", "dropoff_borough", "pickup_x_mi", "pickup_y_mi", "same_zone"),
    *("from_airport", "to_airport", "straight_mi", "minute_of_day", "weekday", "passengers"),
)
ASKED = ("pickup_zone", "dropoff_zone", "pickup_at")  # what history is asked with


def input_values(features: pa.RecordBatch) -> dict[str, Values]:
    """The watched inputs of some trips, but for what history says of them.

    Args:
        features: (n, >=11) rows of a feature table with at least `COLUMNS`.

    Returns:
        (n,) values of each of `COUNTED`, missing ones NaN. What has values instead of sizes comes
        as the place of its value in `bins`.
    """

    def column(name: str) -> Values:
        found: Values = features[name].to_numpy(zero_copy_only=False).astype(np.float64)
        return found

    found = {name: column(name) for name in COLUMNS if name in BY_NAME}
    east, north = (column(name) for name in ("pickup_x_mi", "pickup_y_mi"))
    return found | {
        "pickup_east_mi": east - CITY_HALL_MI[0],
        "pickup_north_mi": north - CITY_HALL_MI[1],
        "trip_hour": column("minute_of_day") / 60,
        "passengers": np.minimum(found["passengers"], MANY_PASSENGERS),
    }


def with_learned(trips: pd.DataFrame, known: Places) -> pd.DataFrame:
    """Trips with what a champion's history says of them.

    Args:
        trips: (n, >=4) with `ASKED` and `passengers`.
        known: the champion's zones and history.

    Returns:
        The same with the inputs of `LEARNED` in place of `ASKED`. Trips that the champion has
        learned from are in its history themselves, which makes no difference to speak of: scores of
        real and simulated months stay below 0.13, and below 0.1 with 4,000 trips a month and more.
    """
    start, end = (trips[name].to_numpy().astype(np.int64) for name in ASKED[:2])
    people = trips["passengers"].to_numpy().astype(np.float32)
    matrix = build_features(start, end, trips["pickup_at"].to_numpy(), people, known)
    found = {name: matrix[:, list(FEATURES).index(name)].astype(np.float64) for name in LEARNED}
    return trips.drop(columns=list(ASKED)).assign(**found)


class Histograms:
    """How many trips are in each bin of each input, counted batch by batch."""

    def __init__(self, inputs: Sequence[Input] = COUNTED) -> None:
        """Begin with no trips of these inputs."""
        self.counts = {w.name: np.zeros(len(w.all_bins), np.int64) for w in inputs}

    def add(self, values: Mapping[str, Values]) -> None:
        """Count some trips; `values` by name of the input."""
        for name, counts in self.counts.items():
            counts += np.bincount(BY_NAME[name].codes(values[name]), minlength=len(counts))


def count(batches: Iterable[pa.RecordBatch]) -> dict[str, Counts]:
    """Trips by bin of each input over feature batches that have `COLUMNS`."""
    found = Histograms()
    for batch in batches:
        found.add(input_values(batch))
    return found.counts


def as_rows(counts: Mapping[str, Counts]) -> list[dict[str, Any]]:
    """Counts as rows of the table `feature_histograms`, empty bins included."""
    return [
        {"feature": watched.name, "bin": name, "position": position, "trips": int(trips)}
        for watched in COUNTED
        for position, (name, trips) in enumerate(
            zip(watched.all_bins, counts[watched.name], strict=True)
        )
    ]


def from_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Counts]:
    """The inverse of `as_rows`.

    Raises:
        DataError: the rows have other inputs or bins.
    """
    bins = [(row["feature"], row["bin"]) for row in rows]
    if bins != [(watched.name, name) for watched in COUNTED for name in watched.all_bins]:
        raise DataError("The histograms have other inputs or bins: run their month again.")
    trips = np.array([row["trips"] for row in rows], np.int64)
    ends = np.cumsum([len(watched.all_bins) for watched in COUNTED])
    parts = np.split(trips, ends[:-1])
    return {watched.name: part for watched, part in zip(COUNTED, parts, strict=True)}
