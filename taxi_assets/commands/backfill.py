"""Only the months that are missing or out of date, in time order, in this process."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import dagster as dg

from taxi_assets.automation.jobs import month_job
from taxi_assets.commands.backfill_facts import Reality, Survey
from taxi_assets.commands.instance import open_instance
from taxi_assets.commands.outcome import MonthOutcome
from taxi_assets.commands.run import PARTS, Say, check_partitions, hush_skips, run_month
from taxi_assets.domain.backfill import Due, due
from taxi_assets.domain.errors import UsageError
from taxi_assets.settings import Settings

PASSES = 3  # a correction spreads forward in one; what another process changes takes a second


@dataclass
class Backfill:
    """What was planned, and what came of it.

    Attributes:
        asked: the months asked for.
        plan: those that were due at the start, with the reasons.
        ran: those that ran, with the reasons at their turn.
        outcomes: what came of each.
        left: those still due in the end although they ran and did not fail.
        interrupted: whether somebody pressed Ctrl-C.
    """

    asked: tuple[str, ...]
    plan: list[Due] = field(default_factory=list)
    ran: list[Due] = field(default_factory=list)
    outcomes: list[MonthOutcome] = field(default_factory=list)
    left: list[Due] = field(default_factory=list)
    interrupted: bool = False

    def as_json(self) -> dict[str, Any]:
        """For programs; the outcomes are told by `run.as_json`."""

        def told(months: Sequence[Due]) -> list[dict[str, Any]]:
            return [{"month": one.month, "reasons": list(one.reasons)} for one in months]

        return {
            "asked": list(self.asked),
            "plan": told(self.plan),
            "ran": told(self.ran),
            "left": told(self.left),
            "interrupted": self.interrupted,
        }


def backfill(
    settings: Settings,
    fleet: str,
    months: Sequence[str],
    say: Say,
    *,
    only: str | None = None,
    dry_run: bool = False,
    again: bool = False,
) -> Backfill:
    """Run the months that are missing or out of date; a month that fails does not stop the next.

    A month that comes out otherwise makes later ones stale, so each is judged when its turn comes.

    Args:
        settings: where everything is.
        fleet: one of `settings.fleets`.
        months: `YYYY-MM` keys.
        say: takes one line of progress at a time.
        only: a part of the graph, a key of `PARTS`; None is the whole.
        dry_run: plan, and run nothing.
        again: run all months, due or not.

    Raises:
        UsageError: a month is no partition, or the part is unknown.
    """
    check_partitions(settings, months)
    if only is not None and only not in PARTS:
        raise UsageError(f"There is no part '{only}': choose one of {', '.join(PARTS)}.")
    done = Backfill(tuple(sorted(months)))
    survey = Survey(settings, fleet, (PARTS[only] if only else month_job)(fleet))
    hush_skips()
    with open_instance(settings) as instance:
        done.plan = _plan(survey, instance, done.asked, again=again)
        if not dry_run:
            try:
                _carry_out(survey, instance, settings, fleet, done, say, again=again)
            except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
                done.interrupted = True
    return done


def _plan(
    survey: Survey,
    instance: dg.DagsterInstance,
    months: Sequence[str],
    *,
    again: bool = False,
    failed: Collection[str] = (),
) -> list[Due]:
    """The months that are due as things stand; those planned will give the later ones features.

    Months that failed are not planned, and give none.
    """
    reality, found = survey.look(months), list[Due]()
    with_features = set(reality.with_features)
    for month in months:
        if month in failed:
            continue
        if one := _due(survey, instance, reality, month, with_features, again=again):
            found.append(one)
            with_features.add(month)
    return found


def _due(
    survey: Survey,
    instance: dg.DagsterInstance,
    reality: Reality,
    month: str,
    with_features: set[str],
    *,
    again: bool,
) -> Due | None:
    if again:
        return Due(month, ("it was asked for again",))
    return due(survey.facts(instance, reality, month, with_features))


def _carry_out(
    survey: Survey,
    instance: dg.DagsterInstance,
    settings: Settings,
    fleet: str,
    done: Backfill,
    say: Say,
    *,
    again: bool,
) -> None:
    """Pass over the months until none is due; one that failed is not tried twice."""
    started, failed = perf_counter(), set[str]()
    waiting = done.plan
    for turn in range(PASSES):
        if not waiting:
            return
        if turn:
            say(f"{fleet}  {len(waiting)} months are due again by now")
        reality = survey.look(done.asked)
        with_features, planned = set(reality.with_features), {one.month for one in waiting}
        for position, month in enumerate(done.asked):
            one = _due(survey, instance, reality, month, with_features, again=again and not turn)
            if one is None or month in failed:
                continue
            say(f"{fleet} {month}  {'; '.join(one.reasons[:3])}")
            outcome = run_month(
                survey.job, instance, settings, fleet, month, say, command="taxi-assets backfill"
            )
            done.ran.append(one)
            done.outcomes.append(outcome)
            if _interrupted(outcome):
                raise KeyboardInterrupt
            if outcome.failed:
                failed.add(month)
            if outcome.assets.get("trip_features", {}).get("dagster/row_count"):
                with_features.add(month)
            ahead = len(planned.intersection(done.asked[position + 1 :]))
            say(f"{fleet} {month}  {_progress(len(done.ran), ahead, perf_counter() - started)}")
        waiting = _plan(survey, instance, done.asked, failed=failed)
    done.left = waiting


def _interrupted(outcome: MonthOutcome) -> bool:
    """Whether Ctrl-C ended the month: Dagster notes it as the failure of a step and goes on."""
    name = dg.DagsterExecutionInterruptedError.__name__
    return any(name in reason for _, reason in outcome.failures)


def _progress(ran: int, ahead: int, seconds: float) -> str:
    """How far it is, and how long the rest may take if it goes on like this."""
    rest = seconds / ran * ahead
    return f"{ran} of {ran + ahead} months, {seconds:.0f} s so far, about {rest:.0f} s to go"
