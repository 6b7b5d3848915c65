"""Contributions in US dollars: they add up, and are those of the straight path."""

from collections.abc import Callable

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.cleaning import MIN_FARE_USD
from taxi_assets.domain.errors import Unexplainable
from taxi_assets.domain.explain import GROUP_OF, GROUPS, explain, in_dollars
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import LINKS, Numbers, Predictor, heads
from taxi_assets.domain.model import Trained
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.window import Window, out_of_fold
from taxi_assets_tests.builders import square_city

QUIET = {"verbose": -1, "num_threads": 1}


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


def fares_of(features: FloatArray, roots: Numbers, **told: object) -> Predictor:
    """A predictor whose fare's trees have learned these square roots of dollars."""
    data = lgb.Dataset(features, roots)
    return Predictor({"fare": lgb.train({**QUIET, **told}, data, 1).model_to_string()}, 0.0)


def test_every_feature_stands_in_one_group() -> None:
    listed = [feature for features in GROUPS.values() for feature in features]

    assert sorted(listed) == sorted(FEATURES)
    assert GROUP_OF.keys() == FEATURES.keys()


def test_the_fares_trees_learn_the_square_root_that_dollars_are_derived_from() -> None:
    assert heads()["fare"].link == "sqrt"


@pytest.mark.parametrize("rows", [1, 3, 600])
def test_base_and_contributions_add_up_to_the_quote(
    predictor: Predictor, features: FloatArray, rows: int
) -> None:
    explained = explain(predictor, features[:rows])

    assert len(explained) == rows
    assert explained.quoted_usd == pytest.approx(predictor.predict(features[:rows]).fare_usd)
    assert explained.minimum_usd.tolist() == [0.0] * rows


def test_they_add_up_for_rides_that_make_no_sense_too(predictor: Predictor) -> None:
    rides = nonsense(500)

    assert explain(predictor, rides).quoted_usd == pytest.approx(predictor.predict(rides).fare_usd)


def test_one_row_is_explained_as_in_the_batch(predictor: Predictor, features: FloatArray) -> None:
    batch = explain(predictor, features)  # by as many threads as there are, one row by one

    for row in range(0, len(features), 100):
        one = explain(predictor, features[row : row + 1])
        assert one.contributions_usd.tolist() == [batch.contributions_usd[row].tolist()]


def test_groups_sum_up_their_features(predictor: Predictor, features: FloatArray) -> None:
    explained = explain(predictor, features[:50])

    names = list(FEATURES)
    for column, members in enumerate(GROUPS.values()):
        expected = explained.contributions_usd[:, [names.index(name) for name in members]].sum(1)
        assert explained.grouped_usd[:, column] == pytest.approx(expected)


def test_contributions_are_those_of_shaps_own_tree_explainer(
    predictor: Predictor, trained: Trained, features: FloatArray
) -> None:
    import shap

    explainer = shap.TreeExplainer(lgb.Booster(model_str=trained.texts["fare"]))
    explainer.model.model_type = "internal"  # it would ask LightGBM, as we do

    theirs = explainer.shap_values(features[:40].astype(np.float64), check_additivity=False)

    ours = predictor.fare_contributions(features[:40])
    assert ours[:, :-1] == pytest.approx(theirs, abs=1e-6)  # shap keeps leaves as float32
    assert ours[0, -1] == pytest.approx(float(np.ravel(explainer.expected_value)[0]), abs=1e-6)


def test_two_features_that_do_the_same_are_given_the_same() -> None:
    """Nine dollars, and 25 where both features are 1: worked out by hand.

    The mean root is 3.5 and each feature adds 0.75 to it, so each adds 0.75 * (5 + 3.5) dollars.
    """
    rides = np.zeros((400, len(FEATURES)), np.float32)
    rides[:, 0], rides[:, 1] = np.tile([0, 0, 1, 1], 100), np.tile([0, 1, 0, 1], 100)
    roots = 3.0 + 2.0 * (rides[:, 0] * rides[:, 1])
    predictor = fares_of(rides, roots, objective="regression", learning_rate=1.0)

    explained = explain(predictor, rides[3:4])

    assert explained.base_usd == pytest.approx(3.5**2)
    assert explained.contributions_usd[0, :2].tolist() == pytest.approx([6.375, 6.375])
    assert not explained.contributions_usd[0, 2:].any()
    assert explained.quoted_usd.tolist() == pytest.approx([25.0])


