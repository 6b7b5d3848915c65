"""Sensors: a month that is published or corrected is run without anybody asking.

Off until they are switched on, in the Dagster UI or with `dagster sensor start`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from taxi_assets.automation.jobs import month_job
from taxi_assets.automation.retraining import MEANING, assets_to_run
from taxi_assets.automation.watch import Watch, hasty, nothing_new, run_request
from taxi_assets.domain.errors import TaxiError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.publication_record import Record, read, write
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.tlc import TlcSource
from taxi_assets.settings import Retrain


def publication_sensor(
    fleet: Fleet, months: dg.PartitionsDefinition[str], interval_s: int, retrain: Retrain
) -> dg.SensorDefinition:
    """Runs one fleet's months as they are published, and again when they are corrected."""

    @dg.sensor(
        name=f"{fleet.name}_publication_sensor",
        job_name=month_job(fleet.name),
        minimum_interval_seconds=interval_s,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            f"Asks the source for {fleet.name} months that are new or have changed, and runs each"
            " publication once. Looks at the newest months every time and at older ones in turn;"
            f" {MEANING[retrain]}."
        ),
    )
    def tick(
        context: dg.SensorEvaluationContext,
        source: TlcSource,
        landing: dg.ResourceParam[Landing],
    ) -> dg.SensorResult:
        record, anew = read(context.cursor)
        if anew:
            context.log.warning(anew)
        keys = months.get_partition_keys()
        watch = Watch(fleet, keys, hasty(source), landing, context.instance)
        some = assets_to_run(fleet.name, retrain, context.repository_def, context.instance)
        return result(watch, record, datetime.now(UTC), some)

    return tick


def result(
    watch: Watch, record: Record, now: datetime, assets: Sequence[dg.AssetKey] | None = None
) -> dg.SensorResult:
    """One tick: runs to ask for, of some assets or of whole months, or why there are none."""
    try:
        look = watch.look(record, now)
    except TaxiError as error:  # each says in one sentence what is wrong and what to do
        return dg.SensorResult(skip_reason=str(error), cursor=write(record.with_fault(str(error))))
    if not look.orders:
        why = nothing_new(watch.fleet.name, look, watch.months[0] if watch.months else "")
        return dg.SensorResult(skip_reason=why, cursor=write(look.record))
    return dg.SensorResult(
        run_requests=[run_request(order, assets) for order in look.orders],
        cursor=write(look.record),
    )
