"""A month's model, the champion it faces and the baselines, asked about the same rides."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from taxi_assets.domain import baselines
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.errors import DataError, OutdatedBundle
from taxi_assets.domain.evaluation import CHAMPION, MODEL, ROUTE_MEDIAN, Outcomes, Predictions
from taxi_assets.domain.features import column
from taxi_assets.domain.heads import Numbers, Quotes
from taxi_assets.domain.slices import Slicing, joined, slicings
from taxi_assets.resources.feature_rows import FeatureBatch, feature_batches
from taxi_assets.resources.model_versions import ModelVersion
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.table_slice import TableSlice


@dataclass(frozen=True, slots=True)
class Contestant:
    """A registered version and its bundle."""

    version: ModelVersion
    bundle: Bundle

    def asked(self, name: str, said: Numbers | Quotes) -> Predictions:
        """What its bundle said, under a predictor's name."""
        level = self.bundle.level if isinstance(said, Quotes) else None
        return Predictions(name, str(self.version.version), said, level)


@dataclass(frozen=True, slots=True)
class Contest:
    """What was said of a month's rides, and what became of them.

    Attributes:
        actual: fares, durations and times.
        predictors: the model first.
        slicings: the parts of the month.
    """

    actual: Outcomes
    predictors: list[Predictions]
    slicings: list[Slicing]


def contestants(registry: Registry, fleet: str, month: str) -> tuple[Contestant, Contestant | None]:
    """A month's newest version, and the champion it has to face, if there is one.

    Raises:
        OutdatedBundle: the champion was made by other feature code, and is of an earlier month.
        BundleError: one of the two is damaged.
        RegistryError: the month has no version.
    """
    version = registry.version_of(fleet, month)
    model, rival = (
        Contestant(version, registry.load(version)),
        registry.rival(fleet, month, version),
    )
    if rival is None:
        return model, None
    try:
        return model, Contestant(rival, registry.load(rival))
    except OutdatedBundle as error:
        if rival.month == month:
            return model, None  # this version renews it: the same month by the present code
        raise OutdatedBundle(
            f"The champion that version {version.version} has to face, version {rival.version} of "
            f"{rival.name}, was made by other feature code: renew it and go on with "
            f"`taxi-assets run --fleet {fleet} --months {rival.month},{month}`."
        ) from error


def hold(model: Contestant, rival: Contestant | None, trips: TableSlice, fleet: str) -> Contest:
    """Ask everybody about all trips of a month.

    Raises:
        DataError: the month has no clean trips.
    """
    said: defaultdict[str, list[Predictions]] = defaultdict(list)
    outcomes: list[Outcomes] = []
    parts: list[list[Slicing]] = []
    for batch in feature_batches(trips):
        outcomes.append(Outcomes(batch.pickup_at, batch.fare_usd, batch.duration_min))
        parts.append(slicings(batch.features, batch.rate_code, model.bundle.zones))
        for found in answers(model, rival, batch, fleet):
            said[found.name].append(found)
    if not outcomes:
        raise DataError("The month has no clean trips to score a model on.")
    actual = Outcomes(
        *(
            np.concatenate([getattr(each, field.name) for each in outcomes])
            for field in fields(Outcomes)
        )
    )
    return Contest(actual, [whole(found) for found in said.values()], joined(parts))


def answers(
    model: Contestant, rival: Contestant | None, batch: FeatureBatch, fleet: str
) -> Iterator[Predictions]:
    """What everybody says of the same trips."""
    bundle, features = model.bundle, batch.features
    median = bundle.global_median_usd
    yield model.asked(MODEL, bundle.predict(features))
    if rival is not None:
        start, end, passengers = (
            column(features, name) for name in ("pickup_zone", "dropoff_zone", "passengers")
        )
        quotes = rival.bundle.quote(  # with what it knew itself when it was made
            start.astype(np.int64), end.astype(np.int64), batch.pickup_at, passengers
        )
        yield rival.asked(CHAMPION, quotes)
    yield model.asked("linear_regression", bundle.linear.predict(features))
    yield model.asked("tariff", baselines.tariff(features, batch.pickup_at, fleet, median))
    yield model.asked(ROUTE_MEDIAN, baselines.route_median(features, median))
    yield model.asked("global_median", np.full(len(features), median))


def whole(parts: Sequence[Predictions]) -> Predictions:
    """One predictor's batches as one."""
    first = parts[0]
    if isinstance(first.said, Quotes):
        said: Numbers | Quotes = Quotes(
            *(
                np.concatenate([getattr(part.said, field.name) for part in parts])
                for field in fields(Quotes)
            )
        )
    else:
        said = np.concatenate([part.fare_usd for part in parts])
    return Predictions(first.name, first.version, said, first.level)
