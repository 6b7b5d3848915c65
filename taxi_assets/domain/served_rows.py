"""Live quotes beside what became of their rides: as the caller told, and as the meter showed."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from taxi_assets.domain.months import month_range, shift
from taxi_assets.domain.served import OUTCOME_LOG, SERVED_PREDICTIONS

LATE_MONTHS = 1  # an outcome is awaited until the end of the month after
# callers name their requests, and one who names all alike still asks for different rides
ANSWER = ["request_id", "arm", "at", "pickup_at", "pickup_zone", "dropoff_zone", "passengers"]
RIDE = ["pickup_minute", "pickup_zone", "dropoff_zone"]
TRIP_COLUMNS = ["source_row", "pickup_at", "pickup_zone", "dropoff_zone", "fare_usd"]


def quotes_of(fleet: str, quotes: pa.Table) -> pa.Table:
    """One fleet's quotes, each once.

    Args:
        fleet: whose.
        quotes: (n, 19) rows of the log; a batch that was written again is in it twice.

    Returns:
        (n_answers, 19) the first row of each answer of an arm to a request's ride, in the order of
        the answers. It is the same in whatever order the files were read.
    """
    own = quotes.filter(pc.equal(quotes["fleet"], fleet))
    order = [(name, "ascending") for name in ("at", "request_id", "arm", *own.schema.names)]
    return _first_of(own.sort_by(list(dict.fromkeys(order))), ANSWER)


def outcome_months(quotes: pa.Table) -> list[str]:
    """The months in which outcomes of some quotes are looked for.

    From the first answer to the month after the last answer or ride, whichever is later. An
    outcome that is told later still is not looked for, or every old month would have to read all
    outcomes there are.
    """
    if not quotes.num_rows:
        return []
    times = [pc.min_max(quotes[name].cast(pa.timestamp("us"))) for name in ("at", "pickup_at")]
    first = times[0]["min"].as_py()
    last = max(time["max"].as_py() for time in times)
    return month_range(f"{first:%Y-%m}", shift(f"{last:%Y-%m}", LATE_MONTHS))


def served_rows(quotes: pa.Table, outcomes: pa.Table, trips: pa.Table) -> pa.Table:
    """Rows of `served_predictions`.

    A trip belongs to a quote when it is the only clean one of the month that began in the minute
    that was asked for, between the same two zones. Where several did, nobody can tell which it was,
    and there is none. Someone who asked twice for one ride has two quotes with that trip.

    Args:
        quotes: (n, 19) from `quotes_of`.
        outcomes: (n_outcomes, 3) rows of the log; of several outcomes of one quote the last counts.
        trips: (n_trips, >=5) clean trips of the month with `TRIP_COLUMNS`.

    Returns:
        (n, 22) in the order of the quotes.
    """
    place = pa.array(range(quotes.num_rows), pa.int64())
    rows = quotes.rename_columns(
        ["quoted_usd" if name == "fare_usd" else name for name in quotes.schema.names]
    ).append_column("place", place)
    rows = rows.append_column("pickup_minute", _minute(rows["pickup_at"]))
    rows = rows.join(_last_outcomes(outcomes), "request_id", join_type="left outer")
    rows = rows.join(_lone_trips(trips), RIDE, join_type="left outer").sort_by("place")
    return rows.select(SERVED_PREDICTIONS.arrow.names).cast(SERVED_PREDICTIONS.arrow)


def _last_outcomes(outcomes: pa.Table) -> pa.Table:
    order = [(name, "descending") for name in ("at", "request_id", "fare_usd")]
    last = _first_of(outcomes.select(OUTCOME_LOG.arrow.names).sort_by(order), ["request_id"])
    return last.rename_columns(["request_id", "outcome_at", "outcome_usd"])


def _lone_trips(trips: pa.Table) -> pa.Table:
    """Trips that are alone in their minute and zones."""
    rides = trips.select(TRIP_COLUMNS).append_column("pickup_minute", _minute(trips["pickup_at"]))
    told = [("source_row", "min"), ("fare_usd", "min"), ("source_row", "count")]
    found = rides.group_by(RIDE).aggregate(told)
    lone = found.filter(pc.equal(found["source_row_count"], 1))
    return lone.select([*RIDE, "source_row_min", "fare_usd_min"]).rename_columns(
        [*RIDE, "source_row", "metered_usd"]
    )


def _minute(times: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.floor_temporal(times.cast(pa.timestamp("us")), unit="minute")


def _first_of(rows: pa.Table, keys: Iterable[str]) -> pa.Table:
    """The first row of each set of keys, in the same order."""
    numbered = rows.append_column("place", pa.array(range(rows.num_rows), pa.int64()))
    places = numbered.group_by(list(keys)).aggregate([("place", "min")])["place_min"]
    return rows.take(places.combine_chunks().sort())
