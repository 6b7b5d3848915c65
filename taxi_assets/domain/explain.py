"""What moves a quoted fare, feature by feature, in US dollars that add up to the quote.

The fare's trees do not learn dollars but their square root (`heads.LINKS`). TreeSHAP (Lundberg and
others, 2020) splits what they say of a ride on that scale into a base `b`, which is what they say
before any feature is known, and one contribution `phi_i` a feature:

    s = b + phi_1 + ... + phi_40

The quote is g(s) = max(s, 0) ** 2, so the contributions have to be carried through g. Let all
features come in at once and evenly, from t = 0 (none is known) to t = 1 (all are), along the
straight path

    s(t) = b + t * (s - b)

and give each feature what the fare gains by it on the way. This is the Aumann-Shapley value of g
(integrated gradients with the base as its starting point):

    usd_i = integral over t of phi_i * g'(s(t)) = phi_i * (g(s) - g(b)) / (s - b)

Where b and s are not negative, g(s) - g(b) = s^2 - b^2 = (s - b)(s + b), so the quotient is just

    usd_i = phi_i * (s + b),  and  sum of usd_i = (s - b)(s + b) = s^2 - b^2.

With b^2 as the base in dollars everything adds up to the quote exactly: no remainder is spread over
features, a feature that adds nothing is given nothing, and two that add the same are given the
same. Where the path runs below zero on part of its length, g is flat there, and only the part above
zero counts: with x+ = max(x, 0), the quotient is (s+ + b+) * (s+ - b+) / (s - b).

A quote is never below the minimum fare. What lifts it there is no feature's doing, and stands by
itself: `minimum_usd`.

The base is the square of a mean of roots: less than the mean quote, because roots make dear rides
count less. Its difference to the mean is in the features' mean contributions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.cleaning import MIN_FARE_USD
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import Numbers, Predictor
from taxi_assets.domain.places import FloatArray

# Features are for engineers, groups for people. What is known of a place belongs to the place, how
# slow the hour is to the traffic; each feature stands in one group.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "the route's usual fare": ("expected_fare_usd", "route_fare_usd", "route_trips"),
    "the route's usual time": ("expected_duration_min", "route_duration_min", "expected_mph"),
    "distance and direction": (
        *("expected_distance_mi", "route_distance_mi", "straight_mi", "grid_mi", "zone_size_mi"),
        *("same_zone", "east_mi", "north_mi", "borough_pair"),
    ),
    "the pick-up place": (
        *("pickup_zone", "pickup_borough", "from_airport", "pickup_x_mi", "pickup_y_mi"),
        *("pickup_fare_usd", "pickup_distance_mi", "pickup_duration_min"),
    ),
    "the drop-off place": (
        *("dropoff_zone", "dropoff_borough", "to_airport", "dropoff_x_mi", "dropoff_y_mi"),
        *("dropoff_fare_usd", "dropoff_distance_mi", "dropoff_duration_min"),
    ),
    "time of day and weekday": ("minute_of_day", "weekday", "minute_of_week"),
    "traffic at that hour": ("hour_pace", "hour_duration_min"),
    "season and holidays": ("month_of_year", "holiday"),
    "passengers": ("passengers",),
    "the recent price trend": ("fare_trend",),
}
GROUP_OF = {feature: group for group, features in GROUPS.items() for feature in features}
MINIMUM = "the minimum fare"


@dataclass(frozen=True, slots=True)
class Explained:
    """What moved the quotes of (n,) rides, US dollars.

    Attributes:
        base_usd: what every ride is quoted before anything is known of it.
        contributions_usd: (n, 40) what each feature adds, columns in the order of `FEATURES`.
        minimum_usd: (n,) what the minimum fare adds; 0 for all but the cheapest.
    """

    base_usd: float
    contributions_usd: Numbers
    minimum_usd: Numbers

    def __len__(self) -> int:
        return len(self.contributions_usd)

    @property
    def quoted_usd(self) -> Numbers:
        """(n,) what all that adds up to."""
        total: Numbers = self.base_usd + self.contributions_usd.sum(axis=1) + self.minimum_usd
        return total

    @property
    def grouped_usd(self) -> Numbers:
        """(n, 10) what each group of features adds, in the order of `GROUPS`."""
        return self.contributions_usd @ MEMBERSHIP


def _membership() -> Numbers:
    """(40, 10) 1 where a feature stands in a group."""
    names = list(GROUPS)
    member = np.zeros((len(FEATURES), len(names)))
    for row, feature in enumerate(FEATURES):
        member[row, names.index(GROUP_OF[feature])] = 1.0
    return member


MEMBERSHIP = _membership()


def explain(predictor: Predictor, features: FloatArray) -> Explained:
    """Split quotes into what each feature adds, one ride or thousands.

    Args:
        predictor: the trees.
        features: (n, 40) as `build_features` makes them, n > 0.

    Raises:
        Unexplainable: the trees are of a kind that gives no contributions.
    """
    found = predictor.fare_contributions(features)
    return in_dollars(found[:, :-1], float(found[0, -1]))


def in_dollars(contributions: Numbers, base: float) -> Explained:
    """Carry contributions to the square root of a fare over to the fare.

    Args:
        contributions: (n, 40) on the scale of the fare's trees.
        base: what the trees say before any feature is known, on the same scale.
    """
    end = base + contributions.sum(axis=1)
    start_up, end_up = max(base, 0.0), np.maximum(end, 0.0)
    slope = (end_up + start_up) * _share_above_zero(base, end)
    quoted = np.square(end_up)
    return Explained(
        base_usd=start_up**2,
        contributions_usd=contributions * slope[:, np.newaxis],
        minimum_usd=np.maximum(MIN_FARE_USD - quoted, 0.0),
    )


def _share_above_zero(start: float, end: Numbers) -> Numbers:
    """(n,) how much of the straight path from `start` to `end` lies above zero."""
    span = end - start
    above = np.maximum(end, 0.0) - max(start, 0.0)
    # a path without length has no slope to divide by: all of it is where it is
    share: npt.NDArray[np.float64] = np.divide(above, span, out=np.ones_like(span), where=span != 0)
    return share
