"""Only the months that are missing or out of date, in time order, here or by Dagster's daemon."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver

from taxi_assets.automation.reasons import INTERRUPTED
from taxi_assets.commands import daemon
from taxi_assets.commands.backfill_facts import Reality, Survey
from taxi_assets.commands.instance import open_instance
from taxi_assets.commands.outcome import MonthOutcome
from taxi_assets.commands.run import Say, alone, check_partitions, hush_skips, job_of, run_month
from taxi_assets.domain.backfill import Due, due
from taxi_assets.domain.errors import UsageError
from taxi_assets.settings import Settings

COMMAND = "taxi-assets backfill"
PASSES = 3  # in this process a correction spreads forward in one, over the daemon in some


@dataclass
class Backfill:
    """What was planned, and what came of it.

    Attributes:
        asked: the months asked for.
        plan: those that were due at the start, with the reasons.
        ran: those that ran, with the reasons at their turn; those that the daemon was asked for.
        outcomes: what came of each.
        left: those still due in the end although they ran and did not fail.
        interrupted: whether somebody pressed Ctrl-C.
        asked_of_daemon: ids of the daemon's backfills.
    """

    asked: tuple[str, ...]
    plan: list[Due] = field(default_factory=list)
    ran: list[Due] = field(default_factory=list)
    outcomes: list[MonthOutcome] = field(default_factory=list)
    left: list[Due] = field(default_factory=list)
    interrupted: bool = False
    asked_of_daemon: list[str] = field(default_factory=list)

    @property
    def failed(self) -> set[str]:
        """Months that came to no good end."""
        return {outcome.month for outcome in self.outcomes if outcome.failed}

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
            "backfill_ids": self.asked_of_daemon,
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
    here: bool = False,
    detach: bool = False,
) -> Backfill:
    """Run the months that are missing or out of date; a month that fails does not stop the next.

    A month that comes out otherwise makes later ones stale. In this process each is judged when its
    turn comes; the daemon is asked for all that are due, and again for what is due after that.

    Args:
        settings: where everything is.
        fleet: one of `settings.fleets`.
        months: `YYYY-MM` keys.
        say: takes one line of progress at a time.
        only: a part of the graph, a key of `PARTS`; None is the whole.
        dry_run: plan, and run nothing.
        again: run all months, due or not.
        here: run in this process although a daemon is alive.
        detach: ask the daemon, and do not wait.

    Raises:
        UsageError: a month is no partition, the part is unknown, no daemon is there to leave it to,
            or the daemon could not carry it out.
    """
    check_partitions(settings, months)
    job, done = job_of(fleet, only), Backfill(tuple(sorted(months)))
    hush_skips()
    with open_instance(settings) as instance:
        by_daemon = not here and daemon.is_alive(instance)
        if detach and not by_daemon:
            raise UsageError("No daemon is alive to leave it to: `taxi-assets up` starts one.")
        survey = Survey(settings, fleet, job, instance)
        try:
            if dry_run:
                done.plan = _plan(survey, survey.look(done.asked), done.asked, again=again)
            elif by_daemon:
                _leave_to_daemon(survey, instance, done, say, again=again, detach=detach)
            else:
                if not here:
                    say(f"{fleet}  no daemon is alive: months run in this process")
                _carry_out(survey, instance, settings, done, say, again=again)
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
            done.interrupted = True
    return done


def _plan(
    survey: Survey,
    reality: Reality,
    months: Sequence[str],
    *,
    again: bool = False,
    failed: Collection[str] = (),
) -> list[Due]:
    """The months that are due as things stand; those planned will give the later ones features.

    Months that failed are not planned, and give none.
    """
    found, with_features = list[Due](), set(reality.with_features)
    records = survey.records()  # one for all: no month runs meanwhile
    for month in months:
        if month in failed:
            continue
        if one := _due(survey, reality, records, month, with_features, again=again):
            found.append(one)
            with_features.add(month)
    return found


def _due(
    survey: Survey,
    reality: Reality,
    records: CachingStaleStatusResolver,
    month: str,
    with_features: set[str],
    *,
    again: bool,
) -> Due | None:
    if again:
        return Due(month, ("it was asked for again",))
    return due(survey.facts(reality, records, month, with_features))


def _carry_out(
    survey: Survey,
    instance: dg.DagsterInstance,
    settings: Settings,
    done: Backfill,
    say: Say,
    *,
    again: bool,
) -> None:
    """Pass over the months until none is due; one that failed is not tried twice."""
    started, fleet = perf_counter(), survey.fleet
    reality = survey.look(done.asked)
    waiting = done.plan = _plan(survey, reality, done.asked, again=again)
    for turn in range(PASSES):
        if not waiting:
            return
        if turn:
            say(f"{fleet}  {len(waiting)} months are due again by now")
        with_features, planned = set(reality.with_features), {one.month for one in waiting}
        for position, month in enumerate(done.asked):
            if month in done.failed:
                continue
            with alone(settings, fleet, month, say):  # what another command has made meanwhile
                anew = again and not turn
                one = _due(survey, reality, survey.records(), month, with_features, again=anew)
                if one and not anew:
                    reality = survey.look(done.asked)
                    with_features |= reality.with_features
                    one = _due(survey, reality, survey.records(), month, with_features, again=False)
                if one is None:
                    continue
                say(f"{fleet} {month}  {'; '.join(one.reasons[:3])}")
                outcome = run_month(
                    survey.job, instance, settings, fleet, month, say, command=COMMAND
                )
            done.ran.append(one)
            done.outcomes.append(outcome)
            if _was_interrupted(outcome):
                raise KeyboardInterrupt
            if outcome.assets.get("trip_features", {}).get("dagster/row_count"):
                with_features.add(month)
            ahead = len(planned.intersection(done.asked[position + 1 :]))
            far = _progress(len(done.ran), ahead, perf_counter() - started)
            say(f"{fleet} {month}  {far}")
        reality = survey.look(done.asked)
        waiting = _plan(survey, reality, done.asked, failed=done.failed)
    done.left = waiting


def _leave_to_daemon(
    survey: Survey,
    instance: dg.DagsterInstance,
    done: Backfill,
    say: Say,
    *,
    again: bool,
    detach: bool,
) -> None:
    """Ask for all that are due until none is; one that failed is not asked for twice.

    A backfill of the same job that the daemon is at is followed first, and is all that is done
    where nobody waits.
    """
    if busy := daemon.under_way(instance, survey.job.name):
        count = len(busy.partition_names or ())
        say(f"{survey.fleet}  the daemon is at backfill {busy.backfill_id} of {count} months")
        done.asked_of_daemon.append(busy.backfill_id)
        if detach:
            return
        _follow(survey, instance, busy.backfill_id, count, done, say)
    reality = survey.look(done.asked)
    waiting = done.plan = _plan(survey, reality, done.asked, again=again, failed=done.failed)
    while waiting:
        asked = daemon.ask(instance, survey.job.name, [one.month for one in waiting])
        done.asked_of_daemon.append(asked)
        say(f"{survey.fleet}  asked the daemon for {len(waiting)} months: backfill {asked}")
        if detach:
            return
        done.ran += waiting
        _follow(survey, instance, asked, len(waiting), done, say)
        found = _plan(survey, survey.look(done.asked), done.asked, failed=done.failed)
        ran = Counter(one.month for one in done.ran)
        done.left = [one for one in found if ran[one.month] >= PASSES]
        waiting = [one for one in found if ran[one.month] < PASSES]


def _follow(
    survey: Survey,
    instance: dg.DagsterInstance,
    backfill_id: str,
    count: int,
    done: Backfill,
    say: Say,
) -> None:
    """Tell what a backfill of the daemon does until its months have ended."""
    ran_s = 0.0
    for ended, outcome in enumerate(daemon.follow(instance, backfill_id, survey.fleet, say), 1):
        done.outcomes.append(outcome)
        ran_s += outcome.seconds  # by the runs' own clocks: some may have ended long before
        far = _progress(ended, count - ended, ran_s)
        say(f"{survey.fleet} {outcome.month}  {far}")


def _was_interrupted(outcome: MonthOutcome) -> bool:
    """Whether Ctrl-C ended the month: Dagster notes it as a failure, and goes on."""
    return any(reason == INTERRUPTED for _, reason in outcome.failures)


def _progress(ran: int, ahead: int, seconds: float) -> str:
    """How far it is, and how long the rest may take if it goes on like this."""
    rest = seconds / ran * ahead
    return f"{ran} of {ran + ahead} months, {seconds:.0f} s so far, about {rest:.0f} s to go"
