"""What is named, in the month it begins, and not a month before."""

from pathlib import Path

import pytest

from taxi_assets.domain.changes import named_changes, percent
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.profile import CLEAN, PUBLISHED, REJECTED, Number, Profile
from taxi_assets.simulator import simulate
from taxi_assets.simulator.scenario import Scenario
from taxi_assets_tests.profiles import changes_in

MONTHS = ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]
BEGIN, AFTER = "2025-04", "2025-05"
PAIR, CALM = "between Manhattan and Queens", "within Queens"
ROUTE = {"distance_mi": 7.0, "duration_min": 24.0, "fare_usd": 32.0}


def month(
    *,
    published: int = 30_000,
    per_mile: float = 6.8,
    metered: int = 20_000,
    vendors: dict[str, int] | None = None,
    lost: dict[str, int] | None = None,
    stuck: int = 0,
    mile_rides: int = 5_000,
    pair_trips: int = 1_000,
    spread: float = 0.05,
    **route: float,
) -> Profile:
    """A month's numbers: vendor 1 has 10,000 trips, of which 400 lack a distance."""
    numbers = [
        Number("trips", PUBLISHED, "all", published, "trips"),
        Number("metered_trips", CLEAN, "all", metered, "trips"),
        Number("pair_trips", CLEAN, PAIR, pair_trips, "trips"),
        Number("pair_trips", CLEAN, CALM, 19_000, "trips"),
        Number("mile_rides_by_vendor", CLEAN, "1", mile_rides, "trips"),
        Number("stuck_fares_by_vendor", CLEAN, "1", stuck, "trips"),
    ]
    for part, factor in (("median", 1), ("low", 1 - spread), ("high", 1 + spread)):
        numbers.append(Number("fare_per_mile", CLEAN, part, per_mile * factor, "USD a mile"))
        for metric, value in {**ROUTE, **route}.items():
            numbers.append(Number(f"pair_{metric}_{part}", CLEAN, PAIR, value * factor, ""))
            calm = ROUTE[metric] * factor * (per_mile / 6.8 if metric == "fare_usd" else 1)
            numbers.append(Number(f"pair_{metric}_{part}", CLEAN, CALM, calm, ""))
    for vendor, trips in (vendors or {"1": 10_000, "2": 20_000}).items():
        numbers.append(Number("trips_by_vendor", PUBLISHED, vendor, trips, "trips"))
    for rule, trips in (lost or {"impossible_distance": 400}).items():
        numbers.append(Number(f"trips_by_vendor_{rule}", REJECTED, "1", trips, "trips"))
    return Profile(numbers)


def named(now: Profile, before: Profile | None = None) -> list[str]:
    """What is named in March 2025 against February."""
    return [c.text for c in named_changes(now, before or month(), "2025-03", "2025-02")]


def test_a_month_like_the_one_before_has_nothing_to_name() -> None:
    assert named(month(published=33_000)) == []  # March has three days more


@pytest.mark.parametrize(
    ("published", "text"),
    [
        (26_700, None),  # 19.6% fewer a day
        (26_500, "Volume fell 20%: 855 published trips a day, 1,071 in February 2025"),
        (39_700, None),  # 19.5% more
        (39_900, "Volume rose 20%: 1,287 published trips a day, 1,071 in February 2025"),
    ],
)
def test_volume_is_named_by_the_day_from_a_fifth_on(published: int, text: str | None) -> None:
    assert named(month(published=published)) == ([text] if text else [])


def test_a_handful_of_trips_more_is_chance() -> None:
    assert named(month(published=60), month(published=30)) == []


@pytest.mark.parametrize(
    ("now", "is_named"),
    [
        (month(per_mile=7.13, spread=0.001), False),  # 4.9 %
        (month(per_mile=7.15, spread=0.001), True),
        (month(per_mile=7.48, spread=0.2), False),  # nobody can be sure
        (month(per_mile=7.48, spread=0.001, metered=99), False),
        (month(per_mile=6.4, spread=0.001), True),
    ],
)
def test_fares_per_mile_are_named_when_they_moved_for_sure(now: Profile, is_named: bool) -> None:
    found = named(now, month(spread=0.001))

    assert [text.startswith("Fares per mile ") for text in found] == [True] * is_named


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"distance_mi": 8.7}, None),
        (
            {"distance_mi": 8.8},
            "Rides between Manhattan and Queens became 1.8 miles longer (median 7.0 to 8.8)",
        ),
        (
            {"duration_min": 18.0},
            "Rides between Manhattan and Queens took 6 minutes less (median 24 to 18)",
        ),
        (
            {"distance_mi": 5.0, "duration_min": 32.0, "fare_usd": 42.0},
            "Rides between Manhattan and Queens became 2.0 miles shorter (median 7.0 to 5.0), "
            "took 8 minutes longer (median 24 to 32) and cost $10.00 more "
            "(median $32.00 to $42.00)",
        ),
        ({"distance_mi": 10.0, "pair_trips": 99}, None),
        ({"distance_mi": 10.0, "spread": 0.3}, None),
    ],
)
def test_a_borough_pair_is_named_with_what_moved_far_and_for_sure(
    change: dict[str, float], text: str | None
) -> None:
    assert named(month(**change)) == ([text] if text else [])


def test_a_change_of_a_quarter_must_be_a_mile_too() -> None:
    assert named(month(distance_mi=3.9), month(distance_mi=3.0)) == []


