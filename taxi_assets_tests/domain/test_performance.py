"""Other rides or other errors: the two parts of a change, and what a champion's test allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.performance import (
    EVERYTHING,
    LENGTH,
    Parts,
    by_part,
    change,
    fare_ratio,
    limits,
    ratio_error,
    record,
    relative_error,
)
from taxi_assets.domain.slices import DISTANCE_BANDS
from taxi_assets_tests.quoted import month, row

ERRORS = st.floats(0.01, 50)
CELLS = st.dictionaries(
    st.sampled_from(DISTANCE_BANDS), st.tuples(st.integers(1, 10**6), ERRORS), min_size=1
)
Cells = dict[str, tuple[int, float]]


def rows_of(cells: Cells) -> Parts:
    return {(LENGTH, band): row(trips=trips, mae_usd=mae) for band, (trips, mae) in cells.items()}


def mean(cells: Cells) -> float:
    return sum(trips * mae for trips, mae in cells.values()) / sum(t for t, _ in cells.values())


@given(before=CELLS, now=CELLS)
def test_the_two_parts_add_up_to_the_change(before: Cells, now: Cells) -> None:
    found = change(LENGTH, rows_of(before), rows_of(now))

    assert found.before_usd == pytest.approx(mean(before))
    assert found.now_usd == pytest.approx(mean(now))
    assert found.mix_usd + found.within_usd == pytest.approx(found.total_usd, abs=1e-9)


@given(before=CELLS, now=CELLS)
def test_going_back_undoes_both_parts(before: Cells, now: Cells) -> None:
    there = change(LENGTH, rows_of(before), rows_of(now))
    back = change(LENGTH, rows_of(now), rows_of(before))

    assert back.mix_usd == pytest.approx(-there.mix_usd, abs=1e-9)
    assert back.within_usd == pytest.approx(-there.within_usd, abs=1e-9)


@given(cells=CELLS, factor=st.floats(0.1, 10))
def test_other_errors_on_the_same_rides_are_no_other_rides(cells: Cells, factor: float) -> None:
    now = {band: (trips, factor * mae) for band, (trips, mae) in cells.items()}

    found = change(LENGTH, rows_of(cells), rows_of(now))

    assert found.mix_usd == pytest.approx(0.0, abs=1e-9)
    assert not found.longer


@given(errors=st.tuples(ERRORS, ERRORS), shares=st.tuples(*[st.integers(1, 99)] * 2))
def test_other_rides_with_the_same_errors_are_no_other_errors(
    errors: tuple[float, float], shares: tuple[int, int]
) -> None:
    months = [
        {DISTANCE_BANDS[1]: (100 - share, errors[0]), DISTANCE_BANDS[5]: (share, errors[1])}
        for share in shares
    ]

    found = change(LENGTH, rows_of(months[0]), rows_of(months[1]))

    assert found.within_usd == pytest.approx(0.0, abs=1e-9)
    assert found.longer is (shares[1] > shares[0])


def test_a_part_that_only_one_month_has_is_a_matter_of_rides() -> None:
    before: Cells = {DISTANCE_BANDS[1]: (100, 2.0)}
    now: Cells = {DISTANCE_BANDS[1]: (50, 2.0), DISTANCE_BANDS[6]: (50, 8.0)}

    found = change(LENGTH, rows_of(before), rows_of(now))

    assert (found.mix_usd, found.within_usd) == (3.0, 0.0)


def test_fares_over_quotes_follow_from_bias() -> None:
    assert fare_ratio(row(1.07)) == pytest.approx(1.07)


def test_the_standard_error_of_fares_over_quotes_shrinks_with_the_root_of_trips() -> None:
    few, many = row(trips=100), row(trips=10_000)

    assert ratio_error(few) == pytest.approx(10 * ratio_error(many))
    assert ratio_error(row(1.0, rmse_usd=4.0, mean_fare_usd=16.0, trips=100)) == pytest.approx(
        4.0 / 10 / 16.0
    )
    assert ratio_error(row(2.0, rmse_usd=0.0)) == 0.0  # rounding may leave less than the bias


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        (row(1.02), True),
        (row(1.02, mae_usd=2.5 * 1.14), True),
        (row(1.02, mae_usd=2.5 * 1.16), False),
        (row(1.02 + 0.05), True),
        (row(1.02 + 0.08), False),
        (row(1.02 - 0.08), False),
        (row(1.02, mean_fare_usd=32.0, mae_usd=5.0), True),  # twice as long, twice the error
    ],
)
def test_a_month_is_measured_by_the_test(now: dict[str, float], holds: bool) -> None:
    assert limits(row(1.02), now).hold(now) is holds


def test_few_trips_are_given_more_room() -> None:
    now = row(1.10, trips=200)

    assert limits(row(1.02), now).hold(now)


def test_months_that_were_not_good_are_no_measure_for_those_after_them() -> None:
    tested, good, bad = month(1.02), month(1.03), month(1.15)

    found = record("2025-01", [tested, bad, good])

    assert found.months == [tested, good]


def test_a_champion_without_a_test_has_no_record() -> None:
    assert record("2025-01", []).months == []


def test_rows_are_found_by_their_part() -> None:
    rows = [row(), row(slice="route", value="seen")]

    assert by_part(rows)["route", "seen"] is rows[1]
    assert relative_error(by_part(rows)[EVERYTHING]) == pytest.approx(2.5 / 16.0)
