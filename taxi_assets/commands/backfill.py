"""Only the months that are missing or out of date, in time order, here or by Dagster's daemon."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import dagster as dg

from taxi_assets.commands import daemon
from taxi_assets.commands.backfill_facts import Reality, Survey
from taxi_assets.commands.instance import open_instance
from taxi_assets.commands.outcome import MonthOutcome
from taxi_assets.commands.run import Say, alone, check_partitions, hush_skips, job_of, run_month
from taxi_assets.domain.backfill import Due, counted
from taxi_assets.domain.errors import UsageError
from taxi_assets.settings import Settings

COMMAND = "taxi-assets backfill"
PASSES = 3  # in this process a correction spreads forward in one, over the daemon in some
AGAIN = ("it was asked for again",)


@dataclass
class Backfill:
    """What was planned, and what came of it.

    Attributes:
        asked: the months asked for.
        plan: those that were due at the start and can run, with the reasons.
        cannot: those that are due and cannot run, with what stands in the way.
        ran: those that came to an end, with the reasons at their turn.
        outcomes: what came of each of them, and of one that was interrupted.
        left: those due that have not come to an end, or are due again; none that failed, and none
            that were left to the daemon.
        interrupted: whether somebody pressed Ctrl-C.
        asked_of_daemon: ids of the daemon's backfills.
    """

    asked: tuple[str, ...]
    plan: list[Due] = field(default_factory=list)
    cannot: list[Due] = field(default_factory=list)
    ran: list[Due] = field(default_factory=list)
    outcomes: list[MonthOutcome] = field(default_factory=list)
    left: list[Due] = field(default_factory=list)
    interrupted: bool = False
    asked_of_daemon: list[str] = field(default_factory=list)

    @property
    def failed(self) -> set[str]:
        """Months that came to no good end."""
        return {outcome.month for outcome in self.outcomes if outcome.failed}

    def take(self, outcome: MonthOutcome, reasons: tuple[str, ...]) -> None:
        """Note what came of a month that has come to an end."""
        self.outcomes.append(outcome)
        self.ran.append(Due(outcome.month, reasons))
        self.settle(outcome.month)

    def settle(self, month: str) -> None:
        """Nothing is left to do for a month."""
        self.left = [one for one in self.left if one.month != month]

    def as_json(self) -> dict[str, Any]:
        """For programs; the outcomes are told by `run.as_json`."""

        def told(months: Sequence[Due]) -> list[dict[str, Any]]:
            return [{"month": one.month, "reasons": list(one.reasons)} for one in months]

        return {
            "asked": list(self.asked),
            "plan": told(self.plan),
            "cannot": told(self.cannot),
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
        SourceUnreachable: a month has to be landed, and the source does not answer.
    """
    check_partitions(settings, months)
    job, done = job_of(fleet, only), Backfill(tuple(sorted(months)))
    hush_skips()
    with open_instance(settings) as instance:
        by_daemon = not here and daemon.is_alive(instance)
        if detach and not by_daemon:
            raise UsageError(f"No daemon is alive to leave it to: {daemon.START}.")
        survey = Survey(settings, fleet, job, instance)
        try:
            if dry_run:
                done.plan = _plan(survey, survey.look(), done, again=again)
            elif by_daemon:
                _leave_to_daemon(survey, done, say, again=again, detach=detach)
            else:
                if not here:
                    say(f"{fleet}  no daemon is alive: months run in this process")
                for one in [] if here else daemon.under_way(instance, job):
                    count = counted(len(one.partition_names or ()))
                    say(f"{fleet}  backfill {one.backfill_id} of {count} waits for a daemon")
                _carry_out(survey, done, say, again=again)
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
            done.interrupted = True
    return done


def _plan(survey: Survey, reality: Reality, done: Backfill, *, again: bool) -> list[Due]:
    """The months that are due as things stand; those planned will give the later ones features.

    Months that failed are not planned, and give none; nor do those that cannot run.
    """
    found, with_features = list[Due](), set(reality.with_features)
    records = survey.records()  # one for all: no month runs meanwhile
    hindered = survey.obstacles(reality, done.asked)
    done.cannot = []
    for month in done.asked:
        if month in done.failed:
            continue
        one = Due(month, AGAIN) if again else survey.due(reality, records, month, with_features)
        if one and month in hindered:
            done.cannot.append(Due(month, (hindered[month],)))
        elif one:
            found.append(one)
            with_features.add(month)
    return found


