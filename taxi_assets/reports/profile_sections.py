"""What the page of a month's profile shows of its trips."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from taxi_assets.domain.cleaning import REFUND_PAIR, RULE_NAMES, RULES
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.domain.profile import (
    CLEAN,
    MEASURES,
    METRICS,
    PUBLISHED,
    QUANTILES,
    REJECTED,
    Profile,
)
from taxi_assets.domain.profiled_trips import Trips
from taxi_assets.domain.profiling import examples
from taxi_assets.domain.slices import WEEKDAYS
from taxi_assets.reports import profile_charts as draw
from taxi_assets.reports.page import Listing, Picture, Section

ABOUT = {rule.name: (rule.bound, rule.reason) for rule in RULES} | {
    REFUND_PAIR: (
        "both halves go",
        "a sale and its refund net to nothing: no ride was paid for",
    )
}


def volumes(now: Profile) -> Section:
    """How many rides on which day and in which hour."""
    days = now.parts("trips_by_day")
    quiet, busy = (pick(days, key=lambda day: days[day]) for pick in (min, max))
    trips = "trip" if days[quiet] == 1 else "trips"
    empty = sum(not count for count in days.values())
    return Section(
        "How many rides, and when?",
        [
            f"Quietest day: {weekday(quiet)} with {days[quiet]:,.0f} clean {trips}; busiest: "
            f"{weekday(busy)} with {days[busy]:,.0f}. "
            + (f"Days without any: {empty}." if empty else "Every day has some.")
        ],
        [
            Picture(
                "trips_by_day",
                draw.by_day(now),
                "Trips by the day they started on; weekends are shaded. Trips that started in "
                "another month are left out.",
            ),
            Picture("trips_by_hour", draw.by_hour(now), "Clean trips by weekday and hour."),
        ],
    )


def cleaned(now: Profile) -> Section:
    """What cleaning did to the values."""
    distributions = Picture(
        "before_and_after",
        draw.before_and_after(now),
        "Trips by fare, distance, duration and speed as published and after cleaning; both scales "
        "go by powers of ten. The first and the last bin hold all that lies below and above, zero "
        "and less among it. What cannot be read is in none.",
    )
    rows = [
        [
            f"{measure.label}, {measure.unit}" if stage == PUBLISHED else "",
            stage,
            *(shown(now.number(measure.name, stage, part)) for part in QUANTILES),
        ]
        for measure in MEASURES
        for stage in (PUBLISHED, CLEAN)
    ]
    listing = Listing(
        ["", "trips", *(name.replace(" ", "") for name in QUANTILES)],
        rows,
        "Quantiles of all values that can be read",
        words=(1,),
    )
    return Section("What do rides cost, and how long are they?", (), [distributions], [listing])


def rejects(now: Profile, rejected: Trips, names: Mapping[int, str]) -> Section:
    """What was rejected, and why."""
    lost, published = now.parts("trips_by_rule", REJECTED), now.count("trips", PUBLISHED)
    rules = Listing(
        ["rule", "trips", "of all", "what it asks for", "why"],
        [
            [rule, f"{lost[rule]:,.0f}", f"{lost[rule] / published:.2%}", *ABOUT[rule]]
            for rule in RULE_NAMES
        ],
        "A trip counts for the first rule it breaks",
        words=(3, 4),
    )
    found = [(rule, row) for rule, rows in examples(rejected).items() for row in rows]
    rows = [
        [
            rule,
            f"{rejected.source_row[row]:,}",
            moment(rejected.pickup_at[row]),
            *(place(zones[row], names) for zones in (rejected.pickup_zone, rejected.dropoff_zone)),
            *(shown(getattr(rejected, measure.name)[row]) for measure in MEASURES),
        ]
        for rule, row in found
    ]
    header = ["rule", "row", "picked up", "from", "to", "USD", "miles", "min", "mph"]
    return Section(
        "What was rejected, and why?",
        [f"{now.count('trips', REJECTED):,} of {published:,} published trips."],
        listings=[rules, Listing(header, rows, "Some of them", words=(3, 4))],
    )


def where(now: Profile, zones: pd.DataFrame, names: Mapping[int, str]) -> Section:
    """Where rides begin, and the routes that most take."""
    routes = now.parts("route_trips")
    rows = []
    for route, trips in routes.items():
        start, end = (place(int(zone), names) for zone in route.split(" to "))
        medians = (now.number(f"route_{measure.name}", part=route) for measure in METRICS)
        rows.append([start, end, f"{trips:,.0f}", *map(shown, medians)])
    header = ["from", "to", "clean trips", "median USD", "median miles", "median min"]
    return Section(
        "Where do rides begin?",
        (),
        [
            Picture(
                "pickups_by_zone",
                draw.pickups(now, zones),
                "Clean trips by the zone they start in, on a scale of powers of ten; zones in "
                "which none starts are grey.",
            )
        ],
        [Listing(header, rows, f"The {len(rows)} busiest routes", words=(1,))],
    )


def missing(now: Profile, past: Iterable[Profile], fleet: str) -> Section:
    """Which columns have holes, but for those that no month has or that the fleet does not know."""
    months = [profile.parts("null_share", PUBLISHED) for profile in (now, *past)]
    lacking = get_fleet(fleet).lacking
    shares = {name: share for name, share in months[0].items() if name not in lacking}
    never = [name for name in shares if len(months) > 1 and _never_there(name, months)]
    for name in never:
        del shares[name]
    holes = {name: share for name, share in shares.items() if share}
    said = [f"{len(shares) - len(holes)} of {len(shares)} columns have a value on every trip."]
    if never:
        said.append(f"Empty in this month and all before it: {', '.join(never)}.")
    rows = [
        [name, f"{share:.2%}"] for name, share in sorted(holes.items(), key=lambda hole: -hole[1])
    ]
    tables = [Listing(["column", "missing"], rows, "Of all published trips")] if rows else []
    return Section("What is missing?", said, listings=tables)


def _never_there(name: str, months: Sequence[Mapping[str, float]]) -> bool:
    """Whether no trip of any month has a value."""
    return all(month.get(name, 1.0) == 1.0 for month in months)


def weekday(day: str) -> str:
    """A day of the month, for example `Sunday 16`."""
    at = pd.Timestamp(day)
    return f"{WEEKDAYS[at.dayofweek]} {at.day}"


def shown(value: float | None) -> str:
    """A value in a table."""
    return "-" if value is None or np.isnan(value) else f"{value:,.2f}"


def moment(at: np.datetime64) -> str:
    """A time in a table."""
    return "-" if np.isnat(at) else str(at).replace("T", " ")


def place(zone: int, names: Mapping[int, str]) -> str:
    """A zone by its name, by its number where it has none."""
    return names.get(zone, "-" if zone < 0 else f"zone {zone}")
