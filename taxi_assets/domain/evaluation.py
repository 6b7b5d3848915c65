"""How wrong predictors are on a month, as a whole and in its parts."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.bootstrap import bootstrap_interval
from taxi_assets.domain.errors import DataError
from taxi_assets.domain.heads import Numbers, Quotes
from taxi_assets.domain.slices import WHOLE, Slicing

MODEL, CHAMPION, ROUTE_MEDIAN = "model", "champion", "route_median"
WORKERS = 2  # numpy lets go of Python's lock
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What (n,) rides turned out to be.

    Attributes:
        pickup_at: datetime64, New York local time.
        fare_usd: metered fares.
        duration_min: minutes.
    """

    pickup_at: npt.NDArray[np.datetime64]
    fare_usd: Numbers
    duration_min: Numbers


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one predicted fare on one set of trips.

    Attributes:
        trips: how many.
        mean_fare_usd: what they cost on average, US dollars.
        mae_usd: mean absolute error, US dollars.
        rmse_usd: root mean squared error, US dollars.
        median_error_usd: median absolute error, US dollars.
        bias_usd: mean of prediction minus fare, US dollars.
        r2: share of the variance explained; None where fares do not vary.
    """

    trips: int
    mean_fare_usd: float
    mae_usd: float
    rmse_usd: float
    median_error_usd: float
    bias_usd: float
    r2: float | None


@dataclass(frozen=True, slots=True)
class QuoteScore:
    """How good intervals and ride times are on the same trips.

    Attributes:
        level: share of rides that the interval is to hold.
        coverage: share that it holds.
        width_usd: its mean width, US dollars.
        pinball_usd: mean of the quantile losses of its two bounds, US dollars.
        ride_mae_min: mean absolute error of the ride time, minutes.
    """

    level: float
    coverage: float
    width_usd: float
    pinball_usd: float
    ride_mae_min: float


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one predictor says of (n,) rides.

    Attributes:
        name: `model`, `champion` or a baseline.
        version: registered version whose bundle said it.
        said: fares in US dollars, or quotes.
        level: share of rides that the quotes' intervals are to hold, None without quotes.
    """

    name: str
    version: str
    said: Numbers | Quotes
    level: float | None = None

    @property
    def fare_usd(self) -> Numbers:
        """(n,) expected fares."""
        return self.said.fare_usd if isinstance(self.said, Quotes) else self.said


def evaluate(
    actual: Outcomes, predictors: Sequence[Predictions], slicings: Sequence[Slicing]
) -> list[Row]:
    """One row for each predictor and slice value that has trips, in the table's columns.

    Raises:
        DataError: there are no trips, or a prediction is not a number.
    """
    check_predictions(actual, predictors)
    said = {predictor.name: predictor for predictor in predictors}
    parts = [(each.name, value, rides) for each in slicings for value, rides in each.parts()]
    asked = [(predictor, *part) for predictor in predictors for part in parts]
    with ThreadPoolExecutor(WORKERS) as pool:
        rows = list(pool.map(lambda each: _row(actual, *each), asked))
    if CHAMPION in said:
        low, high = loss_interval(actual, said[MODEL].fare_usd, said[CHAMPION].fare_usd)
        for row in rows_of(rows, CHAMPION, WHOLE):
            row |= {"loss_low_usd": low, "loss_high_usd": high}
    return [_rounded(row) for row in rows]


def _rounded(row: Row) -> Row:
    """Six decimals: in the last of sixteen, sums tell in what batches the trips were read."""
    return {
        name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()
    }


def _row(
    actual: Outcomes, predictor: Predictions, name: str, value: str, rides: npt.NDArray[np.intp]
) -> Row:
    """One predictor on one part of the month."""
    about = {"predictor": predictor.name, "model_version": predictor.version}
    return {**about, "slice": name, "value": value, **scores(actual, predictor, rides)}


