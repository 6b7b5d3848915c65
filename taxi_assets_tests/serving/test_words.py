"""Amounts in words, and in cents that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.pricing import COLUMNS
from serving.words import SURCHARGES, part, signed_usd, to_cents

PARTS = st.lists(st.floats(-200, 200), min_size=1, max_size=12)


def test_a_part_is_said_with_its_sign() -> None:
    assert part("the pick-up place", 2.1) == {
        "name": "the pick-up place",
        "words": "The pick-up place",
        "usd": 2.1,
        "sentence": "The pick-up place: +$2.10",
    }


@pytest.mark.parametrize(
    ("usd", "said"), [(12.4, "+$12.40"), (-0.35, "-$0.35"), (0.0, "+$0.00"), (-0.001, "+$0.00")]
)
def test_amounts_carry_a_sign(usd: float, said: str) -> None:
    assert signed_usd(usd) == said


@given(parts=PARTS)
def test_cents_add_up_and_no_part_moves_by_more_than_a_cent(parts: list[float]) -> None:
    total = round(sum(parts), 2)

    cents = to_cents(parts, total)

    assert round(sum(round(value * 100) for value in cents)) == round(total * 100)
    assert max(abs(a - b) for a, b in zip(cents, parts, strict=True)) < 0.010001
    assert all(value == round(value, 2) for value in cents)


def test_every_surcharge_has_a_name() -> None:
    assert set(SURCHARGES) == set(COLUMNS)
