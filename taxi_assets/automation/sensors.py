"""Sensors: a month that is published or corrected is run without anybody asking.

Off until they are switched on, in the Dagster UI or with `dagster sensor start`.
"""

from datetime import UTC, datetime

import dagster as dg

from taxi_assets.automation.jobs import month_job
from taxi_assets.automation.retraining import MEANING, assets_to_run
from taxi_assets.automation.watch import Watch, hasty
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.publication_record import read, write
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
        answer = watch.answer(record, datetime.now(UTC), some)
        return dg.SensorResult(
            run_requests=answer.requests or None,
            skip_reason=answer.why,
            cursor=write(answer.record),
        )

    return tick
