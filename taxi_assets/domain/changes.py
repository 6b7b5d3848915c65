"""What changed against the last sound month, by name: only what is large, and not by chance.

Each threshold asks for an effect and for trips enough to be sure of it. Between the four pairs of
neighbouring green months of 2023-01 to 03 and 2025-01 to 03, medians of borough pairs of 300 rides
or more moved by at most 21 % (distance), 19 % (duration) and 19 % (fare); of pairs of 100 or more,
those of 193 and 230 rides within the Bronx by 32 %, which is half a mile, and chance. The median
fare per mile moved by at most 1.3 %, trips a day by 7 %, and the share that a rule takes of a
vendor's trips by 1.7 points up and 4.7 down. The one thing named there is that vendor 6 came in
February 2025. Nothing is named in 18 calm simulated months of 1,000, 3,000 and 8,000 green and
8,000 yellow rows, 24 seeds in all; nor by `lasting`, in 18 months of 1,200, 3,000 and 8,000 green
rows, 12 seeds in all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from taxi_assets.domain.months import bounds, month_name, shift
from taxi_assets.domain.profile import HIGH, LOW, MEDIAN, PUBLISHED, Profile
from taxi_assets.domain.vendor_faults import (
    FAULTS,
    MIN_REJECTED,
    MIN_STUCK,
    MIN_TRIPS,
    SURE,
    rejected_share,
)

MIN_RATIO = 0.25  # of a borough pair's median
LEAST = {"distance_mi": 1.0, "duration_min": 5.0, "fare_usd": 5.0}  # of the same, in its unit
MIN_PRICE_RATIO = 0.05
MIN_VOLUME_RATIO = 0.20
MIN_VENDOR_SHARE = 0.01  # of all trips: a smaller vendor may come and go unnamed
CRITERIA = (
    "A change against the last sound month is named from these on: "
    f"{MIN_VOLUME_RATIO:.0%} of the trips a day; {MIN_PRICE_RATIO:.0%} of the median fare per "
    f"mile; {MIN_RATIO:.0%} and a mile, five minutes or five dollars of the medians between two "
    f"boroughs; {100 * MIN_REJECTED:.0f} points of a vendor's trips more lost to a rule, and half "
    f"as many again; {100 * MIN_STUCK:.0f} points of its rides more stuck at the initial charge; a "
    f"vendor that comes or goes with {MIN_VENDOR_SHARE:.0%} of all trips. And only where "
    f"{MIN_TRIPS} trips or more on both sides rule out chance."
)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as it was.

    Attributes:
        text: a sentence without its full stop.
        weight: the share of trips concerned times how much changed: the larger, the more important.
    """

    text: str
    weight: float


def named_changes(now: Profile, before: Profile, month: str, last: str) -> list[Change]:
    """What changed from one month to another, the most important first; mostly nothing.

    Args:
        now: numbers of the month.
        before: numbers of the month to compare it with.
        month: which month, `YYYY-MM`.
        last: which month that is, mostly the one right before.
    """
    then = "last month" if last == shift(month, -1) else f"in {month_name(last)}"
    price = _price_ratio(now, before)
    found = [
        *_volume(now, before, month, last),
        *_price(now, before, price),
        *_vendors(now, before, last),
        *_faults(now, before, then),
        *_pairs(now, before, price or 1.0),
    ]
    return sorted(found, key=lambda change: -change.weight)


def percent(share: float) -> str:
    """A share as it stands in a sentence; small ones with a digit more."""
    return f"{100 * share:.{1 if 0 < share < 0.02 else 0}f}%"


def _volume(now: Profile, before: Profile, month: str, last: str) -> Iterator[Change]:
    """Trips a day, so that a short month is as good as a long one."""
    counts = [profile.count("trips", PUBLISHED) for profile in (now, before)]
    rates = [n / _days(m) for n, m in zip(counts, (month, last), strict=True)]
    if not counts[1] or abs(counts[0] - counts[1]) < SURE * sqrt(sum(counts)):
        return
    ratio = rates[0] / rates[1] - 1
    if abs(ratio) >= MIN_VOLUME_RATIO:
        moved = "rose" if ratio > 0 else "fell"
        yield Change(
            f"Volume {moved} {percent(abs(ratio))}: {rates[0]:,.0f} published trips a day, "
            f"{rates[1]:,.0f} in {month_name(last)}",
            abs(ratio),
        )


def _days(month: str) -> int:
    first, end = bounds(month)
    return (end - first).days


