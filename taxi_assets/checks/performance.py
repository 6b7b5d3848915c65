"""Is the champion still good: what the performance report found, as a check."""

from taxi_assets.checks.monthly import CannotJudge, Check, Seen, Verdict, warning
from taxi_assets.domain.judgement import RIDES
from taxi_assets.domain.report_schemas import PERFORMANCE_REPORT
from taxi_assets.resources.champion_record import judged


def champion_still_good(seen: Seen) -> Verdict:
    """The champion of the months before is about as right as in months it had not learned from.

    Its error over the fare is at most 1.15 times that of its test; its fares over its quotes lie
    within 4 points and three standard errors of those of its test; and in no part of the month did
    they leave the others behind by more than 5 points and three standard errors.
    """
    summary = seen.reports.summary(seen.fleet.name, seen.month, PERFORMANCE_REPORT.name) or {}
    rows = seen.rows_of(PERFORMANCE_REPORT).read().to_pylist()
    found = judged(seen.lake, seen.fleet, seen.month, rows) if rows else None
    if found is None:
        return CannotJudge(summary.get("verdict", "there is no performance report"))
    against = next((each for each in found.findings if each.kind != RIDES), None)
    return warning(
        found.still_good,
        observed=against.observed if against else found.relative_error,
        threshold=against.threshold if against else found.limits.relative_error,
        said=found.verdict,
    )


PERFORMANCE_CHECKS = (
    Check("performance_report", "champion_still_good", champion_still_good, blocking=False),
)
