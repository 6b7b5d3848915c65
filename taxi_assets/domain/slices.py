"""The parts of a month that a model is looked at by: kinds of rides, not single ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_assets.domain.features import column
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.tariff import NEGOTIATED
from taxi_assets.domain.zones import BOROUGHS

Codes = npt.NDArray[np.int8]

WHOLE = "all"  # name and only value of the slice that holds every ride
DISTANCE_EDGES_MI = (1.0, 2.0, 3.0, 5.0, 8.0)
DISTANCE_BANDS = (
    "same zone",
    "under 1 mi",
    "1-2 mi",
    "2-3 mi",
    "3-5 mi",
    "5-8 mi",
    "8 mi and more",
)
HOUR_EDGES = (6, 10, 16, 20)
HOUR_BANDS = ("0-5 h", "6-9 h", "10-15 h", "16-19 h", "20-23 h")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ROUTES = ("seen", "unseen")
RATES = ("metered", "negotiated", "unknown")
AFTERWARDS = ("rate",)  # nobody knows it before the ride


@dataclass(frozen=True, slots=True)
class Slicing:
    """One way of parting rides.

    Attributes:
        name: column value of `slice`.
        values: names of the parts.
        codes: (n,) the part each ride is in, as position in `values`.
    """

    name: str
    values: tuple[str, ...]
    codes: Codes

    def parts(self) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
        """Each part that has rides, and their positions in time order."""
        order = np.argsort(self.codes, kind="stable")
        edges = np.searchsorted(self.codes[order], np.arange(len(self.values) + 1))
        for value, first, last in zip(self.values, edges[:-1], edges[1:], strict=True):
            if first < last:
                yield value, order[first:last]


def slicings(
    features: FloatArray, rate_code: npt.NDArray[np.float64], zones: pd.DataFrame
) -> list[Slicing]:
    """Every way in which a month is parted.

    Args:
        features: (n, 40) as the model sees them.
        rate_code: (n,) as billed, NaN when unknown.
        zones: (263, >=2) `zone` and `service_zone`.

    Returns:
        One slicing each by place, length, time, what is known of the route, and rate; all but the
        rate are known before the ride.
    """
    services = tuple(sorted(zones["service_zone"].unique()))
    service_of = np.zeros(int(zones["zone"].max()) + 1, np.int8)
    service_of[zones["zone"]] = [services.index(name) for name in zones["service_zone"]]
    distance = np.digitize(column(features, "straight_mi"), DISTANCE_EDGES_MI) + 1
    hour = column(features, "minute_of_day").astype(np.int64) // 60
    same = column(features, "same_zone") == 1
    rate = np.select([np.isnan(rate_code), rate_code == NEGOTIATED], [2, 1], 0)
    found = (
        (WHOLE, (WHOLE,), np.zeros(len(features))),
        ("pickup_borough", BOROUGHS, column(features, "pickup_borough")),
        ("service_zone", services, service_of[column(features, "pickup_zone").astype(np.int64)]),
        ("distance_band", DISTANCE_BANDS, np.where(same, 0, distance)),
        ("hour_band", HOUR_BANDS, np.digitize(hour, HOUR_EDGES)),
        ("weekday", WEEKDAYS, column(features, "weekday")),
        ("route", ROUTES, column(features, "route_trips") == 0),
        ("rate", RATES, rate),
    )
    return [Slicing(name, values, codes.astype(np.int8)) for name, values, codes in found]


def joined(batches: Sequence[Sequence[Slicing]]) -> list[Slicing]:
    """The slicings of all batches as those of one."""
    return [
        Slicing(parts[0].name, parts[0].values, np.concatenate([part.codes for part in parts]))
        for parts in zip(*batches, strict=True)
    ]
