"""One month's trip file, chunk by chunk."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.tariff import TARIFF
from taxi_assets.simulator.billing import bill
from taxi_assets.simulator.city import the_city
from taxi_assets.simulator.contexts import MonthClock, draw_contexts, month_clock, rides_by_hour
from taxi_assets.simulator.demand import demand_of
from taxi_assets.simulator.duplicates import part_duplicates
from taxi_assets.simulator.flaws import SHARES, spoil
from taxi_assets.simulator.injections import break_meters
from taxi_assets.simulator.outcomes import draw_outcomes
from taxi_assets.simulator.refunds import refund
from taxi_assets.simulator.scenario import Effects
from taxi_assets.simulator.schemas import as_published, published_schema
from taxi_assets.simulator.sheet import Sheet, add_up
from taxi_assets.simulator.streams import stream

ROWS_AT_ONCE = 250_000  # bounds memory: a chunk takes about 100 MB while it is made


def write_trip_file(
    path: Path, *, fleet: Fleet, month: str, rows: int, seed: int, effects: Effects
) -> None:
    """Write the fleet's trip file of one month.

    Args:
        path: the file to write; its folder exists.
        fleet: whose trips.
        month: `YYYY-MM`.
        rows: exactly how many records, refunds included.
        seed: of the luck.
        effects: what of a scenario is in force in this month.
    """
    clock = month_clock(month)
    by_hour = rides_by_hour(stream(seed, fleet.name, month, "hours"), fleet.name, clock, rows)
    schema = published_schema(fleet, month)
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
        for first, last in _chunks(by_hour):
            sheet = _sheet(seed, fleet, month, clock, first, by_hour[first:last], effects)
            writer.write_table(as_published(sheet, fleet, month))


def _chunks(by_hour: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Runs of whole hours of up to `ROWS_AT_ONCE` rides: no two chunks hold the same second."""
    first, rides = 0, 0
    for hour, count in enumerate(by_hour.tolist()):
        if rides and rides + count > ROWS_AT_ONCE:
            yield first, hour
            first, rides = hour, 0
        rides += count
    yield first, len(by_hour)


def _sheet(
    seed: int,
    fleet: Fleet,
    month: str,
    clock: MonthClock,
    first_hour: int,
    by_hour: npt.NDArray[np.int64],
    effects: Effects,
) -> Sheet:
    """The records of some hours, flaws and all."""

    def luck(purpose: str) -> np.random.Generator:
        # A stream for each step: a scenario that changes one leaves the luck of the others alone.
        return stream(seed, fleet.name, month, purpose, first_hour)

    city, shares = the_city(), SHARES[fleet.name]
    contexts = draw_contexts(luck("contexts"), demand_of(fleet.name), clock, first_hour, by_hour)
    outcomes = draw_outcomes(luck("outcomes"), city, fleet.name, contexts, effects)
    sheet = bill(luck("billing"), city, fleet.name, clock, contexts, outcomes)
    sheet["drop_usd"] = np.full(len(contexts), TARIFF.raised(effects.tariff_factor).drop_usd)
    spoil(luck("flaws"), sheet, shares, clock)
    if effects.broken_vendor:
        break_meters(luck("broken meters"), sheet, effects)
    part_duplicates(sheet)
    refund(luck("refunds"), sheet, shares)
    add_up(sheet)
    return sheet
