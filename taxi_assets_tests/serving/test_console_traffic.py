"""Live traffic, from the metrics and the log of a real service."""

import math
import time
from datetime import timedelta
from pathlib import Path

import pytest

from serving.app import create_app
from serving.console import read_log, read_traffic
from serving.console.errors import ApiAway, NothingYet
from serving.console.read_api import Api
from serving.prediction_log import PredictionLog
from taxi_assets.domain.errors import LakeUnreachable
from taxi_assets_tests.serving.console_home import console
from taxi_assets_tests.serving.records import AT, log_settings, put_all, quote
from taxi_assets_tests.serving.services import TRIP, serving, settings_of

ASKED = 3


@pytest.fixture(scope="module")
def log_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log")


@pytest.fixture(scope="module")
def scrape(root: Path, cache: Path, log_root: Path) -> list[read_traffic.Sample]:
    """The metrics of a service that has answered three rides and one bad request."""
    settings = settings_of(root, cache, log=str(log_root), log_flush_s=3_600)
    with serving(create_app(settings)) as client:
        for _ in range(ASKED):
            client.post("/v1/quotes", json=TRIP).raise_for_status()
        client.post("/v1/quotes", json={**TRIP, "pickup_zone": 999})
        return read_traffic.samples(Api(console(log_root, api_url=str(client.base_url))).metrics())


def test_quotes_are_counted_by_arm_and_version(scrape: list[read_traffic.Sample]) -> None:
    table = read_traffic.quotes(scrape)

    assert table[["fleet", "arm", "quotes"]].to_numpy().tolist() == [["green", "champion", ASKED]]


def test_requests_are_counted_by_route_and_status(scrape: list[read_traffic.Sample]) -> None:
    table = read_traffic.requests(scrape)

    counted = {(row.route, row.status): row.requests for row in table.itertuples()}
    assert counted["/v1/quotes", "200"] == ASKED
    assert counted["/v1/quotes", "422"] == 1


def test_an_arm_has_latencies_in_order_and_a_mean_fare(scrape: list[read_traffic.Sample]) -> None:
    (arm,) = read_traffic.arms(scrape).itertuples()

    assert 0 < arm.p50_ms <= arm.p95_ms <= arm.p99_ms
    assert arm.mean_fare_usd > 0


def test_the_log_tells_what_became_of_its_rows(scrape: list[read_traffic.Sample]) -> None:
    counts = read_traffic.log_counts(scrape)

    assert counts["dropped"] == counts["refused"] == 0
    assert counts["written"] + counts["waiting"] <= ASKED
    assert 0 <= read_traffic.uptime_s(scrape, time.time())


@pytest.mark.parametrize(
    ("share", "value"), [(0.25, 0.5), (0.5, 1.0), (0.75, 1.5), (0.8, 1.6), (1.0, 2.0)]
)
def test_a_quantile_lies_where_prometheus_puts_it(share: float, value: float) -> None:
    buckets = [(1.0, 10.0), (2.0, 20.0), (math.inf, 20.0)]

    assert read_traffic.quantile(buckets, share) == pytest.approx(value)


def test_a_quantile_above_all_edges_is_the_last_edge() -> None:
    assert read_traffic.quantile([(1.0, 0.0), (2.0, 1.0), (math.inf, 10.0)], 0.99) == 2.0


@pytest.mark.parametrize("buckets", [[], [(1.0, 0.0), (math.inf, 0.0)]])
def test_an_empty_histogram_has_no_quantile(buckets: list[tuple[float, float]]) -> None:
    assert math.isnan(read_traffic.quantile(buckets, 0.5))


@pytest.mark.parametrize("text", ["", "<html>", "other_metric 1\n"])
def test_metrics_of_something_else_are_refused(text: str) -> None:
    with pytest.raises(ApiAway, match="CONSOLE_API_URL"):
        read_traffic.samples(text)


def test_the_log_is_read_latest_first_and_each_quote_once(tmp_path: Path) -> None:
    records = [quote(number, at=AT + timedelta(minutes=number)) for number in range(4)]
    for again in (records, records[:2]):
        log = PredictionLog(log_settings(tmp_path))
        log.start()
        put_all(log, again)
        log.stop()

    rows = read_log.recent(console(tmp_path, log=str(tmp_path)))

    assert rows["request_id"].tolist() == [f"request-{n}" for n in (3, 2, 1, 0)]


def test_a_log_without_quotes_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingYet, match="holds no quotes yet"):
        read_log.recent(console(tmp_path))


def test_a_log_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "quote" / "month=2025-03"
    folder.mkdir(parents=True)
    (folder / "20250314T000000-a.parquet").write_text("half a file")

    with pytest.raises(LakeUnreachable, match="cannot be read"):
        read_log.recent(console(tmp_path, log=str(tmp_path)))
