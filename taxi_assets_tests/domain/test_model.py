"""Training: a rehearsal that can be checked, and a model that has learned."""

import math
from collections.abc import Mapping
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest

from taxi_assets.domain.baselines import fit_linear
from taxi_assets.domain.errors import DataError
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import LEVEL, LINKS, Predictor, Quotes, heads
from taxi_assets.domain.history import METRICS
from taxi_assets.domain.model import HELD_OUT, PARAMETERS, Trained, train
from taxi_assets.domain.places import FloatArray, learn
from taxi_assets.domain.window import Window, features_of, out_of_fold
from taxi_assets_tests.builders import square_city, window

NAMES = list(FEATURES)
SMALL = {"2025-01": 150, "2025-02": 150}
BRIEF = {**PARAMETERS, "learning_rate": 0.3, "num_leaves": 7}  # for tests of anything but quality


def quick(ridden: Window) -> Trained:
    return train(ridden, square_city(), threads=1, parameters=BRIEF)


def dearer(ridden: Window, rows: slice, factor: float) -> Window:
    """The same rides, some of them at another fare."""
    fares = ridden.rides.fare_usd.copy()
    fares[rows] *= np.float32(factor)
    return replace(ridden, rides=replace(ridden.rides, fare_usd=fares))


def test_the_same_rides_train_the_same_model() -> None:
    once, again = (quick(window(SMALL, seed=1)) for _ in range(2))

    assert again == once


def test_one_other_fare_trains_another_model() -> None:
    ridden = window(SMALL, seed=1)
    other = dearer(ridden, slice(100, 101), 2)

    texts, changed = quick(ridden).texts, quick(other).texts

    assert all(changed[name] != texts[name] for name in ("fare", "low", "high"))


def test_training_says_what_it_learned_from(trained: Trained, winter: Window) -> None:
    assert trained.rows == {"2025-01": 600, "2025-02": 600}
    assert trained.level == LEVEL
    median = np.median(winter.rides.fare_usd)
    assert trained.global_median_usd == pytest.approx(median, abs=0.005)
    for name, head in heads().items():
        assert {**PARAMETERS, **head.parameters}.items() <= trained.parameters[name].items()
        assert trained.parameters[name]["num_threads"] == 2


def test_the_linear_baseline_learns_from_the_same_rows(trained: Trained, winter: Window) -> None:
    assert trained.linear == fit_linear(out_of_fold(winter, square_city()), winter.rides.fare_usd)


def test_every_head_names_its_features_and_has_the_rehearsed_number_of_trees(
    trained: Trained,
) -> None:
    assert list(trained.texts) == list(heads())
    for name, text in trained.texts.items():
        booster = lgb.Booster(model_str=text)
        assert booster.feature_name() == NAMES
        assert booster.num_trees() == trained.trees[name] > 1


def test_the_final_trees_are_as_many_more_as_there_are_more_rides_up_to_the_most(
    trained: Trained, winter: Window
) -> None:
    past, _ = halves(winter)

    for name, head in heads().items():
        grown = math.ceil(trained.rehearsal.rounds[name] * len(winter) / len(past))
        assert trained.trees[name] == min(grown, head.rounds)


def test_importances_are_shares_of_the_gain_with_the_largest_first(trained: Trained) -> None:
    shares = list(trained.importance.values())

    assert next(iter(trained.importance)) == "straight_mi"
    assert set(trained.importance) == set(NAMES)
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0)


def test_a_model_that_splits_nothing_gives_no_feature_importance() -> None:
    few = window({"2025-01": 8, "2025-02": 8}, seed=1)

    assert set(train(few, square_city(), threads=1).importance.values()) == {0.0}


def halves(ridden: Window) -> tuple[Window, Window]:
    """What the rehearsal learns from, and the last two weeks."""
    early = ridden.rides.pickup_at < ridden.rides.pickup_at.max() - HELD_OUT
    return ridden.take(early), ridden.take(~early)


