"""The sentence that answers whether the champion is still good, and why it is not."""

from collections.abc import Sequence
from dataclasses import dataclass

from taxi_assets.domain.departures import Departure, broken_vendors, departures
from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.findings import (
    PARTS,
    RIDES,
    Finding,
    errors_finding,
    level_finding,
    parts_finding,
    unlearned_finding,
    vendors_finding,
)
from taxi_assets.domain.gates import MIN_TRIPS
from taxi_assets.domain.groups import PAIR
from taxi_assets.domain.months import month_name
from taxi_assets.domain.performance import (
    EVERYTHING,
    LENGTH,
    Change,
    Limits,
    Parts,
    Record,
    change,
    limits,
    relative_error,
    told_apart,
    vendors_apart,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a month says of the champion.

    Attributes:
        verdict: a sentence.
        findings: none where all is well, the most telling first.
        departed: parts of the month whose fares left the quotes behind, vendors first.
        change: of the error by length of ride, since the test.
        relative_error: mean absolute error over mean fare.
        limits: what its test allows.
        record: of its own months.
    """

    verdict: str
    findings: Sequence[Finding]
    departed: Sequence[Departure]
    change: Change
    relative_error: float
    limits: Limits
    record: Record

    @property
    def still_good(self) -> bool:
        """Whether its fares are about as right as they were: dearer rides are not its fault."""
        as_right = self.relative_error <= self.limits.relative_error
        return as_right and all(finding.kind == RIDES for finding in self.findings)


def judge(now: Parts, record: Record, version: str, drifted: Sequence[str] | None) -> Judgement:
    """Compare a month with the champion's record.

    Trips of vendors that were told apart count for nothing but the finding that names them.

    Args:
        now: the month's rows.
        record: of at least one month.
        version: the champion's.
        drifted: model inputs that drifted this month; None where nobody has looked.
    """
    apart = vendors_apart(now)
    broken = [each for each in broken_vendors(now) if each.part[1] in apart]
    vendors, now = vendors_finding(broken, now), told_apart(now)
    departed = departures(now, record)
    allowed = limits(record.months[0][EVERYTHING], now[EVERYTHING])
    grown = change(LENGTH, record.months[0], now)
    places = [each for each in departed if each.part[0] == PAIR]
    found = [
        level_finding(now, record, allowed, places, version, drifted),
        parts_finding(departed, version),
        unlearned_finding(now, record, {each.part for each in departed}, version),
        errors_finding(now, record.months[0], allowed, grown),
    ]
    # parts that are no pair of boroughs explain an error better than they stand alone
    findings = sorted(
        (each for each in found if each), key=lambda each: each.kind == PARTS and not places
    )
    findings = [*([vendors] if vendors else []), *findings]
    verdict = findings[0].said if findings else _all_well(now, record, version)
    error = relative_error(now[EVERYTHING])
    return Judgement(verdict, findings, [*broken, *departed], grown, error, allowed, record)


def unjudged(whole: Row, tested: Row | None = None) -> str:
    """What is left to say of a month where the champion's test is not known, or too small.

    Args:
        whole: the whole month.
        tested: the whole month of its test; None where it is not known.
    """
    mae, month = f"MAE is ${whole['mae_usd']:.2f}", month_name(whole["tested_on"])
    champion = f"version {whole['model_version']}"
    if tested is None:
        return (
            f"{mae}, with nothing to compare it with: the evaluation of {month} does not tell of "
            f"{champion}."
        )
    return (
        f"{mae}, and nobody can tell whether the champion ({champion}) is still good: its test of "
        f"{tested['trips']:,} trips in {month} is too small to hold it against, {MIN_TRIPS:,} are "
        "needed."
    )


def _all_well(now: Parts, record: Record, version: str) -> str:
    whole, tested = now[EVERYTHING], record.months[0][EVERYTHING]
    return (
        f"The champion (version {version}) is still good: MAE ${whole['mae_usd']:.2f} against "
        f"${tested['mae_usd']:.2f} when tested in {month_name(record.tested_on)}."
    )
