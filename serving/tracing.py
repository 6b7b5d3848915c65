"""Traces over OTLP where a collector is named; where none is, nothing is imported and no time lost.

Spans wait in a bounded queue and are sent by a thread of OpenTelemetry's: a collector that is slow
or away costs spans, never a request. `OTEL_TRACES_SAMPLER` says how many requests are traced,
`OTEL_EXPORTER_OTLP_HEADERS` what a collector wants to see; OpenTelemetry reads both by itself.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from threading import Timer
from typing import TYPE_CHECKING, Any

from serving.settings import Settings

if TYPE_CHECKING:  # a tenth of a second and 10 MB
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider

SERVICE = "taxi-serving"
EXPORT_S, STOP_S = 5, 2
NOTHING = nullcontext()  # may be entered any number of times at once


class NoTracing:
    """Spans that nobody wants."""

    def request(
        self,
        name: str,  # noqa: ARG002
        headers: Mapping[str, str],  # noqa: ARG002
    ) -> AbstractContextManager[Any]:
        """See `Tracing`."""
        return NOTHING

    def span(self, name: str) -> AbstractContextManager[Any]:  # noqa: ARG002
        """See `Tracing`."""
        return NOTHING

    def current(self) -> Any:
        """See `Tracing`."""
        return None

    def add(self, name: str, parent: Any, start_ns: int, end_ns: int) -> None:
        """See `Tracing`."""

    def ids(self) -> tuple[str, str]:
        """See `Tracing`."""
        return "", ""

    def stop(self) -> None:
        """See `Tracing`."""


class Tracing(NoTracing):
    """Spans that are sent to a collector."""

    def __init__(self, settings: Settings) -> None:
        """Send to the collector that the settings name; nothing is sent yet."""
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._trace = trace
        self._read = TraceContextTextMapPropagator().extract
        self._exporter = _exporter(settings)
        self._provider = _provider(self._exporter)
        self._tracer = self._provider.get_tracer("serving")

    def request(self, name: str, headers: Mapping[str, str]) -> AbstractContextManager[Any]:
        """The span of a request, child of the caller's where `traceparent` names one."""
        return self._tracer.start_as_current_span(
            name, self._read(headers), kind=self._trace.SpanKind.SERVER
        )

    def span(self, name: str) -> AbstractContextManager[Any]:
        """A part of what is being done."""
        return self._tracer.start_as_current_span(name)

    def current(self) -> Any:
        """What is being done, to be named as a parent later."""
        return self._trace.get_current_span()

    def add(self, name: str, parent: Any, start_ns: int, end_ns: int) -> None:
        """A part that was done for several requests at once, between two `time.time_ns()`."""
        around = self._trace.set_span_in_context(parent)
        self._tracer.start_span(name, around, start_time=start_ns).end(end_ns)

    def ids(self) -> tuple[str, str]:
        """Trace and span that is being worked on, hexadecimal; empty outside of any."""
        context = self._trace.get_current_span().get_span_context()
        if not context.is_valid:
            return "", ""
        return f"{context.trace_id:032x}", f"{context.span_id:016x}"

    def stop(self) -> None:
        """Send what waits, within a bounded time, and end."""
        # it would try each batch for EXPORT_S where the collector is away
        giving_up = Timer(STOP_S, self._exporter.shutdown)
        giving_up.start()
        self._provider.shutdown()
        giving_up.cancel()


def open_tracing(settings: Settings) -> NoTracing:
    """Tracing as the settings want it."""
    return Tracing(settings) if settings.otlp_endpoint else NoTracing()


def _exporter(settings: Settings) -> "OTLPSpanExporter":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(f"{settings.otlp_endpoint}/v1/traces", timeout=EXPORT_S)


def _provider(exporter: "OTLPSpanExporter") -> "TracerProvider":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    about = {"service.name": SERVICE, "service.version": version("taxi-assets")}
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
