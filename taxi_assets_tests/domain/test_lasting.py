"""What is wrong with a vendor is named for as long as it is wrong."""

import pytest

from taxi_assets.domain.lasting import findings
from taxi_assets.domain.months import shift
from taxi_assets.domain.profile import CLEAN, PUBLISHED, REJECTED, Number, Profile

FIRST = "2025-01"
BROKEN = {"impossible_distance": 1_200}


def month(
    lost: dict[str, int] | None = None,
    *,
    stuck: int = 0,
    newcomer: int = 0,
    newcomer_lost: int = 0,
    newcomer_fare: float = 15.0,
    clean: int = 27_000,
) -> Profile:
    """A month of 30,000 trips: vendor 1 has 10,000, of which 4 % lack a distance, vendor 2 most."""
    numbers = [
        Number("trips", PUBLISHED, "all", 30_000, "trips"),
        Number("trips", CLEAN, "all", clean, "trips"),
        Number("trips", REJECTED, "all", 30_000 - clean, "trips"),
        Number("trips_by_vendor", PUBLISHED, "1", 10_000, "trips"),
        Number("trips_by_vendor", PUBLISHED, "2", 20_000 - newcomer, "trips"),
        Number("mile_rides_by_vendor", CLEAN, "1", 5_000, "trips"),
        Number("stuck_fares_by_vendor", CLEAN, "1", stuck, "trips"),
    ]
    for rule, trips in (lost or {"impossible_distance": 400}).items():
        numbers.append(Number(f"trips_by_vendor_{rule}", REJECTED, "1", trips, "trips"))
    if newcomer:
        numbers.append(Number("trips_by_vendor", PUBLISHED, "6", newcomer, "trips"))
        numbers.append(Number("median_fare", PUBLISHED, "6", newcomer_fare, "USD"))
        numbers.append(
            Number("trips_by_vendor_impossible_fare", REJECTED, "6", newcomer_lost, "trips")
        )
    return Profile(numbers)


def said(*months: Profile) -> list[list[str]]:
    """What is named in each of months on end, the first of which is January 2025."""
    known = {shift(FIRST, at): profile for at, profile in enumerate(months)}
    return [
        [change.text for change in findings(now, {m: known[m] for m in known if m < at}, at)]
        for at, now in known.items()
    ]


def test_a_broken_meter_is_named_until_most_months_have_it() -> None:
    good, broken = month(), month(BROKEN)

    *calm, begun, second, third, fourth, usual = said(*3 * [good], *5 * [broken])

    assert calm == [[], [], []]
    assert begun == [
        "Vendor 1: 12% of its trips lost to impossible_distance, 4% last month: "
        "its meters may be broken"
    ]
    still = (
        "Vendor 1 still loses 12% of its trips to impossible_distance "
        "(4% usually, since April 2025)"
    )
    assert [second, third, fourth, usual] == [[still], [still], [still], []]


def test_a_mended_meter_is_not_named_any_more() -> None:
    good, broken = month(), month(BROKEN)

    assert said(good, good, broken, broken, good)[-1] == []


def test_meters_that_stick_are_named_for_as_long_as_they_do() -> None:
    good, stuck = month(), month(stuck=1_000)

    assert said(good, good, stuck, stuck)[-1] == [
        "Vendor 1 still charges 20% of its rides of a mile and more the bare initial charge "
        "(0% usually, since March 2025)"
    ]


def test_a_fault_that_creeps_in_is_named_once_it_is_large() -> None:
    creeping = [month({"impossible_distance": lost}) for lost in (400, 400, 800, 1_000)]

    assert said(*creeping) == [[], [], [], [
        "Vendor 1 now loses 10% of its trips to impossible_distance (4% usually)"
    ]]  # fmt: skip


def test_one_month_before_says_what_changed_but_not_what_is_usual() -> None:
    assert said(month(BROKEN), month(BROKEN)) == [[], []]
    assert said(month(), month(BROKEN))[1][0].startswith("Vendor 1: 12%")


def test_months_that_are_not_sound_are_not_what_others_are_compared_with() -> None:
    good, wreck = month(), month({"impossible_distance": 9_000}, clean=18_000)

    found = said(good, good, wreck, month(BROKEN))

    assert found[-1] == [
        "Vendor 1: 12% of its trips lost to impossible_distance, 4% in February 2025: "
        "its meters may be broken"
    ]
    assert said(wreck, wreck) == [[], []]


@pytest.mark.parametrize(
    ("odd", "text"),
    [
        ({"newcomer_lost": 310}, "31% of them rejected"),
        ({"newcomer_lost": 300}, None),
        (
            {"newcomer_fare": 2.99},
            "their median fare $2.99, below the initial charge of $3.00",
        ),
        ({"newcomer_fare": 3.00}, None),
    ],
)
def test_a_new_vendor_of_odd_trips_is_named_until_most_months_know_it(
    odd: dict[str, float], text: str | None
) -> None:
    come = month(newcomer=1_000, **odd)  # type: ignore[arg-type]

    begun, second, third, usual = said(month(), month(), come, come, come, come)[2:]

    assert begun[0].startswith("Vendor 6 is new: 1,000 trips, ")
    still = f"Vendor 6, new since March 2025, is still odd: 1,000 trips, {text}"
    assert [second, third, usual] == [[still] * bool(text), [still] * bool(text), []]


def test_a_small_new_vendor_is_not_named() -> None:
    few = month(newcomer=250, newcomer_lost=250)

    assert said(month(), month(), few, few)[2:] == [[], []]
