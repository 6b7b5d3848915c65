"""Alerts on their way to the sinks: what one does not take is kept for it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic

from taxi_assets.domain.alert_cursor import MAX_WAITING, Cursor, Waiting
from taxi_assets.domain.alert_words import dropped
from taxi_assets.domain.alerts import Where
from taxi_assets.domain.errors import Undelivered
from taxi_assets.resources.alert_sinks import Sink

BUDGET = 25.0  # seconds of a tick for all sinks: Dagster gives a tick 60


@dataclass
class Delivery:
    """One round of deliveries.

    A sink that did not take an alert is left alone until the next round. The alert it did not take
    then comes after the others, so that one that is never taken holds up none.

    Attributes:
        sinks: all there are.
        log: told of what was not taken.
        clock: seconds.
        delivered: how many were taken, counted by sink.
    """

    sinks: Sequence[Sink]
    log: logging.Logger
    clock: Callable[[], float] = monotonic
    delivered: int = 0
    down: set[str] = field(default_factory=set)

    def deliver(self, cursor: Cursor, now: datetime, ui_url: str) -> Cursor:
        """Hand over what waits; returns the cursor with what waits still."""
        until = self.clock() + BUDGET
        tried = [self._hand_over(w, until) for w in sorted(cursor.waiting, key=_fewest_tries)]
        order = {w.alert.key: place for place, w in enumerate(cursor.waiting)}
        left = sorted((w for w in tried if w.sinks), key=lambda w: order[w.alert.key])
        after = replace(cursor, waiting=tuple(left))
        if not (after.dropped and self.delivered) or self.down:
            return after
        gone = dropped(Where("", "", f"{ui_url}/runs", now), after.dropped, MAX_WAITING)
        names = tuple(sink.name for sink in self.sinks)
        return replace(after, dropped=0).with_alerts([gone], names, now)

    def _hand_over(self, waiting: Waiting, until: float) -> Waiting:
        """To each sink that does not have it; one that is no longer set is forgotten."""
        left, tries = [], waiting.tries
        for sink in self.sinks:
            if sink.name not in waiting.sinks:
                continue
            if sink.name in self.down or self.clock() > until:
                left.append(sink.name)
            elif not self._takes(sink, waiting):
                left.append(sink.name)
                tries += 1
        return replace(waiting, sinks=tuple(left), tries=tries)

    def _takes(self, sink: Sink, waiting: Waiting) -> bool:
        try:
            sink.send(waiting.alert)
        except Undelivered as error:
            self.down.add(sink.name)
            self.log.warning("An alert waits for the next tick (%s): %s", waiting.alert.key, error)
            return False
        self.delivered += sink.name != "log"
        return True


def _fewest_tries(waiting: Waiting) -> int:
    return waiting.tries
