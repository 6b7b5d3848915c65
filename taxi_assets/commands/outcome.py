"""What happened in a run of one month, read from its events."""

from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.events import JobFailureData

from taxi_assets.automation.reasons import (
    INTERRUPTED,
    check_name,
    root_cause,
    saw,
    step_name,
    stopped_by_check,
)

FAILED, SKIPPED, DONE = "failed", "skipped", "done"
DIED = "its process has died"


@dataclass
class MonthOutcome:
    """One month of one fleet.

    Attributes:
        fleet: fleet name.
        month: `YYYY-MM`.
        run_id: the Dagster run, empty when none was started.
        seconds: wall time.
        assets: materialized assets by name, each with its metadata.
        skipped: assets left out on purpose, with the reason.
        warnings: failed checks that do not block, in words.
        failures: what failed, as (asset or check, reason).
    """

    fleet: str
    month: str
    run_id: str = ""
    seconds: float = 0.0
    assets: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether anything failed."""
        return bool(self.failures)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it: Dagster notes that as a failure."""
        return any(reason == INTERRUPTED for _, reason in self.failures)

    @property
    def rejected(self) -> str | None:
        """Why the gates turned the month's model down, None where they did not."""
        return self.assets.get("evaluation", {}).get("rejected")

    @property
    def turned_down(self) -> bool:
        """Whether all went well but that the gates rejected the month's model."""
        at_gates = all(what.startswith("evaluation.") for what, _ in self.failures)
        return self.failed and at_gates and bool(self.rejected)

    def take(self, event: dg.DagsterEvent) -> str | None:
        """Note one event of the run.

        Returns:
            A line for people when the event is worth one.
        """
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            return self._take_materialization(event.step_materialization_data.materialization)
        if event.event_type == dg.DagsterEventType.ASSET_OBSERVATION:
            return self._take_observation(event.asset_observation_data.asset_observation)
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            return self._take_check(event.asset_check_evaluation_data)
        if event.event_type == dg.DagsterEventType.STEP_FAILURE:
            return self._take_failure(event)
        if event.event_type == dg.DagsterEventType.RUN_FAILURE and not self.failures:
            # no step failed: its process died, or it never got to one as the code did not load
            told = event.event_specific_data
            error = told.error if isinstance(told, JobFailureData) else None
            self.failures.append(("run", root_cause(error) if error else event.message or DIED))
            return f"run FAILED: {self.failures[-1][1]}"
        return None

    def close(self, *, succeeded: bool) -> None:
        """Note the end of the run."""
        if not succeeded and not self.failures:
            self.failures.append(
                ("run", "it did not finish; its page in the Dagster UI has the log")
            )

    def _take_materialization(self, made: dg.AssetMaterialization) -> str:
        name = made.asset_key.path[-1]
        self.assets[name] = {key: value.value for key, value in made.metadata.items()}
        rows = self.assets[name].get("dagster/row_count")
        said = f"{rows:,} rows" if rows is not None else "done"
        if "version" in self.assets[name]:
            said = f"version {self.assets[name]['version']}"
        return f"{name}: {self.assets[name].get('verdict', said)}"

    def _take_observation(self, seen: dg.AssetObservation) -> str | None:
        reason = seen.metadata.get("skipped")
        if reason is None:
            return None
        self.skipped[seen.asset_key.path[-1]] = str(reason.value)
        return f"{seen.asset_key.path[-1]} skipped: {reason.value}"

    def _take_check(self, verdict: dg.AssetCheckEvaluation) -> str | None:
        if verdict.passed:
            return None
        name, seen = check_name(verdict), saw(verdict)
        if verdict.severity == dg.AssetCheckSeverity.WARN:
            self.warnings.append(f"{name}: {seen}")
            return f"{name} WARNS: {seen}"
        self.failures.append((name, f"the check did not pass: {seen}"))
        return f"{name} FAILED: {seen}"

    def _take_failure(self, event: dg.DagsterEvent) -> str | None:
        error = event.step_failure_data.error
        if stopped_by_check(error):
            return None  # the check's own verdict has been taken
        step = step_name(event.step_key)
        self.failures.append((step, root_cause(error)))
        return f"{step} FAILED: {self.failures[-1][1]}"
