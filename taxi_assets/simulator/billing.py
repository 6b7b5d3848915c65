"""From rides to trip records as an honest meter would write them."""

import numpy as np
import numpy.typing as npt

from taxi_assets.domain import tariff as meter
from taxi_assets.domain.price_list import CBD_SINCE, prices_at
from taxi_assets.domain.surcharges import Circumstances, Surcharges, surcharges_usd
from taxi_assets.simulator import city as places
from taxi_assets.simulator.city import City
from taxi_assets.simulator.contexts import HOUR_S, Contexts, MonthClock
from taxi_assets.simulator.outcomes import Outcomes
from taxi_assets.simulator.sheet import Sheet
from taxi_assets.simulator.traffic import Floats
from taxi_assets.simulator.zone_ids import JFK_ZONE, LAGUARDIA_ZONE, NEWARK_ZONE

CARD, CASH, NO_CHARGE, DISPUTE = 1, 2, 3, 4
_VENDOR_1 = {"green": 0.14, "yellow": 0.25}
_CARD = {"green": 0.64, "yellow": 0.80}
_STORED = 0.004  # records kept in the car until there was a network
_TIP_STEPS, _TIP_SHARES = (
    np.array([0.0, 0.15, 0.20, 0.25, 0.30]),
    np.array([0.10, 0.10, 0.42, 0.23, 0.15]),
)
_TOLL_BEFORE, _TOLL_SINCE, _TOLL_RISE = 6.55, 6.94, np.datetime64("2023-08-06", "s")
_NEWARK_TOLL = 16.06
# The simulated city has one price list, as it has one tariff, and its meters know neither holidays
# nor LaGuardia's surcharge; only the toll of the business district has its real date.
_PRICED_AS_AT = np.array(["2025-01-05"], "datetime64[s]")


def bill(
    rng: np.random.Generator,
    city: City,
    fleet: str,
    clock: MonthClock,
    contexts: Contexts,
    outcomes: Outcomes,
) -> Sheet:
    """Write each ride's record, without flaws: (n,) rows, totals not yet added up."""
    n = len(contexts)
    start, end = contexts.pickup_zone, contexts.dropoff_zone
    surcharges = _surcharges(city, fleet, contexts, outcomes)
    payment = np.where(rng.random(n, dtype=np.float32) < _CARD[fleet], CARD, CASH).astype(np.int8)
    payment[rng.random(n, dtype=np.float32) < 0.006] = NO_CHARGE
    hailed = outcomes.rate_code != meter.NEGOTIATED
    return {
        "VendorID": np.where(rng.random(n, dtype=np.float32) < _VENDOR_1[fleet], 1, 2).astype(
            np.int8
        ),
        "pickup_s": contexts.pickup_s.copy(),
        "dropoff_s": _dropoffs(rng, clock, contexts, outcomes),
        "store_and_fwd_flag": rng.random(n, dtype=np.float32) < _STORED,
        "RatecodeID": outcomes.rate_code.astype(np.int8),
        "PULocationID": start.astype(np.int32),
        "DOLocationID": end.astype(np.int32),
        "passenger_count": contexts.passengers.copy(),
        "trip_distance": outcomes.distance_mi.copy(),
        "fare_amount": outcomes.fare_usd.copy(),
        **{name: getattr(surcharges, name) for name in surcharges.__slots__},
        "tip_amount": _tips(rng, outcomes.fare_usd, (payment == CARD) | outcomes.booked),
        "tolls_amount": _tolls(rng, city, contexts),
        "payment_type": payment,
        "trip_type": np.where(hailed, 1, 2).astype(np.int8),
        "no_record": outcomes.booked.copy(),
    }


def _surcharges(city: City, fleet: str, contexts: Contexts, outcomes: Outcomes) -> Surcharges:
    """What the tariff adds to each fare."""
    start, end = contexts.pickup_zone, contexts.dropoff_zone
    pickup_at = contexts.pickup_s.astype("datetime64[s]")
    never = np.zeros(len(contexts), np.bool_)
    rides = Circumstances(
        pickup_at=pickup_at,
        rate_code=outcomes.rate_code,
        is_holiday=never,
        is_taxed=outcomes.rate_code != meter.NEGOTIATED,
        below_96th=city.core[start] | city.core[end],
        in_cbd=(city.cbd[start] | city.cbd[end]) & (pickup_at >= CBD_SINCE),
        from_airport=(start == JFK_ZONE) | (start == LAGUARDIA_ZONE),
        at_laguardia=never,
    )
    return surcharges_usd(rides, prices_at(_PRICED_AS_AT, fleet=fleet))


def _dropoffs(
    rng: np.random.Generator, clock: MonthClock, contexts: Contexts, outcomes: Outcomes
) -> npt.NDArray[np.int64]:
    """(n,) drop-off on the clock's face, which jumps twice a year while some are riding."""
    pickup = contexts.pickup_s
    dropoff = pickup + np.round(outcomes.duration_min * 60.0).astype(np.int64)
    if clock.skipped_s is not None:
        dropoff[(pickup < clock.skipped_s) & (dropoff >= clock.skipped_s)] += HOUR_S
    if clock.repeated_s is not None:
        set_back = clock.repeated_s + HOUR_S
        second_time = (pickup >= clock.repeated_s) & (rng.random(len(pickup)) < 0.5)
        dropoff[(pickup < set_back) & (dropoff >= set_back) & ~second_time] -= HOUR_S
    return dropoff


def _tips(rng: np.random.Generator, fare: Floats, by_card: npt.NDArray[np.bool_]) -> Floats:
    """(n,) US dollars: a button on the screen, or some round sum; cash tips go unrecorded."""
    n = len(fare)
    choice = np.searchsorted(
        np.cumsum(_TIP_SHARES)[:-1], rng.random(n, dtype=np.float32), side="right"
    )
    tip = (fare + 2.5) * _TIP_STEPS[choice]
    rounded = np.where(rng.random(n, dtype=np.float32) < 0.25, np.round(tip), np.round(tip, 2))
    return np.where(by_card, rounded, 0.0)


def _tolls(rng: np.random.Generator, city: City, contexts: Contexts) -> Floats:
    """(n,) US dollars: some of the rides between boroughs cross a toll bridge or tunnel."""
    chance = np.zeros((len(places.BOROUGHS), len(places.BOROUGHS)))
    chance[places.MANHATTAN, places.QUEENS] = chance[places.BRONX, places.QUEENS] = 0.45
    chance[places.BROOKLYN, places.MANHATTAN] = 0.05
    chance[places.BROOKLYN, places.STATEN_ISLAND] = chance[
        places.MANHATTAN, places.STATEN_ISLAND
    ] = 1.0
    chance = np.maximum(chance, chance.T)
    likely = chance[city.borough[contexts.pickup_zone], city.borough[contexts.dropoff_zone]]
    pickup_at = contexts.pickup_s.astype("datetime64[s]")
    toll = np.where(pickup_at >= _TOLL_RISE, _TOLL_SINCE, _TOLL_BEFORE)
    paid = np.where(rng.random(len(contexts), dtype=np.float32) < likely, toll, 0.0)
    return np.where(contexts.dropoff_zone == NEWARK_ZONE, _NEWARK_TOLL, paid)
