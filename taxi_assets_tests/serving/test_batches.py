"""Batches: every ride has its answer, and none fails another."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from serving.schemas import MOST_TRIPS, BatchQuote
from taxi_assets_tests.serving.services import TRIP, ListLog, problem_of

PATH = "/v1/quotes/batch"
OTHERS = [
    {**TRIP, "dropoff_zone": zone, "fleet": fleet}
    for zone in (61, 74, 236)
    for fleet in ("green", "yellow")
]


def ask(client: httpx.Client, trips: object) -> httpx.Response:
    return client.post(PATH, json={"trips": trips})


def without_id(quote: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in quote.items() if name != "request_id"}


def test_each_ride_of_a_batch_is_quoted_as_by_itself(client: httpx.Client) -> None:
    answer = ask(client, OTHERS)

    BatchQuote.model_validate_json(answer.content)
    told = answer.json()
    assert (told["answered"], told["failed"]) == (len(OTHERS), 0)
    assert [item["index"] for item in told["items"]] == list(range(len(OTHERS)))
    for trip, item in zip(OTHERS, told["items"], strict=True):
        alone = client.post("/v1/quotes", json=trip).json()
        assert without_id(item["quote"]) == without_id(alone)
        assert item["quote"]["request_id"] == f"{answer.headers['x-request-id']}-{item['index']}"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({**TRIP, "pickup_zone": 999}, "The field pickup_zone should be less than"),
        ({**TRIP, "pickup_zone": 10**30}, "too large"),
        ({**TRIP, "pickup_at": "2025-03-09T02:30"}, "does not exist in New York"),
        ({**TRIP, "pickup_at": "1970-01-01T00:00"}, "outside the calendar"),
        ({}, "The field pickup_zone is missing (2 more in errors)."),
        (None, "The body should be an object"),
        ("trip", "The body should be an object"),
        ([TRIP], "The body should be an object"),
    ],
)
def test_a_wrong_ride_leaves_the_others_theirs(
    client: httpx.Client, wrong: object, said: str
) -> None:
    answer = client.post(
        PATH,
        content=b'{"trips":[' + b",".join(orjson_of(trip) for trip in (TRIP, wrong, TRIP)) + b"]}",
        headers={"Content-Type": "application/json"},
    )

    BatchQuote.model_validate_json(answer.content)
    first, bad, last = answer.json()["items"]
    assert (answer.json()["answered"], answer.json()["failed"]) == (2, 1)
    assert without_id(first["quote"]) == without_id(last["quote"])
    assert bad.keys() == {"index", "problem"}
    assert bad["problem"]["status"] == 422
    assert said in bad["problem"]["detail"]


def orjson_of(value: object) -> bytes:
    """JSON, also of integers beyond 64 bits."""
    import json

    return json.dumps(value).encode()


def test_a_fleet_that_is_not_served_is_the_problem_of_its_rides_alone(
    one_fleet: httpx.Client,
) -> None:
    told = ask(one_fleet, [TRIP, {**TRIP, "fleet": "yellow"}]).json()

    assert "quote" in told["items"][0]
    assert "does not answer for yellow cabs" in told["items"][1]["problem"]["detail"]


@pytest.mark.parametrize("trips", [[], {}, None, "trips", 3, [TRIP] * (MOST_TRIPS + 1)])
def test_what_is_no_array_of_a_fitting_length_fails_as_a_whole(
    client: httpx.Client, trips: object
) -> None:
    problem = problem_of(ask(client, trips), 422)

    assert [fault.field for fault in problem.errors] == ["trips"]


@pytest.mark.parametrize("body", [[TRIP], {"trip": [TRIP]}, {"trips": [TRIP], "more": 1}])
def test_what_is_no_batch_fails_as_a_whole(client: httpx.Client, body: object) -> None:
    problem_of(client.post(PATH, json=body), 422)


def test_ten_thousand_rides_are_answered_and_logged(
    client: httpx.Client, shared_log: ListLog
) -> None:
    answer = client.post(
        PATH,
        content=orjson.dumps({"trips": [TRIP] * MOST_TRIPS}),
        headers={"Content-Type": "application/json", "X-Request-ID": "large"},
    )

    assert answer.json()["answered"] == MOST_TRIPS
    logged = [r["request_id"] for r in shared_log.records if r["request_id"].startswith("large-")]
    assert logged == [f"large-{place}" for place in range(MOST_TRIPS)]


@pytest.mark.parametrize("make", [lambda: [{}] * MOST_TRIPS, lambda: [None] * MOST_TRIPS])
def test_ten_thousand_wrong_rides_are_told_so_one_by_one(
    client: httpx.Client, make: Callable[[], list[object]]
) -> None:
    told = ask(client, make()).json()

    assert (told["answered"], told["failed"]) == (0, MOST_TRIPS)
