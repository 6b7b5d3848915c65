"""Whether a month's data can be used at all, whatever the months before looked like.

The limits are absolute: a month as broken as the one before is broken. Of the seven real green
months of 2023-01 to 03, 2024-01 and 2025-01 to 03 cleaning rejects 6.4 to 9.1 %, and 42,614 trips
or more remain.
"""

from collections.abc import Mapping

from taxi_assets.domain.gates import MIN_TRIPS
from taxi_assets.domain.months import month_name, shift
from taxi_assets.domain.profile import PUBLISHED, REJECTED, Profile

MAX_REJECTED_SHARE = 0.25  # of the published trips, almost three times the worst real month
MONTHS_BACK = 12  # that a month is compared with
LIMITS = (
    f"Whatever came before, a month is not sound with fewer than {MIN_TRIPS:,} clean trips or more "
    f"than {MAX_REJECTED_SHARE:.0%} of the published ones rejected."
)


def is_sound(month: Profile) -> bool:
    """Whether a month has trips enough, and lost few enough."""
    lost = (month.rejected_share or 0.0) > MAX_REJECTED_SHARE
    return month.count("trips") >= MIN_TRIPS and not lost


def why_unsound(now: Profile, month: str) -> str | None:
    """What is wrong with a month that has published trips, without a full stop; None if sound."""
    if is_sound(now):
        return None
    kept, published = now.count("trips"), now.count("trips", PUBLISHED)
    if kept == published:
        trips = "trip was" if published == 1 else "trips were"
        return f"Only {published:,} {trips} published of {month_name(month)}"
    few = f"Only {kept:,}" if kept else "None"
    return (
        f"{few} of the {published:,} published trips of {month_name(month)} could be kept: "
        f"{_taken_by(now)}"
    )


def _taken_by(now: Profile) -> str:
    """Which rule took most of what was rejected."""
    lost = now.parts("trips_by_rule", REJECTED)
    rule = max(lost, key=lambda name: lost[name])
    if lost[rule] == now.count("trips", REJECTED):
        return f"{'all the rest' if now.count('trips') else 'all'} were lost to {rule}"
    if lost[rule] > now.count("trips", REJECTED) / 2:
        return f"most of the rest were lost to {rule}"
    return f"of the rest, {rule} took more than any other rule"


def sound_months(past: Mapping[str, Profile], month: str) -> dict[str, Profile]:
    """The sound ones of the past twelve months, the last one last."""
    months = sorted(m for m in past if shift(month, -MONTHS_BACK) <= m < month)
    return {m: past[m] for m in months if is_sound(past[m])}
