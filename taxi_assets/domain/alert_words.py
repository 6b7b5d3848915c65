"""How each kind of alert is worded: what happened, why, and what to do about it."""

from dataclasses import dataclass, replace

from taxi_assets.domain.alerts import Alert, Kind, Severity, Where, worded


@dataclass(frozen=True, slots=True)
class Change:
    """Another champion.

    Attributes:
        number: of the entry in the log of promotions.
        version: the champion now.
        previous: the one before, None for the first.
        reason: who decided it, and why.
    """

    number: int
    version: int
    previous: int | None
    reason: str


def run_failed(where: Where, step: str, reason: str) -> Alert:
    """A step failed, or a run that never got to one (then `step` is `run`)."""
    again = f"`taxi-assets run --fleet {where.fleet} --months {where.month}`"
    remedy = f"then run the month again with {again}" if where.month else "then run it again"
    return worded(
        where,
        Kind.RUN_FAILED,
        Severity.ERROR,
        what=step,
        title=f"{where.name}: {'the run' if step == 'run' else step} failed",
        reason=reason,
        remedy=f"Remove the cause, which the run's log shows in full, {remedy}.",
    )


def check_failed(where: Where, check: str, saw: str, *, stops: bool) -> Alert:
    """A check did not pass.

    Args:
        where: whose.
        check: `asset.check`.
        saw: what it observed, in words.
        stops: whether its severity is ERROR; a warning stops nothing.
    """
    error = "Correct the data, or the rule where the change is real, and run the month again."
    warns = "Nothing was stopped: see whether the change is real before you trust the month."
    return worded(
        where,
        Kind.CHECK_FAILED,
        Severity.ERROR if stops else Severity.WARNING,
        what=check,
        title=f"{where.name}: the check {check} {'failed' if stops else 'warns'}",
        reason=f"It saw {saw}" if saw else "It did not say what it saw",
        remedy=error if stops else warns,
    )


def rejected(where: Where, version: object, reasons: str) -> Alert:
    """The gates turned a month's model down."""
    return worded(
        where,
        Kind.REJECTED,
        Severity.WARNING,
        what=f"v{version}",
        title=f"{where.name}: the gates rejected the new model, version {version}",
        reason=reasons,
        remedy=(
            "The champion stays, and nothing needs doing; if the gates are wrong, insist with "
            f"`taxi-assets promote {where.fleet} {version} --why ... --force`."
        ),
    )


def promoted(where: Where, change: Change) -> Alert:
    """A version became champion, by the gates or by a person."""
    place = f" in place of version {change.previous}" if change.previous else ""
    return worded(
        where,
        Kind.PROMOTED,
        Severity.INFO,
        what=str(change.number),
        title=f"{where.name}: version {change.version} is champion{place}",
        reason=change.reason,
        remedy=(
            "Nothing needs doing; should its fares be wrong, go back with "
            f"`taxi-assets rollback {where.fleet} --why ...`."
        ),
    )


def rolled_back(where: Where, change: Change) -> Alert:
    """A person gave the place back to an earlier champion."""
    left = f"version {change.previous} is withdrawn and " if change.previous else ""
    return worded(
        where,
        Kind.ROLLED_BACK,
        Severity.WARNING,
        what=str(change.number),
        title=f"{where.name}: {left}version {change.version} is champion again",
        reason=change.reason,
        remedy=(
            "Find out what was wrong with the version that left before the next month's model "
            "passes its gates and becomes champion."
        ),
    )


def month_late(where: Where, count: int, reason: str) -> Alert:
    """One or more months should have been landed by now."""
    have = "has" if count == 1 else f"({count} months) have"
    told = worded(
        where,
        Kind.MONTH_LATE,
        Severity.WARNING,
        what="landed",
        title=f"{where.name} {have} not been landed",
        reason=reason,
        remedy=(
            "Look at TLC's page of trip records; if it is published there, run "
            f"`taxi-assets run --fleet {where.fleet} --months {where.month}` and see why that did "
            "not happen by itself."
        ),
    )
    # another one late is news, one of them landed is none
    return replace(told, key=replace(where, month=where.month[-7:]).key(told.kind, "landed"))


def dropped(where: Where, count: int, most: int) -> Alert:
    """Alerts that waited for a sink were dropped, the oldest first."""
    return worded(
        where,
        Kind.DROPPED,
        Severity.WARNING,
        what=where.at.isoformat(timespec="seconds"),
        title=(
            "1 alert was dropped before it could be delivered"
            if count == 1
            else f"{count} alerts were dropped before they could be delivered"
        ),
        reason=f"A sink was down for long, and at most {most} alerts wait for it",
        remedy="See what failed meanwhile in Dagster's list of runs.",
    )


def trial(where: Where) -> Alert:
    """What `taxi-assets alert --test` sends."""
    return worded(
        where,
        Kind.TEST,
        Severity.INFO,
        what=where.at.isoformat(),
        title="A test of the alerts of taxi-assets",
        reason="Somebody asked for it with `taxi-assets alert --test`",
        remedy="Nothing needs doing: alerts arrive here.",
    )
