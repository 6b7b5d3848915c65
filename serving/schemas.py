"""What goes in and what comes out: the contract of the API, with units and examples."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, WithJsonSchema

from taxi_assets.domain.zones import LAST_ZONE

WRITTEN_OUT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d").match
TOKEN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$"  # what names a request
MOST_TRIPS = 10_000
EXAMPLE: dict[str, JsonValue] = {
    "pickup_zone": 74,
    "dropoff_zone": 138,
    "pickup_at": "2025-03-14T08:30",
    "passengers": 1,
}
Zone = Annotated[int, Field(ge=1, le=LAST_ZONE, description="TLC taxi zone, 1 to 263")]
Usd = Annotated[float, Field(description="US dollars")]
Token = Annotated[str, Field(pattern=TOKEN, description="names the quote in logs and outcomes")]


def _written_out(value: object) -> object:
    """Refuse numbers and bare dates, which pydantic reads as seconds since 1970 and midnights."""
    if isinstance(value, datetime) or (isinstance(value, str) and WRITTEN_OUT(value)):
        return value
    raise ValueError("should be a time written like 2025-03-14T08:30")


TIME = (
    r"^20(19|2\d|3\d|4\d|50)-(0[1-9]|1[0-2])-(0[1-9]|1\d|2\d|3[01])"
    r"T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?$"
)
PickupAt = Annotated[
    datetime,
    Field(strict=False),  # what comes out of the check below is no JSON any more
    BeforeValidator(_written_out),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": TIME,
            "description": (
                "pick-up time, ISO 8601: New York local, or with an offset, which is converted; "
                "years 2019 to 2050, for which prices and holidays are known. A local hour that "
                "daylight saving skips is refused, of one that it repeats the first is meant."
            ),
        }
    ),
]


class Strict(BaseModel):
    """Refuses what it does not know, and `"74"` or `true` where a number is asked for."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)


class Trip(Strict):
    """A ride that is about to begin."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    pickup_zone: Zone
    dropoff_zone: Zone
    pickup_at: PickupAt
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

    request_id: Token
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

    model_config = ConfigDict(json_schema_extra={"examples": [{"trips": [EXAMPLE]}]})

    trips: Annotated[list[Trip], Field(min_length=1, max_length=MOST_TRIPS)]


class Trips(Strict):
    """A batch of whatever its array holds."""

    trips: Annotated[list[Any], Field(min_length=1, max_length=MOST_TRIPS)]


class Fault(BaseModel):
    """What is wrong with one field."""

    field: str
    reason: str


class Problem(BaseModel):
    """RFC 9457: what went wrong, in one clear sentence."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | None = None
    request_id: str
    errors: Annotated[list[Fault], Field(description="each field that is wrong")] = []


class Item(Strict):
    """The answer to one ride of a batch: its quote, or what is wrong with it."""

    index: Annotated[int, Field(ge=0, description="the ride's place in the request, from 0")]
    quote: Quote | None = None
    problem: Problem | None = None


class BatchQuote(Strict):
    """Answers in the order of the request."""

    items: list[Item]
    answered: int
    failed: int


class Part(Strict):
    """What one thing that people understand adds to the fare."""

    name: str
    words: Annotated[str, Field(description="what it is, for people")]
    usd: Usd
    sentence: Annotated[str, Field(description="both in one, such as `The pick-up place: +$2.10`")]


class Contribution(Strict):
    """What one of the model's features adds to the fare."""

    feature: str
    value: Annotated[float | None, Field(description="the feature's value; null when unknown")]
    usd: Usd


class Explanation(Strict):
    """Why a ride is quoted what it is: base and groups add up to the fare, to the cent."""

    quote: Quote
    base_usd: Annotated[Usd, Field(description="what any ride is quoted before it is known")]
    groups: list[Part]
    features: list[Contribution]


class Card(Strict):
    """What a model is made of and how it did when it was tested."""

    alias: Literal["champion", "challenger"]
    fleet: str
    name: str
    version: str
    month: Annotated[str, Field(description="month it was tested on")]
    identity: Annotated[str, Field(description="SHA-256 of all that can change an answer")]
    loaded_at: Annotated[str, Field(description="UTC")]
    interval: Annotated[float, Field(description="share of rides that the interval is to hold")]
    features: list[str]
    training_rows: Annotated[dict[str, int], Field(description="rides learned from, by month")]
    trees: Annotated[dict[str, int], Field(description="trees by question")]
    rehearsal: Annotated[
        dict[str, float],
        Field(description="errors on the last two weeks before it learned from these too"),
    ]


class Cards(Strict):
    """The models that answer."""

    models: list[Card]


class Outcome(Strict):
    """What a quoted ride has really cost."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"request_id": "4f7c2a9be9d04d7c8f5f9b1de5c3a001", "fare_usd": 41.5}]
        }
    )

    request_id: Token
    fare_usd: Annotated[float, Field(ge=0, le=10_000, description="metered fare, US dollars")]


class Accepted(Strict):
    """The outcome will be written to the log."""

    request_id: str
    accepted: Literal[True] = True


class Live(Strict):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Quotes are answered; whatever is amiss beside that stands in `fleets`."""

    status: Literal["ready"] = "ready"
    fleets: Annotated[dict[str, Any], Field(description="per fleet: version, month, age, source")]
    strategies: dict[str, Any]
