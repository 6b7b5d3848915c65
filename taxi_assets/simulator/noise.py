"""The noise floor: how well the best possible predictor could do in the simulated city."""

from dataclasses import dataclass

import numpy as np

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.months import check_month
from taxi_assets.simulator.city import the_city
from taxi_assets.simulator.contexts import Contexts, draw_contexts, month_clock, rides_by_hour
from taxi_assets.simulator.demand import demand_of
from taxi_assets.simulator.outcomes import Outcomes, draw_outcomes
from taxi_assets.simulator.scenario import Effects, Scenario, effects
from taxi_assets.simulator.streams import stream
from taxi_assets.simulator.traffic import Floats
from taxi_assets.simulator.zone_ids import ZONES

_TRIPS_AT_ONCE = 2_000  # keeps trips x draws in memory bounded


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """The error that is left when everything that can be known before a ride is known.

    Attributes:
        mae_usd: mean absolute error of the conditional median, US dollars.
        rmse_usd: root mean squared error of the conditional mean, US dollars.
        trips: how many trips it was measured on.
    """

    mae_usd: float
    rmse_usd: float
    trips: int


def noise_floor(
    *,
    fleet: Fleet,
    month: str,
    seed: int = 7,
    scenario: Scenario | None = None,
    trips: int = 10_000,
    draws: int = 200,
) -> NoiseFloor:
    """Measure the error of the best predictor that sees zones, pickup time and passengers only.

    Each trip happens `draws` times with fresh luck; half of the draws estimate its conditional
    median and mean, the other half is what they are scored on. Only outcomes that a cleaning would
    keep count: 2.50 <= fare <= 250 US dollars, 0.5 < duration <= 180 minutes, 0.05 < distance < 100
    miles, both zones within 1..263.

    Args:
        fleet: whose trips.
        month: `YYYY-MM`.
        seed: of the draws.
        scenario: what has happened to the city.
        trips: how many trip contexts to draw.
        draws: how often each happens; an even number of at least 20.

    Raises:
        UsageError: the month is not one, or there are too few trips or draws.
    """
    if trips < 100 or draws < 20 or draws % 2:
        raise UsageError(
            "A noise floor needs at least 100 trips and an even number of at least 20 draws."
        )
    effect = effects(scenario or Scenario(), check_month(month))
    rng = stream(seed, "noise floor", fleet.name, month)
    contexts = _contexts(rng, fleet.name, month, trips)
    errors = [
        _errors(_fares(rng, fleet.name, contexts, effect, start, draws))
        for start in range(0, len(contexts), _TRIPS_AT_ONCE)
    ]
    absolute, squared = (np.concatenate(part) for part in zip(*errors, strict=True))
    return NoiseFloor(float(absolute.mean()), float(np.sqrt(squared.mean())), len(absolute))


def _contexts(rng: np.random.Generator, fleet: str, month: str, trips: int) -> Contexts:
    """Trips of the month that stay within the city."""
    clock = month_clock(month)
    drawn = draw_contexts(rng, demand_of(fleet), clock, 0, rides_by_hour(rng, fleet, clock, trips))
    inside = drawn.dropoff_zone <= ZONES
    return Contexts(*(getattr(drawn, name)[inside] for name in Contexts.__slots__))


def _fares(
    rng: np.random.Generator,
    fleet: str,
    contexts: Contexts,
    effect: Effects,
    start: int,
    draws: int,
) -> Floats:
    """(draws, trips) US dollars; NaN where a cleaning would drop the outcome."""
    block = slice(start, start + _TRIPS_AT_ONCE)
    some = Contexts(*(getattr(contexts, name)[block] for name in Contexts.__slots__))
    outcomes = draw_outcomes(rng, the_city(), fleet, some.repeated(draws), effect)
    return np.where(_kept(outcomes), outcomes.fare_usd, np.nan).reshape(draws, len(some))


def _kept(outcomes: Outcomes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The bounds of a clean trip."""
    fare, minutes, miles = outcomes.fare_usd, outcomes.duration_min, outcomes.distance_mi
    fare_ok = (fare >= 2.50) & (fare <= 250.0)
    return fare_ok & (minutes > 0.5) & (minutes <= 180.0) & (miles > 0.05) & (miles < 100.0)


def _errors(fares: Floats) -> tuple[Floats, Floats]:
    """Mean absolute and mean squared error of each trip that both halves of its draws know."""
    known, unseen = np.split(fares, 2)
    enough = (np.isfinite(known).sum(axis=0) >= 5) & (np.isfinite(unseen).sum(axis=0) >= 5)
    known, unseen = known[:, enough], unseen[:, enough]
    absolute = np.nanmean(np.abs(unseen - np.nanmedian(known, axis=0)), axis=0)
    squared = np.nanmean((unseen - np.nanmean(known, axis=0)) ** 2, axis=0)
    return absolute, squared
