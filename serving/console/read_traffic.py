"""What the service has counted, from its metrics: quotes by arm, latency and the log."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from prometheus_client.parser import text_string_to_metric_families

from serving.console.errors import ApiAway

QUANTILES = (0.5, 0.95, 0.99)
LOG_COUNTS = {
    "written": "taxi_log_written_rows_total",
    "waiting": "taxi_log_waiting_records",
    "dropped": "taxi_log_dropped_records_total",
    "refused": "taxi_log_refused_records_total",
    "failed_batches": "taxi_log_failed_batches_total",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of a scrape."""

    name: str
    labels: dict[str, str]
    value: float


def samples(text: str) -> list[Sample]:
    """Prometheus's text format, read.

    Raises:
        ApiAway: it is not in that format, or has none of the service's metrics.
    """
    try:
        found = [
            Sample(sample.name, dict(sample.labels), float(sample.value))
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]
    except (ValueError, IndexError, KeyError) as error:
        raise ApiAway("What answers has no metrics: correct CONSOLE_API_URL.") from error
    if not any(sample.name == "taxi_ready" for sample in found):
        raise ApiAway("What answers has none of the service's metrics: correct CONSOLE_API_URL.")
    return found


def requests(scrape: Iterable[Sample]) -> pd.DataFrame:
    """(n, 3) `route`, `status`, `requests`; the most asked first."""
    rows = [
        (s.labels["route"], s.labels["status"], int(s.value))
        for s in scrape
        if s.name == "taxi_requests_total"
    ]
    table = pd.DataFrame(rows, columns=["route", "status", "requests"])
    return table.sort_values("requests", ascending=False, ignore_index=True)


def quotes(scrape: Iterable[Sample]) -> pd.DataFrame:
    """(n, 4) `fleet`, `arm`, `version`, `quotes`: rides quoted since the service began."""
    rows = [
        (s.labels["fleet"], s.labels["arm"], s.labels["version"], int(s.value))
        for s in scrape
        if s.name == "taxi_quotes_total"
    ]
    return pd.DataFrame(rows, columns=["fleet", "arm", "version", "quotes"])


def arms(scrape: Iterable[Sample]) -> pd.DataFrame:
    """Latency and fares of each arm.

    Returns:
        (n, 6) `fleet`, `arm`, `p50_ms`, `p95_ms`, `p99_ms` milliseconds from request to answer
        (NaN before the first quote), `mean_fare_usd` US dollars.
    """
    known = list(scrape)
    keys = sorted(
        {
            (s.labels["fleet"], s.labels["arm"])
            for s in known
            if s.name in ("taxi_quote_seconds_count", "taxi_quoted_fare_usd_count")
        }
    )
    rows = []
    for fleet, arm in keys:
        mine = [s for s in known if (s.labels.get("fleet"), s.labels.get("arm")) == (fleet, arm)]
        buckets = [
            (float(s.labels["le"]), s.value) for s in mine if s.name == "taxi_quote_seconds_bucket"
        ]
        fares, count = (
            _one(mine, "taxi_quoted_fare_usd_sum"),
            _one(mine, "taxi_quoted_fare_usd_count"),
        )
        latency_ms = [1_000 * quantile(buckets, share) for share in QUANTILES]
        rows.append((fleet, arm, *latency_ms, fares / count if count else math.nan))
    columns = ["fleet", "arm", "p50_ms", "p95_ms", "p99_ms", "mean_fare_usd"]
    return pd.DataFrame(rows, columns=columns)


def quantile(buckets: Iterable[tuple[float, float]], share: float) -> float:
    """The value below which a share of a histogram lies, as Prometheus estimates it.

    Args:
        buckets: upper edge and how many values lie at or below it; the last edge is infinite.
        share: 0 to 1.

    Returns:
        Interpolated within its bucket; the last finite edge when it lies above that; NaN when
        the histogram is empty.
    """
    ordered = sorted(buckets)
    if not ordered or ordered[-1][1] == 0:
        return math.nan
    rank = share * ordered[-1][1]
    edge, below = 0.0, 0.0
    for upper, count in ordered:
        if count >= rank and count > below:
            if math.isinf(upper):
                return edge
            return edge + (upper - edge) * (rank - below) / (count - below)
        edge, below = upper, count
    return edge


def log_counts(scrape: Iterable[Sample]) -> dict[str, int]:
    """Rows of the prediction log by what became of them; empty when the service keeps none."""
    known = list(scrape)
    names = {s.name for s in known}
    return {word: int(_one(known, name)) for word, name in LOG_COUNTS.items() if name in names}


def uptime_s(scrape: Iterable[Sample], now_s: float) -> float:
    """Seconds since the service began; NaN when it does not tell."""
    began = [s.value for s in scrape if s.name == "process_start_time_seconds"]
    return now_s - began[0] if began else math.nan


def _one(scrape: Iterable[Sample], name: str) -> float:
    return sum(s.value for s in scrape if s.name == name)
