"""The rules a trip must pass to be kept, in the order they are applied.

Each has its bound and its reason. A trip that breaks several rules is charged to the first. Rules
read canonical trips (see `trips.canonical`); a null where a rule needs a number breaks that rule.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.months import bounds
from taxi_assets.domain.trips import canonical
from taxi_assets.domain.zones import LAST_ZONE

MIN_DURATION_MIN, MAX_DURATION_MIN = 0.5, 180.0
MIN_DISTANCE_MI, MAX_DISTANCE_MI = 0.05, 100.0
MIN_FARE_USD, MAX_FARE_USD = 2.50, 250.0
MAX_SPEED_MPH = 80.0
REFUND_PAIR = "refund_pair"
PAIR_COLUMNS = ["source_row", "pickup_at", "dropoff_at", "pickup_zone", "dropoff_zone", "fare_usd"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A named test that a trip must pass to be kept.

    Attributes:
        name: what a trip that fails is charged with.
        bound: the limit, in words with units.
        reason: why the rule exists.
        keeps: (n trips, month) to a boolean Series; null counts as broken.
    """

    name: str
    bound: str
    reason: str
    keeps: Callable[[pd.DataFrame, str], pd.Series]


def _inside_month(trips: pd.DataFrame, month: str) -> pd.Series:
    first, end = bounds(month)
    return (trips["pickup_at"] >= first) & (trips["pickup_at"] < end)


def _speed_mph(trips: pd.DataFrame) -> pd.Series:
    return trips["distance_mi"] / (trips["duration_min"] / 60.0)


RULES = (
    Rule(
        "pickup_outside_month",
        "pickup inside the file's month",
        "meters with a wrong clock; the trip would also be counted in another month",
        _inside_month,
    ),
    Rule(
        "unknown_zone",
        f"both zones within 1..{LAST_ZONE}",
        "264 (unknown) and 265 (outside the city) are not places a rider can ask for",
        lambda t, _: (
            t["pickup_zone"].between(1, LAST_ZONE) & t["dropoff_zone"].between(1, LAST_ZONE)
        ),
    ),
    Rule(
        "impossible_duration",
        f"over {MIN_DURATION_MIN} and at most {MAX_DURATION_MIN:.0f} minutes",
        "shorter is a meter switched on and off, longer one left running",
        lambda t, _: (
            (t["duration_min"] > MIN_DURATION_MIN) & (t["duration_min"] <= MAX_DURATION_MIN)
        ),
    ),
    Rule(
        "impossible_distance",
        f"over {MIN_DISTANCE_MI} and under {MAX_DISTANCE_MI:.0f} miles",
        "zero is a ride that did not happen; the files hold distances up to 84,731 miles",
        lambda t, _: (t["distance_mi"] > MIN_DISTANCE_MI) & (t["distance_mi"] < MAX_DISTANCE_MI),
    ),
    Rule(
        "impossible_fare",
        f"{MIN_FARE_USD:.2f} to {MAX_FARE_USD:.0f} US dollars",
        "the meter has never started below 2.50; "
        "above 250 are typing errors and lone refunds are below zero",
        lambda t, _: t["fare_usd"].between(MIN_FARE_USD, MAX_FARE_USD),
    ),
    Rule(
        "impossible_speed",
        f"at most {MAX_SPEED_MPH:.0f} miles an hour on average",
        "no taxi averages more; the distance or a clock is wrong",
        lambda t, _: _speed_mph(t) <= MAX_SPEED_MPH,
    ),
)
RULE_NAMES = (REFUND_PAIR, *(rule.name for rule in RULES))
KEPT = len(RULE_NAMES)  # verdict of a trip that broke no rule


