"""What Prometheus is told, from a registry of its own: two services in one process do not mix."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.histograms import Histogram

LATENCY_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
FARE_USD = (5, 7.5, 10, 12.5, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 250)
MODEL = ("fleet", "alias", "name", "version", "month")


class ServedModel(Protocol):
    """What metrics tell of a model that answers."""

    @property
    def fleet(self) -> str: ...  # noqa: D102
    @property
    def alias(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> str: ...  # noqa: D102
    @property
    def month(self) -> str: ...  # noqa: D102
    @property
    def loaded_at(self) -> datetime: ...  # noqa: D102


class LogCounts(Protocol):
    """What metrics tell of the prediction log."""

    written: int
    refused: int
    failed_batches: int

    @property
    def failed_lines(self) -> int: ...  # noqa: D102
    @property
    def waiting(self) -> int: ...  # noqa: D102
    @property
    def dropped(self) -> int: ...  # noqa: D102


class Metrics:
    """All metrics of one service.

    What happens is counted when it happens; what is the case is looked up when somebody asks.
    """

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self.latency = Histogram(
            "taxi_request_seconds",
            "From request to answer, seconds.",
            ("route", "arm"),
            LATENCY_S,
        )
        self.fares = Histogram(
            "taxi_quoted_fare_usd",
            "Metered fares as quoted, US dollars.",
            ("fleet", "arm"),
            FARE_USD,
        )
        self.durations = Histogram(
            "taxi_quote_seconds",
            "From request to answer of one quote, seconds.",
            ("fleet", "arm"),
            LATENCY_S,
        )
        for collector in (
            self.latency,
            self.durations,
            self.fares,
            ProcessCollector(registry=None),
        ):
            self.registry.register(collector)
        requests = self._counter("taxi_requests", "Requests answered.", "route", "status")
        quotes = self._counter("taxi_quotes", "Rides quoted.", "fleet", "arm", "version")
        self.requests, self.quotes = cache(requests.labels), cache(quotes.labels)
        ready = Gauge("taxi_ready", "1 when quotes are answered.", registry=self.registry)
        self._ready: Callable[[], bool] = lambda: False
        ready.set_function(lambda: float(self._ready()))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def watch(
        self,
        models: Callable[[], Iterable[ServedModel]],
        ready: Callable[[], bool],
        log: LogCounts | None,
    ) -> None:
        """Whom to ask at each scrape; once."""
        self._ready = ready
        self.registry.register(_Models(models))
        if log is not None:
            self.registry.register(_Log(log))

    def count_quotes(
        self, fleet: str, arm: str, version: str, fares_usd: npt.NDArray[np.floating]
    ) -> None:
        """Count (n,) quotes of one model."""
        self.fares.of(fleet, arm).observe_all(fares_usd)
        self.quotes(fleet, arm, version).inc(len(fares_usd))

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry)


class _Models(Collector):
    """Which models answer, and for how long they have."""

    def __init__(self, models: Callable[[], Iterable[ServedModel]]) -> None:
        self._models = models

    def describe(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("taxi_model_info", "The models that answer; always 1.")
        yield GaugeMetricFamily("taxi_model_age_seconds", "Seconds since a model was loaded.")

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily(
            "taxi_model_info", "The models that answer; always 1.", labels=MODEL
        )
        age = GaugeMetricFamily(
            "taxi_model_age_seconds", "Seconds since a model was loaded.", labels=MODEL[:2]
        )
        for model in self._models():
            info.add_metric([str(getattr(model, label)) for label in MODEL], 1)
            lasted = datetime.now(UTC) - model.loaded_at
            age.add_metric([model.fleet, model.alias], lasted.total_seconds())
        yield from (info, age)


class _Log(Collector):
    """How the prediction log does."""

    COUNTED: ClassVar = {
        "taxi_log_written_rows": ("Rows in Parquet files.", "written"),
        "taxi_log_dropped_records": ("Records lost for want of room.", "dropped"),
        "taxi_log_refused_records": ("Records that no log can hold.", "refused"),
        "taxi_log_failed_batches": ("Files that could not be written.", "failed_batches"),
        "taxi_log_failed_lines": ("JSON lines that could not be printed.", "failed_lines"),
    }

    def __init__(self, log: LogCounts) -> None:
        self._log = log

    def describe(self) -> Iterator[Metric]:
        yield from self.collect()

    def collect(self) -> Iterator[Metric]:
        for name, (text, attribute) in self.COUNTED.items():
            yield CounterMetricFamily(name, text, value=getattr(self._log, attribute))
        waiting: Any = self._log.waiting
        yield GaugeMetricFamily("taxi_log_waiting_records", "Records in memory.", value=waiting)
