"""Report tables shaped to be drawn: errors, fairness, drift and volumes over months."""

import pandas as pd

WHOLE = "all"
STAGES = ("published", "clean", "rejected")


def slices(performance: pd.DataFrame) -> list[str]:
    """By what a month is parted, `all` first."""
    found = sorted(set(performance["slice"]) - {WHOLE})
    return [WHOLE, *found]


def course(performance: pd.DataFrame, by: str, measure: str) -> pd.DataFrame:
    """A measure over months.

    Args:
        performance: the table `performance_report`.
        by: one of `slices`.
        measure: a column of it.

    Returns:
        (n, 5) `month`, `value` (which part), `measured`, `trips`, `model_version`.
    """
    rows = performance[performance["slice"] == by]
    found = rows[["month", "value", measure, "trips", "model_version"]]
    return found.rename(columns={measure: "measured"}).reset_index(drop=True)


def groupings(fairness: pd.DataFrame) -> list[str]:
    """By what trips are grouped, sorted."""
    return sorted(set(fairness["grouping"]) - {WHOLE})


def groups(fairness: pd.DataFrame, grouping: str, month: str) -> pd.DataFrame:
    """Each group's error in a month, with its 95 % interval.

    Returns:
        (n, 9) `value`, `trips`, then `relative_error`, `relative_low`, `relative_high` (mean
        absolute error over mean fare), `coverage`, `coverage_low`, `coverage_high`, `mae_usd`;
        the largest error first.
    """
    rows = fairness[(fairness["grouping"] == grouping) & (fairness["month"] == month)]
    columns = ["value", "trips", "relative_error", "relative_low", "relative_high"]
    columns += ["coverage", "coverage_low", "coverage_high", "mae_usd"]
    return rows.sort_values("relative_error", ascending=False, ignore_index=True)[columns]


def drift(report: pd.DataFrame) -> pd.DataFrame:
    """(n, 7) `month`, `feature`, `psi`, `score`, `threshold`, `method`, `drifted`."""
    columns = ["month", "feature", "psi", "score", "threshold", "method", "drifted"]
    return report[columns].reset_index(drop=True)


def drifted(report: pd.DataFrame) -> dict[str, list[str]]:
    """The inputs that have drifted, by month; a month without any has an empty list."""
    return {
        str(month): sorted(rows.loc[rows["drifted"].astype(bool), "feature"])
        for month, rows in report.groupby("month")
    }


def volumes(profile: pd.DataFrame) -> pd.DataFrame:
    """(n, 3) `month`, `stage` (`clean` or `rejected`: together what was published), `trips`."""
    rows = profile[(profile["subject"] == "trips") & profile["stage"].isin(STAGES[1:])]
    found = rows[["month", "stage", "value"]].rename(columns={"value": "trips"})
    return found.reset_index(drop=True)


def rejections(profile: pd.DataFrame) -> pd.DataFrame:
    """(n, 3) `month`, `rule`, `share` of the month's published trips that the rule turned away."""
    totals = profile[(profile["subject"] == "trips") & (profile["stage"] == "published")]
    published = totals.set_index("month")["value"]
    rows = profile[profile["subject"] == "trips_by_rule"]
    share = rows["value"] / rows["month"].map(published)
    found = pd.DataFrame({"month": rows["month"], "rule": rows["part"], "share": share})
    return found.dropna().reset_index(drop=True)


def histogram(histograms: pd.DataFrame, feature: str, months: list[str]) -> pd.DataFrame:
    """One input's distribution in some months.

    Returns:
        (n, 4) `month`, `bin`, `position`, `share` of the month's trips; by month and position.
    """
    rows = histograms[(histograms["feature"] == feature) & histograms["month"].isin(months)]
    total = rows.groupby("month")["trips"].transform("sum")
    found = rows[["month", "bin", "position"]].assign(share=rows["trips"] / total.where(total > 0))
    return found.dropna().sort_values(["month", "position"], ignore_index=True)


def months(table: pd.DataFrame) -> list[str]:
    """The months of a table, the latest first."""
    return sorted(set(table["month"]), reverse=True)