def refund_rows(trips: pa.Table) -> npt.NDArray[np.int32]:
    """Rows of both halves of each refund pair: one ride twice, the second with its fare negated.

    Pairs are one to one: a ride sold twice and refunded once keeps one sale.

    Args:
        trips: (n, >=6) columns `PAIR_COLUMNS`, the whole month at once because
            halves can lie far apart.

    Returns:
        Sorted `source_row` numbers.
    """
    negative = trips.filter(pc.less(trips["fare_usd"], 0.0))
    candidates = trips.filter(
        pc.and_(
            pc.greater(trips["fare_usd"], 0.0),
            pc.is_in(trips["pickup_at"], pc.unique(negative["pickup_at"])),
        )
    )
    halves = []
    for half in (negative, candidates):
        frame = half.select(PAIR_COLUMNS).to_pandas()
        frame["cents"] = (frame["fare_usd"].abs() * 100).round()
        ride = ["pickup_at", "dropoff_at", "pickup_zone", "dropoff_zone", "cents"]
        frame["nth"] = frame.groupby(ride, dropna=False).cumcount()
        halves.append(frame)
    pairs = halves[0].merge(halves[1], on=[*ride, "nth"])
    rows: npt.NDArray[np.int32] = pairs[["source_row_x", "source_row_y"]].to_numpy(np.int32).ravel()
    rows.sort()
    return rows


def verdicts(
    trips: pa.RecordBatch, month: str, refunds: npt.NDArray[np.int32]
) -> npt.NDArray[np.uint8]:
    """Index into `RULE_NAMES` of the first rule each trip breaks; `KEPT` where it breaks none.

    Args:
        trips: (n, 22) canonical trips.
        month: the month whose file they came in.
        refunds: `refund_rows` of the whole month.
    """
    frame = trips.to_pandas(types_mapper=pd.ArrowDtype)
    verdict = np.full(len(frame), KEPT, dtype=np.uint8)
    for index, rule in reversed(list(enumerate(RULES, start=1))):
        keeps = rule.keeps(frame, month).to_numpy(dtype=bool, na_value=False)
        verdict[~keeps] = index
    first, count = trips["source_row"][0].as_py() if len(trips) else 0, len(trips)
    mine = refunds[np.searchsorted(refunds, first) : np.searchsorted(refunds, first + count)]
    verdict[mine - first] = 0
    return verdict


@dataclass(frozen=True, slots=True)
class Sorted:
    """One batch of a published file, sorted into kept and rejected.

    Attributes:
        clean: (n_kept, 22) canonical trips that broke no rule.
        rejected: (n_broken, 24) `rule`, the canonical trip as far as it could be
            read, `raw_row` as JSON.
        charged: (8,) trips charged to each of `RULE_NAMES`; the last number is the trips kept.
    """

    clean: pa.RecordBatch
    rejected: pa.RecordBatch
    charged: npt.NDArray[np.int64]


def sort_trips(
    published: pa.RecordBatch,
    first_row: int,
    fleet: Fleet,
    month: str,
    refunds: npt.NDArray[np.int32],
) -> Sorted:
    """Apply the rules to one batch of a published file.

    Args:
        published: (n, any) rows as published.
        first_row: number of the batch's first row within the file.
        fleet: whose file it is.
        month: whose file it is.
        refunds: `refund_rows` of the whole file.
    """
    trips = canonical(published, fleet, first_row)
    verdict = verdicts(trips, month, refunds)
    broken = pa.array(verdict != KEPT)
    losers = trips.filter(broken)
    rule = pa.array(RULE_NAMES).take(pa.array(verdict[verdict != KEPT]))
    arrays = [rule, *losers.columns, as_json(published.filter(broken))]
    rejected = pa.RecordBatch.from_arrays(arrays, ["rule", *losers.schema.names, "raw_row"])
    charged = np.bincount(verdict, minlength=KEPT + 1)
    return Sorted(trips.filter(pc.invert(broken)), rejected, charged)


def as_json(rows: pa.RecordBatch) -> pa.StringArray:
    """Each row as a JSON object under its published column names, what is no number as null."""
    return pa.array([orjson.dumps(row).decode() for row in rows.to_pylist()], pa.string())


def by_rule(charged: npt.NDArray[np.int64]) -> dict[str, int]:
    """Trips charged to each rule, in the rules' order, without those kept."""
    return {name: int(count) for name, count in zip(RULE_NAMES, charged[:KEPT], strict=True)}
