"""What a version has to show on its month before it may answer.

Each gate reads the rows of the evaluation table and nothing else, so that the asset that writes
them and the checks that read them come to the same verdict.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from taxi_assets.domain.bootstrap import MIN_BLOCKS
from taxi_assets.domain.evaluation import (
    CHAMPION,
    MODEL,
    ROUTE_MEDIAN,
    Row,
    by_slice,
    overall,
)
from taxi_assets.domain.slices import AFTERWARDS, WHOLE

MIN_TRIPS = 1_000  # of fewer trips, means and shares vary by more than the gates allow
# Three standard errors of a share at 1,000 rides. Real months (green cabs, 2023 to 2025) lie within
# 1.5 points of the level; quantile trees without conformal widening came to 5 points below it.
COVERAGE_MARGIN = 0.04
# Rides from a borough with long and rare routes are harder to price than the city's: on the same
# real months these ratios were 0.80 to 1.30 (Manhattan lowest, Brooklyn highest), in the simulated
# city 0.8 to 1.2.
FAIR_BAND = (0.5, 1.6)
WORSE_THAN_MEDIAN = 1.05
# Long rides and unseen routes came to 11 and 14 points below the level in the hardest real month.
COLLAPSED_BY = 0.15
# Metered rides cost 1.034 to 1.038 times what the model said in real months, and 0.98 to 1.01 times
# in the simulated city: it lies between mean and median. A tariff raised by a tenth adds 0.10.
LEVEL_BAND = (0.95, 1.07)
SMALLEST_ERROR_USD = 0.01  # fares are in cents


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a gate found.

    Attributes:
        passed: whether the version may go on.
        observed: the number that decided.
        threshold: what it was held against.
        said: the same in words.
    """

    passed: bool
    observed: float
    threshold: float
    said: str


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Why a gate came to no ruling, which is not the same as passing."""

    reason: str


Gate = Callable[[Sequence[Row]], Ruling | Unjudged]


def beats_route_median(rows: Sequence[Row]) -> Ruling | Unjudged:
    """The model's mean absolute error is below the route median's on the same trips."""
    mae, limit = (overall(rows)[name]["mae_usd"] for name in (MODEL, ROUTE_MEDIAN))
    return Ruling(
        mae < limit, mae, limit, f"mean absolute error ${mae:.2f}, route median's ${limit:.2f}"
    )


def beats_champion_or_ties(rows: Sequence[Row]) -> Ruling | Unjudged:
    """The champion is not better on the same trips by more than hours differ among themselves.

    The 95 % interval of the difference of absolute errors, resampled by hours, reaches to 0 or
    below.
    """
    champion = overall(rows).get(CHAMPION)
    if champion is None:
        return Ruling(True, 0.0, 0.0, "there is no champion yet, so nothing to lose to")
    low, high = champion.get("loss_low_usd"), champion.get("loss_high_usd")
    if low is None or high is None:
        return Unjudged(f"the trips are of fewer than {MIN_BLOCKS} hours")
    return Ruling(
        low <= 0.0,
        low,
        0.0,
        f"error minus that of champion version {champion['model_version']}: "
        f"{low:+.3f} to {high:+.3f} USD (95 %)",
    )


def interval_is_calibrated(rows: Sequence[Row]) -> Ruling | Unjudged:
    """The interval holds about the share of rides that it is to hold."""
    whole = overall(rows)[MODEL]
    if whole["trips"] < MIN_TRIPS:
        return _too_few(whole["trips"])
    level, seen = whole["level"], whole["coverage"]
    chance = 2 * math.sqrt(level * (1 - level) / whole["trips"])  # two standard errors
    low, high = level - COVERAGE_MARGIN - chance, level + COVERAGE_MARGIN + chance
    return Ruling(
        low <= seen <= high,
        seen,
        low if seen < level else high,
        f"the interval holds {seen:.1%} of rides, allowed are {low:.1%} to {high:.1%}",
    )


def fair_across_boroughs(rows: Sequence[Row]) -> Ruling | Unjudged:
    """No pick-up borough's error, in relation to its fares, is far from the city's."""
    found = by_slice(rows, MODEL)
    city = _relative_error(found[WHOLE, WHOLE])
    ratios = {
        value: _relative_error(row) / city
        for (name, value), row in found.items()
        if name == "pickup_borough" and row["trips"] >= MIN_TRIPS
    }
    if not ratios:
        return Unjudged(f"no borough has {MIN_TRIPS:,} trips")
    low, high = FAIR_BAND
    distance = {name: max(low / ratio, ratio / high) for name, ratio in ratios.items()}
    worst = max(distance, key=lambda name: distance[name])
    bound = high if ratios[worst] / high == distance[worst] else low
    return Ruling(
        distance[worst] <= 1.0,
        ratios[worst],
        bound,
        f"{worst}: error over fare is {ratios[worst]:.2f} times the city's, "
        f"allowed are {low:g} to {high:g}",
    )


def no_slice_collapses(rows: Sequence[Row]) -> Ruling | Unjudged:
    """In no part of the month is the model worse than the route median, or its interval empty.

    The parts by rate are left out: whether a driver will set a negotiated fare is not known before
    the ride, so that no model can be good at it.
    """
    model, median = by_slice(rows, MODEL), by_slice(rows, ROUTE_MEDIAN)
    large = [key for key, row in model.items() if _judged(key[0]) and row["trips"] >= MIN_TRIPS]
    if not large:
        return Unjudged(f"no part of the month has {MIN_TRIPS:,} trips")
    ratios = {
        key: model[key]["mae_usd"] / max(median[key]["mae_usd"], SMALLEST_ERROR_USD)
        for key in large
    }
    worse = {
        key: f"error {r:.2f} times the route median's"
        for key, r in ratios.items()
        if r > WORSE_THAN_MEDIAN
    }
    empty = {
        key: f"interval holds {model[key]['coverage']:.0%}"
        for key in large
        if model[key]["coverage"] < model[key]["level"] - COLLAPSED_BY
    }
    worst = max(ratios, key=lambda key: ratios[key])
    said = [f"{name} {value}: {why}" for (name, value), why in [*worse.items(), *empty.items()]]
    return Ruling(
        not said,
        float(len({*worse, *empty})),
        0.0,
        ", ".join(said)
        or f"largest error is {ratios[worst]:.2f} times the route median's ({' '.join(worst)})",
    )


def fares_are_level(rows: Sequence[Row]) -> Ruling | Unjudged:
    """Metered fares are on average about what the model says, so that no tariff has changed."""
    metered = by_slice(rows, MODEL).get(("rate", "metered"))
    if metered is None or metered["trips"] < MIN_TRIPS:
        return _too_few(metered["trips"] if metered else 0)
    ratio = metered["mean_fare_usd"] / (metered["mean_fare_usd"] + metered["bias_usd"])
    low, high = LEVEL_BAND
    return Ruling(
        low <= ratio <= high,
        ratio,
        low if ratio < 1 else high,
        f"metered fares are {ratio:.3f} times what the model says, usual are {low:g} to {high:g}",
    )


GATES: Mapping[str, Gate] = {
    gate.__name__: gate
    for gate in (
        beats_route_median,
        beats_champion_or_ties,
        interval_is_calibrated,
        fair_across_boroughs,
        no_slice_collapses,
    )
}
Verdicts = Mapping[str, Ruling | Unjudged]


def judge(rows: Sequence[Row]) -> dict[str, Ruling | Unjudged]:
    """Every gate's ruling."""
    return {name: gate(rows) for name, gate in GATES.items()}


def objections(verdicts: Verdicts) -> str:
    """Why a version is turned down; empty where nothing speaks against it."""
    failed = {n: v for n, v in verdicts.items() if isinstance(v, Ruling) and not v.passed}
    return "; ".join(f"{name}: {ruling.said}" for name, ruling in failed.items())


def summary(verdicts: Verdicts) -> str:
    """Which gates were passed, which were not, and which could not judge."""
    kinds: dict[str, list[str]] = {"passed": [], "failed": [], "could not judge": []}
    for name, verdict in verdicts.items():
        if isinstance(verdict, Unjudged):
            kinds["could not judge"].append(name)
        else:
            kinds["passed" if verdict.passed else "failed"].append(name)
    return "; ".join(f"{kind} {', '.join(names)}" for kind, names in kinds.items() if names)


def _relative_error(row: Row) -> float:
    """Error as a share of the fare."""
    return float(row["mae_usd"] / row["mean_fare_usd"])


def _judged(slice_name: str) -> bool:
    return slice_name not in AFTERWARDS


def _too_few(trips: int) -> Unjudged:
    return Unjudged(f"{trips:,} trips are fewer than {MIN_TRIPS:,}")
