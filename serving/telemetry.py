"""What operators see of the service: metrics, traces and its own log, behind one object.

None of it is global: each application has its own.
"""

import logging.config
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from contextvars import Token
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.json_logs import REQUEST_ID, logging_config
from serving.metrics import LogCounts, Metrics, ServedModel
from serving.settings import Settings
from serving.tracing import open_tracing


class Telemetry:
    """Metrics, traces and logs of one application."""

    def __init__(self, settings: Settings) -> None:
        """Nothing leaves the process before something is observed."""
        self._settings = settings
        self._metrics = Metrics()
        self._tracing = open_tracing(settings)

    def watch(
        self,
        *,
        models: Callable[[], Iterable[ServedModel]],
        ready: Callable[[], bool],
        log: LogCounts | None = None,
    ) -> None:
        """Say once whom to ask at each scrape.

        Args:
            models: all that answer, champions and challengers.
            ready: whether quotes are answered.
            log: the prediction log.
        """
        self._metrics.watch(models, ready, log)

    def observe_request(self, route: str, status: int, seconds: float, arm: str = "") -> None:
        """Count an answered request.

        Args:
            route: its template, never the address itself: there must be few.
            status: HTTP status.
            seconds: from request to answer.
            arm: who answered, where a model did.
        """
        self._metrics.requests(route, str(status)).inc()
        self._metrics.latency.of(route, arm).observe(seconds)

    def observe_quote(
        self, fleet: str, arm: str, version: str, seconds: float, fare_usd: float
    ) -> None:
        """Count a quote that was answered, or only logged, after so many seconds."""
        self._metrics.durations.of(fleet, arm).observe(seconds)
        self._metrics.fares.of(fleet, arm).observe(fare_usd)
        self._metrics.quotes(fleet, arm, version).inc()

    def observe_quotes(
        self, fleet: str, arm: str, version: str, fares_usd: npt.NDArray[np.floating]
    ) -> None:
        """Count (n,) quotes of one model at once."""
        self._metrics.count_quotes(fleet, arm, version, fares_usd)

    def metrics(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return self._metrics.text()

    def request(self, name: str, headers: Mapping[str, str]) -> AbstractContextManager[Any]:
        """The span of a request; `headers` in lower case, of which `traceparent` is read."""
        return self._tracing.request(name, headers)

    def span(self, name: str) -> AbstractContextManager[Any]:
        """The span of a part of it: `features`, `model`."""
        return self._tracing.span(name)

    def current_span(self) -> Any:
        """The span that is being worked on, as a parent for `add_span`."""
        return self._tracing.current()

    def add_span(self, name: str, parent: Any, start_ns: int, end_ns: int) -> None:
        """A part that was done for several requests at once, between two `time.time_ns()`."""
        self._tracing.add(name, parent, start_ns, end_ns)

    def begin(self, request_id: str) -> Token[str]:
        """Tie what is logged from here on to a request; give the token to `end`."""
        return REQUEST_ID.set(request_id)

    def end(self, token: Token[str]) -> None:
        """The request is over."""
        REQUEST_ID.reset(token)

    def logging_config(self) -> dict[str, Any]:
        """For uvicorn's `log_config`: everything as JSON lines on stderr."""
        return logging_config(self._settings.log_level, self._tracing.ids)

    def set_up_logging(self) -> None:
        """Log like that where uvicorn does not do it."""
        logging.config.dictConfig(self.logging_config())

    def stop(self) -> None:
        """Send the spans that wait, within a bounded time."""
        self._tracing.stop()
