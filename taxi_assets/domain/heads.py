"""The four questions a model answers, each by trees of its own: fare, its bounds, and the time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.cleaning import MIN_DURATION_MIN, MIN_FARE_USD
from taxi_assets.domain.errors import Unexplainable
from taxi_assets.domain.places import FloatArray

Numbers = npt.NDArray[np.float64]
Parameters = Mapping[str, float | int | str | bool]
QUICK = 0.1  # learning rate of bounds: they gain nothing from smaller steps, only time
LEVEL = 0.8  # share of rides that an interval is to hold
MANY_ROWS = 1_000  # starting threads costs more than predicting fewer


@dataclass(frozen=True, slots=True)
class Link:
    """The scale on which trees learn: errors on it count as people feel them.

    Attributes:
        to: from dollars or minutes to the scale.
        back: from the scale.
    """

    to: Callable[[Any], Any]
    back: Callable[[Any], Any]


LINKS = {
    # a dollar matters more on a short ride
    "sqrt": Link(np.sqrt, lambda value: np.square(np.maximum(value, 0.0))),
    # the spread of fares grows with the fare
    "log": Link(np.log, np.exp),
}


@dataclass(frozen=True, slots=True)
class Head:
    """One question.

    Attributes:
        target: what it learns from: `fare_usd` or `duration_min`.
        link: name in `LINKS`.
        rounds: trees at most.
        parameters: the objective, and what differs from the common parameters.
    """

    target: str
    link: str
    rounds: int
    parameters: Parameters


def heads(level: float = LEVEL) -> dict[str, Head]:
    """The heads of a model whose interval is to hold a share `level` of rides.

    A Huber loss lies between the mean, which one negotiated fare of 200 dollars would drag along,
    and the median, which would not feel it at all.
    """
    tail = (1.0 - level) / 2.0
    huber: Parameters = {"objective": "huber", "alpha": 1.3}
    return {
        "fare": Head("fare_usd", "sqrt", 740, huber),
        "low": Head("fare_usd", "log", 100, _bound(tail)),
        "high": Head("fare_usd", "log", 100, _bound(1.0 - tail)),
        "ride_min": Head("duration_min", "sqrt", 200, {**huber, "learning_rate": 0.15}),
    }


def _bound(share: float) -> Parameters:
    """A quantile: few and wide leaves, because of ten rides only one lies in a tail.

    Finer trees promise too much: with 63 leaves of 20 rides, bounds of long rides held 68 % of the
    next month instead of 77 %.
    """
    objective: Parameters = {"objective": "quantile", "alpha": round(share, 6)}
    shape: Parameters = {"num_leaves": 15, "max_depth": -1, "min_data_in_leaf": 200}
    return {**objective, **shape, "lambda_l2": 0.0, "learning_rate": QUICK}


@dataclass(frozen=True, slots=True)
class Quotes:
    """Answers for (n,) rides.

    Attributes:
        fare_usd: expected metered fare, US dollars.
        low_usd: lower bound of the interval, never above `fare_usd` nor below the minimum fare.
        high_usd: upper bound, never below `fare_usd`.
        ride_min: expected minutes.
    """

    fare_usd: Numbers
    low_usd: Numbers
    high_usd: Numbers
    ride_min: Numbers


@dataclass(frozen=True)
class Predictor:
    """The trees of all heads.

    Attributes:
        texts: LightGBM's text format, by head.
        offset: how far the interval's bounds move apart, in log dollars; see `conformal`.
    """

    texts: Mapping[str, str]
    offset: float

    @cached_property
    def _boosters(self) -> dict[str, Any]:
        import lightgbm as lgb  # seconds to import, and only training and predicting need it

        return {name: lgb.Booster(model_str=text) for name, text in self.texts.items()}

    def predict(self, features: FloatArray) -> Quotes:
        """Answers for (n, 40) features."""
        raw = {name: self.raw(name, features) for name in self.texts}
        questions = heads()
        back = {name: LINKS[questions[name].link].back for name in raw}
        fare = np.maximum(back["fare"](raw["fare"]), MIN_FARE_USD)
        low = np.maximum(back["low"](raw["low"] - self.offset), MIN_FARE_USD)
        return Quotes(
            fare_usd=fare,
            low_usd=np.minimum(low, fare),
            high_usd=np.maximum(back["high"](raw["high"] + self.offset), fare),
            ride_min=np.maximum(back["ride_min"](raw["ride_min"]), MIN_DURATION_MIN),
        )

    def raw(self, head: str, features: FloatArray) -> Numbers:
        """(n,) what one head's trees say of (n, 40) features, on the scale they learned on."""
        said = self._boosters[head].predict(features, num_threads=_threads(features))
        return np.asarray(said, np.float64)

    def fare_contributions(self, features: FloatArray) -> Numbers:
        """What each feature adds to the fare on the scale its trees learn on, by TreeSHAP.

        Args:
            features: (n, 40), n > 0.

        Returns:
            (n, 40 + 1) contributions, and in the last column what the trees say before any feature
            is known; a row's sum is what they say of the ride.

        Raises:
            Unexplainable: the trees are of a kind that gives no contributions.
        """
        from lightgbm.basic import LightGBMError

        booster = self._boosters["fare"]
        try:
            found = booster.predict(features, pred_contrib=True, num_threads=_threads(features))
        except LightGBMError as error:
            raise Unexplainable(
                f"The trees that quote fares cannot be explained: {str(error).splitlines()[0]}"
            ) from error
        return np.asarray(found, np.float64)


def _threads(features: FloatArray) -> int:
    """LightGBM's number of threads for some rows; 0 is all there are."""
    return 1 if len(features) < MANY_ROWS else 0


def conformal_offset(actual: Numbers, low: Numbers, high: Numbers, level: float) -> float:
    """How far bounds have to move apart so that they hold a share `level` of rides unseen so far.

    Conformalized quantile regression (Romano, Patterson and Candès, 2019): the distance by which
    each ride misses its bounds, negative inside, and of these the quantile that, by exchangeability
    with the next ride, holds it with that probability.

    Args:
        actual: (n,) outcomes of rides that the bounds' trees have not seen.
        low: (n,) lower bounds on the same scale.
        high: (n,) upper bounds.
        level: share of rides to hold.

    Returns:
        The offset; the widest miss where there are fewer than level / (1 - level) rides, of which
        none can promise the level.
    """
    missed_by = np.sort(np.maximum(low - actual, actual - high))
    # 100 * 0.55 is a hair above 55 in binary floats, and must not count as 56
    rank = int(np.ceil(round((len(actual) + 1) * level, 6)))
    return float(missed_by[min(rank, len(actual)) - 1])
