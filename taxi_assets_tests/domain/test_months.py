"""Months as text."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.months import (
    bounds,
    check_month,
    month_name,
    month_range,
    parse_months,
    shift,
)

MONTHS = st.dates().map(lambda day: f"{day.year:04d}-{day.month:02d}").filter("1900".__le__)


@given(month=MONTHS)
def test_a_month_key_is_returned_unchanged(month: str) -> None:
    assert check_month(month) == month


@pytest.mark.parametrize(
    "text",
    ["", "2025", "2025-1", "2025-13", "2025-00", "25-01", "2025-01-01", " 2025-01", "2025-01\n"],
)
def test_what_is_no_month_is_refused_with_the_format_to_write(text: str) -> None:
    with pytest.raises(UsageError, match="is not a month: write YYYY-MM"):
        check_month(text)


def test_digits_of_other_scripts_are_no_month() -> None:
    with pytest.raises(UsageError, match="is not a month"):
        check_month("２０２５-01")  # noqa: RUF001


@pytest.mark.parametrize(
    ("month", "by", "expected"),
    [
        ("2025-01", 0, "2025-01"),
        ("2025-01", 1, "2025-02"),
        ("2025-12", 1, "2026-01"),
        ("2025-01", -1, "2024-12"),
        ("2025-03", -15, "2023-12"),
        ("2025-03", 24, "2027-03"),
    ],
)
def test_shifting_crosses_years(month: str, by: int, expected: str) -> None:
    assert shift(month, by) == expected


@given(
    month=st.integers(1900, 2100).map("{}-06".format),
    by=st.integers(-1000, 1000),
)
def test_shifting_forth_and_back_is_no_shift(month: str, by: int) -> None:
    assert shift(shift(month, by), -by) == month


def test_a_range_holds_both_ends_and_each_month_between() -> None:
    assert month_range("2024-11", "2025-02") == ["2024-11", "2024-12", "2025-01", "2025-02"]


def test_a_range_of_one_month_is_that_month() -> None:
    assert month_range("2025-01", "2025-01") == ["2025-01"]


def test_a_backward_range_is_empty() -> None:
    assert month_range("2025-02", "2025-01") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01", ["2025-01"]),
        ("2024-12..2025-02", ["2024-12", "2025-01", "2025-02"]),
        ("2025-03,2025-01", ["2025-01", "2025-03"]),
        ("2025-01..2025-02, 2025-02,2023-05", ["2023-05", "2025-01", "2025-02"]),
    ],
)
def test_months_are_read_in_any_mix_and_come_sorted_and_distinct(
    text: str, expected: list[str]
) -> None:
    assert parse_months(text) == expected


def test_a_backward_range_is_refused_with_the_way_to_write_it() -> None:
    with pytest.raises(UsageError, match=r"runs backwards.*2025-01\.\.2025-03"):
        parse_months("2025-03..2025-01")


@pytest.mark.parametrize("text", ["", "2025-01,", "2025-01..", "..2025-01", "january"])
def test_a_list_with_a_part_that_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a month"):
        parse_months(text)


@pytest.mark.parametrize(
    ("month", "first", "end"),
    [
        ("2025-01", datetime(2025, 1, 1), datetime(2025, 2, 1)),
        ("2025-12", datetime(2025, 12, 1), datetime(2026, 1, 1)),
        ("2024-02", datetime(2024, 2, 1), datetime(2024, 3, 1)),
    ],
)
def test_a_month_runs_from_its_first_instant_to_that_of_the_next(
    month: str, first: datetime, end: datetime
) -> None:
    assert bounds(month) == (first, end)


@pytest.mark.parametrize(
    ("month", "name"), [("2025-01", "January 2025"), ("2024-12", "December 2024")]
)
def test_people_read_a_month_by_its_name(month: str, name: str) -> None:
    assert month_name(month) == name
