"""Quotes as the prediction log takes them: one as a record, those of a batch as rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from serving.ports import Arm, Record, Served
from serving.pricing import Price, Prices, Ride, Rides
from taxi_assets.domain.served import QUOTE_LOG


class Circumstances(NamedTuple):
    """Who answered whom, and when.

    Attributes:
        served: the model.
        arm: of the deployment strategy.
        at: when it answered, UTC.
        seconds: from request to answer.
        key_id: of the caller's key, None without keys.
        shadow: whether the answer was only logged.
    """

    served: Served
    arm: Arm
    at: datetime
    seconds: float
    key_id: str | None
    shadow: bool = False

    def told(self) -> Record:
        """The columns that all quotes of one answer share."""
        return {
            "at": self.at,
            "fleet": self.served.fleet,
            "arm": self.arm,
            "shadow": self.shadow,
            "model": self.served.name,
            "model_version": self.served.version,
            "identity": self.served.identity,
            "latency_ms": self.seconds * 1_000.0,
            "key_id": self.key_id,
        }


def record(request_id: str, ride: Ride, price: Price, told: Circumstances) -> Record:
    """One quote as a `QuoteRecord`."""
    return {
        "kind": QUOTE_LOG.name,
        "request_id": request_id,
        **told.told(),
        "pickup_zone": ride.pickup_zone,
        "dropoff_zone": ride.dropoff_zone,
        "pickup_at": ride.pickup_at,
        "passengers": ride.passengers,
        "fare_usd": price.fare_usd,
        "low_usd": price.low_usd,
        "high_usd": price.high_usd,
        "ride_min": price.ride_min,
        "total_usd": price.total_usd,
    }


def rows(ids: Sequence[str], rides: Rides, prices: Prices, told: Circumstances) -> pa.RecordBatch:
    """(n,) quotes in the columns of `QUOTE_LOG`."""
    own = {
        "request_id": ids,
        "pickup_zone": rides.pickup_zone,
        "dropoff_zone": rides.dropoff_zone,
        "pickup_at": rides.pickup_at,
        "passengers": rides.passengers.astype(np.int32),
        "fare_usd": prices.fare_usd,
        "low_usd": prices.low_usd,
        "high_usd": prices.high_usd,
        "ride_min": prices.ride_min,
        "total_usd": prices.total_usd,
    }
    shared, schema = told.told(), QUOTE_LOG.arrow
    columns = [
        pa.array(own[name], type_)
        if name in own
        else pa.repeat(pa.scalar(shared[name], type_), len(ids))
        for name, type_ in zip(schema.names, schema.types, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
