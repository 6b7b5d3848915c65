"""A look at the source of trip files: what is new there, and which runs that calls for.

The sensor and the monthly schedule both look like this. A publication is run once whoever sees it
first: every run that is asked for carries its key as a tag, and whoever looks next finds it there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from taxi_assets.automation.requests import PUBLICATION, month_request
from taxi_assets.domain.errors import TaxiError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.publication import (
    PUBLISHED,
    THOROUGH,
    Order,
    Publication,
    last_in_turn,
    look_for_new,
    not_asked_before,
    orders,
    to_look_at_again,
)
from taxi_assets.domain.publication_record import Record
from taxi_assets.resources.landed_trips import refuse_another_source
from taxi_assets.resources.landing import LandedFile, Landing
from taxi_assets.resources.tlc import TlcSource

TIMEOUT_S, RETRIES, BACKOFF_S = 5.0, 1, 0.5  # Dagster ends a tick after a minute


@dataclass(frozen=True, slots=True)
class Look:
    """What a look came to.

    Attributes:
        orders: runs to ask for, in time order.
        seen: what the source said of each month that it was asked for.
        not_landed: months that are published and for which a run was asked for before.
        record: to go on from next time.
    """

    orders: list[Order]
    seen: Mapping[str, Publication | None]
    not_landed: Sequence[str]
    record: Record


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tick says.

    Attributes:
        requests: runs to ask for, in time order.
        why: why there are none, a sentence; None where there are some.
        record: to go on from next time.
    """

    requests: list[dg.RunRequest]
    why: str | None
    record: Record


@dataclass(frozen=True, slots=True)
class Watch:
    """One fleet's months at their source.

    Attributes:
        fleet: whose months.
        months: every month that has ended, in time order.
        source: where they are published.
        landing: where they are landed.
        instance: knows which runs were asked for.
    """

    fleet: Fleet
    months: Sequence[str]
    source: TlcSource
    landing: Landing
    instance: dg.DagsterInstance

    def answer(
        self,
        record: Record,
        now: datetime,
        assets: Sequence[dg.AssetKey] | None,
        *,
        thorough: bool = False,
    ) -> Answer:
        """Look, and say which runs that calls for: of some assets, or of whole months."""
        try:
            look = self.look(record, now, thorough=thorough)
        except TaxiError as error:  # each says in one sentence what is wrong and what to do
            return Answer([], str(error), record.with_fault(str(error)))
        if not look.orders:
            why = nothing_new(self.fleet.name, look, self.months[0] if self.months else "")
            return Answer([], why, look.record)
        return Answer([run_request(order, assets) for order in look.orders], None, look.record)

    def look(self, record: Record, now: datetime, *, thorough: bool = False) -> Look:
        """Ask the source about new months, and about landed ones whose turn it is.

        Args:
            record: what earlier looks noted.
            now: aware.
            thorough: ask about all landed months of the last years.

        Raises:
            SourceUnreachable: the source does not answer.
            UsageError: what was landed came from another source.
            LakeUnreachable: the landing does not answer.
            BadFile: the landing holds a record that is none.
        """
        refuse_another_source(self.landing, self.source.url)
        landed = self._landed_months()
        again = landed[-THOROUGH:] if thorough else to_look_at_again(landed, record.last_in_turn)
        seen = look_for_new(self.months, set(landed), self._probe)
        seen |= {month: self._probe(month) for month in again}
        here = {month: self._landed(month) for month in again}
        wanted = orders(self.fleet.name, seen, here)
        new = self._without_runs(not_asked_before(wanted, record.asked))
        left = {order.month for order in wanted if order.trigger == PUBLISHED}
        left -= {order.month for order in new}
        last = last_in_turn(again, record.last_in_turn)
        return Look(new, seen, sorted(left), record.after(seen, new, last, now))

    def _landed_months(self) -> list[str]:
        found = self.landing.folders(self.fleet.name)
        landed = {folder.removeprefix(f"{self.fleet.name}/") for folder in found}
        return [month for month in self.months if month in landed]

    def _landed(self, month: str) -> Publication:
        landed = self.landing.current(f"{self.fleet.name}/{month}")
        assert isinstance(landed, LandedFile)  # nothing is ever taken out of the landing
        return Publication(landed.etag, landed.last_modified, landed.bytes)

    def _probe(self, month: str) -> Publication | None:
        remote = self.source.probe(self.fleet.file_name(month))
        if remote is None:
            return None
        return Publication(remote.etag, remote.last_modified, remote.size_bytes)

    def _without_runs(self, wanted: Sequence[Order]) -> list[Order]:
        """Those that no run was ever asked for, by the sensor or by the schedule."""
        return [
            order
            for order in wanted
            if not self.instance.get_runs(dg.RunsFilter(tags={PUBLICATION: order.run_key}), limit=1)
        ]


def hasty(source: TlcSource) -> TlcSource:
    """The same source, asked with little patience: there will be another look."""
    patience = {"timeout_s": TIMEOUT_S, "retries": RETRIES, "backoff_s": BACKOFF_S}
    return source.model_copy(update=patience)


def run_request(order: Order, assets: Sequence[dg.AssetKey] | None = None) -> dg.RunRequest:
    """The run of an order: of some assets, or of the whole month."""
    key = order.run_key
    return month_request(
        order.fleet, order.month, key, order.trigger, assets=assets, publication=key
    )


def nothing_new(fleet: str, look: Look, first: str) -> str:
    """Why a look that went well asks for no run."""
    out = [month for month, publication in look.seen.items() if publication is not None]
    waiting = [month for month, publication in look.seen.items() if publication is None]
    if look.not_landed:
        return (
            f"Runs of {', '.join(look.not_landed)} were asked for before, and nothing of them is"
            " landed yet: run again what has failed."
        )
    if not out and first in waiting:
        return (
            f"The source has no {fleet} trips of {first} yet: if its months begin later, set"
            " TAXI_FIRST_MONTH to the first of them."
        )
    ahead = [month for month in waiting if not out or month > max(out)]
    awaited = f" {min(ahead)} is not out yet." if ahead else ""
    return f"The source has nothing new of {fleet} trips: {len(out)} months are as known.{awaited}"