def _carry_out(survey: Survey, done: Backfill, say: Say, *, again: bool) -> None:
    """Pass over the months until none is due; one that failed is not tried twice."""
    started = perf_counter()
    for turn in range(PASSES):
        anew, reality = again and not turn, survey.look()
        done.left = _plan(survey, reality, done, again=anew)
        if not turn:
            done.plan = done.left
        elif done.left:
            say(f"{survey.fleet}  {counted(len(done.left))} due again by now")
        if not done.left:
            return
        _pass_over(survey, reality, done, say, started, again=anew)
    done.left = _plan(survey, survey.look(), done, again=False)


def _pass_over(
    survey: Survey, reality: Reality, done: Backfill, say: Say, started: float, *, again: bool
) -> None:
    """Run each month that is due when its turn comes, in time order."""
    fleet, with_features = survey.fleet, set(reality.with_features)
    unable = done.failed | {one.month for one in done.cannot}
    for month in done.asked:
        if month in unable:
            continue
        with alone(survey.settings, fleet, month, say):  # what another command has made meanwhile
            one = survey.due(reality, survey.records(), month, with_features)
            if one and not again:
                reality = survey.look()
                with_features |= reality.with_features
                one = survey.due(reality, survey.records(), month, with_features)
            reasons = AGAIN if again else one.reasons if one else ()
            if not reasons:
                done.settle(month)
                continue
            say(f"{fleet} {month}  {'; '.join(reasons[:3])}")
            outcome = run_month(
                survey.job, survey.instance, survey.settings, fleet, month, say, command=COMMAND
            )
        if outcome.interrupted:
            done.outcomes.append(outcome)
            raise KeyboardInterrupt
        done.take(outcome, reasons)
        if outcome.assets.get("trip_features", {}).get("dagster/row_count"):
            with_features.add(month)
        far = _progress(len(done.ran), len(done.left), perf_counter() - started)
        say(f"{fleet} {month}  {far}")


def _leave_to_daemon(
    survey: Survey, done: Backfill, say: Say, *, again: bool, detach: bool
) -> None:
    """Ask for all that are due until none is; one that failed is not asked for twice.

    Backfills of the same job that the daemon is at are followed first: it would mix the months of
    two, and each month builds on the ones before. Where nobody waits, nothing more is asked for.
    """
    fleet, job, covered = survey.fleet, survey.job.name, set[str]()
    for busy in daemon.under_way(survey.instance, job):
        months = busy.partition_names or ()
        say(f"{fleet}  the daemon is at backfill {busy.backfill_id}: {counted(len(months))}")
        done.asked_of_daemon.append(busy.backfill_id)
        covered |= set(months)
        if not detach:
            joined = dict.fromkeys(months, (f"backfill {busy.backfill_id} was at it",))
            done.left = [Due(month, why) for month, why in joined.items()]
            _follow(survey, busy.backfill_id, joined, done, say)
    waiting = done.plan = _plan(survey, survey.look(), done, again=again)
    if detach and covered:
        done.left = [one for one in waiting if one.month not in covered]
        return
    while waiting:
        asked = daemon.ask(survey.instance, job, [one.month for one in waiting])
        done.asked_of_daemon.append(asked)
        say(f"{fleet}  asked the daemon for {counted(len(waiting))}: backfill {asked}")
        if detach:
            return
        done.left = waiting
        _follow(survey, asked, {one.month: one.reasons for one in waiting}, done, say)
        done.left = _plan(survey, survey.look(), done, again=False)
        ran = Counter(one.month for one in done.ran)
        waiting = [one for one in done.left if ran[one.month] < PASSES]


def _follow(
    survey: Survey,
    backfill_id: str,
    reasons: Mapping[str, tuple[str, ...]],
    done: Backfill,
    say: Say,
) -> None:
    """Tell what a backfill of the daemon does until its months have ended.

    Args:
        survey: of the fleet.
        backfill_id: which.
        reasons: why each of its months runs.
        done: takes what comes of them.
        say: takes one line of progress at a time.
    """
    ran_s, outcomes = 0.0, daemon.follow(survey.instance, backfill_id, survey.fleet, say)
    for ended, outcome in enumerate(outcomes, 1):
        done.take(outcome, reasons[outcome.month])
        ran_s += outcome.seconds  # by the runs' own clocks: some may have ended long before
        far = _progress(ended, len(reasons) - ended, ran_s)
        say(f"{survey.fleet} {outcome.month}  {far}")


def _progress(ran: int, ahead: int, seconds: float) -> str:
    """How far it is, and how long the rest may take if it goes on like this."""
    far = f"{ran} of {counted(ran + ahead)}, {seconds:.0f} s so far"
    return f"{far}, about {seconds / ran * ahead:.0f} s to go" if ahead else far
