"""What becomes of a ride: the true process whose fare the product tries to foresee."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxi_assets.domain import tariff as meter
from taxi_assets.simulator import city as places
from taxi_assets.simulator.city import City
from taxi_assets.simulator.contexts import Contexts
from taxi_assets.simulator.scenario import Effects
from taxi_assets.simulator.traffic import Floats, Rides, drive
from taxi_assets.simulator.zone_ids import JFK_ZONE, NEWARK_ZONE, OUTSIDE_ZONE

_FLAT_OBEYED, _NEWARK_OBEYED, _OUTSIDE_OBEYED = (
    0.95,
    0.90,
    0.25,
)  # drivers forget to switch the rate
_OUTSIDE_SHARE = 0.5  # of a ride that leaves the city
_NEGOTIATED = {"green": 0.024, "yellow": 0.005}
_NEGOTIATED_SIGMA = 0.65
_BOOKED = {
    "green": 0.060,
    "yellow": 0.050,
}  # booked through an app: priced up front, no meter record
_BOOKED_SIGMA = 0.11
_CRUISE_FACTOR, _MIN_CRUISE_MPH, _CREEP_MPH = 1.7, 24.0, 4.5


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Rides after they happened, before anything went wrong with their records.

    Attributes:
        distance_mi: (n,) true miles to a hundredth.
        duration_min: (n,) true minutes to a second.
        rate_code: (n,) TLC rate code 1..5.
        fare_usd: (n,) `fare_amount`: the meter's, negotiated or booked fare, without surcharges.
        booked: (n,) priced up front by an app; TLC gets no rate code, passengers or payment type of
            these.
    """

    distance_mi: Floats
    duration_min: Floats
    rate_code: npt.NDArray[np.int8]
    fare_usd: Floats
    booked: npt.NDArray[np.bool_]


def draw_outcomes(
    rng: np.random.Generator, city: City, fleet: str, contexts: Contexts, effects: Effects
) -> Outcomes:
    """Let each ride happen once; the same draws whatever the effects.

    Args:
        rng: where chance comes from; a fresh one gives fresh outcomes of the same rides.
        city: the streets.
        fleet: `green` or `yellow`.
        contexts: (n,) rides.
        effects: what of a scenario is in force.
    """
    n = len(contexts)
    rides = drive(rng, city, contexts, effects.detour_mi)
    rate_code = _rate_codes(rng, city, fleet, contexts)
    prices = meter.TARIFF.raised(effects.tariff_factor)
    fast_mi, slow_min = _metered(rng, rides)
    fare = meter.fare_usd(rate_code, fast_mi, slow_min, outside_share=_OUTSIDE_SHARE, tariff=prices)
    agreed = _negotiated(rng, rides, effects.tariff_factor)
    fare = np.where(rate_code == meter.NEGOTIATED, agreed, fare)
    booked = rng.random(n, dtype=np.float32) < _BOOKED[fleet] * np.clip(
        rides.distance_mi / 2.6, 0.4, 2.0
    )
    booked &= rate_code == meter.STANDARD
    quoted = fare * np.exp(_BOOKED_SIGMA * rng.standard_normal(n, dtype=np.float32))
    fare = np.where(booked, quoted, fare)
    return Outcomes(
        distance_mi=np.round(rides.distance_mi, 2),
        duration_min=np.round(rides.duration_min * 60.0) / 60.0,
        rate_code=rate_code,
        fare_usd=np.round(fare, 2),
        booked=booked,
    )


def _rate_codes(
    rng: np.random.Generator, city: City, fleet: str, contexts: Contexts
) -> npt.NDArray[np.int8]:
    """(n,) the rate each driver chose."""
    start, end = contexts.pickup_zone, contexts.dropoff_zone
    manhattan = city.borough == places.MANHATTAN
    jfk = ((start == JFK_ZONE) & manhattan[end]) | (manhattan[start] & (end == JFK_ZONE))
    obeys, haggles = rng.random((2, len(contexts)), dtype=np.float32)
    code = np.full(len(contexts), meter.STANDARD, np.int8)
    code[jfk & (obeys < _FLAT_OBEYED)] = meter.JFK
    code[(end == NEWARK_ZONE) & (obeys < _NEWARK_OBEYED)] = meter.NEWARK
    code[(end == OUTSIDE_ZONE) & (obeys < _OUTSIDE_OBEYED)] = meter.OUTSIDE
    code[haggles < _NEGOTIATED[fleet]] = meter.NEGOTIATED
    return code


def _metered(rng: np.random.Generator, rides: Rides) -> tuple[Floats, Floats]:
    """(n,) miles above and minutes below 12 mph: a ride creeps or cruises, as its speed tells."""
    mph = 60.0 * rides.distance_mi / rides.duration_min
    cruise = np.maximum(_CRUISE_FACTOR * mph, _MIN_CRUISE_MPH)
    cruise *= np.exp(0.12 * rng.standard_normal(len(mph), dtype=np.float32))
    share = np.clip((cruise - mph) / (cruise - _CREEP_MPH), 0.0, 1.0)
    slow_min = rides.duration_min * share
    fast_mi: Floats = np.maximum(rides.distance_mi - _CREEP_MPH * slow_min / 60.0, 0.0)
    return fast_mi, slow_min


def _negotiated(rng: np.random.Generator, rides: Rides, factor: float) -> Floats:
    """(n,) US dollars agreed on: loosely by distance, mostly a round number."""
    asked: Floats = factor * (14.0 + 2.2 * rides.distance_mi)
    asked *= np.exp(_NEGOTIATED_SIGMA * rng.standard_normal(len(asked), dtype=np.float32))
    is_round = rng.random(len(asked), dtype=np.float32) < 0.7
    return np.asarray(np.where(is_round, np.round(asked), np.round(asked, 2)), np.float64)
