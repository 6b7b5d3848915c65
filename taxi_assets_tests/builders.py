"""Small published months and a square city: each value is ordinary unless a test says so."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapefile

from taxi_assets.domain.bundle import Knowledge
from taxi_assets.domain.cleaning import MIN_FARE_USD, Sorted, refund_rows, sort_trips
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.history import Rides, read_rides, route_history
from taxi_assets.domain.places import hour_profile
from taxi_assets.domain.schemas import ZONES
from taxi_assets.domain.trips import canonical
from taxi_assets.domain.window import Window
from taxi_assets.domain.zones import AIRPORT_ZONES, BOROUGHS, FEET_PER_MILE, read_zones

GREEN = FLEETS["green"]
MONTH = "2025-01"
NOON = datetime(2025, 1, 15, 12)  # a Wednesday
TIME = pa.timestamp("us")
ROUTES_AMONG = range(61, 85)  # zones of the rides of `window`

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


def rides(**values: Any) -> Rides:
    """`published_trips`, as finished rides."""
    return read_rides([canonical_trips(**values)])


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


def window(
    months: Mapping[str, int], seed: int, *, usd_per_mile: float = 3.0, noise_usd: float = 1.0
) -> Window:
    """Rides between the same 24 zones of the square city, so many a month.

    Fares are 3 dollars and so many a straight mile, give or take `noise_usd`; rides take 2 minutes
    and 5 a mile, give or take one.
    """
    rng, rows = np.random.default_rng(seed), sum(months.values())
    start, end = rng.choice(ROUTES_AMONG, (2, rows)).astype(np.int32)
    centroid = square_city().set_index("zone")[["x_mi", "y_mi"]]
    straight = np.hypot(*(centroid.loc[end].to_numpy() - centroid.loc[start].to_numpy()).T)
    fare = 3.0 + usd_per_mile * straight + rng.normal(0, noise_usd, rows)
    minutes = 2.0 + 5.0 * straight + rng.normal(0, 1, rows)
    rides = Rides(
        start,
        end,
        np.concatenate([_times_in(month, count, rng) for month, count in months.items()]),
        np.maximum(fare, MIN_FARE_USD).round(2).astype(np.float32),
        (0.2 + 1.2 * straight).astype(np.float32),
        np.maximum(minutes, 1.0).astype(np.float32),
    )
    passengers = rng.choice([1, 2, 5, np.nan], rows).astype(np.float32)
    return Window(dict(months), rides, passengers, np.ones(rows, np.float32))


def _times_in(month: str, rows: int, rng: np.random.Generator) -> npt.NDArray[np.datetime64]:
    """So many seconds of a month, in order."""
    first = np.datetime64(month, "s")
    seconds = ((np.datetime64(month) + 1).astype("datetime64[s]") - first).astype(int)
    return np.sort(first + rng.integers(0, seconds, rows))


def knowledge(past: Rides) -> Knowledge:
    """What a model looks up when these rides are all that has been seen."""
    zones = pa.Table.from_pandas(square_city()[ZONES.arrow.names], ZONES.arrow)
    routes = route_history(past, square_city())
    return Knowledge(zones, routes, hour_profile(square_city(), routes, past))
