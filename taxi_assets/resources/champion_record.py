"""What the lake knows of a champion from the months that it had not learned from."""

from collections.abc import Iterator, Mapping
from typing import Any

from taxi_assets.domain.evaluation import CHAMPION, MODEL, Row
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.judgement import Judgement, judge
from taxi_assets.domain.months import month_range, shift
from taxi_assets.domain.performance import Parts, Record, by_part, record
from taxi_assets.domain.report_schemas import DRIFT_REPORT, PERFORMANCE_REPORT
from taxi_assets.domain.schemas import EVALUATION
from taxi_assets.domain.table import Table
from taxi_assets.resources.lake import Lake

PAST_MONTHS = 12


def judged(lake: Lake, fleet: Fleet, month: str, rows: list[Row]) -> Judgement | None:
    """Compare a month's performance report with what the champion did before.

    Args:
        lake: where the rest is read from.
        fleet: whose.
        month: of the report.
        rows: of the report, at least one.

    Returns:
        None where the champion's test is not known.
    """
    version, tested_on = rows[0]["model_version"], rows[0]["tested_on"]
    known = read_record(lake, fleet, month, version, tested_on)
    if not known.months:
        return None
    return judge(by_part(rows), known, version, drifted_inputs(lake, fleet, month))


def read_record(lake: Lake, fleet: Fleet, month: str, version: str, tested_on: str) -> Record:
    """A champion's record before a month: its test, its reports since, and those before it."""
    past = past_reports(lake, fleet, month)
    own = dict(_evaluations(lake, fleet, month, version, tested_on))
    reports = {name: rows for name, rows in past.items() if rows[0]["model_version"] == version}
    parts: dict[str, Parts] = {name: by_part(rows) for name, rows in {**own, **reports}.items()}
    months = [parts[name] for name in sorted(parts)] if tested_on in own else []
    return record(tested_on, months, [by_part(rows) for rows in past.values()])


def past_reports(lake: Lake, fleet: Fleet, month: str) -> dict[str, list[Row]]:
    """Rows of the performance reports of the last 12 months that have any, oldest first."""
    first, last = shift(month, -PAST_MONTHS), shift(month, -1)
    return dict(_months(lake, fleet, PERFORMANCE_REPORT, first, last))


def drifted_inputs(lake: Lake, fleet: Fleet, month: str) -> list[str] | None:
    """Model inputs that the month's drift report finds drifted; None where it judged none."""
    for _, rows in _months(lake, fleet, DRIFT_REPORT, month, month):
        return sorted(row["feature"] for row in rows if row["drifted"])
    return None


def _evaluations(
    lake: Lake, fleet: Fleet, month: str, version: str, tested_on: str
) -> Iterator[tuple[str, list[Row]]]:
    """Rows on its test month, and on later ones in which it was challenged."""
    for name, rows in _months(lake, fleet, EVALUATION, tested_on, shift(month, -1)):
        role = MODEL if name == tested_on else CHAMPION
        own = [r for r in rows if (r["predictor"], r["model_version"]) == (role, version)]
        if own:
            yield name, own


def _months(
    lake: Lake, fleet: Fleet, table: Table, first: str, last: str
) -> Iterator[tuple[str, list[Row]]]:
    """Rows of the months of a table that have any, oldest first."""
    part = lake.slice(f"{fleet.name}.{table.name}", table, month_range(first, last))
    versions: Mapping[str, Any] = part.versions
    for name in versions:
        rows = part.month(name).read().to_pylist()
        if rows:
            yield name, rows
