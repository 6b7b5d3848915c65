"""Many rides in one request: each has its quote or its problem, and none fails another."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from serving.answers import Answers, Asker, Pick
from serving.ports import Observer, Served
from serving.pricing import Price, Ride, Rides, price, price_each, quote
from serving.problems import Refusal, misread, refusal_of
from serving.quote_records import Circumstances, rows
from serving.schemas import Batch, Trip, Trips
from serving.times import new_york_time
from taxi_assets.domain.errors import TaxiError

TRIP, TRIPS, BATCH = TypeAdapter(Trip), TypeAdapter(Trips), TypeAdapter(Batch)
Asked = tuple[str | None, Ride]  # the fleet, and a ride in New York's time


def ride_of(trip: Trip) -> Ride:
    """A trip in New York's time.

    Raises:
        UsageError: daylight saving skips its time, or nothing is known of its year.
    """
    at = new_york_time(trip.pickup_at)
    return Ride(trip.pickup_zone, trip.dropoff_zone, at, trip.passengers)


def read_batch(body: bytes) -> list[Asked | Refusal]:
    """The rides of a body, and what is wrong with those that are none.

    Raises:
        Refusal: it is not an object with an array of 1 to 10,000 trips.
    """
    try:
        return [_asked(trip) for trip in BATCH.validate_json(body).trips]
    except ValidationError:
        return [_asked_or_not(item) for item in _items(body)]


def _items(body: bytes) -> list[Any]:
    """The array, whatever it holds."""
    try:
        return TRIPS.validate_json(body).trips
    except ValidationError as error:
        raise misread(error) from error


def _asked_or_not(item: object) -> Asked | Refusal:
    try:
        return _asked(TRIP.validate_json(orjson.dumps(item)))
    except ValidationError as error:
        return misread(error)
    except orjson.JSONEncodeError:  # an integer beyond 64 bits
        return Refusal(422, "A number is too large for any field of a trip.")


def _asked(trip: Trip) -> Asked | Refusal:
    try:
        return trip.fleet, ride_of(trip)
    except TaxiError as error:
        return refusal_of(error)


def fleets_of(asked: Sequence[Asked | Refusal]) -> set[str | None]:
    """The fleets that the rides name."""
    return {each[0] for each in asked if not isinstance(each, Refusal)}


def answer_batch(
    answers: Answers,
    asked: Sequence[Asked | Refusal],
    picks: Mapping[str | None, Pick | Refusal],
    asker: Asker,
) -> bytes:
    """A `BatchQuote` as JSON.

    Args:
        answers: told of each quote.
        asked: the rides, or what is wrong with them.
        picks: who answers for each fleet that they name.
        asker: of all of them; each quote's id is the request's and the ride's place.
    """
    items: list[dict[str, Any]] = [{"index": index} for index in range(len(asked))]
    failed = 0
    rides: dict[str | None, dict[int, Ride]] = {fleet: {} for fleet in picks}
    for index, each in enumerate(asked):
        if not isinstance(each, Refusal):
            rides[each[0]][index] = each[1]
    for fleet, pick in picks.items():
        if isinstance(pick, Pick):
            _answer_fleet(answers, pick, rides[fleet], items, asker)
    for index, (item, each) in enumerate(zip(items, asked, strict=True)):
        refusal = each if isinstance(each, Refusal) else picks[each[0]]
        if isinstance(refusal, Refusal):
            item["problem"] = refusal.body(asker.item(index))
        failed += "problem" in item
    told = {"items": items, "answered": len(items) - failed, "failed": failed}
    return orjson.dumps(told)


def _answer_fleet(
    answers: Answers,
    pick: Pick,
    rides: Mapping[int, Ride],
    items: Sequence[dict[str, Any]],
    asker: Asker,
) -> None:
    """Put quotes and problems of one model's rides into their items, and log and count them."""
    began, served = time.perf_counter(), pick.served
    columns = Rides.of(list(rides.values()))
    try:
        prices = price(served, columns, answers.telemetry)
    except Exception:
        sound = _sound(served, rides, items, asker, answers.telemetry)
        if len(sound) == len(rides):
            raise  # it is no ride's fault
        if sound:
            _answer_fleet(answers, pick, sound, items, asker)
        return
    ids = [asker.item(index) for index in rides]
    for index, name, each in zip(rides, ids, prices.each(), strict=True):
        items[index]["quote"] = quote(served, each, name)
    seconds = time.perf_counter() - began
    told = Circumstances(served, pick.arm, datetime.now(UTC), seconds, asker.key_id)
    answers.log.put_rows(rows(ids, columns, prices, told))
    answers.telemetry.observe_quotes(served.fleet, pick.arm, served.version, prices.fare_usd)
    if pick.shadow is not None:
        askers = [asker._replace(request_id=name) for name in ids]
        answers.shadow(pick.shadow, list(zip(askers, rides.values(), strict=True)))


def _sound(
    served: Served,
    rides: Mapping[int, Ride],
    items: Sequence[dict[str, Any]],
    asker: Asker,
    telemetry: Observer,
) -> dict[int, Ride]:
    """The rides that a model can price; the others get their problems."""
    found = dict(zip(rides, price_each(served, list(rides.values()), telemetry), strict=True))
    failed = {index: error for index, error in found.items() if not isinstance(error, Price)}
    for index, error in failed.items():
        items[index]["problem"] = refusal_of(error).body(asker.item(index))
    return {index: ride for index, ride in rides.items() if index not in failed}
