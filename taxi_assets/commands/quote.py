"""One quote from the champion."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from taxi_assets.domain.errors import RegistryError, UsageError
from taxi_assets.domain.zones import LAST_ZONE
from taxi_assets.resources.registry import Registry

NEW_YORK = ZoneInfo("America/New_York")
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
        fare_usd: expected metered fare, US dollars, without surcharges, tolls and tip.
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
            f"about ${self.fare_usd:.2f} on the meter "
            f"({self.model} version {self.version}, tested on {self.tested_on})."
        )


def local_time(text: str) -> datetime:
    """Read an ISO time as New York local time; an offset is converted.

    Raises:
        UsageError: it is not a time.
    """
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is None else at.astimezone(NEW_YORK).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"'{text}' is not a time: write it like 2025-03-14T08:30, New York local time."
        ) from error


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
        UsageError: a zone or the number of passengers is out of range.
        RegistryError: there is no champion yet.
    """
    for zone in (pickup_zone, dropoff_zone):
        if not 1 <= zone <= LAST_ZONE:
            raise UsageError(f"There is no taxi zone {zone}: zones run from 1 to {LAST_ZONE}.")
    if not 1 <= passengers <= MAX_PASSENGERS:
        raise UsageError(f"{passengers} passengers do not fit: a cab takes 1 to {MAX_PASSENGERS}.")
    champion = registry.champion(fleet) if registry.exists else None
    if champion is None:
        raise RegistryError(
            f"There is no {fleet} champion yet: "
            f"run `taxi-assets run --fleet {fleet} --months ...` first."
        )
    model = registry.load(champion)
    fare = model.quote(
        np.array([pickup_zone]),
        np.array([dropoff_zone]),
        np.array([at], "datetime64[us]"),
        np.array([passengers], np.float32),
    )
    names = dict(zip(model.zones["zone"], model.zones["name"], strict=True))
    return Quote(
        fleet=fleet,
        pickup_zone=pickup_zone,
        pickup_name=names[pickup_zone],
        dropoff_zone=dropoff_zone,
        dropoff_name=names[dropoff_zone],
        pickup_at=at.isoformat(timespec="minutes"),
        passengers=passengers,
        fare_usd=round(float(fare[0]), 2),
        model=champion.name,
        version=champion.version,
        tested_on=champion.month,
    )
