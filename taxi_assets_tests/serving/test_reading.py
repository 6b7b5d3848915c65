"""What can be read of the service: explanations, zones, models, health, metrics, outcomes."""

from pathlib import Path

import httpx
import pytest
import shapely

from serving.schemas import Accepted, Cards, Explanation, Outcome, Quote, Ready
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.explain import GROUPS
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.zones import LAST_ZONE
from taxi_assets_tests.serving.services import TRIP, ListLog, problem_of, running, settings_of


@pytest.mark.parametrize("zone", [61, 75, 84, 240])
def test_an_explanation_adds_up_to_its_quote_to_the_cent(client: httpx.Client, zone: int) -> None:
    answer = client.post("/v1/explanations", json={**TRIP, "dropoff_zone": zone})

    found = Explanation.model_validate_json(answer.content)
    quoted = client.post("/v1/quotes", json={**TRIP, "dropoff_zone": zone})
    expected = Quote.model_validate_json(quoted.content)
    assert found.quote == expected.model_copy(update={"request_id": found.quote.request_id})
    cents = round(found.base_usd * 100) + sum(round(part.usd * 100) for part in found.groups)
    assert cents == round(found.quote.fare_usd * 100)
    assert [part.name for part in found.groups][: len(GROUPS)] == list(GROUPS)
    assert [each.feature for each in found.features] == list(FEATURES)
    assert found.groups[0].sentence.startswith("The route's usual fare: ")


def test_an_explanation_is_logged_as_the_quote_that_it_is(
    client: httpx.Client, shared_log: ListLog
) -> None:
    answer = client.post("/v1/explanations", json=TRIP)

    (record,) = [r for r in shared_log.records if r["request_id"] == answer.headers["x-request-id"]]
    assert record["fare_usd"] == answer.json()["quote"]["fare_usd"]


@pytest.mark.parametrize("crs", ["wgs84", "state-plane"])
def test_zones_are_valid_shapes_with_names(client: httpx.Client, crs: str) -> None:
    answer = client.get("/v1/zones", params={"crs": crs})

    assert answer.headers["content-type"] == "application/geo+json"
    features = answer.json()["features"]
    assert [each["properties"]["zone"] for each in features] == list(range(1, LAST_ZONE + 1))
    shapes = [shapely.geometry.shape(each["geometry"]) for each in features]
    assert all(shape.is_valid and shape.area > 0 for shape in shapes)


def test_state_plane_is_in_miles(client: httpx.Client, model: Bundle) -> None:
    features = client.get("/v1/zones?crs=state-plane").json()["features"]

    centroid = shapely.geometry.shape(features[73]["geometry"]).centroid
    zone = model.zones.set_index("zone").loc[74]
    assert (centroid.x, centroid.y) == pytest.approx((zone["x_mi"], zone["y_mi"]), abs=0.01)


def test_zones_are_sent_once_and_small(client: httpx.Client) -> None:
    first = client.get("/v1/zones", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/v1/zones", headers={"Accept-Encoding": "identity"})
    again = client.get("/v1/zones", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert first.content == plain.content
    assert int(first.headers["content-length"]) < len(plain.content) // 2
    assert (again.status_code, again.content) == (304, b"")
    assert "max-age" in again.headers["cache-control"]


def test_an_unknown_projection_is_refused(client: httpx.Client) -> None:
    problem = problem_of(client.get("/v1/zones?crs=mars"), 422)

    assert problem.errors[0].field == "query.crs"


def test_models_are_told_without_paths(client: httpx.Client, root: Path) -> None:
    answer = client.get("/v1/models")

    cards = Cards.model_validate_json(answer.content).models
    assert [(each.fleet, each.alias) for each in cards] == [
        ("green", "champion"),
        ("green", "challenger"),
        ("yellow", "champion"),
    ]
    assert str(root) not in answer.text
    assert cards[0].month == "2025-03"
    assert cards[0].rehearsal["mae_usd"] > 0


def test_an_outcome_goes_to_the_log(client: httpx.Client, shared_log: ListLog) -> None:
    quote = client.post("/v1/quotes", json=TRIP).json()

    answer = client.post("/v1/outcomes", json={"request_id": quote["request_id"], "fare_usd": 17})

    assert answer.status_code == 202
    assert Accepted.model_validate_json(answer.content).request_id == quote["request_id"]
    told = shared_log.records[-1]
    assert (told["kind"], told["request_id"], told["fare_usd"]) == (
        "outcome",
        quote["request_id"],
        17.0,
    )


@pytest.mark.parametrize(
    "body",
    [
        {"request_id": "", "fare_usd": 1},
        {"request_id": "a b", "fare_usd": 1},
        {"request_id": "x" * 81, "fare_usd": 1},
        {"request_id": "x", "fare_usd": -0.01},
        {"request_id": "x", "fare_usd": 10_001},
        {"request_id": "x", "fare_usd": "7"},
        {"request_id": "x"},
    ],
)
def test_an_outcome_that_makes_no_sense_is_refused(
    client: httpx.Client, body: dict[str, object]
) -> None:
    problem_of(client.post("/v1/outcomes", json=body), 422)


def test_every_request_id_of_a_batch_can_have_an_outcome() -> None:
    longest = "x" * 64 + "-9999"

    assert Outcome(request_id=longest, fare_usd=1.0).request_id == longest


def test_the_process_is_live_and_ready(client: httpx.Client) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    ready = Ready.model_validate_json(client.get("/health/ready").content)
    assert set(ready.fleets) == {"green", "yellow"}


def test_without_a_model_it_is_live_and_not_ready(tmp_path: Path) -> None:
    with running(settings_of(tmp_path / "nothing", tmp_path / "cache")) as client:
        assert client.get("/health/live").status_code == 200
        for path in ("/health/ready", "/v1/zones", "/v1/models"):
            answer = client.get(path)
            problem_of(answer, 503)
            assert int(answer.headers["retry-after"]) > 0
        problem_of(client.post("/v1/quotes", json=TRIP), 503)
        told = client.post("/v1/quotes/batch", json={"trips": [TRIP]}).json()
        assert told["items"][0]["problem"]["status"] == 503


def test_metrics_count_requests_by_route_and_status(client: httpx.Client) -> None:
    client.get("/v1/nothing-of-the-kind")

    text = client.get("/metrics").text

    assert 'route="/v1/quotes"' in text
    assert 'route="other",status="404"' in text
    assert "nothing-of-the-kind" not in text
