"""Quotes of one model for any number of rides at once: fare, surcharges, total."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from serving.ports import Observer, Served
from serving.words import SURCHARGES
from taxi_assets.domain.features import build_features
from taxi_assets.domain.heads import Numbers
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.surcharges import Surcharges, expected_surcharges

COLUMNS = tuple(field.name for field in fields(Surcharges))


class Ride(NamedTuple):
    """One ride to quote; a tuple, as is `Price`: a batch makes thousands of each.

    Attributes:
        pickup_zone: TLC id.
        dropoff_zone: TLC id.
        pickup_at: New York local time.
        passengers: people.
    """

    pickup_zone: int
    dropoff_zone: int
    pickup_at: datetime
    passengers: int


@dataclass(frozen=True, slots=True)
class Rides:
    """(n,) rides in columns, as `build_features` takes them."""

    pickup_zone: npt.NDArray[np.int64]
    dropoff_zone: npt.NDArray[np.int64]
    pickup_at: npt.NDArray[np.datetime64]
    passengers: npt.NDArray[np.float32]

    @classmethod
    def of(cls, rides: Sequence[Ride]) -> "Rides":
        """Lay rides out in columns."""
        start, end, at, people = zip(*rides, strict=True)
        return cls(
            np.array(start, np.int64),
            np.array(end, np.int64),
            pa.array(at, pa.timestamp("us")).to_numpy(),  # numpy takes thrice as long
            np.array(people, np.float32),
        )


class Price(NamedTuple):
    """What one ride will cost and how long it will take, in whole cents and tenths of a minute."""

    fare_usd: float
    low_usd: float
    high_usd: float
    ride_min: float
    total_usd: float
    surcharges: orjson.Fragment


@dataclass(frozen=True, slots=True)
class Prices:
    """(n,) `Price`s in columns."""

    fare_usd: Numbers
    low_usd: Numbers
    high_usd: Numbers
    ride_min: Numbers
    total_usd: Numbers
    surcharges: list[orjson.Fragment]

    def each(self) -> list[Price]:
        """The same one by one."""
        amounts = (self.fare_usd, self.low_usd, self.high_usd, self.ride_min, self.total_usd)
        return list(map(Price, *map(np.ndarray.tolist, amounts), self.surcharges))


def features_of(served: Served, rides: Rides) -> FloatArray:
    """(n, 40) what the model is told of the rides."""
    return build_features(
        rides.pickup_zone,
        rides.dropoff_zone,
        rides.pickup_at,
        rides.passengers,
        served.bundle.known,
    )


def price(served: Served, rides: Rides, telemetry: Observer) -> Prices:
    """Ask a model about rides.

    Raises:
        UsageError: a zone or time is one that features or surcharges do not know.
    """
    with telemetry.span("features"):
        features = features_of(served, rides)
    with telemetry.span("model"):
        return priced(served, rides, features)


def price_each(
    served: Served, rides: Sequence[Ride], telemetry: Observer
) -> list[Price | Exception]:
    """The same, each ride by itself where it matters: one that fails leaves the others theirs."""
    try:
        return [*price(served, Rides.of(rides), telemetry).each()]
    except Exception as error:
        if len(rides) == 1:
            return [error]
    half = len(rides) // 2
    parts = rides[:half], rides[half:]
    return [found for part in parts for found in price_each(served, part, telemetry)]


def priced(served: Served, rides: Rides, features: FloatArray) -> Prices:
    """The same with the (n, 40) features at hand."""
    quotes = served.bundle.predict(features)
    surcharges = expected_surcharges(
        rides.pickup_zone, rides.dropoff_zone, rides.pickup_at, fleet=served.fleet
    )
    fare_usd = np.round(quotes.fare_usd, 2)
    bills = zip(*(getattr(surcharges, name).tolist() for name in COLUMNS), strict=True)
    return Prices(
        fare_usd,
        np.round(quotes.low_usd, 2),
        np.round(quotes.high_usd, 2),
        np.round(quotes.ride_min, 1),
        np.round(fare_usd + surcharges.total_usd(), 2),
        list(map(written, bills)),
    )


@lru_cache(maxsize=1_000)  # there are a few dozen bills; written once, each costs nothing
def written(bill: tuple[float, ...]) -> orjson.Fragment:
    """The surcharges of a ride as JSON, amounts in the order of `COLUMNS`; without what is free."""
    due = [
        {"name": SURCHARGES[name], "usd": usd}
        for name, usd in zip(COLUMNS, bill, strict=True)
        if usd
    ]
    return orjson.Fragment(orjson.dumps(due))


def quote(served: Served, found: Price, request_id: str) -> dict[str, Any]:
    """A `Quote` for orjson."""
    return {
        "request_id": request_id,
        "fleet": served.fleet,
        "fare_usd": found.fare_usd,
        "low_usd": found.low_usd,
        "high_usd": found.high_usd,
        "interval": served.bundle.level,
        "ride_min": found.ride_min,
        "surcharges": found.surcharges,
        "total_usd": found.total_usd,
        "currency": "USD",
        "model": served.name,
        "model_version": served.version,
    }
