"""How wrong a predictor is."""

from dataclasses import dataclass

import numpy as np

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.heads import Numbers


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one predictor on one set of trips.

    Attributes:
        trips: how many.
        mae_usd: mean absolute error, US dollars.
        rmse_usd: root mean squared error, US dollars.
        median_error_usd: median absolute error, US dollars.
        r2: share of the variance explained; None where fares do not vary.
    """

    trips: int
    mae_usd: float
    rmse_usd: float
    median_error_usd: float
    r2: float | None


def score(actual_usd: Numbers, predicted_usd: Numbers) -> Score:
    """Compare predictions with what the trips cost.

    Args:
        actual_usd: (n,) metered fares.
        predicted_usd: (n,) predictions for the same trips.

    Raises:
        DataError: there are no trips, or a prediction is not a number.
    """
    if len(actual_usd) == 0:
        raise DataError("There are no trips to score a model on.")
    if not np.isfinite(predicted_usd).all():
        raise DataError("A prediction is not a number.")
    miss = np.abs(predicted_usd - actual_usd)
    squared = float(np.mean(miss**2))
    varies = np.min(actual_usd) < np.max(actual_usd)  # rounding gives equal fares a variance
    return Score(
        trips=len(actual_usd),
        mae_usd=float(np.mean(miss)),
        rmse_usd=float(np.sqrt(squared)),
        median_error_usd=float(np.median(miss)),
        r2=1.0 - squared / float(np.var(actual_usd)) if varies else None,
    )