def test_a_tariff_is_not_told_again_for_every_pair() -> None:
    dearer = month(per_mile=9.52, fare_usd=44.8, spread=0.01)  # both up 40 %

    found = named(dearer, month(spread=0.01))

    assert found == [
        "Fares per mile rose 40% (median $6.80 to $9.52 over all metered trips): "
        "the tariff may have changed"
    ]


@pytest.mark.parametrize(
    ("lost", "text"),
    [
        ({"impossible_distance": 890}, None),
        (
            {"impossible_distance": 910},
            "Vendor 1: 9% of its trips lost to impossible_distance, 4% last month: "
            "its meters may be broken",
        ),
        (
            {"impossible_distance": 400, "unknown_zone": 700},
            "Vendor 1: 7% of its trips lost to unknown_zone, 0% last month: "
            "it may have lost positions",
        ),
        ({"impossible_distance": 100}, None),  # better than before
    ],
)
def test_a_vendor_is_named_with_the_rule_that_takes_far_more_of_its_trips(
    lost: dict[str, int], text: str | None
) -> None:
    assert named(month(lost=lost)) == ([text] if text else [])


def test_a_rule_that_always_took_much_must_take_half_as_much_again() -> None:
    much = month(lost={"impossible_distance": 4_000})

    assert named(month(lost={"impossible_distance": 5_000}), much) == []


def test_a_jump_of_a_small_vendor_is_chance() -> None:
    few = {"1": 110, "2": 20_000}

    now = month(vendors=few, lost={"impossible_distance": 12})

    assert named(now, month(vendors=few, lost={"impossible_distance": 4})) == []


@pytest.mark.parametrize(("stuck", "is_named"), [(99, False), (100, True)])
def test_a_vendor_whose_meters_stick_is_named(stuck: int, is_named: bool) -> None:
    found = named(month(stuck=stuck))

    text = (
        "Vendor 1: 2% of its rides of a mile and more cost the bare initial charge, "
        "0% last month: its meters may stick"
    )
    assert found == [text] * is_named


@pytest.mark.parametrize(("mile_rides", "stuck"), [(99, 50), (100, 3)])
def test_a_few_stuck_fares_of_few_rides_are_not_named(mile_rides: int, stuck: int) -> None:
    assert named(month(mile_rides=mile_rides, stuck=stuck), month(mile_rides=mile_rides)) == []


@pytest.mark.parametrize(
    ("new", "is_named"), [(301, False), (304, True)]
)  # a hundredth of 30,304 is 303.04
def test_a_vendor_that_comes_is_named_when_it_brings_a_hundredth_of_the_trips(
    new: int, is_named: bool
) -> None:
    three = {"1": 10_000, "2": 20_000, "6": new}

    assert (
        named(month(vendors=three))
        == [f"Vendor 6 is new: {new} trips, 0% of them rejected"] * is_named
    )
    assert (
        named(month(), month(vendors=three))
        == [f"Vendor 6 sent no trips; it sent {new} in February 2025"] * is_named
    )


def test_the_most_important_change_comes_first() -> None:
    found = named(month(published=10_000, distance_mi=14.0, lost={"impossible_distance": 5_000}))

    assert [text.split()[0] for text in found] == ["Volume", "Vendor", "Rides"]


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0%"), (0.0123, "1.2%"), (0.02, "2%"), (0.317, "32%")]
)
def test_small_shares_have_a_digit_more(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("scenario", "beginnings", "afterwards"),
    [
        (Scenario(), [], []),
        (
            Scenario(closed_bridge_from=BEGIN),
            ["Rides between Manhattan and Queens became 2.8 miles longer (median"],
            [],
        ),
        (
            Scenario(broken_meter_from=BEGIN),
            ["Vendor 1: 39% of its trips lost to impossible_distance", "Vendor 1: 2"],
            [
                "Vendor 1 still loses 3",
                "Vendor 1 still charges ",
            ],
        ),
        (  # it drives most cabs: no month is sound any more, and all are compared with March
            Scenario(broken_meter_from=BEGIN, broken_meter_vendor=2),
            ["Vendor 2: 38% of its trips lost to impossible_distance", "Vendor 2: 20% of its"],
            ["Vendor 2: 38% of its trips lost to impossible_distance", "Vendor 2: 18% of its"],
        ),
        (Scenario(tariff_rise_from=BEGIN), ["Fares per mile rose 10% (median"], []),
    ],
)
def test_the_city_is_named_in_the_month_it_changes_and_a_broken_meter_for_as_long_as_it_is_broken(
    tmp_path: Path, scenario: Scenario, beginnings: list[str], afterwards: list[str]
) -> None:
    simulate(tmp_path, fleet=FLEETS["green"], months=MONTHS, rows=8_000, scenario=scenario)

    found = changes_in(tmp_path, MONTHS)

    for at, expected in ((BEGIN, beginnings), (AFTER, afterwards)):
        for text, start in zip(found.pop(at), expected, strict=True):
            assert text.startswith(start)
    assert found == {"2025-02": [], "2025-03": []}


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (["2023-01", "2023-02", "2023-03"], {"2023-02": [], "2023-03": []}),
        (
            ["2025-01", "2025-02", "2025-03"],
            {
                "2025-02": ["Vendor 6 is new: 731 trips, 58% of them rejected"],
                "2025-03": [
                    "Vendor 6, new since February 2025, is still odd: 1,222 trips, "
                    "56% of them rejected"
                ],
            },
        ),
    ],
)
def test_real_months_are_calm_but_for_a_new_vendor(
    real_tlc: Path, months: list[str], expected: dict[str, list[str]]
) -> None:
    assert changes_in(real_tlc, months) == expected
