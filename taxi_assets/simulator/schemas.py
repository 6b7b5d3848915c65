"""The columns TLC published, month by month: names, order and types changed over the years."""

import numpy as np
import pyarrow as pa

from taxi_assets.domain.fleets import Fleet
from taxi_assets.simulator.sheet import NULLED_MONEY, Sheet

_STRICT_SINCE, _FLOATS_SINCE, _CBD_SINCE = "2023-02", "2024-01", "2025-01"
_PREFIX = {"green": "lpep", "yellow": "tpep"}
# fmt: off
_ORDER = {
    "green": (
        "VendorID", "pickup", "dropoff", "store_and_fwd_flag", "RatecodeID", "PULocationID",
        "DOLocationID", "passenger_count", "trip_distance", "fare_amount", "extra", "mta_tax",
        "tip_amount", "tolls_amount", "ehail_fee", "improvement_surcharge", "total_amount",
        "payment_type", "trip_type", "congestion_surcharge",
    ),
    "yellow": (
        "VendorID", "pickup", "dropoff", "passenger_count", "trip_distance", "RatecodeID",
        "store_and_fwd_flag", "PULocationID", "DOLocationID", "payment_type", "fare_amount",
        "extra", "mta_tax", "tip_amount", "tolls_amount", "improvement_surcharge", "total_amount",
        "congestion_surcharge", "airport_fee",
    ),
}
# fmt: on
_IDS = ("VendorID", "PULocationID", "DOLocationID")
_COUNTS = ("RatecodeID", "passenger_count", "payment_type", "trip_type")
_FLEX_FARE = 0  # yellow files give booked rides a payment type of their own instead of null


def published_schema(fleet: Fleet, month: str) -> pa.Schema:
    """The Arrow schema of the fleet's file for that month.

    Seen in the real green files of 2023-01 to 2025-03; yellow's follow TLC's published changes.
    """
    order = _ORDER[fleet.name] + (("cbd_congestion_fee",) if month >= _CBD_SINCE else ())
    return pa.schema(
        [pa.field(_title(name, fleet, month), _type(name, fleet, month)) for name in order]
    )


def as_published(sheet: Sheet, fleet: Fleet, month: str) -> pa.Table:
    """A sheet as a table of the month's schema."""
    schema = published_schema(fleet, month)
    order = _ORDER[fleet.name] + (("cbd_congestion_fee",) if month >= _CBD_SINCE else ())
    columns = [
        _column(sheet, name, fleet, field.type) for name, field in zip(order, schema, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _title(name: str, fleet: Fleet, month: str) -> str:
    """A column's name in that month's file."""
    if name in ("pickup", "dropoff"):
        return f"{_PREFIX[fleet.name]}_{name}_datetime"
    return "Airport_fee" if name == "airport_fee" and month >= _STRICT_SINCE else name


def _type(name: str, fleet: Fleet, month: str) -> pa.DataType:
    """A column's type in that month's file."""
    loose = month < _STRICT_SINCE
    floats = fleet.name == "green" and _FLOATS_SINCE <= month < _CBD_SINCE
    if name in ("pickup", "dropoff"):
        return pa.timestamp("us")
    if name == "store_and_fwd_flag":
        return pa.string() if loose or floats else pa.large_string()
    if name in _IDS:
        return pa.int64() if loose else pa.int32()
    if name in _COUNTS:
        whole = not (loose or floats) or (fleet.name == "yellow" and name == "payment_type")
        return pa.int64() if whole else pa.float64()
    return pa.null() if name == "ehail_fee" and loose else pa.float64()


def _column(sheet: Sheet, name: str, fleet: Fleet, kind: pa.DataType) -> pa.Array:
    """One column as published, null where the meter's record is missing."""
    missing = sheet["no_record"]
    if name in ("pickup", "dropoff"):
        return pa.array(sheet[f"{name}_s"] * 1_000_000).cast(kind)
    if name == "ehail_fee":
        return pa.nulls(len(missing), kind)
    if name == "store_and_fwd_flag":
        codes = pa.array(sheet[name].astype(np.int8), mask=missing)
        return pa.DictionaryArray.from_arrays(codes, pa.array(["N", "Y"])).cast(kind)
    if name == "payment_type" and fleet.name == "yellow":
        return pa.array(np.where(missing, _FLEX_FARE, sheet[name])).cast(kind)
    if name in _COUNTS or name in NULLED_MONEY:
        return pa.array(sheet[name], mask=missing).cast(kind)
    return pa.array(sheet[name]).cast(kind)
