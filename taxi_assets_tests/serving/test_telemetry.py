"""What operators see: metrics, traces, logs."""

import asyncio
import json
import logging
import logging.config
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.prediction_log import PredictionLog
from serving.settings import Settings
from serving.telemetry import Telemetry
from taxi_assets_tests.serving.collector import Collector, collecting
from taxi_assets_tests.serving.records import log_settings, put_all, quote

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALLER = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass(frozen=True)
class Model:
    """A model that answers."""

    fleet: str = "green"
    alias: str = "champion"
    name: str = "taxi-fare-green"
    version: str = "7"
    month: str = "2025-03"
    loaded_at: datetime = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(Settings(otlp_endpoint=""))


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture
def quiet_logging() -> Iterator[None]:
    """Puts logging back as it was."""
    names = (None, "uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpcore")
    loggers = [logging.getLogger(name) for name in names]
    before = [(list(each.handlers), each.level, each.propagate) for each in loggers]
    yield
    for each, (handlers, level, propagate) in zip(loggers, before, strict=True):
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)


def samples(telemetry: Telemetry) -> Samples:
    """Every number that Prometheus would read."""
    families = text_string_to_metric_families(telemetry.metrics().decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(found: Samples, name: str, /, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def test_requests_are_counted_and_timed_by_route(telemetry: Telemetry) -> None:
    telemetry.observe_request("/v1/quotes", 200, 0.002, "champion")
    telemetry.observe_request("/v1/quotes", 200, 0.4, "champion")
    telemetry.observe_request("/v1/quotes", 422, 0.001)

    found = samples(telemetry)
    assert value(found, "taxi_requests_total", route="/v1/quotes", status="200") == 2
    assert value(found, "taxi_requests_total", route="/v1/quotes", status="422") == 1
    timed = {"route": "/v1/quotes", "arm": "champion"}
    assert value(found, "taxi_request_seconds_bucket", le="0.001", **timed) == 0
    assert value(found, "taxi_request_seconds_bucket", le="0.0025", **timed) == 1
    assert value(found, "taxi_request_seconds_bucket", le="+Inf", **timed) == 2
    assert value(found, "taxi_request_seconds_sum", **timed) == pytest.approx(0.402)


def test_quotes_count_the_same_one_by_one_and_at_once(telemetry: Telemetry) -> None:
    fares = np.array([2.5, 5.0, 5.01, 33.3, 250.0, 400.0])

    for fare in fares:
        telemetry.observe_quote("green", "champion", "7", 0.001, fare)
    telemetry.observe_quotes("yellow", "champion", "7", fares)

    found = samples(telemetry)
    one_by_one, at_once = (
        {
            (name, labels - {("fleet", fleet)}): number
            for (name, labels), number in found.items()
            if name.startswith("taxi_quoted_fare_usd") and ("fleet", fleet) in labels
        }
        for fleet in ("green", "yellow")
    )
    assert one_by_one == at_once
    labels = {"fleet": "green", "arm": "champion"}
    assert value(found, "taxi_quoted_fare_usd_bucket", le="5.0", **labels) == 2
    assert value(found, "taxi_quoted_fare_usd_count", **labels) == 6
    for fleet in ("green", "yellow"):
        told = {"fleet": fleet, "arm": "champion", "version": "7"}
        assert value(found, "taxi_quotes_total", **told) == 6
    assert value(found, "taxi_quote_seconds_count", **labels) == 6


def test_models_the_log_and_readiness_are_looked_up_when_asked(
    telemetry: Telemetry, tmp_path: Path
) -> None:
    loaded = datetime.now(UTC) - timedelta(hours=1)
    log = PredictionLog(log_settings(tmp_path))
    telemetry.watch(models=lambda: [Model(loaded_at=loaded)], ready=lambda: True, log=log)
    put_all(log, [quote(1), quote(2)])

    found = samples(telemetry)

    told = {"fleet": "green", "alias": "champion"}
    more = {"name": "taxi-fare-green", "version": "7", "month": "2025-03"}
    assert value(found, "taxi_model_info", **told, **more) == 1
    assert value(found, "taxi_model_age_seconds", **told) >= 3_600
    assert value(found, "taxi_ready") == 1
    assert value(found, "taxi_log_waiting_records") == 2
    assert value(found, "taxi_log_dropped_records_total") == 0
    assert value(found, "process_resident_memory_bytes") > 0


def test_two_services_in_one_process_do_not_mix(telemetry: Telemetry) -> None:
    another = Telemetry(Settings(otlp_endpoint=""))

    telemetry.observe_request("/v1/quotes", 200, 0.002)

    assert b"/v1/quotes" in telemetry.metrics()
    assert b"/v1/quotes" not in another.metrics()


def test_without_a_collector_nothing_of_opentelemetry_is_imported() -> None:
    script = (
        "import sys; from serving.settings import Settings; from serving.telemetry import Telemetry"
        "\nt = Telemetry(Settings(otlp_endpoint=''))"
        "\nwith t.request('quote', {}), t.span('model'): t.add_span('x', t.current_span(), 0, 1)"
        "\nt.stop(); print([n for n in sys.modules if n.startswith('opentelemetry')])"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


def test_a_trace_reaches_the_collector_as_a_child_of_the_callers(collector: Collector) -> None:
    telemetry = Telemetry(Settings(otlp_endpoint=f"{collector.url}/"))

    with telemetry.request("POST /v1/quotes", CALLER):
        with telemetry.span("features"):
            begun = time.time_ns()
        telemetry.add_span("model", telemetry.current_span(), begun, begun + 5_000)
    telemetry.stop()

    spans = collector.spans
    request = spans["POST /v1/quotes"]
    assert collector.paths == {"/v1/traces"}
    assert collector.about["service.name"] == "taxi-serving"
    assert collector.about["service.version"]
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE}
    assert request.parent_span_id.hex() == PARENT
    assert spans["features"].parent_span_id == request.span_id
    assert spans["model"].parent_span_id == request.span_id
    assert spans["model"].end_time_unix_nano - spans["model"].start_time_unix_nano == 5_000


def test_requests_that_run_at_once_keep_their_spans_apart(collector: Collector) -> None:
    telemetry = Telemetry(Settings(otlp_endpoint=collector.url))

    async def answer(name: str, mine: asyncio.Event, other: asyncio.Event) -> None:
        with telemetry.request(name, {}):
            mine.set()
            await other.wait()
            with telemetry.span(f"part of {name}"):
                pass

    async def both() -> None:
        one, two = asyncio.Event(), asyncio.Event()
        await asyncio.gather(answer("one", one, two), answer("two", two, one))

    asyncio.run(both())
    telemetry.stop()

    for name in ("one", "two"):
        part, whole = collector.spans[f"part of {name}"], collector.spans[name]
        assert part.parent_span_id == whole.span_id
        assert part.trace_id == whole.trace_id


@pytest.mark.parametrize("traceparent", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01"])
def test_a_traceparent_that_makes_no_sense_begins_a_trace(
    collector: Collector, traceparent: str
) -> None:
    telemetry = Telemetry(Settings(otlp_endpoint=collector.url))

    with telemetry.request("quote", {"traceparent": traceparent}):
        pass
    telemetry.stop()

    assert collector.spans["quote"].parent_span_id == b""


def test_a_collector_that_is_away_costs_spans_and_no_request(
    unused_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry = Telemetry(Settings(otlp_endpoint=f"http://127.0.0.1:{unused_port}"))

    for _ in range(5_000):  # twice what waits at most
        with telemetry.request("quote", CALLER), telemetry.span("model"):
            telemetry.observe_quote("green", "champion", "7", 0.001, 20.0)
    telemetry.stop()

    told = {"fleet": "green", "arm": "champion", "version": "7"}
    assert value(samples(telemetry), "taxi_quotes_total", **told) == 5_000
    assert "127.0.0.1" in caplog.text  # it is told, once and again


def test_log_lines_are_json_and_tied_to_request_and_trace(
    collector: Collector, quiet_logging: None, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry = Telemetry(Settings(otlp_endpoint=collector.url))
    telemetry.set_up_logging()

    token = telemetry.begin("request-1")
    with telemetry.request("quote", CALLER):
        logging.getLogger("serving.anything").warning("Zone %d is odd", 7)
    telemetry.end(token)
    logging.getLogger("uvicorn.error").info("Started", extra={"color_message": "\x1b[1mStarted"})
    telemetry.stop()

    first, second = map(json.loads, capsys.readouterr().err.splitlines()[:2])
    span = collector.spans["quote"].span_id.hex()
    assert datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first == {
        "level": "WARNING",
        "logger": "serving.anything",
        "message": "Zone 7 is odd",
        "request_id": "request-1",
        "trace_id": TRACE,
        "span_id": span,
    }
    assert second["message"] == "Started"
    assert (second["request_id"], second["trace_id"]) == ("", "")
    assert "color_message" not in second


def test_the_access_log_leaves_queries_out(
    telemetry: Telemetry, quiet_logging: None, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry.set_up_logging()

    access = ("127.0.0.1:5", "GET", "/v1/zones?key=secret", "1.1", 200)
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', *access)

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == '127.0.0.1:5 - "GET /v1/zones HTTP/1.1" 200'


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("SERVING_LOG", "https://somewhere/log"),
        ("SERVING_LOG", "s3://"),
    ],
)
def test_places_that_make_no_sense_are_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, told: str
) -> None:
    monkeypatch.setenv(variable, told)

    with pytest.raises(ValueError, match=r"give a folder|starts with"):
        Settings()


def test_what_the_service_asks_is_not_logged_with_the_password_in_its_address(
    quiet_logging: None, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry = Telemetry(Settings(otlp_endpoint=""))
    telemetry.set_up_logging()

    for name in ("httpx", "httpcore"):
        logging.getLogger(name).info("GET http://ada:hunter2@mlflow/api")
        logging.getLogger(name).warning("something else")

    said = capsys.readouterr().err
    assert "something else" in said
    assert "hunter2" not in said
