"""Schedules: a look at the source that does not need the sensor, and the weekly monitoring.

All in New York's time, and off until they are switched on.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from taxi_assets.automation.jobs import month_job, report_job, served_job
from taxi_assets.automation.requests import month_request
from taxi_assets.automation.retraining import MEANING, assets_to_run
from taxi_assets.automation.watch import Watch, hasty
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.months import shift
from taxi_assets.domain.publication_record import Record
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.tlc import TlcSource
from taxi_assets.settings import Retrain

NEW_YORK = "America/New_York"
MONTHLY = "0 6 20 * *"  # TLC publishes a month about two months later, mostly before the 20th
WEEKLY, WEEKLY_SERVED = "0 7 * * 1", "30 7 * * 1"
OFF = dg.DefaultScheduleStatus.STOPPED
Asked = list[dg.RunRequest] | dg.SkipReason


def fleet_schedules(
    fleet: Fleet, months: dg.PartitionsDefinition[str], retrain: Retrain
) -> list[dg.ScheduleDefinition]:
    """One fleet's schedules."""
    refresh = monthly_refresh(fleet, months, retrain)
    return [refresh, weekly_monitoring(fleet), weekly_served(fleet, months)]


def monthly_refresh(
    fleet: Fleet, months: dg.PartitionsDefinition[str], retrain: Retrain
) -> dg.ScheduleDefinition:
    """The sensor's look once a month, at all landed months, for where no sensor runs."""

    @dg.schedule(
        name=f"{fleet.name}_monthly_refresh",
        job_name=month_job(fleet.name),
        cron_schedule=MONTHLY,
        execution_timezone=NEW_YORK,
        default_status=OFF,
        description=(
            f"Once a month, asks the source for {fleet.name} months that are new or have changed;"
            f" what the sensor has run is not run again; {MEANING[retrain]}."
        ),
    )
    def tick(
        context: dg.ScheduleEvaluationContext,
        source: TlcSource,
        landing: dg.ResourceParam[Landing],
    ) -> Asked:
        keys = months.get_partition_keys()
        watch = Watch(fleet, keys, hasty(source), landing, context.instance)
        some = assets_to_run(fleet.name, retrain, context.repository_def, context.instance)
        answer = watch.answer(Record(), datetime.now(UTC), some, thorough=True)
        return answer.requests or dg.SkipReason(answer.why)

    return tick


def weekly_monitoring(fleet: Fleet) -> dg.ScheduleDefinition:
    """The reports of the newest month, anew: its champion or its trips may be others by now."""

    @dg.schedule(
        name=f"{fleet.name}_weekly_monitoring",
        job_name=report_job(fleet.name),
        cron_schedule=WEEKLY,
        execution_timezone=NEW_YORK,
        default_status=OFF,
        description=f"Once a week, the reports of the newest {fleet.name} month that has been run.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> Asked:
        run = context.instance.get_materialized_partitions(
            dg.AssetKey([fleet.name, "trip_features"])
        )
        if not run:
            return dg.SkipReason(f"No {fleet.name} month has been run yet.")
        return [_weekly(context, fleet, max(run), "reports")]

    return tick


def weekly_served(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.ScheduleDefinition:
    """What the service quoted in the last month. A schedule of its own: it has a job of its own."""

    @dg.schedule(
        name=f"{fleet.name}_weekly_served",
        job_name=served_job(fleet.name),
        cron_schedule=WEEKLY_SERVED,
        execution_timezone=NEW_YORK,
        default_status=OFF,
        description=f"Once a week, what the service quoted for {fleet.name} rides last month.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> Asked:
        now = context.scheduled_execution_time.astimezone(ZoneInfo(NEW_YORK))
        last = shift(f"{now:%Y-%m}", -1)
        if last not in months.get_partition_keys():
            return dg.SkipReason(f"{last} is before TAXI_FIRST_MONTH: there is nothing to gather.")
        return [_weekly(context, fleet, last, "served")]

    return tick


def _weekly(
    context: dg.ScheduleEvaluationContext, fleet: Fleet, month: str, what: str
) -> dg.RunRequest:
    key = f"{fleet.name}-{what}-{context.scheduled_execution_time:%Y-%m-%d}"
    return month_request(fleet.name, month, key, "weekly")
