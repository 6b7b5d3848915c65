"""What is usual for a month."""

import pytest

from taxi_assets.domain.usual import UsualRange, usual_range


@pytest.mark.parametrize("months", [0, 1, 2])
def test_fewer_than_three_months_say_nothing(months: int) -> None:
    assert usual_range([50_000.0] * months, margin=0.2) is None


def test_the_range_spans_past_months_widened_by_the_margin() -> None:
    assert usual_range([100.0, 300.0, 200.0], margin=0.2) == UsualRange(80.0, 360.0, 3)


def test_only_the_last_twelve_months_count() -> None:
    past = [1.0, 1000.0, *[100.0] * 12]

    assert usual_range(past, margin=0.0) == UsualRange(100.0, 100.0, 12)


@pytest.mark.parametrize(
    ("value", "inside"),
    [(79.9, False), (80.0, True), (200.0, True), (360.0, True), (360.1, False)],
)
def test_both_bounds_belong_to_the_range(value: float, inside: bool) -> None:
    assert UsualRange(80.0, 360.0, 3).holds(value) is inside


def test_nothing_but_a_number_is_usual() -> None:
    assert not UsualRange(80.0, 360.0, 3).holds(float("nan"))
