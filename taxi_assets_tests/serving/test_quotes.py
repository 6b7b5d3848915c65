"""Quotes over HTTP: the same numbers as the command line's, and every bad input told clearly."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from serving.schemas import Quote
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.surcharges import expected_surcharges
from taxi_assets_tests.serving.services import TRIP, ListLog, problem_of


def ask(client: httpx.Client, path: str = "/v1/quotes", **changed: Any) -> httpx.Response:
    return client.post(path, json={**TRIP, **changed})


@pytest.mark.parametrize("path", ["/v1/quotes", "/predict"])
@pytest.mark.parametrize("fleet", ["green", "yellow"])
@pytest.mark.parametrize(
    ("pickup_zone", "dropoff_zone", "pickup_at"),
    [(74, 75, "2025-03-14T08:30"), (132, 230, "2025-03-14T17:05:30"), (61, 1, "2019-05-05T23:00")],
)
def test_a_quote_is_what_model_and_price_list_say(
    client: httpx.Client,
    model: Bundle,
    path: str,
    fleet: str,
    pickup_zone: int,
    dropoff_zone: int,
    pickup_at: str,
) -> None:
    answer = ask(
        client,
        path,
        fleet=fleet,
        pickup_zone=pickup_zone,
        dropoff_zone=dropoff_zone,
        pickup_at=pickup_at,
    )

    quote = Quote.model_validate_json(answer.content)
    start, end = np.array([pickup_zone]), np.array([dropoff_zone])
    at = np.array([datetime.fromisoformat(pickup_at)], "datetime64[us]")
    told = model.quote(start, end, at, np.array([1.0], np.float32))
    surcharges = expected_surcharges(start, end, at, fleet=fleet)
    assert quote.fare_usd == round(float(told.fare_usd[0]), 2)
    assert quote.low_usd == round(float(told.low_usd[0]), 2)
    assert quote.high_usd == round(float(told.high_usd[0]), 2)
    assert quote.ride_min == round(float(told.ride_min[0]), 1)
    assert quote.total_usd == round(quote.fare_usd + float(surcharges.total_usd()[0]), 2)
    assert sum(each.usd for each in quote.surcharges) == pytest.approx(surcharges.total_usd()[0])
    assert all(each.usd for each in quote.surcharges)
    assert (quote.fleet, quote.interval) == (fleet, model.level)
    assert quote.request_id == answer.headers["x-request-id"]
    assert answer.headers["x-model-arm"] == "champion"


def test_the_first_fleet_answers_where_none_is_named(client: httpx.Client) -> None:
    assert ask(client).json()["fleet"] == "green"
    assert ask(client, fleet=None).json()["fleet"] == "green"


def test_a_quote_is_logged_with_what_was_asked_and_answered(
    client: httpx.Client, shared_log: ListLog
) -> None:
    answer = ask(client, pickup_at="2025-07-01T16:30Z").json()

    (record,) = [r for r in shared_log.records if r["request_id"] == answer["request_id"]]
    assert record["kind"] == "quote"
    assert record["pickup_at"] == datetime(2025, 7, 1, 12, 30)
    assert record["fare_usd"] == answer["fare_usd"]
    assert record["model_version"] == answer["model_version"]
    assert (record["arm"], record["shadow"], record["key_id"]) == ("champion", False, None)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"pickup_zone": 0}, "pickup_zone"),
        ({"pickup_zone": 264}, "pickup_zone"),
        ({"dropoff_zone": -1}, "dropoff_zone"),
        ({"dropoff_zone": 10**30}, "dropoff_zone"),
        ({"pickup_zone": "74"}, "pickup_zone"),
        ({"pickup_zone": 74.0}, "pickup_zone"),
        ({"pickup_zone": True}, "pickup_zone"),
        ({"pickup_zone": None}, "pickup_zone"),
        ({"passengers": 0}, "passengers"),
        ({"passengers": 10}, "passengers"),
        ({"pickup_at": "yesterday"}, "pickup_at"),
        ({"pickup_at": "2025-02-30T08:30"}, "pickup_at"),
        ({"pickup_at": "2025-03-14"}, "pickup_at"),
        ({"pickup_at": "1741939200"}, "pickup_at"),
        ({"pickup_at": 1741939200}, "pickup_at"),
        ({"pickup_at": ""}, "pickup_at"),
        ({"pickup_at": "x" * 10_000}, "pickup_at"),
        ({"fleet": "blue"}, "fleet"),
        ({"tip": 3}, "tip"),
        ({"ключ": 3}, "ключ"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/quotes", "/v1/explanations"])
def test_a_wrong_field_is_named(
    client: httpx.Client, path: str, changed: Mapping[str, Any], field: str
) -> None:
    problem = problem_of(ask(client, path, **changed), 422)

    assert [fault.field for fault in problem.errors] == [field]
    assert problem.detail.startswith(f"The field {field} ")
    assert len(problem.detail) < 250


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("1970-01-01T00:00", "1970-01-01 is outside the calendar"),
        ("2100-06-01T12:00", "2100-06-01 is outside the calendar"),
        ("9999-12-31T23:59-12:00", "9999-12-31 is outside the calendar"),
        ("2025-03-09T02:30", "does not exist in New York"),
    ],
)
def test_a_time_that_cannot_be_quoted_is_told_in_a_sentence(
    client: httpx.Client, at: str, said: str
) -> None:
    assert said in problem_of(ask(client, pickup_at=at), 422).detail


@pytest.mark.parametrize("name", ["pickup_zone", "dropoff_zone", "pickup_at"])
def test_a_missing_field_is_named(client: httpx.Client, name: str) -> None:
    trip = {key: value for key, value in TRIP.items() if key != name}

    problem = problem_of(client.post("/v1/quotes", json=trip), 422)

    assert problem.detail == f"The field {name} is missing."


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'pickup_zone': 1}", b"\xff\xfe", b"[" * 60_000, b'{"pickup_zone":', b"\x00"],
)
@pytest.mark.parametrize(
    "path", ["/v1/quotes", "/v1/quotes/batch", "/v1/explanations", "/v1/outcomes"]
)
def test_what_is_no_json_is_refused(client: httpx.Client, path: str, body: bytes) -> None:
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})

    assert problem_of(answer, 400).detail.startswith("The body is not JSON: ")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_numbers_that_are_not_finite_are_refused(client: httpx.Client, number: bytes) -> None:
    body = orjson.dumps(TRIP).replace(b":1}", b":" + number + b"}")

    answer = client.post("/v1/quotes", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in {400, 422}
    problem_of(answer, answer.status_code)


@pytest.mark.parametrize("body", [[], [TRIP], "trip", 1, {}])
def test_other_json_is_refused(client: httpx.Client, body: object) -> None:
    problem_of(client.post("/v1/quotes", json=body), 422)


@pytest.mark.parametrize("told", ["text/plain", "application/x-www-form-urlencoded", "json", None])
def test_a_body_has_to_say_that_it_is_json(client: httpx.Client, told: str | None) -> None:
    headers = {} if told is None else {"Content-Type": told}

    answer = client.post("/v1/quotes", content=orjson.dumps(TRIP), headers=headers)

    assert "Content-Type: application/json" in problem_of(answer, 415).detail


def test_the_charset_may_be_told(client: httpx.Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}

    answer = client.post("/v1/quotes", content=orjson.dumps(TRIP), headers=headers)

    assert answer.status_code == 200


def test_the_same_zone_at_both_ends_is_a_ride(client: httpx.Client) -> None:
    answer = ask(client, dropoff_zone=TRIP["pickup_zone"])

    assert Quote.model_validate_json(answer.content).fare_usd > 0


@pytest.mark.parametrize(
    ("method", "allowed"), [("GET", "POST"), ("PUT", "POST"), ("DELETE", "POST")]
)
def test_another_method_is_told_which_are_taken(
    client: httpx.Client, method: str, allowed: str
) -> None:
    answer = client.request(method, "/v1/quotes")

    problem_of(answer, 405)
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/v1/nothing", "/v2/quotes", "/v1/quotes/", "/docs", "/../etc"])
def test_what_is_not_there_is_a_problem_too(client: httpx.Client, path: str) -> None:
    problem_of(client.get(path), 404)
