"""Has the city changed: the report's findings as a check."""

import dagster as dg

from taxi_assets.checks.monthly import CannotJudge, Check, Seen, Verdict, warning
from taxi_assets.domain.report_schemas import DRIFT_REPORT


def features_have_not_drifted(seen: Seen) -> Verdict:
    """Every watched input looks like the training data of the champion of the months before."""
    rows = seen.rows_of(DRIFT_REPORT).read().to_pylist()
    said = seen.reports.summary(seen.fleet.name, seen.month, DRIFT_REPORT.name) or {}
    if not rows:
        return CannotJudge(said.get("verdict", "There is no drift report."))
    drifted = [row["feature"] for row in rows if row["drifted"]]
    shown = ("feature", "score", "threshold", "method", "psi")
    return warning(
        not drifted,
        observed=len(drifted),
        threshold=0,
        said=said["verdict"],
        inputs=dg.MetadataValue.table(
            [dg.TableRecord({name: row[name] for name in shown}) for row in rows]
        ),
    )


DRIFT_CHECKS = (
    Check("drift_report", "features_have_not_drifted", features_have_not_drifted, blocking=False),
)
