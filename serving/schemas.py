"""What goes in and what comes out: the contract of the API, with units and examples."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

LAST_ZONE = 263
MOST_TRIPS = 10_000
EXAMPLE: dict[str, JsonValue] = {
    "pickup_zone": 74,
    "dropoff_zone": 138,
    "pickup_at": "2025-03-14T08:30",
    "passengers": 1,
}
Zone = Annotated[int, Field(ge=1, le=LAST_ZONE, description="TLC taxi zone, 1 to 263")]
Usd = Annotated[float, Field(description="US dollars")]


class Strict(BaseModel):
    """Refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Trip(Strict):
    """A ride that is about to begin."""

    model_config = ConfigDict(
        extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": [EXAMPLE]}
    )

    pickup_zone: Zone
    dropoff_zone: Zone
    pickup_at: Annotated[
        datetime,
        Field(description="pick-up time: New York local, or with an offset; years 2000 to 2099"),
    ]
    passengers: Annotated[int, Field(ge=1, le=9, description="people in the cab")] = 1
    fleet: Annotated[
        Literal["green", "yellow"] | None, Field(description="the service's first by default")
    ] = None


class Surcharge(Strict):
    """One part of the bill beside the meter."""

    name: str
    usd: Usd


class Quote(Strict):
    """What the ride will cost and how long it will take."""

    request_id: Annotated[str, Field(description="names the quote in logs and outcomes")]
    fleet: str
    fare_usd: Annotated[Usd, Field(description="expected metered fare, US dollars")]
    low_usd: Annotated[Usd, Field(description="lower end of the interval, US dollars")]
    high_usd: Annotated[Usd, Field(description="upper end of the interval, US dollars")]
    interval: Annotated[float, Field(description="share of rides that the interval is to hold")]
    ride_min: Annotated[float, Field(description="expected ride time, minutes")]
    surcharges: list[Surcharge]
    total_usd: Annotated[Usd, Field(description="fare and surcharges, no tolls, no tip")]
    currency: Literal["USD"] = "USD"
    model: Annotated[str, Field(description="name of the registered model")]
    model_version: str


class Batch(Strict):
    """Many rides at once."""

    trips: Annotated[list[Trip], Field(min_length=1, max_length=MOST_TRIPS)]


class Problem(BaseModel):
    """RFC 9457: what went wrong, in one clear sentence."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | None = None
    request_id: str