def along_the_path(phi: Numbers, base: float, back: Callable[[Numbers], Numbers]) -> Numbers:
    """What each feature gains while all come in at once, by a hundred thousand small steps."""
    steps = 100_000
    middle = base + (np.arange(steps) + 0.5) / steps * phi.sum()
    tiny = 1e-6
    slope = (back(middle + tiny) - back(middle - tiny)) / (2 * tiny)
    return np.asarray(phi * slope.mean())


@pytest.mark.parametrize(
    ("base", "total"),
    [
        pytest.param(3.5, 2.0, id="up"),
        pytest.param(3.5, -2.0, id="down"),
        pytest.param(3.5, -6.0, id="down through zero"),
        pytest.param(-1.0, 4.0, id="up through zero"),
        pytest.param(-1.0, -4.0, id="all below zero"),
        pytest.param(2.0, 0.0, id="round to where it began"),
    ],
)
def test_dollars_are_the_integral_along_the_straight_path(base: float, total: float) -> None:
    rng = np.random.default_rng(3)
    phi = rng.normal(0, 1, 40)
    phi += (total - phi.sum()) / 40

    found = in_dollars(phi[np.newaxis], base)

    integral = along_the_path(phi, base, LINKS["sqrt"].back)
    assert found.contributions_usd[0] == pytest.approx(integral, abs=1e-3)


def test_a_models_dollars_are_the_integral_along_the_straight_path(
    predictor: Predictor, features: FloatArray
) -> None:
    raw, explained = predictor.fare_contributions(features[:5]), explain(predictor, features[:5])

    for row in range(5):
        integral = along_the_path(raw[row, :-1], raw[row, -1], LINKS["sqrt"].back)
        assert explained.contributions_usd[row] == pytest.approx(integral, abs=1e-6)


PARTS = st.lists(st.floats(-5, 5), min_size=1, max_size=40)


@given(parts=PARTS, base=st.floats(-3, 15))
def test_dollars_add_up_whatever_trees_say(parts: list[float], base: float) -> None:
    phi = np.array([parts])

    found = in_dollars(phi, base)

    quote = max(LINKS["sqrt"].back(base + phi.sum()), MIN_FARE_USD)
    assert found.quoted_usd.item() == pytest.approx(quote, abs=1e-6)
    assert 0 <= found.minimum_usd.item() <= MIN_FARE_USD


@given(parts=PARTS, base=st.floats(-3, 15), share=st.floats(-5, 5))
def test_equals_are_given_the_same_and_nothing_is_given_for_nothing(
    parts: list[float], base: float, share: float
) -> None:
    found = in_dollars(np.array([[*parts, share, share, 0.0]]), base).contributions_usd[0]

    assert found[-3] == found[-2]
    assert found[-1] == 0


@pytest.mark.parametrize(
    ("root", "lifted_by"), [(1.0, 1.5), (-5.0, 2.5), (MIN_FARE_USD**0.5, 0.0), (4.0, 0.0)]
)
def test_what_lifts_a_quote_to_the_minimum_fare_stands_by_itself(
    root: float, lifted_by: float
) -> None:
    found = in_dollars(np.array([[root - 3.0, 0.0]]), 3.0)

    assert found.minimum_usd.tolist() == pytest.approx([lifted_by])
    assert found.contributions_usd[0, 0] == pytest.approx(max(root, 0) ** 2 - 9.0)


def test_trees_that_cannot_be_explained_say_so_in_a_sentence(
    capfd: pytest.CaptureFixture[str],
) -> None:
    rides = np.random.default_rng(0).normal(size=(200, len(FEATURES))).astype(np.float32)
    predictor = fares_of(rides, rides[:, 0] + 4.0, linear_tree=True)

    with pytest.raises(Unexplainable) as raised:
        explain(predictor, rides)

    capfd.readouterr()  # LightGBM prints it too
    assert str(raised.value) == (
        "The trees that quote fares cannot be explained: "
        "Predicting SHAP feature contributions is not implemented for linear trees."
    )
