"""Is the data sound: schema, conservation, and what is usual."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from taxi_assets.checks.monthly import CannotJudge, Check, Seen, Verdict, gate, warning
from taxi_assets.domain.conservation import balance
from taxi_assets.domain.errors import DataError
from taxi_assets.domain.schemas import CLEAN_TRIPS, REJECTED_TRIPS, TRIP_FEATURES
from taxi_assets.domain.table import Table
from taxi_assets.domain.trips import schema_faults
from taxi_assets.domain.usual import usual_range
from taxi_assets.domain.validation import (
    Failures,
    findings,
    pandera_schema,
    published_schema,
    quality_record,
    sentences,
    together,
)
from taxi_assets.resources.lake import BATCH_ROWS
from taxi_assets.resources.landed_trips import open_trips
from taxi_assets.resources.streams import pooled

REJECTS_MARGIN, VOLUME_MARGIN = 0.2, 0.3
MOST_FAILURES_SHOWN = 20


def source_schema_is_known(seen: Seen) -> Verdict:
    """No column we need is missing or retyped (this blocks) and none is new (this warns)."""
    with open_trips(seen.landing, seen.fleet, seen.month) as file:
        added, wrong = schema_faults(file.schema_arrow, seen.fleet)
    if wrong:
        return gate(False, missing_or_retyped="; ".join(wrong), added=", ".join(added))
    return warning(not added, added=", ".join(added), missing_or_retyped="")


def published_matches_schema(seen: Seen) -> Verdict:
    """The columns we need can be read as what they should be, and are mostly filled."""
    schema = published_schema(seen.fleet)
    with open_trips(seen.landing, seen.fleet, seen.month) as file:
        names = [name for name in file.schema_arrow.names if name.lower() in schema.columns]
        rows = file.read(names).rename_columns([name.lower() for name in names])
    landed = seen.landing.current(f"{seen.fleet.name}/{seen.month}")
    assert landed is not None  # it has just been read
    found = together([findings(schema, rows)])
    return schema_verdict(seen, "raw_trips", landed.sha256, schema, found, len(rows))


def clean_matches_schema(seen: Seen) -> Verdict:
    """Every clean trip has the types and keeps the bounds that its table promises."""
    return table_verdict(seen, CLEAN_TRIPS)


def features_match_schema(seen: Seen) -> Verdict:
    """Every feature has the type and keeps the bounds that its table promises."""
    return table_verdict(seen, TRIP_FEATURES)


def volume_is_usual(seen: Seen) -> Verdict:
    """The month's rows lie within 30 % of the range of the last 12 months."""
    with open_trips(seen.landing, seen.fleet, seen.month) as file:
        rows = file.metadata.num_rows
    return usual(rows, [kept + lost for kept, lost in past_counts(seen)], VOLUME_MARGIN)


def rejects_stay_usual(seen: Seen) -> Verdict:
    """The share of rejected trips lies within 20 % of the range of the last 12 months."""
    *past, share = [
        lost / (kept + lost) for kept, lost in (*past_counts(seen), counts(seen)[seen.month])
    ]
    return usual(share, past, REJECTS_MARGIN)


def conserves_every_row(seen: Seen) -> Verdict:
    """Every published row and cent is in clean_trips or in rejected_trips, once."""
    ledger = balance(published_fares(seen), sorted_trips(seen))
    return gate(
        ledger.balances,
        published_rows=ledger.published_rows,
        clean_plus_rejected_rows=ledger.sorted_rows,
        lost_rows=ledger.lost,
        doubled_rows=ledger.doubled,
        published_fares_usd=ledger.published_cents / 100,
        clean_plus_rejected_fares_usd=ledger.sorted_cents / 100,
    )


TABLE_CHECKS = (
    Check("raw_trips", "source_schema_is_known", source_schema_is_known, blocking=True),
    Check("raw_trips", "matches_schema", published_matches_schema, blocking=True),
    Check("raw_trips", "volume_is_usual", volume_is_usual, blocking=False),
    Check("clean_trips", "matches_schema", clean_matches_schema, blocking=True),
    Check("clean_trips", "conserves_every_row", conserves_every_row, blocking=True),
    Check("rejected_trips", "rejects_stay_usual", rejects_stay_usual, blocking=False),
    Check("trip_features", "matches_schema", features_match_schema, blocking=True),
)


def schema_verdict(
    seen: Seen, table: str, version: str, schema: Any, found: Failures, rows: int
) -> Verdict:
    """Pass when nothing failed, name the failures otherwise; every check is kept for audits."""
    kept = seen.reports.write_quality(
        {
            "fleet": seen.fleet.name,
            "month": seen.month,
            "table": table,
            "data_version": version,
            "rows": rows,
            "passed": not found,
            "checks": quality_record(schema, found),
        }
    )
    said = sentences(found)
    shown = {f"failure_{n}": text for n, text in enumerate(said[:MOST_FAILURES_SHOWN], start=1)}
    return gate(not found, rows=rows, failures=len(said), every_check=kept, **shown)


def table_verdict(seen: Seen, table: Table) -> Verdict:
    """Validate a table's month as it lies in the lake, batch by batch."""
    part, schema = seen.rows_of(table), pandera_schema(table)
    if seen.month not in part.versions:
        raise DataError(f"{part.name} holds nothing of {seen.month}: run that month first.")
    found = together(pooled(lambda rows: findings(schema, rows), part.batches()))
    version = part.versions[seen.month].data_version
    return schema_verdict(seen, table.name, version, schema, found, part.rows)


def usual(value: float, past: list[float], margin: float) -> Verdict:
    """Compare with the months before."""
    expected = usual_range(past, margin)
    if expected is None:
        return CannotJudge(f"there are {len(past)} earlier months to compare with")
    low, high = expected.low, expected.high
    passed = expected.holds(value)
    return warning(passed, observed=value, low=low, high=high, months=expected.months)


def counts(seen: Seen) -> dict[str, tuple[int, int]]:
    """Clean and rejected rows of every month that has any row at all, oldest first."""
    kept, lost = (
        seen.lake.versions(f"{seen.fleet.name}.{table.name}")
        for table in (CLEAN_TRIPS, REJECTED_TRIPS)
    )
    months = sorted(kept.keys() & lost.keys())
    pairs = {month: (kept[month].rows, lost[month].rows) for month in months}
    return {month: pair for month, pair in pairs.items() if sum(pair)}


def past_counts(seen: Seen) -> list[tuple[int, int]]:
    """The same for earlier months only."""
    return [pair for month, pair in counts(seen).items() if month < seen.month]


def published_fares(seen: Seen) -> Iterator[pa.Array]:
    """The landed file's fares."""
    source = next(column.source for column in seen.fleet.columns if column.name == "fare_usd")
    with open_trips(seen.landing, seen.fleet, seen.month) as file:
        name = next(name for name in file.schema_arrow.names if name.lower() == source)
        for batch in file.iter_batches(BATCH_ROWS, columns=[name]):
            yield batch.column(0)


def sorted_trips(seen: Seen) -> Iterator[pa.RecordBatch]:
    """Row number and fare of every clean and rejected trip."""
    for table in (CLEAN_TRIPS, REJECTED_TRIPS):
        yield from seen.rows_of(table).batches(["source_row", "fare_usd"])
