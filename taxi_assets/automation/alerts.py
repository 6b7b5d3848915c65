"""The sensor that tells people what failed, what is late and who is champion."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import dagster as dg

from taxi_assets.automation.champion_news import champion_news
from taxi_assets.automation.delivery import Delivery
from taxi_assets.automation.run_news import fleet_of, month_of, run_news
from taxi_assets.domain.alert_cursor import OVERLAP, Cursor, after_loss, read_cursor
from taxi_assets.domain.alert_words import month_late
from taxi_assets.domain.alerts import Alert, Where
from taxi_assets.domain.clock import NEW_YORK
from taxi_assets.domain.errors import TaxiError
from taxi_assets.domain.lateness import late_months, sentence
from taxi_assets.resources.alert_sinks import AlertSinks
from taxi_assets.resources.registry import Registry

SECONDS = 60
RUNS_A_TICK = 50  # a backfill may end hundreds at once: the next tick reads on
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


@dataclass(frozen=True, slots=True)
class Watch:
    """What one tick looks at.

    Attributes:
        instance: the Dagster instance.
        registry: the models.
        links: where alerts lead.
        fleets: whose alerts are told.
        names: sinks that are to have each alert.
        now: the time of the tick.
        log: of the tick.
    """

    instance: dg.DagsterInstance
    registry: Registry
    links: AlertSinks
    fleets: Sequence[str]
    names: tuple[str, ...]
    now: datetime
    log: logging.Logger

    def look(self, cursor: Cursor) -> Cursor:
        """Read on from where the last tick stopped."""
        unread = max(cursor.begun, cursor.since - OVERLAP)
        for record in self._updated(cursor, unread):
            if _end(record) >= unread:  # else it was read, and only tagged since
                cursor = self._with_run(cursor, record)
            cursor = cursor.having_read(record.dagster_run.run_id, record.update_timestamp)
        for fleet in self.fleets:
            cursor = self._with_champions(cursor, fleet)
            cursor = cursor.with_alerts(self._late(fleet), self.names, self.now)
        return cursor

    def _updated(self, cursor: Cursor, after: datetime) -> list[dg.RunRecord]:
        """Runs that have ended, in the order in which they did, without those read before.

        Runs are read, not the events of all: SQLite keeps each run's in a database of its own.
        """
        records = self.instance.get_run_records(
            dg.RunsFilter(statuses=ENDED, updated_after=after),
            limit=RUNS_A_TICK + len(cursor.read),
            order_by="update_timestamp",
            ascending=True,
        )
        return [record for record in records if record.dagster_run.run_id not in cursor.read]

    def _with_run(self, cursor: Cursor, record: dg.RunRecord) -> Cursor:
        run = record.dagster_run
        fleet = fleet_of(run, self.fleets)
        if fleet is None:
            return cursor
        where = Where(fleet, month_of(run), self.links.run_page(run.run_id), _end(record))
        news = run_news(self.instance, record, where)
        told = {alert.key for alert in news.alerts}  # a step that was tried again may be both
        cursor = cursor.recovered(news.recovered - told)
        return cursor.with_alerts(news.alerts, self.names, self.now)

    def _with_champions(self, cursor: Cursor, fleet: str) -> Cursor:
        seen = cursor.promotions.get(fleet, cursor.begun)
        try:
            alerts, last = champion_news(self.instance, self.registry, self.links, fleet, seen)
        except TaxiError as error:
            self.log.warning("The next tick looks for new %s champions again: %s", fleet, error)
            return cursor
        if last is not None:
            cursor = replace(cursor, promotions={**cursor.promotions, fleet: last})
        return cursor.with_alerts(alerts, self.names, self.now)

    def _late(self, fleet: str) -> list[Alert]:
        key = dg.AssetKey([fleet, "raw_trips"])
        today = self.now.astimezone(NEW_YORK).date()
        months = late_months(self.instance.get_materialized_partitions(key), today)
        if not months:
            return []
        span = months[0] if len(months) == 1 else f"{months[0]}..{months[-1]}"
        page = self.links.asset_page(fleet, "raw_trips", months[0])
        return [
            month_late(Where(fleet, span, page, self.now), len(months), sentence(months, today))
        ]


def alert_sensor(fleets: Sequence[str]) -> dg.SensorDefinition:
    """The sensor of all fleets' alerts."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            "Tells of failed runs and checks, late months and new champions, by webhook, mail and "
            "its own log; what a sink does not take is told again at the next tick. Off until "
            "switched on."
        ),
    )
    def tell(
        context: dg.SensorEvaluationContext,
        alert_sinks: dg.ResourceParam[AlertSinks],
        registry: Registry,
    ) -> dg.SensorResult:
        now, sinks = datetime.now(UTC), alert_sinks.with_log(context.log)
        names = tuple(sink.name for sink in sinks)
        watch = Watch(context.instance, registry, alert_sinks, fleets, names, now, context.log)
        cursor = watch.look(_remembered(context, now))
        cursor = Delivery(sinks, context.log).deliver(cursor, now, alert_sinks.ui_url)
        return dg.SensorResult(skip_reason=_summary(cursor), cursor=cursor.written())

    return tell


def _remembered(context: dg.SensorEvaluationContext, now: datetime) -> Cursor:
    try:
        return read_cursor(context.cursor, now)
    except ValueError as error:
        context.log.warning(
            "The cursor of the alerts cannot be read (%s): the last day is told again.", error
        )
        return after_loss(now)


def _summary(cursor: Cursor) -> str:
    """What the UI shows of the tick: it never asks for a run."""
    lost = f", {cursor.dropped} were dropped" if cursor.dropped else ""
    return f"Runs are read until {cursor.since:%Y-%m-%d %H:%M} UTC; {_many(cursor)}{lost}."


def _many(cursor: Cursor) -> str:
    count = len(cursor.waiting)
    return f"{count or 'no'} alert{'' if count == 1 else 's'} wait{'s' if count == 1 else ''}"


def _end(record: dg.RunRecord) -> datetime:
    """When a run ended; tags may be added to it later."""
    ended = record.end_time
    return record.update_timestamp if ended is None else datetime.fromtimestamp(ended, UTC)