def check_predictions(actual: Outcomes, predictors: Sequence[Predictions]) -> None:
    """Refuse what no error can be worked out from.

    Raises:
        DataError: there are no trips, or a prediction is not a number.
    """
    if len(actual.fare_usd) == 0:
        raise DataError("There are no trips to score a model on.")
    for predictor in predictors:
        said = predictor.said
        numbers = list(asdict(said).values()) if isinstance(said, Quotes) else [said]
        if not all(np.isfinite(found).all() for found in numbers):
            raise DataError(f"A prediction of {predictor.name} is not a number.")


def scores(actual: Outcomes, predictor: Predictions, rides: npt.NDArray[np.intp]) -> Row:
    """All errors of a predictor on some of the rides."""
    fares = actual.fare_usd[rides]
    found: Row = asdict(score(fares, predictor.fare_usd[rides]))
    if isinstance(predictor.said, Quotes) and predictor.level is not None:
        quotes = predictor.said
        some = Quotes(
            quotes.fare_usd[rides],
            quotes.low_usd[rides],
            quotes.high_usd[rides],
            quotes.ride_min[rides],
        )
        found |= asdict(score_quotes(fares, actual.duration_min[rides], some, predictor.level))
    return found


def score(actual_usd: Numbers, predicted_usd: Numbers) -> Score:
    """Compare predicted fares with what at least one trip cost, (n,) US dollars each."""
    error = predicted_usd - actual_usd
    miss = np.abs(error)
    squared = float(np.mean(error**2))
    varies = np.min(actual_usd) < np.max(actual_usd)  # rounding gives equal fares a variance
    return Score(
        trips=len(actual_usd),
        mean_fare_usd=float(np.mean(actual_usd)),
        mae_usd=float(np.mean(miss)),
        rmse_usd=float(np.sqrt(squared)),
        median_error_usd=float(np.median(miss)),
        bias_usd=float(np.mean(error)),
        r2=1.0 - squared / float(np.var(actual_usd)) if varies else None,
    )


def score_quotes(
    fare_usd: Numbers, duration_min: Numbers, said: Quotes, level: float
) -> QuoteScore:
    """Compare intervals and ride times with what at least one trip cost and took."""
    tail = (1.0 - level) / 2.0
    held = (said.low_usd <= fare_usd) & (fare_usd <= said.high_usd)
    losses = pinball(fare_usd, said.low_usd, tail) + pinball(fare_usd, said.high_usd, 1.0 - tail)
    return QuoteScore(
        level=level,
        coverage=float(np.mean(held)),
        width_usd=float(np.mean(said.high_usd - said.low_usd)),
        pinball_usd=losses / 2.0,
        ride_mae_min=float(np.mean(np.abs(said.ride_min - duration_min))),
    )


def pinball(actual: Numbers, predicted: Numbers, quantile: float) -> float:
    """Mean quantile loss: what lies above costs `quantile` a dollar, what lies below the rest."""
    short = actual - predicted
    return float(np.mean(np.maximum(quantile * short, (quantile - 1.0) * short)))


def loss_interval(
    actual: Outcomes, model_usd: Numbers, champion_usd: Numbers
) -> tuple[float | None, float | None]:
    """Where the model's mean absolute error minus the champion's lies on months like this one.

    Resampled by hours: rides of one hour share weather and traffic, so that as many rides are not
    as many witnesses. None twice when there are too few hours.
    """
    loss = np.abs(model_usd - actual.fare_usd) - np.abs(champion_usd - actual.fare_usd)
    hours = actual.pickup_at.astype("datetime64[h]").astype(np.int64)
    found = bootstrap_interval(loss, hours)
    return (None, None) if found is None else found


def rows_of(rows: Sequence[Row], predictor: str, slice_name: str | None = None) -> Iterator[Row]:
    """A predictor's rows, of one slice or of all."""
    for row in rows:
        if row["predictor"] == predictor and slice_name in (None, row["slice"]):
            yield row


def overall(rows: Sequence[Row]) -> dict[str, Row]:
    """The rows over all trips, by predictor."""
    return {row["predictor"]: row for row in rows if row["slice"] == WHOLE}


def by_slice(rows: Sequence[Row], predictor: str) -> Mapping[tuple[str, str], Row]:
    """A predictor's rows by slice and value."""
    return {(row["slice"], row["value"]): row for row in rows_of(rows, predictor)}