def _price_ratio(now: Profile, before: Profile) -> float | None:
    """What fares per mile were multiplied by, None where they stayed as they were."""
    if min(profile.count("metered_trips") for profile in (now, before)) < MIN_TRIPS:
        return None
    is_, was = (profile.parts("fare_per_mile") for profile in (now, before))
    ratio = is_[MEDIAN] / was[MEDIAN]
    return ratio if abs(ratio - 1) >= MIN_PRICE_RATIO and _apart(is_, was) else None


def _price(now: Profile, before: Profile, ratio: float | None) -> Iterator[Change]:
    """A tariff changes every metered fare, and none of the distances."""
    if ratio is not None:
        is_, was = (profile.parts("fare_per_mile")[MEDIAN] for profile in (now, before))
        yield Change(
            f"Fares per mile {'rose' if ratio > 1 else 'fell'} {percent(abs(ratio - 1))} (median "
            f"${was:.2f} to ${is_:.2f} over all metered trips): the tariff may have changed",
            abs(ratio - 1),
        )


def _vendors(now: Profile, before: Profile, last: str) -> Iterator[Change]:
    """Vendors that came or went."""
    trips, past = (profile.parts("trips_by_vendor", PUBLISHED) for profile in (now, before))
    everything, all_past = sum(trips.values()), sum(past.values())
    for vendor in sorted(trips.keys() | past.keys()):
        n, n_past = trips.get(vendor, 0), past.get(vendor, 0)
        if not n_past and n >= max(MIN_TRIPS, MIN_VENDOR_SHARE * everything):
            lost = percent(rejected_share(now, vendor))
            yield Change(
                f"Vendor {vendor} is new: {n:,.0f} trips, {lost} of them rejected", n / everything
            )
        elif not n and n_past >= max(MIN_TRIPS, MIN_VENDOR_SHARE * all_past):
            yield Change(
                f"Vendor {vendor} sent no trips; it sent {n_past:,.0f} in {month_name(last)}",
                n_past / all_past,
            )


def _faults(now: Profile, before: Profile, then: str) -> Iterator[Change]:
    """Vendors of whose trips far more have something wrong with them."""
    trips = now.parts("trips_by_vendor", PUBLISHED)
    for vendor, n in sorted(trips.items()):
        for fault in FAULTS:
            is_, was = (fault.rate(profile, vendor) for profile in (now, before))
            if fault.jumped(is_, was):
                yield Change(
                    f"Vendor {vendor}: {percent(is_.share)} {fault.beginning}, "
                    f"{percent(was.share)} {then}: {fault.hint}",
                    n / sum(trips.values()) * (is_.share - was.share),
                )


def _pairs(now: Profile, before: Profile, price: float) -> Iterator[Change]:
    """Borough pairs whose rides are not what they were, a new tariff aside."""
    trips, past = now.parts("pair_trips"), before.parts("pair_trips")
    everything = sum(trips.values())
    for pair, n in trips.items():
        if min(n, past.get(pair, 0)) < MIN_TRIPS:
            continue
        said, largest = [], 0.0
        for metric in LEAST:
            is_, was = (_medians(profile, pair, metric) for profile in (now, before))
            if metric == "fare_usd":
                was = {part: value * price for part, value in was.items()}
            moved = is_[MEDIAN] - was[MEDIAN]
            if (
                abs(moved) >= LEAST[metric]
                and abs(moved) >= MIN_RATIO * was[MEDIAN]
                and _apart(is_, was)
            ):
                said.append(_moved(metric, was[MEDIAN], is_[MEDIAN]))
                largest = max(largest, abs(moved) / was[MEDIAN])
        if said:
            yield Change(f"Rides {pair} {_joined(said)}", n / everything * largest)


def _medians(profile: Profile, pair: str, metric: str) -> dict[str, float]:
    return {part: profile.parts(f"pair_{metric}_{part}")[pair] for part in (MEDIAN, LOW, HIGH)}


def _joined(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _apart(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether two medians' intervals have nothing in common."""
    return one[LOW] > other[HIGH] or other[LOW] > one[HIGH]


def _moved(metric: str, was: float, is_: float) -> str:
    """How a median moved, in words; by as much as the numbers shown differ."""
    digits = {"distance_mi": 1, "duration_min": 0, "fare_usd": 2}[metric]
    old, new = round(was, digits), round(is_, digits)
    more, by, shown = new > old, abs(new - old), f"{old:.{digits}f} to {new:.{digits}f}"
    if metric == "distance_mi":
        return f"became {by:.1f} miles {'longer' if more else 'shorter'} (median {shown})"
    if metric == "duration_min":
        return f"took {by:.0f} minutes {'longer' if more else 'less'} (median {shown})"
    return f"cost ${by:.2f} {'more' if more else 'less'} (median ${old:.2f} to ${new:.2f})"
