"""From a month's trips to its profile: exact over all trips, in whatever batches they are read."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_assets.domain.cleaning import REFUND_PAIR, RULE_NAMES
from taxi_assets.domain.history import SIZE, hour_of_week
from taxi_assets.domain.months import bounds
from taxi_assets.domain.profile import (
    ALL,
    CLEAN,
    HIGH,
    LOW,
    MEASURES,
    MEDIAN,
    METRICS,
    PUBLISHED,
    QUANTILES,
    REJECTED,
    Number,
)
from taxi_assets.domain.profiled_trips import NO_CODE, PROFILED, Floats, Trips
from taxi_assets.domain.slices import WEEKDAYS
from taxi_assets.domain.tariff import STANDARD, TARIFFS
from taxi_assets.domain.zones import BOROUGHS

SURE = 3.0  # standard errors from a median to either end of the interval beside it
TOP_ROUTES = 15
EXAMPLES = 3
STUCK_MI = 1.0  # a meter that ran a mile has counted five units at least
INITIAL_USD = sorted({tariff.drop_usd for _, tariff in TARIFFS})


def profile(clean: Trips, rejected: Trips, month: str, zones: pd.DataFrame) -> list[Number]:
    """All numbers of a month; exact, and the same in whatever batches the trips were read.

    Args:
        clean: trips that broke no rule.
        rejected: trips that broke one, as far as they could be read.
        month: `YYYY-MM`.
        zones: (263, >=2) `zone`, `borough`.
    """
    parts = (
        _volumes(clean, rejected, month),
        _distributions(clean, rejected),
        _vendors(clean, rejected),
        _missing(clean, rejected),
        _routes(clean),
        _pairs(clean, zones),
        _prices(clean),
    )
    return [number._replace(value=round(number.value, 6)) for part in parts for number in part]


def examples(rejected: Trips) -> dict[str, npt.NDArray[np.intp]]:
    """Positions of some trips of each rule that took any: the first, and of refunds a whole pair.

    Args:
        rejected: in any order.
    """
    found = {}
    for number, rule in enumerate(RULE_NAMES):
        rows = np.flatnonzero(rejected.rule == number)
        if rule == REFUND_PAIR:  # halves share everything but the sign of the fare
            fare = np.abs(rejected.fare_usd[rows])
            keys = (rejected.source_row[rows], fare, rejected.pickup_at[rows])
            found[rule] = rows[np.lexsort(keys)][:2]
        else:
            found[rule] = rows[np.argsort(rejected.source_row[rows])][:EXAMPLES]
    return {rule: rows for rule, rows in found.items() if len(rows)}


def _volumes(clean: Trips, rejected: Trips, month: str) -> Iterator[Number]:
    """Trips in all, by day, by hour of the week and by the zone they start in."""
    counts = {PUBLISHED: len(clean) + len(rejected), CLEAN: len(clean), REJECTED: len(rejected)}
    for stage, count in counts.items():
        yield Number("trips", stage, ALL, count, "trips")
    first, end = (np.datetime64(at, "D") for at in bounds(month))
    days = np.arange(first, end)
    for stage, trips in ((CLEAN, clean), (REJECTED, rejected)):
        since = (trips.pickup_at.astype("datetime64[D]") - first).astype(np.int64)
        inside = since[(since >= 0) & (since < len(days))]  # a missing time is far below 0
        for day, count in zip(days, np.bincount(inside, minlength=len(days)), strict=True):
            yield Number("trips_by_day", stage, str(day), count, "trips")
    hours = np.bincount(hour_of_week(clean.pickup_at), minlength=7 * 24)
    for hour, count in enumerate(hours):
        yield Number(
            "trips_by_hour", CLEAN, f"{WEEKDAYS[hour // 24]} {hour % 24} h", count, "trips"
        )
    for zone, count in enumerate(np.bincount(clean.pickup_zone)):
        if count:
            yield Number("pickups_by_zone", CLEAN, str(zone), count, "trips")


def _distributions(clean: Trips, rejected: Trips) -> Iterator[Number]:
    """Histograms and quantiles before and after cleaning; what cannot be read is left out."""
    for measure in MEASURES:
        kept, lost = getattr(clean, measure.name), getattr(rejected, measure.name)
        for stage, values in ((PUBLISHED, np.concatenate([kept, lost])), (CLEAN, kept)):
            known = values[~np.isnan(values)]
            at = np.searchsorted(measure.edges, known, side="right")
            counts = np.bincount(at, minlength=len(measure.bins))
            for name, count in zip(measure.bins, counts, strict=True):
                yield Number(f"trips_by_{measure.name}", stage, name, count, "trips")
            if len(known):
                found = np.quantile(known, list(QUANTILES.values()))
                for name, value in zip(QUANTILES, found, strict=True):
                    yield Number(measure.name, stage, name, float(value), measure.unit)


def _vendors(clean: Trips, rejected: Trips) -> Iterator[Number]:
    """What cleaning took, by rule and vendor, and fares that stuck at the initial charge."""
    for rule, count in zip(
        RULE_NAMES, np.bincount(rejected.rule, minlength=len(RULE_NAMES)), strict=True
    ):
        yield Number("trips_by_rule", REJECTED, rule, count, "trips")
    run = clean.distance_mi >= STUCK_MI
    stuck = run & np.isin(clean.fare_usd, INITIAL_USD)
    for vendor in np.union1d(clean.vendor, rejected.vendor):
        name = "unknown" if vendor == NO_CODE else str(vendor)
        kept, lost = clean.vendor == vendor, rejected.vendor == vendor
        yield Number("trips_by_vendor", PUBLISHED, name, int(kept.sum() + lost.sum()), "trips")
        fares = np.concatenate([clean.fare_usd[kept], rejected.fare_usd[lost]])
        if not np.isnan(fares).all():
            yield Number("median_fare", PUBLISHED, name, float(np.nanmedian(fares)), "USD")
        yield Number("mile_rides_by_vendor", CLEAN, name, int((kept & run).sum()), "trips")
        yield Number("stuck_fares_by_vendor", CLEAN, name, int((kept & stuck).sum()), "trips")
        charged = np.bincount(rejected.rule[lost], minlength=len(RULE_NAMES))
        for rule, count in zip(RULE_NAMES, charged, strict=True):
            yield Number(f"trips_by_vendor_{rule}", REJECTED, name, count, "trips")


def _missing(clean: Trips, rejected: Trips) -> Iterator[Number]:
    """Share of missing values in each column."""
    published = len(clean) + len(rejected)
    for name in PROFILED if published else ():
        share = (clean.nulls[name] + rejected.nulls[name]) / published
        yield Number("null_share", PUBLISHED, name, share, "share")


def _routes(clean: Trips) -> Iterator[Number]:
    """Medians of the routes that most take; of two as busy, the one with the lower zone ids."""
    codes = clean.pickup_zone * SIZE + clean.dropoff_zone
    counts = np.bincount(codes)
    for code in np.argsort(-counts, kind="stable")[:TOP_ROUTES]:
        if counts[code]:
            name, rows = f"{code // SIZE} to {code % SIZE}", np.flatnonzero(codes == code)
            yield Number("route_trips", CLEAN, name, counts[code], "trips")
            for metric in METRICS:
                value = float(np.median(getattr(clean, metric.name)[rows]))
                yield Number(f"route_{metric.name}", CLEAN, name, value, metric.unit)


def _pairs(clean: Trips, zones: pd.DataFrame) -> Iterator[Number]:
    """Medians of rides between two boroughs, in either direction, and how sure they are."""
    code = np.zeros(SIZE, np.int16)
    code[zones["zone"]] = [BOROUGHS.index(name) for name in zones["borough"]]
    start, end = code[clean.pickup_zone], code[clean.dropoff_zone]
    pairs = (np.minimum(start, end) * len(BOROUGHS) + np.maximum(start, end)).astype(np.int16)
    order = np.argsort(pairs, kind="stable")
    edges = np.searchsorted(pairs[order], np.arange(len(BOROUGHS) ** 2 + 1))
    for pair in np.flatnonzero(np.diff(edges)):
        one, other = (BOROUGHS[place] for place in divmod(int(pair), len(BOROUGHS)))
        name = f"within {one}" if one == other else f"between {one} and {other}"
        rows = order[edges[pair] : edges[pair + 1]]
        yield Number("pair_trips", CLEAN, name, len(rows), "trips")
        for metric in METRICS:
            values = getattr(clean, metric.name)[rows]
            for part, value in median_interval(values).items():
                yield Number(f"pair_{metric.name}_{part}", CLEAN, name, value, metric.unit)


def _prices(clean: Trips) -> Iterator[Number]:
    """Fare per mile of rides at the standard rate whose meter ran: stuck ones tell no price."""
    metered = (clean.rate_code == STANDARD) & ~np.isin(clean.fare_usd, INITIAL_USD)
    yield Number("metered_trips", CLEAN, ALL, int(metered.sum()), "trips")
    for part, value in median_interval(
        clean.fare_usd[metered] / clean.distance_mi[metered]
    ).items():
        yield Number("fare_per_mile", CLEAN, part, value, "USD a mile")


def median_interval(values: Floats) -> dict[str, float]:
    """The median, and the two values that hold it between them unless chance plays a rare trick.

    The interval is of order statistics, so it asks nothing of the distribution; that it misses the
    median of what the values are drawn from happens once in 370 months.

    Args:
        values: (n,) in any order.

    Returns:
        `median`, `low` and `high`; nothing when there are no values.
    """
    n = len(values)
    if not n:
        return {}
    reach = SURE * np.sqrt(n)
    low, high = int(max((n - reach) // 2, 0)), int(min(np.ceil((n + reach) / 2), n - 1))
    ranked: npt.NDArray[np.float64] = np.partition(values, [low, high])
    return {MEDIAN: float(np.median(values)), LOW: float(ranked[low]), HIGH: float(ranked[high])}