@pytest.fixture(scope="module")
def dress(winter: Window, trained: Trained) -> tuple[dict[str, lgb.Booster], FloatArray]:
    """The rehearsal's trees, grown a second way and further than needed, and what tests them."""
    past, last = halves(winter)
    features = out_of_fold(past, square_city())
    boosters = {
        name: lgb.train(
            trained.parameters[name],
            lgb.Dataset(features, LINKS[head.link].to(getattr(past.rides, head.target))),
            head.rounds,
        )
        for name, head in heads().items()
    }
    return boosters, features_of(last, learn(square_city(), past.rides))


def test_the_rehearsals_numbers_can_be_computed_a_second_way(
    winter: Window, trained: Trained, dress: tuple[dict[str, lgb.Booster], FloatArray]
) -> None:
    boosters, features = dress
    _, last = halves(winter)
    said = {
        name: booster.predict(features, num_iteration=trained.rehearsal.rounds[name])
        for name, booster in boosters.items()
    }

    fare_missed = np.square(said["fare"]) - last.rides.fare_usd
    ride_missed = np.square(said["ride_min"]) - last.rides.duration_min
    told = trained.rehearsal
    assert told.rides == len(last)
    assert told.mae_usd == pytest.approx(np.abs(fare_missed).mean(), rel=1e-6)
    assert told.ride_mae_min == pytest.approx(np.abs(ride_missed).mean(), rel=1e-6)
    fares = np.log(last.rides.fare_usd.astype(float))
    missed = sorted(np.maximum(said["low"] - fares, fares - said["high"]))
    assert told.offset == pytest.approx(missed[int(np.ceil((len(last) + 1) * 0.8)) - 1], rel=1e-6)


@pytest.mark.parametrize(("name", "alpha"), [("low", 0.1), ("high", 0.9)])
def test_a_bound_grows_as_many_trees_as_the_last_two_weeks_are_held_best_by(
    winter: Window,
    trained: Trained,
    dress: tuple[dict[str, lgb.Booster], FloatArray],
    name: str,
    alpha: float,
) -> None:
    (boosters, features), (_, last) = dress, halves(winter)
    fares = np.log(last.rides.fare_usd.astype(float))

    def pinball(trees: int) -> float:
        missed = fares - boosters[name].predict(features, num_iteration=trees)
        return float(np.maximum(alpha * missed, (alpha - 1) * missed).mean())

    rounds = trained.rehearsal.rounds[name]
    losses = {trees: pinball(trees) for trees in range(1, heads()[name].rounds + 1)}
    assert losses[rounds] == pytest.approx(min(losses.values()), rel=1e-9)


def quotes_of(trained: Trained, past: Window, ahead: Window) -> Quotes:
    """What a model says of rides to come."""
    features = features_of(ahead, learn(square_city(), past.rides))
    return Predictor(trained.texts, trained.rehearsal.offset).predict(features)


def test_a_model_of_ordinary_rides_beats_the_global_median_and_nears_the_noise(
    trained: Trained, winter: Window
) -> None:
    march = window({"2025-03": 800}, seed=3)

    quotes = quotes_of(trained, winter, march)

    fares, minutes = march.rides.fare_usd, march.rides.duration_min
    missed = np.abs(quotes.fare_usd - fares).mean()
    assert missed < 0.2 * np.abs(trained.global_median_usd - fares).mean()
    assert missed < 1.15  # whoever knew the rule would miss by 0.80 on average
    assert np.abs(quotes.ride_min - minutes).mean() < 1.25


def test_the_interval_holds_its_share_of_rides_to_come(trained: Trained, winter: Window) -> None:
    april = window({"2025-04": 4_000}, seed=4)

    quotes = quotes_of(trained, winter, april)

    fares = april.rides.fare_usd
    held = ((quotes.low_usd <= fares) & (fares <= quotes.high_usd)).mean()
    # the offset was learned from some 300 rides: 0.023 is one standard error of that alone
    assert held == pytest.approx(0.8, abs=0.07)
    assert (quotes.high_usd - quotes.low_usd).mean() < 8  # 80 % of the noise is 2.56 dollars wide


