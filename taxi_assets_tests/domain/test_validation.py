"""Validation names what is wrong."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given

from taxi_assets.domain.fleets import FLEETS, Fleet
from taxi_assets.domain.schemas import CLEAN_TRIPS, REJECTED_TRIPS, TABLES, ZONES
from taxi_assets.domain.table import Table
from taxi_assets.domain.validation import (
    checked,
    failures,
    findings,
    pandera_schema,
    published_schema,
    quality_record,
    together,
)
from taxi_assets_tests.builders import (
    GREEN,
    canonical_trips,
    published_trips,
    sort_month,
    square_city,
)
from taxi_assets_tests.strategies import raw_months


def lower(rows: pa.RecordBatch) -> pa.RecordBatch:
    return rows.rename_columns([name.lower() for name in rows.schema.names])


@given(month=raw_months())
def test_what_cleaning_makes_is_what_the_tables_promise(month: pa.RecordBatch) -> None:
    (result,) = sort_month(month)

    assert failures(pandera_schema(CLEAN_TRIPS), result.clean) == []
    assert failures(pandera_schema(REJECTED_TRIPS), result.rejected) == []


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_without_rows_is_what_it_promises(table: Table) -> None:
    assert failures(pandera_schema(table), table.arrow.empty_table()) == []


def test_the_zones_are_what_their_table_promises() -> None:
    zones = pa.Table.from_pandas(square_city()[ZONES.arrow.names], ZONES.arrow)

    assert failures(pandera_schema(ZONES), zones) == []


@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("fare_usd", 2.49, "greater_than_or_equal_to(2.5)"),
        ("fare_usd", 250.01, "less_than_or_equal_to(250.0)"),
        ("pickup_zone", 0, "greater_than_or_equal_to(1)"),
        ("dropoff_zone", 264, "less_than_or_equal_to(263)"),
        ("distance_mi", 101.0, "less_than_or_equal_to(100.0)"),
        ("fare_usd", None, "not_nullable"),
        ("pickup_at", None, "not_nullable"),
    ],
)
def test_each_failed_check_is_named_with_its_column_count_and_an_example(
    column: str, value: Any, check: str
) -> None:
    ordinary = canonical_trips()[column][0].as_py()
    trips = canonical_trips(**{column: [ordinary, value, value]})
    if column == "pickup_at":  # its rides have no duration either
        trips = trips.set_column(
            trips.schema.names.index("duration_min"), "duration_min", pa.array([12.0] * 3)
        )

    (sentence,) = failures(pandera_schema(CLEAN_TRIPS), trips)

    shown = "<NA>" if value is None else value
    assert sentence == f"{column}: {check} failed for 2 value(s), for example {shown}"


def test_every_failure_is_reported_not_only_the_first() -> None:
    trips = canonical_trips(fare_usd=[1.0], pickup_zone=[264], distance_mi=[0.0])

    sentences = failures(pandera_schema(CLEAN_TRIPS), trips)

    assert [s.split(":")[0] for s in sentences] == ["distance_mi", "fare_usd", "pickup_zone"]


def test_a_rule_that_does_not_exist_is_named() -> None:
    (result,) = sort_month(published_trips(fare_usd=[999.0]))
    rejected = result.rejected.set_column(0, "rule", pa.array(["bad_mood"]))

    (sentence,) = failures(pandera_schema(REJECTED_TRIPS), rejected)

    assert sentence.startswith("rule: isin(")
    assert sentence.endswith("failed for 1 value(s), for example bad_mood")


def test_a_missing_and_an_added_column_are_named() -> None:
    trips = canonical_trips()
    names = ["surprise" if name == "fare_usd" else name for name in trips.schema.names]

    sentences = failures(pandera_schema(CLEAN_TRIPS), trips.rename_columns(names))

    assert any("column_in_dataframe" in s and "fare_usd" in s for s in sentences)
    assert any("column_in_schema" in s and "surprise" in s for s in sentences)


def test_columns_in_another_order_are_a_failure() -> None:
    trips = canonical_trips()

    sentences = failures(pandera_schema(CLEAN_TRIPS), trips.select(trips.schema.names[::-1]))

    assert any("column_ordered" in s for s in sentences)


def test_a_column_of_another_type_is_named_with_the_type_it_has() -> None:
    trips = canonical_trips()
    at = trips.schema.names.index("passengers")
    retyped = trips.set_column(at, "passengers", trips["passengers"].cast(pa.int64()))

    (sentence,) = failures(pandera_schema(CLEAN_TRIPS), retyped)

    assert sentence.startswith("passengers: dtype(")
    assert sentence.endswith("for example int64[pyarrow]")


@pytest.mark.parametrize("fleet", FLEETS.values(), ids=FLEETS)
def test_a_file_as_published_is_worth_sorting(fleet: Fleet) -> None:
    prefix = "lpep" if fleet.name == "green" else "tpep"
    rows = lower(published_trips(fare_usd=[13.5, 999.0]))
    renamed = rows.rename_columns([n.replace("lpep", prefix) for n in rows.schema.names])

    assert failures(published_schema(fleet), renamed) == []


def test_a_published_file_that_lacks_a_needed_column_is_named_by_it() -> None:
    rows = lower(published_trips()).drop_columns(["fare_amount"])

    (sentence,) = failures(published_schema(GREEN), rows)

    assert "column_in_dataframe" in sentence
    assert "fare_amount" in sentence


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("fare_amount", "double"),
        ("pulocationid", "int32"),
        ("lpep_pickup_datetime", "timestamp[us]"),
    ],
)
def test_a_published_column_of_an_unusable_type_is_named(title: str, wanted: str) -> None:
    rows = lower(published_trips())
    retyped = rows.set_column(rows.schema.names.index(title), title, rows[title].cast(pa.string()))

    (sentence,) = failures(published_schema(GREEN), retyped)

    assert sentence.startswith(f"{title}: ")
    assert f"readable as {wanted}" in sentence or f"readable_as_{wanted}" in sentence


@pytest.mark.parametrize(("known", "passes"), [(4, True), (2, True), (1, False), (0, False)])
def test_a_needed_column_must_be_filled_in_half_of_the_rows(known: int, passes: bool) -> None:
    rows = lower(published_trips(rate_code=[1] * known + [None] * (4 - known)))

    sentences = failures(published_schema(GREEN), rows)

    assert (sentences == []) is passes
    assert all(s.startswith("ratecodeid: filled") for s in sentences)


def test_a_schema_describes_itself() -> None:
    schema = pandera_schema(CLEAN_TRIPS)

    assert (schema.name, schema.description) == (CLEAN_TRIPS.name, CLEAN_TRIPS.grain)
    assert schema.columns["fare_usd"].description == "metered fare, US dollars"


def test_a_record_lists_every_check_and_what_broke_it() -> None:
    schema = pandera_schema(CLEAN_TRIPS)
    trips = canonical_trips(fare_usd=[1.0, 13.5, 0.5], pickup_zone=[264, 74, 74])

    record = quality_record(schema, findings(schema, trips))

    broken = {(c["column"], c["check"]): c for c in record if c["failures"]}
    assert len(record) == len(checked(schema)) > 40
    assert {place: c["failures"] for place, c in broken.items()} == {
        ("fare_usd", "greater_than_or_equal_to(2.5)"): 2,
        ("pickup_zone", "less_than_or_equal_to(263)"): 1,
    }
    assert broken["fare_usd", "greater_than_or_equal_to(2.5)"]["examples"] == ["1.0", "0.5"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("fare_usd", 2.49), ("fare_usd", 250.01), ("fare_usd", None), ("dropoff_zone", 264)],
)
def test_what_can_break_is_listed_under_the_name_it_breaks_by(column: str, value: Any) -> None:
    schema = pandera_schema(CLEAN_TRIPS)

    found = findings(schema, canonical_trips(**{column: [value]}))

    assert found.keys() <= set(checked(schema))


def test_findings_of_batches_add_up_to_those_of_the_whole() -> None:
    schema = pandera_schema(CLEAN_TRIPS)
    trips = canonical_trips(fare_usd=[1.0, 0.5, 13.5, 251.0, 0.25, 0.125])

    batches = [trips.slice(0, 2), trips.slice(2, 1), trips.slice(3)]

    assert together(findings(schema, batch) for batch in batches) == findings(schema, trips)
