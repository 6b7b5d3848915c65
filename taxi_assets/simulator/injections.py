"""A broken meter: what a scenario does to the records, not to the rides."""

import numpy as np

from taxi_assets.simulator.flaws import invent_distance
from taxi_assets.simulator.scenario import Effects
from taxi_assets.simulator.sheet import Sheet, length


def break_meters(rng: np.random.Generator, sheet: Sheet, effects: Effects) -> None:
    """Let some meters of a vendor lose the distance, invent one or stick at the drop."""
    chance, how = rng.random((2, length(sheet)), dtype=np.float32)
    broken = (sheet["VendorID"] == effects.broken_vendor) & (chance < effects.broken_share)
    sheet["trip_distance"][broken & (how < 0.5)] = 0.0
    invent_distance(rng, sheet, np.flatnonzero(broken & (how >= 0.5) & (how < 0.75)))
    stuck = broken & (how >= 0.75) & ~sheet["no_record"]
    sheet["fare_amount"][stuck] = sheet["drop_usd"][stuck]
