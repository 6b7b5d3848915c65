"""The model card: everything a reader has to know, and nothing of the machine it was made on."""

from pathlib import Path
from typing import Any

import pytest

from taxi_assets.domain.card import described, model_card
from taxi_assets.domain.gates import judge
from taxi_assets_tests.evaluations import both, month, row

MANIFEST: dict[str, Any] = {
    "version": 3,
    "fleet": "green",
    "month": "2025-03",
    "identity": "99dec572",
    "git_sha": "1a6c439",
    "features": ["pickup_zone", "dropoff_zone"],
    "training_rows": {"2025-01": 44_493, "2025-02": 42_614},
    "tables": {"green.trip_features": {"2025-01": {"snapshot_id": 6203}}},
    "libraries": {"python": "3.11.7", "lightgbm": "4.7.0"},
    "rehearsal": {
        "rides": 20_709,
        "mae_usd": 2.921,
        "ride_mae_min": 3.401,
        "rounds": {"fare": 255, "low": 350},
        "offset": 0.0163,
    },
    "trees": {"fare": 300, "low": 400},
    "parameters": {
        "fare": {"seed": 7, "objective": "huber"},
        "low": {"seed": 7, "objective": "quantile"},
    },
}
ROWS = [
    *month(coverage=0.785),
    row("champion", model_version="2", loss_low_usd=-0.4, loss_high_usd=-0.3),
    *both("pickup_borough", "Queens", coverage=0.77),
    *both("pickup_borough", "Staten Island", coverage=0.1, trips=3),
    *both("rate", "negotiated", coverage=0.47),
]


@pytest.fixture(scope="module")
def card() -> str:
    return model_card(MANIFEST, ROWS, judge(ROWS))


@pytest.mark.parametrize(
    "told",
    [
        "# Fare model of green taxis, version 3",
        "Tested on 2025-03",
        "interval to hold 80% of rides",
        "87,107 clean trips: 2025-01 44,493, 2025-02 42,614",
        "green.trip_features: 2025-01 6203",
        "for each answer: fare 300, low 400.",
        "best there with fare 255, low 350, on fewer rides",
        "Of its own, fare: objective huber; low: objective quantile.",
        "only the bill tells: rate negotiated (47.0% of",
        "20,709 rides of the last two weeks",
        "Parameters: seed 7.",
        "| champion (version 2) | 5,000 | 2.500 |",
        "| route_median | 5,000 | 3.000 |",
        "holds 78.5%",
        "fewest in pickup_borough Queens (77.0% of 5,000)",
        "- beats_route_median: passed, ",
        "`taxi-assets reproduce green 3`",
        "commit 1a6c439",
        "lightgbm 4.7.0",
        "Identity 99dec572",
        "Negotiated fares",
        "Not for: ",
        "| pickup_borough | Staten Island | 3 |",
    ],
)
def test_a_card_tells(card: str, told: str) -> None:
    assert told in card


def test_a_card_says_which_gates_failed_and_which_did_not_judge() -> None:
    rows = month(mae_usd=9.0, trips=900)

    card = model_card(MANIFEST, rows, judge(rows))

    assert "- beats_route_median: **failed**, " in card
    assert "- interval_is_calibrated: not judged, 900 trips are fewer than 1,000" in card


def test_a_card_names_no_folder_of_this_machine(card: str) -> None:
    assert str(Path.home()) not in card
    assert "/work" not in card
    assert "file:" not in card


def test_a_short_card_is_its_own_description(card: str) -> None:
    assert described(card) == card


@pytest.mark.parametrize("most", [1_000, 1_500, 2_000])
def test_a_description_ends_with_a_whole_section_and_says_where_the_rest_is(
    card: str, most: int
) -> None:
    short = described(card, most)

    kept, _, rest = short.rpartition("\nThe whole card is ")
    assert len(short) <= most
    assert card.startswith(kept)
    assert card[len(kept) :].startswith("\n## ")
    assert "model_card.md" in rest
