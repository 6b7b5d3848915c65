"""One quote from the champion."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from taxi_assets.domain.errors import RegistryError, UsageError
from taxi_assets.domain.holidays import FIRST_YEAR, LAST_YEAR
from taxi_assets.domain.surcharges import expected_surcharges
from taxi_assets.domain.zones import LAST_ZONE
from taxi_assets.resources.registry import ModelVersion, Registry

MAX_PASSENGERS = 6


@dataclass(frozen=True, slots=True)
class Quote:
    """What a ride is expected to cost.

    Attributes:
        fleet: fleet name.
        pickup_zone: TLC id.
        pickup_name: zone name.
        dropoff_zone: TLC id.
        dropoff_name: zone name.
        pickup_at: New York local time, ISO 8601.
        passengers: people.
        fare_usd: expected metered fare, US dollars.
        low_usd: lower bound of the interval.
        high_usd: upper bound.
        level: share of rides whose fare lies between the two.
        surcharges_usd: what the published rules add to the fare.
        total_usd: fare and surcharges, before tip and tolls.
        ride_min: expected minutes.
        model: registered model.
        version: its version.
        tested_on: month the version was tested on.
    """

    fleet: str
    pickup_zone: int
    pickup_name: str
    dropoff_zone: int
    dropoff_name: str
    pickup_at: str
    passengers: int
    fare_usd: float
    low_usd: float
    high_usd: float
    level: float
    surcharges_usd: float
    total_usd: float
    ride_min: float
    model: str
    version: int
    tested_on: str

    def sentence(self) -> str:
        """The quote for people."""
        at = datetime.fromisoformat(self.pickup_at)
        people = f"{self.passengers} passenger{'s' if self.passengers > 1 else ''}"
        return (
            f"{self.fleet.capitalize()} taxi from {self.pickup_name} ({self.pickup_zone}) to "
            f"{self.dropoff_name} ({self.dropoff_zone}), {at:%a %d %b %Y %H:%M}, {people}: "
            f"about ${self.fare_usd:.2f} on the meter, {self.level:.0%} of rides between "
            f"${self.low_usd:.2f} and ${self.high_usd:.2f}, in about {self.ride_min:.0f} minutes; "
            f"${self.total_usd:.2f} with surcharges, before tip and tolls "
            f"({self.model} version {self.version}, tested on {self.tested_on})."
        )


def require_champion(registry: Registry, fleet: str) -> ModelVersion:
    """The version that answers for a fleet; does not make a registry only to find it empty.

    Raises:
        RegistryError: there is no champion yet.
    """
    champion = registry.champion(fleet) if registry.exists else None
    if champion is None:
        raise RegistryError(
            f"There is no {fleet} champion yet: "
            f"run `taxi-assets run --fleet {fleet} --months ...` first."
        )
    return champion


def quote(
    registry: Registry,
    fleet: str,
    pickup_zone: int,
    dropoff_zone: int,
    at: datetime,
    passengers: int,
) -> Quote:
    """Ask the champion.

    Raises:
        UsageError: a zone, the time or the number of passengers is out of range.
        RegistryError: there is no champion yet.
    """
    for zone in (pickup_zone, dropoff_zone):
        if not 1 <= zone <= LAST_ZONE:
            raise UsageError(f"There is no taxi zone {zone}: zones run from 1 to {LAST_ZONE}.")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise UsageError(
            f"{at:%Y-%m-%d} is outside the calendar: --at takes {FIRST_YEAR} to {LAST_YEAR}."
        )
    if not 1 <= passengers <= MAX_PASSENGERS:
        raise UsageError(f"{passengers} passengers do not fit: a cab takes 1 to {MAX_PASSENGERS}.")
    champion = require_champion(registry, fleet)
    model = registry.load(champion)
    start, end = np.array([pickup_zone]), np.array([dropoff_zone])
    when = np.array([at], "datetime64[us]")
    answer = model.quote(start, end, when, np.array([passengers], np.float32))
    fare = round(float(answer.fare_usd[0]), 2)
    surcharges = expected_surcharges(start, end, when, fleet=fleet).total_usd()
    names = dict(zip(model.zones["zone"], model.zones["name"], strict=True))
    return Quote(
        fleet=fleet,
        pickup_zone=pickup_zone,
        pickup_name=names[pickup_zone],
        dropoff_zone=dropoff_zone,
        dropoff_name=names[dropoff_zone],
        pickup_at=at.isoformat(timespec="minutes"),
        passengers=passengers,
        fare_usd=fare,
        low_usd=round(float(answer.low_usd[0]), 2),
        high_usd=round(float(answer.high_usd[0]), 2),
        level=model.level,
        surcharges_usd=round(float(surcharges[0]), 2),
        total_usd=round(fare + float(surcharges[0]), 2),
        ride_min=round(float(answer.ride_min[0]), 1),
        model=champion.name,
        version=champion.version,
        tested_on=champion.month,
    )
