"""What the API needs of its other parts: models, strategies, the log and telemetry."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from serving.models import Served
from serving.strategy import Arm, Choice

__all__ = ["Arm", "Choice", "Choices", "Log", "Models", "Observer", "Record", "Served"]

Record = Mapping[str, Any]


class Models(Protocol):
    """Who answers for each fleet."""

    async def start(self) -> None:
        """Load what there is, and follow the source from then on."""

    async def stop(self) -> None:
        """Follow no longer."""

    def current(self, fleet: str) -> Served:
        """The champion, in one look-up."""

    def challenger(self, fleet: str) -> Served | None:
        """The challenger, None where there is none."""

    def state(self) -> dict[str, Any]:
        """Per fleet: who answers, and what is amiss."""


class Choices(Protocol):
    """The strategies in force."""

    def choose(self, fleet: str, caller: str) -> Choice:
        """Who answers a caller."""

    def state(self) -> dict[str, Any]:
        """The strategies, and what is wrong with their file."""


class Log(Protocol):
    """The prediction log; neither blocks nor raises."""

    def start(self) -> None:
        """Begin to write."""

    def stop(self) -> None:
        """Write what there is."""

    def put(self, record: Record) -> None:
        """Take one record."""

    def put_rows(self, rows: pa.RecordBatch) -> None:
        """Take the quotes of a batch, in the columns of `QUOTE_LOG`."""


class Observer(Protocol):
    """Metrics and traces."""

    def observe_request(self, route: str, status: int, seconds: float, arm: str = "") -> None:
        """Count an answered request."""

    def observe_quote(
        self, fleet: str, arm: str, version: str, seconds: float, fare_usd: float
    ) -> None:
        """Count a quote."""

    def observe_quotes(
        self, fleet: str, arm: str, version: str, fares_usd: npt.NDArray[np.floating]
    ) -> None:
        """Count (n,) quotes of one model at once."""

    def metrics(self) -> bytes:
        """All metrics, Prometheus's text format."""

    def request(self, name: str, headers: Mapping[str, str]) -> AbstractContextManager[Any]:
        """The span of a request."""

    def span(self, name: str) -> AbstractContextManager[Any]:
        """The span of a part of it."""

    def current_span(self) -> Any:
        """The span being worked on, None without tracing."""

    def add_span(self, name: str, parent: Any, start_ns: int, end_ns: int) -> None:
        """A part that was done for several requests at once."""

    def begin(self, request_id: str) -> Any:
        """Tie what is logged from here on to a request."""

    def end(self, token: Any) -> None:
        """The request is over."""

    def stop(self) -> None:
        """Send what waits."""
