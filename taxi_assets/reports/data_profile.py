"""The page that says whether a month's data are sound."""

from collections.abc import Mapping, Sequence

import pandas as pd

from taxi_assets.domain.changes import CRITERIA, Change, named_changes, percent
from taxi_assets.domain.months import bounds, month_name, shift
from taxi_assets.domain.profile import CLEAN, MEDIAN, PUBLISHED, REJECTED, Profile
from taxi_assets.domain.profiled_trips import Trips
from taxi_assets.reports.page import (
    GOOD,
    NOTABLE,
    Listing,
    Number,
    Report,
    Section,
    silent,
)
from taxi_assets.reports.profile_sections import cleaned, missing, rejects, volumes, where

NAME = "data_profile"


def data_profile(
    fleet: str,
    month: str,
    now: Profile,
    past: Mapping[str, Profile],
    rejected: Trips,
    zones: pd.DataFrame,
) -> Report:
    """The page of one month.

    Args:
        fleet: fleet name.
        month: `YYYY-MM`.
        now: its profile.
        past: profiles of months before it, those that there are.
        rejected: its rejected trips, to show some.
        zones: (263, >=3) `zone`, `name`, `geometry`.
    """
    last = past.get(shift(month, -1))
    if not now.count("trips", PUBLISHED):
        return silent(NAME, fleet, month, f"{month_name(month)} has no published trips.")
    changes = [] if last is None else named_changes(now, last, month)
    names = dict(zip(zones["zone"], zones["name"], strict=True))
    distributions = cleaned(now)
    return Report(
        NAME,
        fleet,
        month,
        verdict(month, now, last, changes),
        NOTABLE if changes or not now.count("trips") else GOOD,
        numbers=key_numbers(now),
        sections=(
            changed(month, now, past, changes),
            volumes(now),
            distributions,
            rejects(now, rejected, names),
            where(now, zones, names),
            missing(now),
        ),
        basis=(f"Counted over all trips published for {month_name(month)}.", CRITERIA),
        cover=distributions.pictures[0],
    )


def verdict(month: str, now: Profile, last: Profile | None, changes: Sequence[Change]) -> str:
    """The answer in one sentence."""
    name, share = month_name(month), percent(now.rejected_share or 0.0)
    published = now.count("trips", PUBLISHED)
    trips = "trip" if published == 1 else "trips"
    held = f"{published:,} published {trips}, {share} of them rejected"
    if not now.count("trips"):
        lost = now.parts("trips_by_rule", REJECTED)
        most = max(lost, key=lambda rule: lost[rule])
        return f"{name} has no clean trip: {held}, most by {most}."
    if last is None:
        return f"{name} has {held}; there is no data for {month_name(shift(month, -1))}."
    if not changes:
        return (
            f"{name} looks like the month before: {held}, and no large change of prices, "
            "at any vendor or between boroughs."
        )
    more = len(changes) - 1
    also = f"; {more} more change{'s' if more > 1 else ''} below" if more else ""
    return f"{changes[0].text}{also}."


def key_numbers(now: Profile) -> list[Number]:
    """What the index follows over months."""
    published = now.count("trips", PUBLISHED)
    return [
        Number("published_trips", "Published trips", published, "trips"),
        Number("rejected_share", "Rejected share", now.rejected_share, "%", 1),
        Number("median_fare_usd", "Median fare", _median(now, "fare_usd"), "USD", 2),
        Number("median_distance_mi", "Median distance", _median(now, "distance_mi"), "mi", 2),
        Number(
            "fare_per_mile_usd",
            "Median fare per mile",
            now.number("fare_per_mile", part=MEDIAN),
            "USD",
            2,
        ),
    ]


def compared(month: str, now: Profile) -> list[Number]:
    """What months are compared by."""
    first, end = bounds(month)
    daily = now.count("trips", PUBLISHED) / (end - first).days
    return [
        Number("daily_trips", "Published trips a day", daily, "trips"),
        *key_numbers(now),
        Number("duration_min", "Median duration", _median(now, "duration_min"), "min", 1),
        Number("speed_mph", "Median speed", _median(now, "speed_mph"), "mph", 1),
        Number(
            "no_passengers",
            "Passengers not told",
            now.number("null_share", PUBLISHED, "passengers"),
            "%",
            1,
        ),
    ]


def _median(now: Profile, measure: str) -> float | None:
    return now.number(measure, CLEAN, MEDIAN)


def changed(
    month: str, now: Profile, past: Mapping[str, Profile], changes: Sequence[Change]
) -> Section:
    """What is not as it was last month, and the numbers beside those of a year ago."""
    others = [shift(month, -1), shift(month, -12)]
    there = [other for other in others if other in past]
    said = [f"{change.text}." for change in changes]
    if others[0] in past and not said:
        said = [f"Nothing large against {month_name(others[0])}."]
    said += [f"There is no data for {month_name(other)}." for other in others if other not in past]
    columns = [compared(other, past[other]) for other in there]
    rows = [
        [number.label, number.shown, *(cell for o in old for cell in (o.shown, moved(number, o)))]
        for number, *old in zip(compared(month, now), *columns, strict=True)
    ]
    header = [cell for other in there for cell in (month_name(other), "change")]
    return Section(
        "What changed?", said, listings=[Listing(["", month_name(month), *header], rows)]
    )


def moved(now: Number, before: Number) -> str:
    """How far a number moved: a share in points, any other number in percent of what it was."""
    if now.value is None or before.value is None:
        return "-"
    if now.unit == "%":
        return f"{100 * (now.value - before.value):+.1f} points"
    return f"{100 * (now.value / before.value - 1):+.1f} %" if before.value else "-"
