"""Is the explanation right: does what moves a quote add up to it."""

from taxi_assets.checks.monthly import CannotJudge, Check, Seen, Verdict, gate
from taxi_assets.domain.report_schemas import SHAP_REPORT
from taxi_assets.domain.shap_summary import LARGEST_GAP_USD


def shap_adds_up(seen: Seen) -> Verdict:
    """Base and contributions add up to what the model quotes, within half a cent for each trip."""
    rows = seen.rows_of(SHAP_REPORT).read(["gap_usd", "sampled_trips"]).to_pylist()
    if not rows:
        said = seen.reports.summary(seen.fleet.name, seen.month, SHAP_REPORT.name)
        return CannotJudge(said["verdict"] if said else "there is no explanation of this month")
    gaps = [row["gap_usd"] for row in rows]
    return gate(
        all(gap <= LARGEST_GAP_USD for gap in gaps),  # also fails where one is not a number
        observed=max(gaps),
        threshold=LARGEST_GAP_USD,
        sampled_trips=rows[0]["sampled_trips"],
    )


# its failure means that the page is wrong, but nothing is made from the page
EXPLANATION_CHECKS = (Check("shap_report", "shap_adds_up", shap_adds_up, blocking=False),)
