"""Alerts by hand: where they go, and whether one arrives."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from taxi_assets.definitions import resources
from taxi_assets.domain.alert_words import trial
from taxi_assets.domain.alerts import Where
from taxi_assets.domain.errors import Undelivered
from taxi_assets.resources.alert_sinks import LOGGER, AlertSinks, Sink
from taxi_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of one alert at one sink.

    Attributes:
        sink: its name.
        place: where it is, without secrets.
        arrived: whether it took the alert; None where none was sent.
        reason: why it did not.
    """

    sink: str
    place: str
    arrived: bool | None = None
    reason: str = ""

    def told(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def line(self) -> dict[str, str]:
        """For people."""
        said = {None: "not tried", True: "yes", False: "NO"}[self.arrived]
        return {"sink": self.sink, "where": self.place, "arrived": said, "why not": self.reason}


def sinks_of(settings: Settings) -> tuple[Sink, ...]:
    """Every sink that is set, and the log."""
    found = resources(settings)["alert_sinks"]
    assert isinstance(found, AlertSinks)
    return found.with_log(LOGGER)


def arrivals(sinks: tuple[Sink, ...]) -> list[Arrival]:
    """Where alerts go."""
    return [Arrival(sink.name, sink.place) for sink in sinks]


def send_test(sinks: tuple[Sink, ...], ui_url: str, now: datetime) -> list[Arrival]:
    """Send a test alert to every sink; one that does not take it stops none of the others."""
    alert = trial(Where("", "", ui_url, now))
    found = []
    for sink in sinks:
        try:
            sink.send(alert)
            found.append(Arrival(sink.name, sink.place, True))
        except Undelivered as error:
            found.append(Arrival(sink.name, sink.place, False, str(error)))
    return found
