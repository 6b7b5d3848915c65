"""The tuning of one month's parameters, in the instance that the UI shows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg

from taxi_assets.assets.tuning import SAID_OF_A_TRIAL
from taxi_assets.automation.jobs import tune_job
from taxi_assets.commands.instance import open_instance
from taxi_assets.commands.outcome import MonthOutcome
from taxi_assets.commands.run import check_partitions, run_month
from taxi_assets.commands.versions import lake_of
from taxi_assets.definitions import build_definitions
from taxi_assets.domain.schemas import TUNED_PARAMETERS
from taxi_assets.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Tuning:
    """How a tuning went.

    Attributes:
        outcome: of the Dagster run.
        rows: the month's `tuned_parameters`; none when the run did not get to make them.
    """

    outcome: MonthOutcome
    rows: list[dict[str, Any]]

    @property
    def failures(self) -> list[tuple[str, str]]:
        """What is wrong, as (asset, reason): what failed, or why there was nothing to tune on."""
        return [*self.outcome.failures, *self.outcome.skipped.items()]

    def sentence(self) -> str:
        """For people."""
        first = self.rows[0]
        mae, default = first["mae_usd"], first["default_mae_usd"]
        told = f"of {first['trials']} trials on {first['folds']} folds of two weeks"
        if mae == default:
            return f"The defaults stay: off by {default:.4f} $, the best {told}."
        gain = 1 - mae / default
        return f"Off by {mae:.4f} $ instead of {default:.4f} $ ({gain:.1%} less), the best {told}."

    def lines(self) -> list[dict[str, str]]:
        """The parameters as a table."""
        return [
            {
                "parameter": row["parameter"],
                "tuned": f"{row['value']:.4g}",
                "default": f"{row['default']:.4g}",
            }
            for row in self.rows
        ]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        about = self.outcome.assets.get(TUNED_PARAMETERS.name, {})
        went = {name: value for name, value in (self.rows or [{}])[0].items() if name in WENT}
        return {
            "fleet": self.outcome.fleet,
            "month": self.outcome.month,
            "run_id": self.outcome.run_id,
            "seconds": self.outcome.seconds,
            "failures": [{"what": what, "reason": reason} for what, reason in self.failures],
            "data_version": about.get("data_version"),
            "changed": about.get("changed"),
            **went,
            "parameters": {row["parameter"]: row["value"] for row in self.rows},
            "defaults": {row["parameter"]: row["default"] for row in self.rows},
        }


WENT = ("mae_usd", "default_mae_usd", "trials", "folds")


def tune(settings: Settings, fleet: str, month: str, say: Say) -> Tuning:
    """Tune the parameters of a month's model; what an earlier run has tried is not tried again.

    Args:
        settings: where everything is, and how many trials.
        fleet: one of `settings.fleets`.
        month: `YYYY-MM`.
        say: takes one line of progress at a time.

    Raises:
        UsageError: the month is no partition.
    """
    check_partitions(settings, [month])
    job = build_definitions(settings).resolve_job_def(tune_job(fleet))
    with open_instance(settings) as instance:
        outcome = run_month(
            job, instance, settings, fleet, month, say, command="taxi-assets tune", hear=of_a_trial
        )
    if TUNED_PARAMETERS.name not in outcome.assets:
        return Tuning(outcome, [])
    table = lake_of(settings).slice(f"{fleet}.{TUNED_PARAMETERS.name}", TUNED_PARAMETERS, [month])
    return Tuning(outcome, table.read().to_pylist())


def of_a_trial(entry: dg.EventLogEntry) -> str | None:
    """A log line, when it is about a trial."""
    return entry.user_message if entry.user_message.startswith(SAID_OF_A_TRIAL) else None
