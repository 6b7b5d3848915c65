"""Drift: the stability index by hand and by another way, and what is said of it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr

from taxi_assets.domain.drift import (
    SMALLEST_SHARE,
    Drift,
    all_psi,
    drifts,
    joined,
    psi,
    sentence,
    table_rows,
)
from taxi_assets.domain.drift_inputs import INPUTS, Counts
from taxi_assets.domain.report_schemas import DRIFT_REPORT

PAIRS = st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 5_000)), min_size=2, max_size=20)


def counts(*trips: int) -> Counts:
    return np.array(trips, np.int64)


def histograms(**told: Counts) -> dict[str, Counts]:
    """A trip in every bin of each input that is not told."""
    every = {w.name: np.ones(len(w.all_bins), np.int64) for w in INPUTS}
    return every | told


def moved(*scores: float | None) -> list[Drift]:
    """The first inputs with these scores, the others at 0."""
    names = [w.name for w in INPUTS]
    every = dict.fromkeys(names, 0.0) | dict(zip(names, scores, strict=False))
    indices = {name: None if score is None else 0.01 for name, score in every.items()}
    return drifts(indices, {name: score for name, score in every.items() if score is not None})


def test_the_index_by_hand() -> None:
    # 0.5 against 0.4 and 0.5 against 0.6: 0.1 ln 1.25 + (-0.1) ln (5/6)
    by_hand = 0.1 * math.log(1.25) - 0.1 * math.log(5 / 6)

    assert psi(counts(50, 50), counts(40, 60)) == pytest.approx(by_hand, abs=1e-6)


@given(PAIRS)
def test_the_index_is_the_sum_of_both_relative_entropies(pairs: list[tuple[int, int]]) -> None:
    p, q = (np.array(side, np.int64) for side in zip(*pairs, strict=True))

    found = psi(p, q)

    if not p.sum() or not q.sum():
        assert found is None
    else:
        a, b = (np.clip(side / side.sum(), SMALLEST_SHARE, None) for side in (p, q))
        assert found == pytest.approx(rel_entr(a, b).sum() + rel_entr(b, a).sum(), abs=2e-6)
        assert found >= 0
        assert psi(q, p) == pytest.approx(found, abs=1e-6)


def test_equal_shares_have_no_index_whatever_the_numbers_of_trips() -> None:
    assert psi(counts(10, 30), counts(1_000, 3_000)) == 0


def test_an_empty_bin_counts_as_one_trip_in_ten_thousand() -> None:
    expected = (0.5 - 1e-4) * math.log(0.5 / 1e-4) + (1 - 0.5) * math.log(1 / 0.5)

    assert psi(counts(50, 50), counts(0, 100)) == pytest.approx(expected, abs=1e-6)


def test_an_input_without_values_on_one_side_has_no_index() -> None:
    none = histograms(passengers=counts(0, 0, 0, 0, 0, 0, 0, 9))

    found = all_psi(histograms(), none)

    assert found["passengers"] is None
    assert found["weekday"] == 0
    assert all_psi(none, histograms())["passengers"] is None


def test_more_missing_values_move_the_index() -> None:
    some = histograms(passengers=counts(0, 90, 0, 0, 0, 0, 0, 10))
    many = histograms(passengers=counts(0, 45, 0, 0, 0, 0, 0, 55))

    assert (all_psi(some, many)["passengers"] or 0) > 0.5


def test_training_months_add_up() -> None:
    first = histograms(passengers=counts(0, 0, 0, 0, 0, 0, 0, 9))
    second = histograms(passengers=counts(0, 5, 0, 0, 0, 0, 0, 2))

    found = joined([first, second])

    assert found["passengers"].tolist() == [0, 5, 0, 0, 0, 0, 0, 11]
    assert found["same_zone"].tolist() == [2, 2, 2]
    assert joined([second])["passengers"].tolist() == [0, 5, 0, 0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("name", "score", "drifted"),
    [
        ("straight_mi", 0.199, False),
        ("straight_mi", 0.2, True),
        ("weekday", 0.099, False),
        ("weekday", 0.1, True),
        ("weekday", None, False),
    ],
)
def test_a_score_that_reaches_its_threshold_is_drift(
    name: str, score: float | None, drifted: bool
) -> None:
    assert Drift(name, 0.0, score).drifted is drifted


def test_inputs_come_by_how_far_they_moved_in_relation_to_their_thresholds() -> None:
    scores = {"straight_mi": 0.19, "weekday": 0.099, "passengers": 0.01}

    found = drifts(dict.fromkeys(scores, 0.0), scores)

    assert [drift.feature for drift in found] == ["weekday", "straight_mi", "passengers"]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([], "All 14 inputs of March 2025 look like the training data."),
        ([None], "All 13 inputs of March 2025 look like the training data (1 cannot be compared)."),
        (
            [0.15],
            "March 2025 looks like the training data; 1 of 14 inputs drifted: pick-up borough.",
        ),
        (
            [0.15, None, 0.3],
            "March 2025 looks like the training data; 2 of 13 inputs drifted "
            "(1 cannot be compared): pick-up borough, how far east.",
        ),
        (
            [0.4, 0.3, 0.3, 0.3],
            "March 2025 does not look like the training data; 4 of 14 inputs drifted: "
            "pick-up borough, drop-off borough, how far east, how far north.",
        ),
    ],
)
def test_the_verdict_names_what_drifted(scores: list[float | None], said: str) -> None:
    assert sentence("2025-03", moved(*scores)) == said


def test_rows_are_the_tables_in_the_order_of_the_inputs() -> None:
    rows = table_rows(moved(0.15, None), 7, 1_200, 20_000)

    assert [row["feature"] for row in rows] == [w.name for w in INPUTS]
    assert list(rows[0]) == DRIFT_REPORT.arrow.names
    assert rows[0]["drifted"]
    assert (rows[1]["score"], rows[1]["psi"], rows[1]["drifted"]) == (None, None, False)
    assert (rows[0]["method"], rows[2]["method"]) == ("jensenshannon", "wasserstein")