def test_the_model_that_ships_has_seen_the_last_two_weeks_too() -> None:
    ridden = window({"2025-01": 300, "2025-02": 300}, seed=1)
    past, _ = halves(ridden)
    raised = dearer(ridden, slice(len(past), None), 2)
    ahead = window({"2025-03": 300}, seed=2)

    usual, after = (quotes_of(quick(seen), ridden, ahead).fare_usd for seen in (ridden, raised))

    # a quarter of all rides cost twice as much, and only who has seen them can know
    assert after.mean() > usual.mean() * 1.05


def test_parameters_and_level_may_be_chosen_and_reach_the_trees() -> None:
    chosen = {**BRIEF, "num_leaves": 3}

    trained = train(window(SMALL, seed=1), square_city(), threads=1, level=0.5, parameters=chosen)

    assert trained.level == 0.5
    for name, head in heads().items():  # the bounds have a number of leaves of their own
        leaves = head.parameters.get("num_leaves", 3)
        assert f"[num_leaves: {leaves}]" in trained.texts[name]
        assert trained.parameters[name]["num_leaves"] == leaves
    assert "[alpha: 0.25]" in trained.texts["low"]
    assert "[alpha: 0.75]" in trained.texts["high"]


def test_a_wider_level_gives_wider_intervals() -> None:
    ridden, ahead = window({"2025-01": 300, "2025-02": 300}, seed=1), window({"2025-03": 200}, 2)

    widths = []
    for level in (0.5, 0.8, 0.95):
        trained = train(ridden, square_city(), threads=1, level=level, parameters=BRIEF)
        quotes = quotes_of(trained, ridden, ahead)
        widths.append((quotes.high_usd - quotes.low_usd).mean())

    assert widths == sorted(widths)
    assert widths[2] > 1.5 * widths[0]


def test_training_tells_how_far_it_is() -> None:
    said: list[str] = []

    trained = train(
        window(SMALL, seed=1), square_city(), threads=1, parameters=BRIEF, say=said.append
    )

    rounds, rides = trained.rehearsal.rounds, trained.rehearsal.rides
    assert said == [
        f"rehearsal: {300 - rides} rides, tested on the {rides} of the last two weeks",
        *(f"rehearsal: {name} was best with {count} trees" for name, count in rounds.items()),
        *(f"{name}: {count} trees on 300 rides" for name, count in trained.trees.items()),
    ]


@pytest.mark.parametrize(
    "months",
    [
        pytest.param({}, id="none"),
        pytest.param({"2025-01": 50}, id="one"),
        pytest.param({"2025-01": 0, "2025-02": 50}, id="one and one without trips"),
        pytest.param({"2025-01": 50, "2025-02": 0, "2025-03": 0}, id="one and two without"),
    ],
)
def test_a_model_needs_two_months_with_trips(months: Mapping[str, int]) -> None:
    ridden = replace(window({"2025-01": sum(months.values())}, seed=1), months=dict(months))

    with pytest.raises(DataError, match="at least two months that have trips"):
        quick(ridden)


def test_a_model_needs_rides_from_before_its_last_two_weeks() -> None:
    ridden = window(SMALL, seed=1)
    late = replace(halves(ridden)[1], months={"2025-01": 1, "2025-02": 1})

    with pytest.raises(DataError, match="rides from before its last two weeks"):
        quick(late)


def test_a_month_without_trips_among_others_does_not_disturb() -> None:
    ridden = window({"2025-01": 150, "2025-02": 0, "2025-03": 150}, seed=1)

    assert quick(ridden).rows == {"2025-01": 150, "2025-02": 0, "2025-03": 150}


def test_training_leaves_its_rides_and_zones_alone() -> None:
    ridden, same = (window(SMALL, seed=1) for _ in range(2))
    zones = square_city().copy()

    trained = train(ridden, zones, threads=1, parameters=BRIEF)

    assert zones.equals(square_city())
    for name in ("pickup_zone", "dropoff_zone", "pickup_at", *METRICS):
        np.testing.assert_array_equal(getattr(ridden.rides, name), getattr(same.rides, name))
    np.testing.assert_array_equal(ridden.passengers, same.passengers)
    np.testing.assert_array_equal(ridden.fare_trend, same.fare_trend)
    assert trained.rows is not ridden.months
