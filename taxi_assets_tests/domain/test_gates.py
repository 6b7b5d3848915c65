"""What lets a version through and what stops it."""

import pytest

from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.gates import (
    GATES,
    Ruling,
    Unjudged,
    beats_champion_or_ties,
    beats_route_median,
    fair_across_boroughs,
    fares_are_level,
    interval_is_calibrated,
    judge,
    no_slice_collapses,
    objections,
    summary,
)
from taxi_assets_tests.evaluations import both, month, row


def ruling(found: Ruling | Unjudged) -> Ruling:
    assert isinstance(found, Ruling)
    return found


@pytest.mark.parametrize(("mae", "passes"), [(2.99, True), (3.0, False), (4.0, False)])
def test_a_model_has_to_be_better_than_the_route_median(mae: float, passes: bool) -> None:
    found = ruling(beats_route_median(month(mae_usd=mae)))

    assert (found.passed, found.observed, found.threshold) == (passes, mae, 3.0)


@pytest.mark.parametrize(
    ("low", "high", "passes"),
    [(-0.2, -0.1, True), (-0.1, 0.1, True), (0.0, 0.1, True), (0.001, 0.1, False)],
)
def test_a_model_may_be_worse_than_the_champion_only_by_chance(
    low: float, high: float, passes: bool
) -> None:
    rows = [*month(), row("champion", loss_low_usd=low, loss_high_usd=high)]

    found = ruling(beats_champion_or_ties(rows))

    assert (found.passed, found.observed, found.threshold) == (passes, low, 0.0)


def test_the_first_model_has_nothing_to_lose_to() -> None:
    found = ruling(beats_champion_or_ties(month()))

    assert found.passed
    assert "no champion yet" in found.said


def test_a_champion_met_in_too_few_hours_is_neither_beaten_nor_not() -> None:
    assert isinstance(beats_champion_or_ties([*month(), row("champion")]), Unjudged)


@pytest.mark.parametrize(
    ("level", "coverage", "passes"),
    [
        (0.8, 0.761, True),
        (0.8, 0.839, True),
        (0.8, 0.759, False),
        (0.8, 0.841, False),
        (0.9, 0.839, False),
        (0.9, 0.861, True),
    ],
)
def test_an_interval_holds_its_level_give_or_take_four_points(
    level: float, coverage: float, passes: bool
) -> None:
    rows = month(level=level, coverage=coverage, trips=10_000_000)

    found = ruling(interval_is_calibrated(rows))

    assert (found.passed, found.observed) == (passes, coverage)
    allowed = level - 0.04 if coverage < level else level + 0.04
    assert found.threshold == pytest.approx(allowed, abs=0.0005)


@pytest.mark.parametrize(("trips", "passes"), [(1_000, True), (100_000, False)])
def test_fewer_trips_may_miss_the_level_by_more(trips: int, passes: bool) -> None:
    rows = month(level=0.8, coverage=0.74, trips=trips)

    assert ruling(interval_is_calibrated(rows)).passed is passes


@pytest.mark.parametrize(
    ("ratio", "passes"), [(0.49, False), (0.51, True), (1.59, True), (1.61, False)]
)
def test_a_boroughs_error_stays_in_proportion_to_the_citys(ratio: float, passes: bool) -> None:
    rows = [
        *month(mae_usd=2.0, mean_fare_usd=20.0),
        row("model", "pickup_borough", "Bronx", mae_usd=ratio * 3.0, mean_fare_usd=30.0),
        row("model", "pickup_borough", "Manhattan", mae_usd=1.6, mean_fare_usd=16.0),
    ]

    found = ruling(fair_across_boroughs(rows))

    assert found.passed is passes
    assert found.observed == pytest.approx(ratio)
    assert found.threshold == (0.5 if ratio < 1 else 1.6)
    assert found.said.startswith("Bronx")


def test_a_borough_of_few_rides_is_not_judged() -> None:
    few = row("model", "pickup_borough", "Bronx", mae_usd=30.0, trips=999)
    many = row("model", "pickup_borough", "Queens")

    assert isinstance(fair_across_boroughs([*month(), few]), Unjudged)
    assert ruling(fair_across_boroughs([*month(), few, many])).passed


@pytest.mark.parametrize(
    ("part", "passes"),
    [
        ({"mae_usd": 3.14}, True),
        ({"mae_usd": 3.16}, False),
        ({"coverage": 0.651}, True),
        ({"coverage": 0.649}, False),
        ({"mae_usd": 30.0, "coverage": 0.1, "trips": 999}, True),
    ],
)
def test_no_part_of_the_month_may_be_given_up(part: dict[str, float], passes: bool) -> None:
    found = ruling(no_slice_collapses([*month(), *both("hour_band", "0-5 h", **part)]))

    assert found.passed is passes
    assert found.observed == (0 if passes else 1)
    assert ("hour_band 0-5 h: " in found.said) is not passes


def test_nobody_is_blamed_for_a_rate_that_was_not_known() -> None:
    negotiated = both("rate", "negotiated", mae_usd=9.0, coverage=0.4)

    assert ruling(no_slice_collapses([*month(), *negotiated])).passed


@pytest.mark.parametrize("gate", [interval_is_calibrated, fair_across_boroughs, no_slice_collapses])
def test_fewer_than_a_thousand_rides_are_not_judged(gate: object) -> None:
    rows = [*month(trips=999), *both("pickup_borough", "Queens", trips=999)]

    assert callable(gate)
    assert isinstance(gate(rows), Unjudged)


@pytest.mark.parametrize(
    ("bias", "passes"), [(0.0, True), (-1.0, True), (-1.2, False), (0.8, True), (0.9, False)]
)
def test_fares_away_from_predictions_are_noticed(bias: float, passes: bool) -> None:
    metered = row("model", "rate", "metered", mean_fare_usd=16.0, bias_usd=bias)

    found = ruling(fares_are_level([*month(), metered]))

    assert found.passed is passes
    assert found.observed == pytest.approx(16.0 / (16.0 + bias))


@pytest.mark.parametrize("trips", [None, 999])
def test_few_metered_rides_say_nothing_of_the_tariff(trips: int | None) -> None:
    metered = [] if trips is None else [row("model", "rate", "metered", trips=trips)]

    assert isinstance(fares_are_level([*month(), *metered]), Unjudged)


def test_a_version_is_turned_down_for_every_gate_it_fails_and_no_other() -> None:
    rows: list[Row] = month(mae_usd=3.5, coverage=0.7)

    verdicts = judge(rows)

    assert list(verdicts) == list(GATES)
    reasons = objections(verdicts).split("; ")
    failed = ["beats_route_median", "interval_is_calibrated", "no_slice_collapses"]
    assert [reason.partition(":")[0] for reason in reasons] == failed
    assert summary(verdicts) == (
        f"passed beats_champion_or_ties; failed {', '.join(failed)}; "
        "could not judge fair_across_boroughs"
    )


def test_nothing_speaks_against_a_good_model() -> None:
    rows = [*month(), row("model", "pickup_borough", "Queens")]

    assert objections(judge([*rows, row("route_median", "pickup_borough", "Queens")])) == ""
