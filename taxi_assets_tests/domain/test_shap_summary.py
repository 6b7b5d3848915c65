"""What explained trips say together."""

from typing import Any

import numpy as np
import pytest

from taxi_assets.domain.explain import GROUP_OF, Explained
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.report_schemas import SHAP_REPORT
from taxi_assets.domain.shap_summary import (
    Chosen,
    Sample,
    chosen_trips,
    shap_rows,
    trip_in_words,
    verdict,
)

NAMES = list(FEATURES)
ZONES = [f"Zone {zone}" for zone in range(1, 264)]


def sample_of(rows: int = 3, gap_usd: float = 0.0, **usd: list[float]) -> Sample:
    """Trips whose features add so much, one number a trip; all others add nothing."""
    added = np.zeros((rows, len(NAMES)))
    for name, values in usd.items():
        added[:, NAMES.index(name)] = values
    explained = Explained(10.0, added, np.zeros(rows))
    features = np.ones((rows, len(NAMES)), np.float32)
    at = np.full(rows, np.datetime64("2025-03-09T21:08:59", "us"))
    quoted = explained.quoted_usd + gap_usd
    return Sample(features, at, quoted.copy(), quoted, explained, 100)


def with_fares(sample: Sample, fares: list[float], **values: float) -> Sample:
    """The same trips at other fares, with other features."""
    features = sample.features.copy()
    for name, value in values.items():
        features[:, NAMES.index(name)] = value
    found = vars(sample) | {"fare_usd": np.array(fares), "features": features}
    return Sample(**{name: found[name] for name in Sample.__dataclass_fields__})


def test_the_table_ranks_features_by_how_far_they_move_quotes() -> None:
    sample = sample_of(straight_mi=[-3.0, 1.0, 2.0], passengers=[-1.0, -1.0, 0.0])

    rows = shap_rows(sample, "7")

    assert [list(row) for row in rows] == [[column.name for column in SHAP_REPORT.columns]] * 40
    assert [row["rank"] for row in rows] == list(range(1, 41))
    assert rows[0] == {
        "feature": "straight_mi",
        "feature_group": GROUP_OF["straight_mi"],
        "model_version": "7",
        "rank": 1,
        "mean_abs_usd": 2.0,
        "mean_usd": 0.0,
        "share": 0.75,
        "base_usd": 10.0,
        "gap_usd": 0.0,
        "sampled_trips": 3,
    }
    second = rows[1]
    assert (second["feature"], second["mean_usd"]) == ("passengers", -0.666667)
    assert sum(row["share"] for row in rows) == pytest.approx(1)


def test_the_share_of_the_foremost_features_counts_five() -> None:
    usd: dict[str, Any] = {name: [1.0] * 3 for name in NAMES[:10]}

    assert sample_of(**usd).foremost_share == pytest.approx(0.5)


def test_the_verdict_names_three_groups_and_what_they_move() -> None:
    sample = sample_of(
        route_fare_usd=[3.0, -3.0, 3.0], expected_fare_usd=[1.0, -1.0, 1.0], grid_mi=[-2.0] * 3
    )

    assert verdict(sample, "2025-03") == (
        "Quotes for March 2025 are explained mostly by the route's usual fare ($4.00 a ride on "
        "average), then by distance and direction ($2.00) and the route's usual time ($0.00)."
    )


def test_a_model_that_knows_one_answer_is_explained_by_nothing() -> None:
    sample = sample_of()

    assert verdict(sample, "2025-03") == (
        "The model quotes every trip of March 2025 alike: nothing moves a fare."
    )
    assert {row["share"] for row in shap_rows(sample, "1")} == {0.0}


@pytest.mark.parametrize(("gap", "wrong"), [(0.0049, False), (-0.0051, True), (1.0, True)])
def test_an_explanation_of_another_quote_is_called_wrong(gap: float, wrong: bool) -> None:
    sample = sample_of(gap_usd=gap, grid_mi=[1.0, 2.0, 3.0])

    assert sample.gap_usd == pytest.approx(abs(gap))
    assert ("is wrong" in verdict(sample, "2025-03")) is wrong


def test_the_trips_shown_are_a_typical_one_a_dear_one_and_the_one_quoted_worst() -> None:
    sample = sample_of(100, grid_mi=np.linspace(0, 99, 100).tolist())
    fares = sample.quoted_usd + 0.5
    fares[[51, 98]] -= 0.4  # of those near the median and of the dear ones, quoted best
    fares[10] = 250.0

    chosen = chosen_trips(with_fares(sample, fares.tolist()))

    assert chosen == [Chosen("typical", 51), Chosen("dear", 98), Chosen("wrong", 10)]


def test_a_single_trip_is_shown_once() -> None:
    assert chosen_trips(sample_of(1)) == [Chosen("typical", 0)]


@pytest.mark.parametrize(
    ("fare", "passengers", "words"),
    [
        (8.0, 1, "1 passenger: $8.00 on the meter, quoted $10.00 ($2.00 too much)."),
        (12.5, 3, "3 passengers: $12.50 on the meter, quoted $10.00 ($2.50 too little)."),
        (10.0, np.nan, "passengers unknown: $10.00 on the meter, quoted $10.00 (to the cent)."),
    ],
)
def test_a_trip_is_told_in_words(fare: float, passengers: float, words: str) -> None:
    sample = with_fares(
        sample_of(1), [fare], pickup_zone=74, dropoff_zone=263, passengers=passengers
    )

    assert trip_in_words(sample, 0, ZONES) == f"Zone 74 to Zone 263, Sun 09 Mar 2025 21:08, {words}"


def test_trips_quoted_the_minimum_fare_are_counted() -> None:
    explained = Explained(1.0, np.zeros((3, 40)), np.array([1.5, 0.0, 1.5]))
    sample = sample_of()

    found = Sample(
        sample.features, sample.pickup_at, sample.fare_usd, sample.quoted_usd, explained, 3
    )

    assert found.lifted == 2
