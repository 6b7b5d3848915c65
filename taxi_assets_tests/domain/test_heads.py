"""Quotes that never cross, and intervals that hold what they promise."""

from collections.abc import Sequence

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.cleaning import MIN_DURATION_MIN, MIN_FARE_USD
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import LINKS, Predictor, Quotes, conformal_offset, heads
from taxi_assets.domain.model import Trained
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.window import Window, out_of_fold
from taxi_assets_tests.builders import square_city

ANSWERS = ("fare_usd", "low_usd", "high_usd", "ride_min")


@pytest.fixture(scope="module")
def predictor(trained: Trained) -> Predictor:
    return Predictor(trained.texts, trained.rehearsal.offset)


@pytest.fixture(scope="module")
def features(winter: Window) -> FloatArray:
    return out_of_fold(winter, square_city())


def nonsense(rows: int) -> FloatArray:
    """Features that no ride has."""
    rng = np.random.default_rng(1)
    drawn = rng.normal(0, 300, (rows, len(FEATURES))).astype(np.float32)
    drawn[rng.random(drawn.shape) < 0.2] = np.nan
    return drawn


def in_order(quotes: Quotes) -> bool:
    return bool(
        (
            (quotes.low_usd >= MIN_FARE_USD)
            & (quotes.low_usd <= quotes.fare_usd)
            & (quotes.fare_usd <= quotes.high_usd)
            & (quotes.ride_min >= MIN_DURATION_MIN)
        ).all()
    )


@pytest.mark.parametrize("offset", [0.0, -10.0, 0.3, 10.0])
def test_quotes_never_cross_nor_fall_below_the_minimum(
    trained: Trained, features: FloatArray, offset: float
) -> None:
    predictor = Predictor(trained.texts, offset)  # -10 turns every interval inside out

    assert in_order(predictor.predict(features))
    assert in_order(predictor.predict(nonsense(2_000)))


def texts_that_say(**values: float) -> dict[str, str]:
    """Trees of one leaf each, that answer the same to everything, on the head's own scale."""
    rows = np.zeros((2, len(FEATURES)))
    told = {"objective": "regression", "boost_from_average": True, "verbose": -1}
    return {
        name: lgb.train(told, lgb.Dataset(rows, np.full(2, value)), 1).model_to_string()
        for name, value in values.items()
    }


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        pytest.param((20, 10, 30, 12), (20, 10, 30, 12), id="in order"),
        pytest.param((20, 25, 30, 12), (20, 20, 30, 12), id="low above the fare"),
        pytest.param((20, 10, 15, 12), (20, 10, 20, 12), id="high below the fare"),
        pytest.param((20, 30, 10, 12), (20, 20, 20, 12), id="bounds crossed"),
        pytest.param((1, 0.5, 0.7, 0.1), (2.5, 2.5, 2.5, 0.5), id="below every minimum"),
    ],
)
def test_what_trees_say_becomes_a_quote_that_can_be_worked_out(
    said: Sequence[float], quoted: Sequence[float]
) -> None:
    scaled = {
        name: float(LINKS[head.link].to(value))
        for (name, head), value in zip(heads().items(), said, strict=True)
    }

    quotes = Predictor(texts_that_say(**scaled), 0.0).predict(nonsense(3))

    for name, value in zip(ANSWERS, quoted, strict=True):
        assert getattr(quotes, name).tolist() == pytest.approx([value] * 3, rel=1e-6)


def test_an_offset_moves_the_bounds_apart_by_a_factor() -> None:
    scaled = {"fare": 20**0.5, "low": np.log(10), "high": np.log(30), "ride_min": 3.0}

    quotes = Predictor(texts_that_say(**scaled), float(np.log(2))).predict(nonsense(1))

    assert quotes.low_usd.item() == pytest.approx(5)
    assert quotes.high_usd.item() == pytest.approx(60)


def test_trees_that_fall_below_zero_on_their_scale_quote_the_minimum() -> None:
    scaled = {"fare": -5.0, "low": -9.0, "high": -9.0, "ride_min": -5.0}

    quotes = Predictor(texts_that_say(**scaled), 0.0).predict(nonsense(1))

    # a square of -5 would be 25 dollars
    assert [getattr(quotes, name).item() for name in ANSWERS] == [2.5, 2.5, 2.5, 0.5]


