"""Evidently's scores: found when something moved, and equal to those of another way."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from taxi_assets.domain.drift_inputs import INPUTS
from taxi_assets.reports.snapshots import (
    as_evidently_takes,
    drift_scores,
    drift_snapshot,
    fairness_snapshot,
    page,
    performance_snapshot,
    profile_snapshot,
    shap_snapshot,
)


def trips(seed: int, rows: int = 2_000, **told: object) -> pd.DataFrame:
    """Made-up values of every input."""
    rng = np.random.default_rng(seed)
    made = {
        w.name: rng.normal(10, 3, rows) if w.is_number else rng.integers(0, len(w.bins), rows)
        for w in INPUTS
    }
    return pd.DataFrame({**made, **told}).astype(np.float64)


def scores(current: pd.DataFrame, reference: pd.DataFrame) -> dict[str, float]:
    return drift_scores(drift_snapshot(*as_evidently_takes([current, reference])))


def metrics(snapshot: object) -> dict[str, float]:
    """Values of a snapshot's metrics by their names."""
    found = snapshot.dict()["metrics"]  # type: ignore[attr-defined]
    return {metric["metric_name"].partition(",tests")[0]: metric["value"] for metric in found}


def test_scores_are_those_of_another_way() -> None:
    current, reference = trips(1, straight_mi=np.arange(2_000) / 100), trips(2)
    current.loc[:300, "passengers"] = np.nan

    found = scores(current, reference)

    a, b = current["straight_mi"], reference["straight_mi"]
    assert found["straight_mi"] == pytest.approx(wasserstein_distance(a, b) / b.std(ddof=0))
    shares = [
        side["passengers"].fillna(7).value_counts(normalize=True).reindex(range(8), fill_value=0)
        for side in (current, reference)
    ]
    assert found["passengers"] == pytest.approx(jensenshannon(*shares))
    assert found.keys() == {w.name for w in INPUTS}


def test_a_constant_input_is_no_drift_until_it_is_another_constant() -> None:
    same = scores(trips(1, straight_mi=2.0, same_zone=0), trips(2, straight_mi=2.0, same_zone=0))
    other = scores(trips(1, straight_mi=3.0, same_zone=1), trips(2, straight_mi=2.0, same_zone=0))

    assert (same["straight_mi"], same["same_zone"]) == (0, 0)
    assert other["straight_mi"] > 1
    assert other["same_zone"] == pytest.approx(np.sqrt(np.log(2)))


@pytest.mark.parametrize("side", [0, 1])
def test_an_input_without_a_value_on_one_side_is_left_out(side: int) -> None:
    samples = [trips(1), trips(2)]
    samples[side] = samples[side].assign(passengers=np.nan, straight_mi=np.nan)

    found = scores(*samples)

    assert found.keys() == {w.name for w in INPUTS} - {"passengers", "straight_mi"}


def test_evidentlys_page_asks_for_nothing_from_elsewhere_and_has_no_gaps() -> None:
    snapshot = drift_snapshot(*as_evidently_takes([trips(1, straight_mi=2.0), trips(2)]))

    html = page(snapshot)

    assert "<script src=" not in html
    assert '<link rel="stylesheet"' not in html
    assert "zoom: 0.85" in html
    assert len(html) < 5_500_000


def test_the_performance_snapshot_has_the_mean_absolute_error() -> None:
    fares = pd.DataFrame({"target": [10.0, 20.0, 30.0], "prediction": [11.0, 18.0, 30.0]})

    found = metrics(performance_snapshot(fares))

    assert next(v for name, v in found.items() if name.startswith("MAE"))["mean"] == 1  # type: ignore[index]


def test_the_shap_snapshot_has_each_features_mean() -> None:
    found = metrics(shap_snapshot(pd.DataFrame({"a": [1.0, 3.0], "b": [0.5, 0.5]})))

    assert found == {"MeanValue(column=a)": 2.0, "MeanValue(column=b)": 0.5}


def test_the_fairness_snapshot_has_the_worst_of_any_group() -> None:
    groups = pd.DataFrame(
        {"value": ["Bronx", "Queens"], "mae_usd": [4.0, 3.0], "coverage": [0.7, 0.8]}
    )

    found = metrics(fairness_snapshot(groups))

    assert found == {"MaxValue(column=mae_usd)": 4.0, "MinValue(column=coverage)": 0.7}


def test_the_profile_snapshot_takes_numbers_times_and_names() -> None:
    trips = pd.DataFrame(
        {
            "fare_usd": [10.0, 20.0, None],
            "pickup_at": pd.to_datetime(["2025-03-01", "2025-03-02", "2025-03-03"]),
            "payment": ["card", "cash", None],
        }
    )

    found = metrics(profile_snapshot(trips))

    assert found["RowCount()"] == 3
    assert found["MeanValue(column=fare_usd)"] == 15
