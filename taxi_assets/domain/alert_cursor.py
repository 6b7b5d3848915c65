"""What the alerts remember from one look to the next, as JSON that a person can read.

An alert is kept until every sink has it. Who dies between delivering and remembering tells twice,
never not at all.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from taxi_assets.domain.alerts import Alert, Kind, recalled

VERSION = 1
MAX_WAITING, MAX_QUIET, MAX_READ = 100, 1_000, 500
OVERLAP = timedelta(minutes=5)  # a run's end may be written a moment after a later one's
LOOK_BACK = timedelta(days=1)  # where what was remembered is lost
DAY, WEEK = timedelta(days=1), timedelta(days=7)
QUIET = {Kind.MONTH_LATE: WEEK}  # how long the same thing is not told again; a day where not said


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert on its way.

    Attributes:
        alert: what to tell.
        sinks: names of those that do not have it yet.
        tries: how often one of them did not take it.
    """

    alert: Alert
    sinks: tuple[str, ...]
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Cursor:
    """What was seen and told.

    Attributes:
        begun: when the alerts were switched on; what happened before is not told.
        since: when the last run that was read had ended.
        read: runs read that ended shortly before, with the time.
        promotions: number of the last entry read in the log of promotions, by fleet.
        quiet: until when what was told is not told again, by the alert's key.
        waiting: alerts that a sink does not have yet, oldest first.
        dropped: how many were dropped because too many waited.
    """

    begun: datetime
    since: datetime
    read: Mapping[str, datetime] = field(default_factory=dict)
    promotions: Mapping[str, int] = field(default_factory=dict)
    quiet: Mapping[str, datetime] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()
    dropped: int = 0

    def having_read(self, run_id: str, ended: datetime) -> "Cursor":
        """After a run was read."""
        since = max(self.since, ended)
        recent = {r: t for r, t in {**self.read, run_id: ended}.items() if t > since - OVERLAP}
        return replace(self, since=since, read=dict(list(recent.items())[-MAX_READ:]))

    def recovered(self, keys: Iterable[str]) -> "Cursor":
        """What has gone well is told again should it fail once more."""
        gone = set(keys)
        return replace(self, quiet={k: until for k, until in self.quiet.items() if k not in gone})

    def with_alerts(
        self, alerts: Iterable[Alert], sinks: tuple[str, ...], now: datetime
    ) -> "Cursor":
        """With those of the alerts waiting that were not told lately."""
        quiet = {key: until for key, until in self.quiet.items() if until > now}
        waiting = list(self.waiting)
        for alert in alerts:
            if alert.key not in quiet:
                quiet[alert.key] = now + QUIET.get(alert.kind, DAY)
                waiting.append(Waiting(alert, sinks))
        too_many = max(0, len(waiting) - MAX_WAITING)
        return replace(
            self,
            quiet=dict(list(quiet.items())[-MAX_QUIET:]),
            waiting=tuple(waiting[too_many:]),
            dropped=self.dropped + too_many,
        )

    def written(self) -> str:
        """As `read_cursor` reads it."""
        told = {
            "version": VERSION,
            "begun": self.begun.isoformat(),
            "since": self.since.isoformat(),
            "read": _texts(self.read),
            "promotions": dict(self.promotions),
            "quiet": _texts(self.quiet),
            "dropped": self.dropped,
            "waiting": [
                {"sinks": list(w.sinks), "tries": w.tries, "alert": w.alert.told()}
                for w in self.waiting
            ],
        }
        return json.dumps(told, indent=1, ensure_ascii=False)


def read_cursor(text: str | None, now: datetime) -> Cursor:
    """What was remembered, or a fresh start where nothing was.

    Raises:
        ValueError: it was written by another version, or by hand; `after_loss` goes on from there.
    """
    if not text:
        return Cursor(begun=now, since=now)
    try:
        return _read(json.loads(text))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"it lacks what it should hold ({error!r})") from error


def after_loss(now: datetime) -> Cursor:
    """A start that rather tells the last day's alerts twice than not at all."""
    return Cursor(begun=now - LOOK_BACK, since=now - LOOK_BACK)


def _read(told: Mapping[str, Any]) -> Cursor:
    if told["version"] != VERSION:
        raise ValueError(f"it is of version {told['version']}, not {VERSION}")
    return Cursor(
        begun=_time(told["begun"]),
        since=_time(told["since"]),
        read=_times(told["read"]),
        promotions={str(fleet): int(number) for fleet, number in told["promotions"].items()},
        quiet=_times(told["quiet"]),
        waiting=tuple(
            Waiting(recalled(w["alert"]), tuple(w["sinks"]), int(w["tries"]))
            for w in told["waiting"]
        ),
        dropped=int(told["dropped"]),
    )


def _texts(times: Mapping[str, datetime]) -> dict[str, str]:
    return {key: time.isoformat() for key, time in times.items()}


def _times(texts: Mapping[str, str]) -> dict[str, datetime]:
    return {str(key): _time(text) for key, text in texts.items()}


def _time(text: str) -> datetime:
    """A time, which must have a zone: those of two zones are compared."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"'{text}' has no time zone")
    return time
