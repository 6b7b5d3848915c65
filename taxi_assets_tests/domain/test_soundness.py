"""A month must be sound by itself, whatever came before."""

import pytest

from taxi_assets.domain.cleaning import RULE_NAMES
from taxi_assets.domain.profile import CLEAN, PUBLISHED, REJECTED, Number, Profile
from taxi_assets.domain.soundness import is_sound, sound_months, why_unsound


def month(published: int, **lost: int) -> Profile:
    """A month's numbers of trips, and what each rule took of them."""
    gone = sum(lost.values())
    counts = {PUBLISHED: published, CLEAN: published - gone, REJECTED: gone}
    rules = [
        Number("trips_by_rule", REJECTED, rule, lost.get(rule, 0), "trips") for rule in RULE_NAMES
    ]
    return Profile(
        [*(Number("trips", stage, "all", n, "trips") for stage, n in counts.items()), *rules]
    )


@pytest.mark.parametrize(
    ("profile", "sound"),
    [
        (month(999), False),
        (month(1_000), True),
        (month(1_333, impossible_fare=333), True),  # 24.98 %
        (month(4_000, impossible_fare=1_000), True),
        (month(4_000, impossible_fare=1_001), False),
        (month(0), False),
    ],
)
def test_a_sound_month_keeps_a_thousand_trips_and_three_quarters(
    profile: Profile, sound: bool
) -> None:
    assert is_sound(profile) is sound


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        (month(3_000), None),
        (month(1), "Only 1 trip was published of June 2025"),
        (month(50), "Only 50 trips were published of June 2025"),
        (
            month(3_000, impossible_fare=2_950),
            "Only 50 of the 3,000 published trips of June 2025 could be kept: all the rest were "
            "lost to impossible_fare",
        ),
        (
            month(3_000, impossible_fare=2_000, unknown_zone=950),
            "Only 50 of the 3,000 published trips of June 2025 could be kept: most of the rest "
            "were lost to impossible_fare",
        ),
        (
            month(3_000, impossible_fare=400, unknown_zone=400, refund_pair=402),
            "Only 1,798 of the 3,000 published trips of June 2025 could be kept: of the rest, "
            "refund_pair took more than any other rule",
        ),
        (
            month(3_000, unknown_zone=3_000),
            "None of the 3,000 published trips of June 2025 could be kept: all were lost to "
            "unknown_zone",
        ),
    ],
)
def test_a_month_that_is_not_sound_says_what_took_its_trips(
    profile: Profile, text: str | None
) -> None:
    assert why_unsound(profile, "2025-06") == text


def test_a_month_is_compared_with_sound_ones_of_the_past_twelve_only() -> None:
    good, bad = month(3_000), month(50)
    past = {"2025-05": bad, "2025-03": good, "2024-06": good, "2024-05": good, "2025-06": good}

    assert list(sound_months(past, "2025-06")) == ["2024-06", "2025-03"]
