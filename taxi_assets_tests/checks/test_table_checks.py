"""The gates behind clean trips and features: conservation, types and bounds."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from taxi_assets_tests.checks.conftest import Change, check_then, tampered, values
from taxi_assets_tests.homes import Home, Stage, replace_column

MONTH = "2024-02"


def first_value(name: str, value: object) -> Change:
    """The first row holds another value."""

    def changed(rows: pa.Table) -> pa.Table:
        kind = rows.schema.field(name).type
        first = pa.array([value], kind)
        column = pa.concat_arrays([first, rows[name].combine_chunks()[1:]])
        return replace_column(rows, name, column)

    return changed


def one_short(rows: pa.Table) -> pa.Table:
    return rows.slice(1)


def one_twice(rows: pa.Table) -> pa.Table:
    return pa.concat_tables([rows, rows.slice(0, 1)])


def a_cent_more(rows: pa.Table) -> pa.Table:
    return first_value("fare_usd", pc.add(rows["fare_usd"][0], 0.01).as_py())(rows)


@pytest.mark.parametrize("table", ["clean_trips", "rejected_trips"])
@pytest.mark.parametrize(
    ("change", "saw"),
    [
        (one_short, {"lost_rows": 1, "doubled_rows": 0, "clean_plus_rejected_rows": 999}),
        (one_twice, {"lost_rows": 0, "doubled_rows": 1, "clean_plus_rejected_rows": 1_001}),
    ],
)
def test_a_lost_or_doubled_trip_stops_the_month(
    town: Home, sound: Stage, table: str, change: Change, saw: dict[str, int]
) -> None:
    with tampered(town, table, MONTH, change):
        verdict, went_on = check_then(
            town,
            MONTH,
            table="clean_trips",
            check="conserves_every_row",
            downstream="trip_features",
        )

    assert not verdict.passed
    assert not went_on
    assert values(verdict).items() >= {"published_rows": 1_000, **saw}.items()


def test_a_cent_too_much_stops_the_month(town: Home, sound: Stage) -> None:
    with tampered(town, "clean_trips", MONTH, a_cent_more):
        verdict, went_on = check_then(
            town,
            MONTH,
            table="clean_trips",
            check="conserves_every_row",
            downstream="trip_features",
        )

    saw = values(verdict)
    published, found = saw["published_fares_usd"], saw["clean_plus_rejected_fares_usd"]
    assert not verdict.passed
    assert not went_on
    assert found == pytest.approx(published + 0.01, abs=1e-6)


@pytest.mark.parametrize(
    ("table", "downstream", "column", "value"),
    [
        ("clean_trips", "trip_features", "fare_usd", 1_000.0),
        ("clean_trips", "trip_features", "pickup_zone", 264),
        ("clean_trips", "trip_features", "duration_min", None),
        ("trip_features", "fare_model", "pickup_zone", 0.0),
        ("trip_features", "fare_model", "minute_of_day", None),
        ("trip_features", "fare_model", "fare_usd", 1.0),
    ],
)
def test_a_value_that_the_table_does_not_promise_stops_the_month(
    town: Home, sound: Stage, table: str, downstream: str, column: str, value: float | None
) -> None:
    with tampered(town, table, MONTH, first_value(column, value)):
        verdict, went_on = check_then(
            town, MONTH, table=table, check="matches_schema", downstream=downstream
        )

    assert not verdict.passed
    assert not went_on
    assert values(verdict)["failures"] == 1
    assert str(values(verdict)["failure_1"]).startswith(f"{column}: ")


@pytest.mark.parametrize(
    ("table", "check", "downstream"),
    [
        ("clean_trips", "conserves_every_row", "trip_features"),
        ("clean_trips", "matches_schema", "trip_features"),
        ("trip_features", "matches_schema", "fare_model"),
    ],
)
def test_a_sound_month_goes_on(
    town: Home, sound: Stage, table: str, check: str, downstream: str
) -> None:
    verdict, went_on = check_then(town, MONTH, table=table, check=check, downstream=downstream)

    assert verdict.passed
    assert went_on


def test_every_verdict_is_recorded_on_its_month(town: Home, sound: Stage) -> None:
    verdict, _ = check_then(
        town, MONTH, table="clean_trips", check="matches_schema", downstream="trip_features"
    )

    assert verdict.partition == MONTH
