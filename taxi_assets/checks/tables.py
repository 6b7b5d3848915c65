"""Is the data sound: schema, conservation, and what is usual."""

from collections.abc import Iterator

import dagster as dg
import pyarrow as pa

from taxi_assets.checks.monthly import CannotJudge, Seen, Verdict, gate, monthly_check, warning
from taxi_assets.domain.conservation import balance
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.schemas import CLEAN_TRIPS, REJECTED_TRIPS, TRIP_FEATURES, Table
from taxi_assets.domain.trips import schema_faults
from taxi_assets.domain.usual import usual_range
from taxi_assets.domain.validation import failures, pandera_schema, published_schema
from taxi_assets.resources.lake import BATCH_ROWS
from taxi_assets.resources.landed_trips import open_trips
from taxi_assets.resources.streams import pooled

REJECTS_MARGIN, VOLUME_MARGIN = 0.2, 0.3


def table_checks(
    fleet: Fleet, months: dg.PartitionsDefinition[str]
) -> list[dg.AssetChecksDefinition]:
    """All checks on one fleet's raw file and tables."""

    def key(name: str) -> dg.AssetKey:
        return dg.AssetKey([fleet.name, name])

    def known(seen: Seen) -> Verdict:
        with open_trips(seen.landing, fleet, seen.month) as file:
            added, wrong = schema_faults(file.schema_arrow, fleet)
        if wrong:
            return gate(False, missing_or_retyped="; ".join(wrong), added=", ".join(added))
        return warning(not added, added=", ".join(added), missing_or_retyped="")

    def published(seen: Seen) -> Verdict:
        with open_trips(seen.landing, fleet, seen.month) as file:
            wanted = [
                name
                for name in file.schema_arrow.names
                if name.lower() in published_schema(fleet).columns
            ]
            rows = file.read(wanted)
        return schema_verdict(
            failures(
                published_schema(fleet), rows.rename_columns([name.lower() for name in wanted])
            )
        )

    def volume(seen: Seen) -> Verdict:
        with open_trips(seen.landing, fleet, seen.month) as file:
            rows = file.metadata.num_rows
        return usual(rows, [kept + lost for kept, lost in past_counts(seen, fleet)], VOLUME_MARGIN)

    def rejects(seen: Seen) -> Verdict:
        kept, lost = counts(seen, fleet)[seen.month]
        return usual(
            lost / (kept + lost),
            [lost / (kept + lost) for kept, lost in past_counts(seen, fleet)],
            REJECTS_MARGIN,
        )

    def conserves(seen: Seen) -> Verdict:
        ledger = balance(published_fares(seen, fleet), sorted_trips(seen, fleet))
        return gate(
            ledger.balances, published_rows=ledger.published_rows, clean_plus_rejected_rows=ledger.sorted_rows, lost_rows=ledger.lost,
            doubled_rows=ledger.doubled, published_fares_usd=ledger.published_cents / 100, clean_plus_rejected_fares_usd=ledger.sorted_cents / 100,
        )  # fmt: skip

    raw, clean, rejected, features = (
        key("raw_trips"),
        key("clean_trips"),
        key("rejected_trips"),
        key("trip_features"),
    )
    return [
        monthly_check(raw, "source_schema_is_known", months, known, blocking=True, description="No column we need is missing or retyped (blocks), none is new (warns)."),
        monthly_check(raw, "matches_schema", months, published, blocking=True, description="Needed columns can be read and are mostly filled."),
        monthly_check(raw, "volume_is_usual", months, volume, blocking=False, description=f"Rows lie within {VOLUME_MARGIN:.0%} of the range of the last 12 months."),
        monthly_check(clean, "matches_schema", months, lambda s: table_verdict(s, fleet, CLEAN_TRIPS), blocking=True, description="Every clean trip has the types and bounds its table promises."),
        monthly_check(clean, "conserves_every_row", months, conserves, blocking=True, description="Every published row and cent is in clean_trips or rejected_trips, once."),
        monthly_check(rejected, "rejects_stay_usual", months, rejects, blocking=False, description=f"The rejected share lies within {REJECTS_MARGIN:.0%} of the range of the last 12 months."),
        monthly_check(features, "matches_schema", months, lambda s: table_verdict(s, fleet, TRIP_FEATURES), blocking=True, description="Every feature has the type and bounds its table promises."),
    ]  # fmt: skip


def schema_verdict(found: list[str]) -> dg.AssetCheckResult:
    """Pass when nothing failed; name the failures otherwise."""
    return gate(
        not found,
        failures=len(found),
        **{f"failure_{n}": text for n, text in enumerate(found[:20], start=1)},
    )


def table_verdict(seen: Seen, fleet: Fleet, table: Table) -> Verdict:
    """Validate a table's month as it lies in the lake, batch by batch."""
    part = seen.lake.slice(f"{fleet.name}.{table.name}", table, [seen.month])
    schema = pandera_schema(table)
    found = {
        text: None
        for batch in pooled(lambda rows: failures(schema, rows), part.batches())
        for text in batch
    }
    result = schema_verdict(list(found))
    return gate(result.passed, rows=part.rows, **result.metadata)


def usual(value: float, past: list[float], margin: float) -> Verdict:
    """Compare with the months before."""
    expected = usual_range(past, margin)
    if expected is None:
        return CannotJudge(f"there are {len(past)} earlier months to compare with")
    return warning(
        expected.holds(value),
        observed=value,
        low=expected.low,
        high=expected.high,
        months=expected.months,
    )


def counts(seen: Seen, fleet: Fleet) -> dict[str, tuple[int, int]]:
    """Clean and rejected rows of every month that has any row at all."""
    kept, lost = (
        seen.lake.versions(f"{fleet.name}.{table.name}") for table in (CLEAN_TRIPS, REJECTED_TRIPS)
    )
    both = {
        month: (kept[month].rows, lost[month].rows) for month in sorted(kept.keys() & lost.keys())
    }
    return {month: pair for month, pair in both.items() if sum(pair)}


def past_counts(seen: Seen, fleet: Fleet) -> list[tuple[int, int]]:
    """The same for earlier months, oldest first."""
    return [pair for month, pair in counts(seen, fleet).items() if month < seen.month]


def published_fares(seen: Seen, fleet: Fleet) -> Iterator[pa.Array]:
    """The landed file's fares."""
    source = next(column.source for column in fleet.columns if column.name == "fare_usd")
    with open_trips(seen.landing, fleet, seen.month) as file:
        name = next(name for name in file.schema_arrow.names if name.lower() == source)
        for batch in file.iter_batches(BATCH_ROWS, columns=[name]):
            yield batch.column(0)


def sorted_trips(seen: Seen, fleet: Fleet) -> Iterator[pa.RecordBatch]:
    """Row number and fare of every clean and rejected trip."""
    for table in (CLEAN_TRIPS, REJECTED_TRIPS):
        yield from seen.lake.slice(f"{fleet.name}.{table.name}", table, [seen.month]).batches(
            ["source_row", "fare_usd"]
        )
