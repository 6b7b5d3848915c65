"""Has the city changed: a month's inputs against those the champion learned from.

An input has drifted when its score on the samples reaches its threshold. Scores are Evidently's:

- Jensen-Shannon distance for inputs that have values (boroughs, weekdays, passengers), from 0.1 on,
  Evidently's own default. Missing is a value.
- Wasserstein distance in standard deviations of the training trips for inputs that have sizes, from
  0.2 on. Evidently's default of 0.1 would call drift what is none here, and is stricter: a shift by
  0.1 standard deviations is a population stability index of 0.01, a Jensen-Shannon distance of 0.1
  one of 0.08. No real input (green cabs) moved by more than 0.09 from January and February to March
  of 2023 and 2025, nor from 2023 to 2024 and 2025; in a simulated city where nothing changes, none
  by more than 0.07, with 1,500 trips a month 0.13. Distances between values stayed below 0.07. A
  fifth of a standard deviation is an hour later, 0.4 miles longer or 1.60 dollars dearer for all.

Both are fixed, whatever the size of the sample: Evidently would otherwise turn to p-values below
1,000 trips, which say how sure a difference is, not how large. The population stability index (PSI)
is shown beside them. It is exact over all trips, and comparable over months; only of what the
champion's history says it is taken from the samples.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taxi_assets.domain.drift_inputs import BY_NAME, INPUTS, Counts
from taxi_assets.domain.months import month_name

SAMPLE_TRIPS = 20_000  # of identical halves, no score exceeds 0.02 by chance
# By chance alone, 1,000 trips score up to 0.05 against the same city: a quarter to a half of the
# thresholds. The gates ask for as many.
MIN_TRIPS = 1_000
WASSERSTEIN, JENSEN_SHANNON = "wasserstein", "jensenshannon"
METHODS = {True: WASSERSTEIN, False: JENSEN_SHANNON}  # for sizes, for values
THRESHOLDS = {WASSERSTEIN: 0.2, JENSEN_SHANNON: 0.1}
SMALLEST_SHARE = 1e-4  # an empty bin counts as one trip in ten thousand: log(0) is no number
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Drift:
    """How far one input moved.

    Attributes:
        feature: name of the input.
        psi: population stability index; None where one side has no values.
        score: distance between the samples, None as above.
    """

    feature: str
    psi: float | None
    score: float | None

    @property
    def label(self) -> str:
        """The input's name for people."""
        return BY_NAME[self.feature].label

    @property
    def method(self) -> str:
        """How the score was measured."""
        return METHODS[BY_NAME[self.feature].is_number]

    @property
    def threshold(self) -> float:
        """Score from which on it is drift."""
        return THRESHOLDS[self.method]

    @property
    def relative(self) -> float:
        """Score over threshold; 0 where there is no score."""
        return (self.score or 0.0) / self.threshold

    @property
    def drifted(self) -> bool:
        """Whether it is."""
        return self.relative >= 1


def psi(reference: Counts, current: Counts) -> float | None:
    """Population stability index of two histograms, None when one is empty.

    The sum over bins of (p - q) ln(p / q), p and q being each side's shares and `SMALLEST_SHARE` at
    least.
    """
    if not reference.sum() or not current.sum():
        return None
    shares = [counts / counts.sum() for counts in (reference, current)]
    p, q = (np.maximum(share, SMALLEST_SHARE) for share in shares)
    return round(float(((p - q) * np.log(p / q)).sum()), DIGITS)


def has_values(counts: Counts) -> bool:
    """Whether any trip has a value, not just a missing one."""
    return bool(counts[:-1].sum())


def joined(months: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """The histograms of some months as one; there is one at least."""
    first, *others = months
    return {name: sum((month[name] for month in others), counts) for name, counts in first.items()}


def all_psi(
    reference: Mapping[str, Counts], current: Mapping[str, Counts]
) -> dict[str, float | None]:
    """PSI of every input of `current`; None where one side has no values."""
    both = {name: (reference[name], counts) for name, counts in current.items()}
    return {name: psi(*pair) if all(map(has_values, pair)) else None for name, pair in both.items()}


def drifts(indices: Mapping[str, float | None], scores: Mapping[str, float]) -> list[Drift]:
    """Every input, those that moved most in relation to their thresholds first."""
    found = [
        Drift(name, index, round(scores[name], DIGITS) if name in scores else None)
        for name, index in indices.items()
    ]
    return sorted(found, key=lambda drift: -drift.relative)


def sentence(month: str, found: Sequence[Drift]) -> str:
    """The verdict of a month."""
    compared = [drift for drift in found if drift.score is not None]
    drifted = [drift.label for drift in compared if drift.drifted]
    left_out = len(found) - len(compared)
    rest = f" ({left_out} cannot be compared)" if left_out else ""
    if not drifted:
        return (
            f"All {len(compared)} inputs of {month_name(month)} look like the training data{rest}."
        )
    few = len(drifted) * 4 <= len(compared)
    return (
        f"{month_name(month)} {'looks' if few else 'does not look'} like the training data; "
        f"{len(drifted)} of {len(compared)} inputs drifted{rest}: {', '.join(drifted)}."
    )


def table_rows(
    found: Sequence[Drift], version: int, sampled: int, reference: int
) -> list[dict[str, Any]]:
    """Rows of the table `drift_report`, in the order of `INPUTS`."""
    order = {watched.name: place for place, watched in enumerate(INPUTS)}
    return [
        {
            "feature": drift.feature,
            "model_version": str(version),
            "psi": drift.psi,
            "score": drift.score,
            "method": drift.method,
            "threshold": drift.threshold,
            "drifted": drift.drifted,
            "sampled_trips": sampled,
            "reference_trips": reference,
        }
        for drift in sorted(found, key=lambda drift: order[drift.feature])
    ]
