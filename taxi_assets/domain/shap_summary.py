"""What a month's explained trips say together: which features move quotes, and by how much."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.explain import GROUP_OF, GROUPS, Explained
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import Numbers
from taxi_assets.domain.months import month_name
from taxi_assets.domain.places import FloatArray

LARGEST_GAP_USD = 0.005  # half a cent: an explanation that is further off explains another quote
TYPICAL, DEAR = 0.5, 0.98  # quantiles of the fare
NEAR = 0.05  # share of trips that count as near a quantile
MIN_TRIPS = 100  # of fewer, no trip is typical and every average is of some
FOREMOST = 5  # features whose share is followed over months


@dataclass(frozen=True)
class Sample:
    """A month's explained trips.

    Attributes:
        features: (n, 40) float32, columns in the order of `FEATURES`.
        pickup_at: (n,) datetime64, New York local time.
        fare_usd: (n,) metered fares.
        quoted_usd: (n,) what the model quotes, asked apart from the explanation.
        explained: what moved these quotes.
        of_trips: clean trips of the month.
    """

    features: FloatArray
    pickup_at: npt.NDArray[np.datetime64]
    fare_usd: Numbers
    quoted_usd: Numbers
    explained: Explained
    of_trips: int

    def __len__(self) -> int:
        return len(self.features)

    @property
    def gap_usd(self) -> float:
        """Largest difference between a quote and what its explanation adds up to."""
        return float(np.abs(self.explained.quoted_usd - self.quoted_usd).max())

    @cached_property
    def mean_abs_usd(self) -> Numbers:
        """(40,) how far each feature moves a quote on average."""
        return _mean_abs(self.explained.contributions_usd)

    @property
    def foremost(self) -> list[str]:
        """All features, those first that move quotes most."""
        names = list(FEATURES)
        return [names[index] for index in np.argsort(-self.mean_abs_usd, kind="stable")]

    @property
    def shares(self) -> Numbers:
        """(40,) of what all features move; 0 where nothing moves."""
        return self.mean_abs_usd / max(float(self.mean_abs_usd.sum()), 1e-12)

    @property
    def foremost_share(self) -> float:
        """Share of the `FOREMOST` features."""
        return float(np.sort(self.shares)[-FOREMOST:].sum())

    @property
    def groups(self) -> dict[str, float]:
        """How far each group of features moves a quote on average, US dollars, most first."""
        found = dict(zip(GROUPS, _mean_abs(self.explained.grouped_usd).tolist(), strict=True))
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    @property
    def lifted(self) -> int:
        """Trips that are quoted the minimum fare."""
        return int(np.count_nonzero(self.explained.minimum_usd))


def _mean_abs(usd: Numbers) -> Numbers:
    found: Numbers = np.abs(usd).mean(axis=0)
    return found


def shap_rows(sample: Sample, version: str) -> list[dict[str, Any]]:
    """The table of the report, one row a feature, the one that moves quotes most first.

    Args:
        sample: n > 0 explained trips.
        version: registered version that quotes.
    """
    names, mean = list(FEATURES), sample.explained.contributions_usd.mean(axis=0)
    return [
        {
            "feature": name,
            "feature_group": GROUP_OF[name],
            "model_version": version,
            "rank": rank,
            "mean_abs_usd": round(float(sample.mean_abs_usd[names.index(name)]), 6),
            "mean_usd": round(float(mean[names.index(name)]), 6),
            "share": round(float(sample.shares[names.index(name)]), 6),
            "base_usd": round(sample.explained.base_usd, 6),
            "gap_usd": round(sample.gap_usd, 6),
            "sampled_trips": len(sample),
        }
        for rank, name in enumerate(sample.foremost, 1)
    ]


def verdict(sample: Sample, month: str) -> str:
    """What moves the month's quotes, in one sentence."""
    name = month_name(month)
    if sample.gap_usd > LARGEST_GAP_USD:
        return (
            f"The explanation of {name} is wrong: what moves a quote adds up to a fare that "
            f"is ${sample.gap_usd:,.2f} off at worst."
        )
    first, second, third, *_ = sample.groups.items()
    if first[1] == 0:
        return f"The model quotes every trip of {name} alike: nothing moves a fare."
    return (
        f"Quotes for {name} are explained mostly by {first[0]} (${first[1]:.2f} a ride on "
        f"average), then by {second[0]} (${second[1]:.2f}) and {third[0]} (${third[1]:.2f})."
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """A trip worth a picture.

    Attributes:
        kind: why it was chosen, one word.
        row: its place in the sample.
    """

    kind: str
    row: int


def chosen_trips(sample: Sample) -> list[Chosen]:
    """A typical trip, a dear one and the one that was quoted worst; fewer in a tiny sample."""
    found: dict[int, str] = {}
    for kind, row in _candidates(sample):
        found.setdefault(row, kind)
    return [Chosen(kind, row) for row, kind in found.items()]


def _candidates(sample: Sample) -> Iterator[tuple[str, int]]:
    error = np.abs(sample.quoted_usd - sample.fare_usd)
    yield "typical", _well_quoted(sample.fare_usd, error, TYPICAL)
    yield "dear", _well_quoted(sample.fare_usd, error, DEAR)
    yield "wrong", int(np.argmax(error))


def _well_quoted(fares: Numbers, error: Numbers, quantile: float) -> int:
    """Of the trips whose fares lie nearest a quantile, the one that was quoted best."""
    away = np.abs(fares - np.quantile(fares, quantile))
    near = np.argsort(away, kind="stable")[: max(1, int(len(fares) * NEAR))]
    return int(near[np.argmin(error[near])])


def trip_in_words(sample: Sample, row: int, zone_names: Sequence[str]) -> str:
    """Where from, where to, when and for how much.

    Args:
        sample: explained trips.
        row: which.
        zone_names: by zone id - 1.
    """
    ride = dict(zip(FEATURES, sample.features[row].tolist(), strict=True))
    start, end = (zone_names[int(ride[name]) - 1] for name in ("pickup_zone", "dropoff_zone"))
    people = ride["passengers"]
    riders = (
        "passengers unknown"
        if np.isnan(people)
        else f"{people:.0f} passenger{'' if people == 1 else 's'}"
    )
    at = sample.pickup_at[row].astype("datetime64[m]").item()
    fare, quote = sample.fare_usd[row], sample.quoted_usd[row]
    return (
        f"{start} to {end}, {at:%a %d %b %Y %H:%M}, {riders}: "
        f"${fare:,.2f} on the meter, quoted ${quote:,.2f} ({_off_by(quote - fare)})."
    )


def _off_by(error_usd: float) -> str:
    """How far a quote is off."""
    if abs(error_usd) < LARGEST_GAP_USD:
        return "to the cent"
    return f"${abs(error_usd):,.2f} too {'much' if error_usd > 0 else 'little'}"
