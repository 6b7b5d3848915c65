"""Live quotes and what became of their rides."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.schemas import CLEAN_TRIPS
from taxi_assets.domain.served import OUTCOME_LOG, QUOTE_LOG, SERVED_PREDICTIONS
from taxi_assets.domain.served_rows import outcome_months, quotes_of, served_rows
from taxi_assets.domain.validation import findings, pandera_schema
from taxi_assets_tests.serving.records import AT, outcome, quote

RIDE_AT = quote()["pickup_at"]


def quotes(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=QUOTE_LOG.arrow)


def outcomes(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=OUTCOME_LOG.arrow)


def trips(*rows: dict[str, object]) -> pa.Table:
    """Clean trips that are the quoted ride unless told otherwise."""
    ride = {"pickup_at": RIDE_AT, "pickup_zone": 74, "dropoff_zone": 138, "fare_usd": 30.0}
    told = [{"source_row": number, **ride, **row} for number, row in enumerate(rows)]
    return pa.Table.from_pylist(told, schema=CLEAN_TRIPS.arrow)


def test_a_quote_without_anything_else_is_a_row_of_its_own() -> None:
    (row,) = served_rows(quotes(quote()), outcomes(), trips()).to_pylist()

    assert row["quoted_usd"] == 21.5
    assert row["at"] == AT.replace(tzinfo=None)  # UTC
    unknown = ("outcome_usd", "outcome_at", "source_row", "metered_usd")
    assert [row[name] for name in unknown] == [None] * 4


def test_the_rows_are_what_their_table_promises() -> None:
    found = served_rows(quotes(quote(1), quote(2)), outcomes(outcome(1)), trips({}))

    assert found.schema == SERVED_PREDICTIONS.arrow
    (batch,) = found.combine_chunks().to_batches()
    assert not findings(pandera_schema(SERVED_PREDICTIONS), batch)


def test_an_answer_counts_once_and_both_arms_count() -> None:
    log = quotes(quote(1), quote(1), quote(1, arm="challenger", shadow=True), quote(2), quote(1))

    found = quotes_of("green", log)

    answers = [(row["request_id"], row["arm"]) for row in found.to_pylist()]
    assert answers == [
        ("request-1", "challenger"),
        ("request-1", "champion"),
        ("request-2", "champion"),
    ]


def test_rides_asked_for_under_one_id_are_all_there() -> None:
    log = quotes(quote(1, pickup_zone=74), quote(1, pickup_zone=75), quote(1, pickup_zone=74))

    assert quotes_of("green", log)["pickup_zone"].to_pylist() == [74, 75]


def test_other_fleets_are_left_out() -> None:
    found = quotes_of("green", quotes(quote(1), quote(2, fleet="yellow")))

    assert found["request_id"].to_pylist() == ["request-1"]


@given(order=st.permutations(range(6)))
def test_the_order_of_files_makes_no_difference(order: list[int]) -> None:
    rows = [quote(n % 3, fare_usd=20.0 + n, at=AT + timedelta(seconds=n % 2)) for n in range(6)]

    found = quotes_of("green", quotes(*(rows[n] for n in order)))

    assert found.equals(quotes_of("green", quotes(*rows)))


def test_the_last_outcome_of_a_quote_counts_for_all_its_answers() -> None:
    log = quotes_of("green", quotes(quote(1), quote(1, arm="challenger"), quote(2)))
    later = AT + timedelta(hours=1)
    told = outcomes(outcome(1, fare_usd=25.0, at=later), outcome(1, fare_usd=22.0), outcome(9))

    found = served_rows(log, told, trips())

    assert found["outcome_usd"].to_pylist() == [25.0, 25.0, None]
    in_utc = later.replace(tzinfo=None)
    assert found["outcome_at"].to_pylist() == [in_utc, in_utc, None]


@pytest.mark.parametrize(
    ("trip", "matches"),
    [
        ({}, True),
        ({"pickup_at": RIDE_AT + timedelta(seconds=59)}, True),
        ({"pickup_at": RIDE_AT - timedelta(seconds=1)}, False),
        ({"pickup_at": RIDE_AT + timedelta(seconds=60)}, False),
        ({"pickup_zone": 75}, False),
        ({"dropoff_zone": 74}, False),
    ],
)
def test_a_trip_of_the_same_minute_and_zones_is_the_quoted_ride(
    trip: dict[str, object], matches: bool
) -> None:
    (row,) = served_rows(quotes(quote()), outcomes(), trips(trip)).to_pylist()

    expected = (0, 30.0) if matches else (None, None)
    assert (row["source_row"], row["metered_usd"]) == expected


def test_of_two_trips_nobody_can_tell_which_was_quoted() -> None:
    both = trips({}, {"pickup_at": RIDE_AT + timedelta(seconds=30), "fare_usd": 31.0})

    (row,) = served_rows(quotes(quote()), outcomes(), both).to_pylist()

    assert (row["source_row"], row["metered_usd"]) == (None, None)


def test_outcomes_are_looked_for_from_the_first_answer_to_the_month_after_the_last() -> None:
    ahead = quote(1, at=datetime(2025, 1, 31, tzinfo=UTC))  # for a ride in March
    afterwards = quote(2, at=datetime(2025, 4, 1, tzinfo=UTC))

    assert outcome_months(quotes(quote())) == ["2025-03", "2025-04"]
    assert outcome_months(quotes(ahead))[0] == "2025-01"
    assert outcome_months(quotes(ahead, afterwards))[-1] == "2025-05"
    assert outcome_months(quotes()) == []
