"""Small published months and a square city: each value is ordinary unless a test says so."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapefile

from taxi_assets.domain.cleaning import Sorted, refund_rows, sort_trips
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.model import MonthOfTrips
from taxi_assets.domain.trips import canonical
from taxi_assets.domain.zones import AIRPORT_ZONES, BOROUGHS, FEET_PER_MILE, read_zones

GREEN = FLEETS["green"]
MONTH = "2025-01"
NOON = datetime(2025, 1, 15, 12)  # a Wednesday
TIME = pa.timestamp("us")

# canonical name: title and type in a green file of 2025, and an ordinary value
PUBLISHED: dict[str, tuple[str, pa.DataType, Any]] = {
    "vendor": ("VendorID", pa.int32(), 2),
    "pickup_at": ("lpep_pickup_datetime", TIME, NOON),
    "dropoff_at": ("lpep_dropoff_datetime", TIME, NOON + timedelta(minutes=12)),
    "store_and_fwd_flag": ("store_and_fwd_flag", pa.large_string(), "N"),
    "rate_code": ("RatecodeID", pa.int64(), 1),
    "pickup_zone": ("PULocationID", pa.int32(), 74),
    "dropoff_zone": ("DOLocationID", pa.int32(), 75),
    "passengers": ("passenger_count", pa.int64(), 1),
    "distance_mi": ("trip_distance", pa.float64(), 2.5),
    "fare_usd": ("fare_amount", pa.float64(), 13.50),
    "extra_usd": ("extra", pa.float64(), 0.00),
    "mta_tax_usd": ("mta_tax", pa.float64(), 0.50),
    "tip_usd": ("tip_amount", pa.float64(), 3.00),
    "tolls_usd": ("tolls_amount", pa.float64(), 0.00),
    "ehail_fee": ("ehail_fee", pa.float64(), None),
    "improvement_usd": ("improvement_surcharge", pa.float64(), 1.00),
    "total_usd": ("total_amount", pa.float64(), 18.00),
    "payment_type": ("payment_type", pa.int64(), 1),
    "trip_type": ("trip_type", pa.int64(), 1),
    "congestion_usd": ("congestion_surcharge", pa.float64(), 0.00),
    "cbd_usd": ("cbd_congestion_fee", pa.float64(), 0.00),
}


def published_trips(*, minutes: Any = None, **values: Any) -> pa.RecordBatch:
    """Rows as a green file of 2025 publishes them.

    Args:
        minutes: how long the rides take; sets the drop-off.
        values: by canonical name, one value for all rows or a list with one a row.
    """
    count = next((len(v) for v in (minutes, *values.values()) if isinstance(v, list)), 1)
    listed = {name: _listed(values.get(name, PUBLISHED[name][2]), count) for name in PUBLISHED}
    if minutes is not None:
        listed["dropoff_at"] = [
            None if at is None or lasts is None else at + timedelta(minutes=lasts)
            for at, lasts in zip(listed["pickup_at"], _listed(minutes, count), strict=True)
        ]
    return pa.record_batch(
        {title: pa.array(listed[name], kind) for name, (title, kind, _) in PUBLISHED.items()}
    )


def retyped(kind: pa.DataType, *names: str) -> pa.RecordBatch:
    """One ordinary trip with some published columns of another type."""
    row = published_trips()
    return pa.record_batch(
        {n: row[n].cast(kind) if n in names else row[n] for n in row.schema.names}
    )


def with_column(name: str, values: pa.Array) -> pa.RecordBatch:
    """Ordinary trips with one published column replaced, or added."""
    rows = published_trips(vendor=[2] * len(values))
    columns = {n: rows[n] for n in rows.schema.names} | {name: values}
    return pa.record_batch(columns)


def canonical_trips(**values: Any) -> pa.RecordBatch:
    """`published_trips`, read as canonical trips."""
    return canonical(published_trips(**values), GREEN, 0)


def sort_month(published: pa.RecordBatch, cuts: Iterable[int] = ()) -> list[Sorted]:
    """Sort a whole month as the pipeline does: refunds of all rows first, then batch by batch."""
    refunds = refund_rows(pa.Table.from_batches([canonical(published, GREEN, 0)]))
    edges = [0, *sorted(cuts), len(published)]
    return [
        sort_trips(published.slice(start, end - start), start, GREEN, MONTH, refunds)
        for start, end in pairwise(edges)
    ]


def rules_of(published: pa.RecordBatch) -> list[str | None]:
    """The rule each row was charged with, None where it was kept."""
    (month,) = sort_month(published)
    charged = {trip["source_row"]: trip["rule"] for trip in month.rejected.to_pylist()}
    return [charged.get(row) for row in range(len(published))]


def _listed(value: Any, count: int) -> list[Any]:
    return value if isinstance(value, list) else [value] * count


def borough_of(zone: int) -> str:
    """EWR for Newark, Queens for the other airports, any other borough in turn."""
    return "EWR" if zone == 1 else "Queens" if zone in AIRPORT_ZONES else BOROUGHS[zone % 2]


def zone_lookup(zones: Iterable[int] = range(1, 266)) -> bytes:
    """A zone lookup as TLC publishes it."""
    rows = [
        f'{zone},"{borough_of(zone)}","Zone {zone}","Boro Zone"'
        if zone <= 263
        else f'{zone},"Unknown","N/A","N/A"'
        for zone in zones
    ]
    return "\n".join(['"LocationID","Borough","Zone","service_zone"', *rows, ""]).encode()


def zone_shapes(
    misnumbered: Mapping[int, int] | None = None, *, without: Iterable[int] = ()
) -> bytes:
    """Zone shapes as TLC publishes them: squares of a mile, zone z at column z % 20, row z // 20.

    Args:
        misnumbered: zones whose shape carries another zone's id.
        without: zones that have no shape.
    """
    files = {kind: io.BytesIO() for kind in ("shp", "shx", "dbf")}
    with shapefile.Writer(**files, shapeType=shapefile.POLYGON) as writer:
        writer.field("OBJECTID", "N")
        writer.field("LocationID", "N")
        for zone in sorted(set(range(1, 264)) - set(without)):
            west, south = zone % 20, zone // 20
            corners = [(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)]
            writer.poly(
                [[((west + x) * FEET_PER_MILE, (south + y) * FEET_PER_MILE) for x, y in corners]]
            )
            writer.record(zone, (misnumbered or {}).get(zone, zone))
    return zipped({f"taxi_zones/taxi_zones.{kind}": f.getvalue() for kind, f in files.items()})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


@cache
def square_city() -> pd.DataFrame:
    """The zones of `zone_lookup` and `zone_shapes`."""
    return read_zones(zone_lookup(), zone_shapes())


def month_of_trips(month: str, rows: int, seed: int, usd_per_mile: float = 3.0) -> MonthOfTrips:
    """A month whose fares are 3 dollars and so many a mile of `straight_mi`, give or take one."""
    rng = np.random.default_rng(seed)
    features = rng.random((rows, len(FEATURES)), dtype=np.float32)
    straight = features[:, list(FEATURES).index("straight_mi")]
    straight *= 10
    return MonthOfTrips(month, features, 3.0 + usd_per_mile * straight + rng.normal(0, 1, rows))