def test_one_row_equals_the_batch(predictor: Predictor, features: FloatArray) -> None:
    batch = predictor.predict(features)  # by as many threads as there are, one row by one

    for row in range(0, len(features), 40):
        one = predictor.predict(features[row : row + 1])
        for name in ANSWERS:
            assert getattr(one, name).tolist() == [getattr(batch, name)[row]]


@pytest.mark.parametrize("link", LINKS)
@given(value=st.floats(0.5, 250))
def test_a_scale_leads_back_to_dollars(link: str, value: float) -> None:
    assert LINKS[link].back(LINKS[link].to(value)) == pytest.approx(value)


@pytest.mark.parametrize(
    ("level", "low", "high"), [(0.8, 0.1, 0.9), (0.9, 0.05, 0.95), (0.5, 0.25, 0.75)]
)
def test_the_bounds_are_the_quantiles_that_hold_the_level(
    level: float, low: float, high: float
) -> None:
    questions = heads(level)

    assert list(questions) == ["fare", "low", "high", "ride_min"]
    assert questions["low"].parameters["alpha"] == low
    assert questions["high"].parameters["alpha"] == high
    assert [head.target for head in questions.values()] == ["fare_usd"] * 3 + ["duration_min"]


@pytest.mark.parametrize(
    ("level", "offset"),
    [
        pytest.param(0.5, 3.0, id="3 of 4, by the ride to come"),
        pytest.param(0.4, 1.0, id="2 of 4"),
        pytest.param(0.2, -1.0, id="1 of 4, with bounds drawn in"),
        pytest.param(0.8, 6.0, id="all 4"),
        pytest.param(0.95, 6.0, id="more than 4 rides can tell"),
    ],
)
def test_an_offset_is_the_rank_that_can_be_counted_by_hand(level: float, offset: float) -> None:
    # bounds of 0 and 10 are missed by -1, 1, 3 and 6
    actual = np.array([13.0, -1.0, 9.0, 16.0])

    assert conformal_offset(actual, np.zeros(4), np.full(4, 10.0), level) == offset


@pytest.mark.parametrize("level", [0.55, 0.57, 0.58, 0.14, 0.28, 0.07, 0.8, 0.9])
def test_a_rank_is_not_lifted_by_the_dust_of_binary_floats(level: float) -> None:
    actual = np.arange(1.0, 100.0)  # 99 rides, missed by 1 to 99

    offset = conformal_offset(actual, np.full(99, -200.0), np.zeros(99), level)

    assert offset == round(100 * level)


OUTCOMES = st.lists(st.integers(-50, 50), min_size=1, max_size=60)


@given(outcomes=OUTCOMES, levels=st.tuples(st.floats(0.05, 0.99), st.floats(0.05, 0.99)))
def test_a_higher_level_never_draws_the_bounds_in(
    outcomes: list[int], levels: tuple[float, float]
) -> None:
    actual = np.array(outcomes)
    low, high = np.full(len(actual), -10.0), np.full(len(actual), 10.0)

    less, more = (conformal_offset(actual, low, high, level) for level in sorted(levels))

    assert less <= more


@given(outcomes=OUTCOMES, level=st.floats(0.05, 0.99))
def test_an_offset_holds_its_share_of_the_rides_it_was_made_from(
    outcomes: list[int], level: float
) -> None:
    actual, bound = np.array(outcomes), np.full(len(outcomes), 10.0)

    offset = conformal_offset(actual, -bound, bound, level)

    held = (actual >= -bound - offset) & (actual <= bound + offset)
    assert held.sum() >= level * len(actual) - 1e-6


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("rides", [19, 99])
def test_rides_unseen_so_far_are_held_as_often_as_promised(level: float, rides: int) -> None:
    """4,000 times: rides to learn the offset from, and one more of the same kind."""
    rng, repeats = np.random.default_rng(7), 4_000
    actual = rng.lognormal(2, 0.6, (repeats, rides + 1))  # bounds of 5 and 9 are far too narrow
    low, high = np.full(rides, 5.0), np.full(rides, 9.0)

    offsets = np.array([conformal_offset(row[:-1], low, high, level) for row in actual])

    held = np.mean((actual[:, -1] >= 5.0 - offsets) & (actual[:, -1] <= 9.0 + offsets))
    # the exact probability is rank / (n + 1), never below the level; four standard errors of luck
    promised = np.ceil(round((rides + 1) * level, 6)) / (rides + 1)
    luck = 4 * (promised * (1 - promised) / repeats) ** 0.5
    assert level <= promised
    assert held == pytest.approx(promised, abs=luck)
