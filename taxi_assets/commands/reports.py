"""Where a fleet's reports are, and what they say."""

from typing import Any

from taxi_assets.definitions import resources
from taxi_assets.domain.errors import UsageError
from taxi_assets.reports.page import STATES, TITLES
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.settings import Settings

BUCKETS = ("gs://", "s3://")


def reports(settings: Settings, fleet: str, month: str | None) -> tuple[str, list[dict[str, Any]]]:
    """A fleet's index, made anew, and what the reports of one month or of all say.

    Args:
        settings: where everything is.
        fleet: one of `settings.fleets`.
        month: `YYYY-MM`, or None for all.

    Raises:
        UsageError: there are none.
    """
    store = resources(settings)["reports"]
    assert isinstance(store, ReportStore)
    said = [told for told in store.summaries(fleet) if month in (None, told["month"])]
    if not said:
        raise UsageError(
            f"There are no reports of {fleet} taxis{f' for {month}' if month else ''} in "
            f"{settings.reports_uri}: `taxi-assets run --fleet {fleet} --months ...` makes them."
        )
    order = list(TITLES)
    said.sort(key=lambda told: (told["month"], order.index(told["report"])))
    return store.write_index(fleet), said


def newest(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The reports of the latest month."""
    return [told for told in said if told["month"] == said[-1]["month"]]


def report_lines(said: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The same for people."""
    return [
        {
            "month": told["month"],
            "report": told["report"],
            "": STATES[told["state"]],
            "verdict": told["verdict"],
        }
        for told in said
    ]


def as_url(where: str) -> str:
    """What a browser can open, unless it is in a bucket."""
    return where if where.startswith(BUCKETS) else f"file://{where}"
