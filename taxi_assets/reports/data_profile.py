"""The page that says whether a month's data are sound."""

from collections.abc import Mapping, Sequence

import pandas as pd

from taxi_assets.domain.changes import CRITERIA, Change
from taxi_assets.domain.lasting import USUAL, findings
from taxi_assets.domain.months import bounds, month_name, shift
from taxi_assets.domain.profile import CLEAN, MEDIAN, PUBLISHED, Profile
from taxi_assets.domain.profiled_trips import Trips
from taxi_assets.domain.soundness import LIMITS, is_sound, sound_months, why_unsound
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
    if not now.count("trips", PUBLISHED):
        return silent(NAME, fleet, month, f"{month_name(month)} has no published trips.")
    changes = findings(now, past, month)
    last = max(sound_months(past, month), default=None)
    names = dict(zip(zones["zone"], zones["name"], strict=True))
    distributions = cleaned(now)
    return Report(
        NAME,
        fleet,
        month,
        verdict(month, now, last, changes),
        NOTABLE if changes or not is_sound(now) else GOOD,
        numbers=key_numbers(now),
        sections=(
            changed(month, now, past, last, changes),
            volumes(now),
            distributions,
            rejects(now, rejected, names),
            where(now, zones, names),
            missing(now, past.values(), fleet),
        ),
        basis=(
            f"Counted over all trips published for {month_name(month)}.",
            LIMITS,
            CRITERIA,
            USUAL,
        ),
        cover=distributions.pictures[0],
    )


def verdict(month: str, now: Profile, last: str | None, changes: Sequence[Change]) -> str:
    """The answer in one sentence; that a month is not sound leads it."""
    unsound, before = why_unsound(now, month), shift(month, -1)
    said = [text for text in (unsound, *(change.text for change in changes)) if text]
    if said:
        more, kind = len(said) - 1, "" if unsound else "more "
        also = f"; {more} {kind}change{'s' if more > 1 else ''} below" if more else ""
        against = f" ({compared_with(last)})" if changes and last and last != before else ""
        return f"{said[0]}{also}{against}."
    published = now.count("trips", PUBLISHED)
    held = f"{published:,} published trips, {now.rejected_share or 0.0:.1%} of them rejected"
    if last is None:
        return f"{month_name(month)} has {held}; there is nothing to compare with yet."
    other = "the month before" if last == before else f"{month_name(last)}, the last sound month"
    return (
        f"{month_name(month)} looks like {other}: {held}, and no large change of prices, "
        "at any vendor or between boroughs."
    )


def compared_with(last: str) -> str:
    """Which month another was compared with."""
    return f"compared with {month_name(last)}, the last sound month"


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
            "Median fare per mile, standard rate",
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
            "Passenger count missing",
            now.number("null_share", PUBLISHED, "passengers"),
            "%",
            1,
        ),
    ]


def _median(now: Profile, measure: str) -> float | None:
    return now.number(measure, CLEAN, MEDIAN)


def changed(
    month: str,
    now: Profile,
    past: Mapping[str, Profile],
    last: str | None,
    changes: Sequence[Change],
) -> Section:
    """What is not as it was, and the numbers beside those of the last months and a year ago."""
    before, year_ago = shift(month, -1), shift(month, -12)
    others = list(dict.fromkeys([last or before, before, year_ago]))
    there = [other for other in others if other in past]
    said = [f"{change.text}." for change in changes]
    if last is None:
        said.append("There is no sound month to compare with yet.")
    elif not said:
        said = [f"Nothing large against {month_name(last)}."]
    if last and last != before:
        said.append(f"It is {compared_with(last)}.")
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
        return f"{signed(100 * (now.value - before.value))} points"
    return f"{signed(100 * (now.value / before.value - 1))}%" if before.value else "-"


def signed(value: float) -> str:
    """A difference to a tenth; none has no minus."""
    return f"{round(value, 1) or 0.0:+.1f}"
