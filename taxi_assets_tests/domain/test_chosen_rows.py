"""A sample that depends on nothing but the month and its row numbers."""

import numpy as np
import pytest

from taxi_assets.domain.sampling import chosen_rows, stable_hash

ROWS = np.arange(20_000, dtype=np.int32)


def test_a_sample_does_not_depend_on_the_order_of_the_trips() -> None:
    shuffled = np.random.default_rng(5).permutation(ROWS)

    found = chosen_rows("2025-03", ROWS, 500)

    assert len(found) == len(np.unique(found)) == 500
    assert found.tolist() == sorted(found.tolist())
    assert chosen_rows("2025-03", shuffled, 500).tolist() == found.tolist()


@pytest.mark.parametrize("trips", [0, 1, 50])
def test_a_month_of_few_trips_is_taken_whole(trips: int) -> None:
    assert chosen_rows("2025-03", ROWS[:trips], 500).tolist() == ROWS[:trips].tolist()


def test_another_month_draws_other_rows() -> None:
    assert set(chosen_rows("2025-03", ROWS, 500)) != set(chosen_rows("2025-04", ROWS, 500))


def test_a_correction_of_some_trips_leaves_the_rest_of_the_sample() -> None:
    gone = ROWS[::10]

    before = set(chosen_rows("2025-03", ROWS, 500))
    after = set(chosen_rows("2025-03", np.setdiff1d(ROWS, gone), 500))

    assert before - set(gone) <= after


def test_a_sample_is_drawn_from_the_whole_month() -> None:
    found = chosen_rows("2025-03", ROWS, 2_000)

    tenths = np.bincount(found // 2_000, minlength=10)
    assert tenths.sum() == 2_000
    assert (np.abs(tenths - 200) < 5 * 200**0.5).all()


def test_no_two_trips_of_a_month_have_the_same_number() -> None:
    assert len(np.unique(stable_hash("2025-03", ROWS))) == len(ROWS)
