"""Every row gets its answers or its reason, whatever its neighbours and its columns' types are."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_assets.domain import bundle
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.model import Trained
from taxi_assets.domain.scoring import ADDED, ANSWERS, answers, require_columns
from taxi_assets.domain.window import Window
from taxi_assets_tests.builders import NOON, knowledge

ROW: dict[str, tuple[pa.DataType, Any]] = {
    "pickup_at": (pa.timestamp("us"), NOON),
    "pickup_zone": (pa.int32(), 74),
    "dropoff_zone": (pa.int32(), 75),
    "passengers": (pa.float64(), 2.0),
}
UTC_NOON = datetime(2025, 1, 15, 17, tzinfo=UTC)  # of New York
INT = pa.int64()
TEXT = pa.string()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, trained: Trained, winter: Window) -> Bundle:
    folder = tmp_path_factory.mktemp("model") / "bundle"
    bundle.save(folder, trained, knowledge(winter.rides), {})
    return bundle.load(folder)


def trips(**columns: pa.Array) -> pa.RecordBatch:
    """Ordinary trips, some columns replaced or added."""
    rows = len(next(iter(columns.values()))) if columns else 1
    usual = {name: pa.array([value] * rows, kind) for name, (kind, value) in ROW.items()}
    return pa.record_batch(usual | columns)


def only(model: Bundle, **columns: pa.Array) -> dict[str, Any]:
    """The answers for one trip."""
    (row,) = answers(trips(**columns), model).to_pylist()
    return dict(row)


def dictionary(values: list[Any], kind: pa.DataType) -> pa.Array:
    return pa.array(values, kind).dictionary_encode()


ANY_ROW = st.tuples(
    st.none()
    | st.datetimes(datetime(2009, 1, 1), datetime(2050, 12, 31))
    | st.sampled_from([datetime(2008, 12, 31, 23, 59), datetime(2051, 1, 1), datetime(1, 1, 1)]),
    st.none() | st.integers(1, 263) | st.sampled_from([0, -1, 264, 2**40]),
    st.none() | st.integers(1, 263) | st.sampled_from([0, -1, 264, 2**40]),
    st.none() | st.integers(0, 9) | st.sampled_from([-1.0, 10.0, 1.5, float("nan"), float("inf")]),
)


def batch_of(rows: list[Any]) -> pa.RecordBatch:
    at, start, end, people = ([*column] for column in zip(*rows, strict=True))
    return pa.record_batch(
        {
            "pickup_at": pa.array(at, pa.timestamp("us")),
            "pickup_zone": pa.array(start, INT),
            "dropoff_zone": pa.array(end, INT),
            "passengers": pa.array(people, pa.float64()),
        }
    )


@settings(max_examples=60)
@given(rows=st.lists(ANY_ROW, min_size=1, max_size=25))
def test_a_row_has_the_same_answers_alone_as_among_others(model: Bundle, rows: list[Any]) -> None:
    together = batch_of(rows)

    alone = [answers(together.slice(row, 1), model) for row in range(len(rows))]

    told = answers(together, model)
    assert told.schema == ADDED
    assert told.to_pylist() == pa.Table.from_batches(alone).to_pylist()


@settings(max_examples=60)
@given(rows=st.lists(ANY_ROW, min_size=1, max_size=25))
def test_a_row_has_either_all_answers_or_a_problem(model: Bundle, rows: list[Any]) -> None:
    for row in answers(batch_of(rows), model).to_pylist():
        missing = [row[name] is None for name in ANSWERS]
        assert missing == [row["problem"] is not None] * len(ANSWERS)


def test_answers_are_exactly_the_models_quotes(model: Bundle) -> None:
    rng = np.random.default_rng(1)
    rows = 5_000
    at = np.datetime64("2025-03-01", "us") + rng.integers(0, 30 * 86_400, rows).astype("m8[s]")
    start, end = rng.integers(1, 264, (2, rows))
    people = rng.choice([1, 2, 6, np.nan], rows).astype(np.float32)

    told = answers(
        trips(
            pickup_at=pa.array(at),
            pickup_zone=pa.array(start),
            dropoff_zone=pa.array(end),
            passengers=pa.array(people),
        ),
        model,
    )

    expected = model.quote(start, end, at, people)
    assert told["problem"].null_count == rows
    for name in ANSWERS:
        np.testing.assert_array_equal(told[name].to_numpy(), getattr(expected, name))


@pytest.mark.parametrize(
    ("name", "column"),
    [
        *[("pickup_at", pa.array([NOON], pa.timestamp(unit))) for unit in ("s", "ms", "us", "ns")],
        ("pickup_at", pa.array([NOON.replace(hour=17)], pa.timestamp("us", "UTC"))),
        ("pickup_at", pa.array([NOON.replace(hour=17)], pa.timestamp("ns", "UTC"))),
        ("pickup_at", pa.array([UTC_NOON], pa.timestamp("s", "Asia/Tokyo"))),
        ("pickup_at", pa.array(["2025-01-15T12:00"])),
        ("pickup_at", pa.array([" 2025-01-15 12:00:00 "], pa.large_string())),
        ("pickup_at", pa.array(["2025-01-15T17:00Z"], pa.string_view())),
        ("pickup_at", dictionary(["2025-01-15T18:00+01:00"], TEXT)),
        ("pickup_at", dictionary([NOON], pa.timestamp("ms"))),
        *[
            ("pickup_zone", pa.array([74], kind))
            for kind in (pa.int8(), pa.uint8(), pa.int16(), INT, pa.uint64(), pa.float32())
        ],
        ("pickup_zone", pa.array([74.0])),
        ("pickup_zone", pa.array([np.float16(74)])),
        ("pickup_zone", pa.array([Decimal("74.00")])),
        ("pickup_zone", pa.array(["74"])),
        ("pickup_zone", pa.array([" 074.0 "], pa.large_string())),
        ("pickup_zone", dictionary(["74"], TEXT)),
        ("pickup_zone", dictionary([74], INT)),
        ("passengers", pa.array([2], pa.int8())),
        ("passengers", pa.array(["2"])),
    ],
)  # fmt: skip
def test_a_value_counts_the_same_in_whatever_type_it_stands(
    model: Bundle, name: str, column: pa.Array
) -> None:
    require_columns(trips(**{name: column}).schema)

    assert only(model, **{name: column}) == only(model)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([None], INT),
        pa.array([None], pa.null()),
        pa.array([float("nan")]),
        pa.array([" "]),
        dictionary([None], TEXT),
    ],
)
def test_unknown_passengers_are_no_problem(model: Bundle, column: pa.Array) -> None:
    told = only(model, passengers=column)

    expected = model.quote(
        np.array([74]), np.array([75]), np.array([NOON], "M8[us]"), np.array([np.nan])
    )
    assert told["problem"] is None
    assert told["fare_usd"] == expected.fare_usd[0]


@pytest.mark.parametrize("count", [0, 1, 9])
def test_passengers_may_be_any_number_that_drivers_enter(model: Bundle, count: int) -> None:
    assert only(model, passengers=pa.array([count]))["problem"] is None


@pytest.mark.parametrize(
    ("name", "column", "problem"),
    [
        ("pickup_at", pa.array([None], pa.timestamp("us")), "pickup_at is missing"),
        ("pickup_at", pa.array([None], pa.null()), "pickup_at is missing"),
        ("pickup_at", pa.array([""]), "pickup_at is missing"),
        ("pickup_at", pa.array(["soon"]), "pickup_at is not a time"),
        ("pickup_at", pa.array(["2025-02-30T08:00"]), "pickup_at is not a time"),
        ("pickup_at", pa.array(["9999-12-31T23:59-05:00"]), "pickup_at is not a time"),
        ("pickup_at", pa.array(["9999-12-31T23:59"]), "pickup_at is not in 2009 to 2050"),
        ("pickup_at", pa.array(["0001-01-01T00:00+05:00"]), "pickup_at is not a time"),
        ("pickup_at", pa.array(["2008-12-31T23:59"]), "pickup_at is not in 2009 to 2050"),
        *[
            ("pickup_at", pa.array([seconds], kind), "pickup_at is not in 2009 to 2050")
            for seconds in (2**62, -(2**62))
            for kind in (pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.timestamp("ns"))
        ],
        (
            "pickup_at",  # five hours before it is 2009 in New York
            pa.array([datetime(2009, 1, 1, 4, 59)], pa.timestamp("us", "UTC")),
            "pickup_at is not in 2009 to 2050",
        ),
        ("pickup_zone", pa.array([None], INT), "pickup_zone is missing"),
        ("pickup_zone", pa.array([float("nan")]), "pickup_zone is missing"),
        ("pickup_zone", pa.array([" "]), "pickup_zone is missing"),
        ("pickup_zone", pa.array([0]), "pickup_zone is not 1 to 263"),
        ("dropoff_zone", pa.array([264]), "dropoff_zone is not 1 to 263"),
        ("dropoff_zone", pa.array([-74]), "dropoff_zone is not 1 to 263"),
        ("dropoff_zone", pa.array([2**64 - 1], pa.uint64()), "dropoff_zone is not 1 to 263"),
        ("dropoff_zone", pa.array(["9" * 300]), "dropoff_zone is not 1 to 263"),
        ("dropoff_zone", pa.array([74.5]), "dropoff_zone is not a whole number"),
        ("dropoff_zone", pa.array([float("inf")]), "dropoff_zone is not a whole number"),
        ("dropoff_zone", pa.array([Decimal("74.5")]), "dropoff_zone is not a whole number"),
        ("dropoff_zone", pa.array(["JFK"]), "dropoff_zone is not a whole number"),
        ("dropoff_zone", pa.array(["74.5"]), "dropoff_zone is not a whole number"),
        ("passengers", pa.array([-1]), "passengers is not 0 to 9"),
        ("passengers", pa.array([10]), "passengers is not 0 to 9"),
        ("passengers", pa.array([1.5]), "passengers is not a whole number"),
        ("passengers", pa.array(["two"]), "passengers is not a whole number"),
    ],
)
def test_a_row_that_cannot_be_scored_says_why(
    model: Bundle, name: str, column: pa.Array, problem: str
) -> None:
    assert only(model, **{name: column}) == {**dict.fromkeys(ANSWERS), "problem": problem}


def test_the_first_problem_is_the_one_that_is_told(model: Bundle) -> None:
    told = only(model, pickup_zone=pa.array([0]), passengers=pa.array([-1]))

    assert told["problem"] == "pickup_zone is not 1 to 263"


def test_the_bounds_of_what_is_known_are_scored(model: Bundle) -> None:
    at = [datetime(2009, 1, 1), datetime(2050, 12, 31, 23, 59, 59)]

    told = answers(trips(pickup_at=pa.array(at), pickup_zone=pa.array([1, 263])), model)

    assert told["problem"].null_count == 2


def test_a_table_without_rows_has_no_answers(model: Bundle) -> None:
    told = answers(trips().slice(0, 0), model)

    assert (len(told), told.schema) == (0, ADDED)


def test_columns_may_stand_in_any_order_beside_others(model: Bundle) -> None:
    usual = trips(note=pa.array([[1, 2]]))
    turned = usual.select(usual.schema.names[::-1])

    assert answers(turned, model).equals(answers(trips(), model))


def test_an_hour_that_the_clock_shows_twice_is_two_moments_of_one_local_time(
    model: Bundle,
) -> None:
    twice = pa.array(["2025-11-02T05:30Z", "2025-11-02T06:30Z", "2025-11-02T01:30"])

    first, second, local = answers(trips(pickup_at=twice), model).to_pylist()

    assert first == second == local


SCHEMA = trips().schema


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        *[
            (SCHEMA.remove(SCHEMA.get_field_index(name)), f"The table has no column {name}: it")
            for name in ROW
        ],
        (pa.schema([]), r"\(it has no column\)"),
        (SCHEMA.append(pa.field("passengers", INT)), "has 2 columns passengers"),
        (SCHEMA.append(pa.field("problem", TEXT)), "already has a column problem, which is an"),
        (SCHEMA.append(pa.field("low_usd", INT)), "already has a column low_usd"),
        (SCHEMA.set(0, pa.field("pickup_at", pa.date32())), r"pickup_at is of type date32\[day\]"),
        (SCHEMA.set(0, pa.field("pickup_at", INT)), "make it a timestamp or ISO 8601 text"),
        (SCHEMA.set(1, pa.field("pickup_zone", pa.bool_())), "pickup_zone is of type bool"),
        (SCHEMA.set(1, pa.field("pickup_zone", pa.list_(INT))), "make it a number or text"),
    ],
)
def test_a_table_that_cannot_be_scored_at_all_is_refused(schema: pa.Schema, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        require_columns(schema)


def test_trips_stay_as_they_are(model: Bundle) -> None:
    given_trips = trips(pickup_zone=pa.array([74, None]))
    copy = pa.RecordBatch.from_pylist(given_trips.to_pylist(), given_trips.schema)

    answers(given_trips, model)

    assert given_trips.equals(copy)
