"""Faults of a vendor's data that are not new any more: they are named for as long as they last.

Against last month, a meter that broke two months ago is as it was. So vendors are also compared
with what is usual: the median over the sound months of the past twelve, the lower one of two. A
fault thus turns usual only when more of these months have it than not. What changes in the city
(a bridge, a tariff) is told once.
"""

from collections.abc import Iterator, Mapping
from itertools import takewhile
from statistics import median_low

import numpy as np

from taxi_assets.domain.changes import MIN_VENDOR_SHARE, Change, named_changes, percent
from taxi_assets.domain.months import month_name
from taxi_assets.domain.profile import PUBLISHED, Profile
from taxi_assets.domain.soundness import sound_months
from taxi_assets.domain.tariff import TARIFFS
from taxi_assets.domain.vendor_faults import FAULTS, MIN_TRIPS, Fault, Rate, rejected_share

MIN_MONTHS = 2  # sound ones, before anything is usual
MAX_ODD_SHARE = 0.30  # of a new vendor's trips rejected
USUAL = (
    f"A vendor's fault is named again for as long as it is that far from the median of at least "
    f"{MIN_MONTHS} sound months of the past twelve; so is a vendor that at most half of them know "
    f"and that loses more than {MAX_ODD_SHARE:.0%} of its trips, or whose median fare is below the "
    "initial charge."
)


def findings(now: Profile, past: Mapping[str, Profile], month: str) -> list[Change]:
    """What changed against the last sound month and what is still wrong, the largest first.

    Args:
        now: numbers of the month.
        past: numbers of months before it, those that there are.
        month: which month, `YYYY-MM`.
    """
    sound = sound_months(past, month)
    if not sound:
        return []
    last = max(sound)
    found = named_changes(now, sound[last], month, last)
    found += lasting_faults(now, past, month)
    return sorted(found, key=lambda change: -change.weight)


def lasting_faults(now: Profile, past: Mapping[str, Profile], month: str) -> Iterator[Change]:
    """Vendors that are not as usual, though they were no better in the last sound month.

    Args:
        now: numbers of the month.
        past: numbers of months before it, those that there are.
        month: which month, `YYYY-MM`.
    """
    sound = sound_months(past, month)
    if len(sound) < MIN_MONTHS:
        return
    trips = now.parts("trips_by_vendor", PUBLISHED)
    everything, last = sum(trips.values()), sound[max(sound)]
    for vendor, n in sorted(trips.items()):
        yield from _odd_newcomer(now, sound, month, vendor, n / everything)
        for fault in FAULTS:
            rate = fault.rate(now, vendor)
            usual = _usual(fault, sound, vendor)
            if usual is None or fault.jumped(rate, fault.rate(last, vendor)):
                continue  # nothing is usual, or it has just begun and is named for that
            if fault.jumped(rate, usual):
                since = _since(fault, usual, past, vendor)
                text = _lasting(fault, rate, usual, since)
                weight = n / everything * (rate.share - usual.share)
                yield Change(f"Vendor {vendor} {text}", weight)


def _usual(fault: Fault, sound: Mapping[str, Profile], vendor: str) -> Rate | None:
    """The median month of those with trips enough, None where they are too few."""
    rates = [fault.rate(profile, vendor) for profile in sound.values()]
    known = [(rate.share, rate) for rate in rates if rate.trips >= MIN_TRIPS]
    return median_low(known)[1] if len(known) >= MIN_MONTHS else None


def _since(fault: Fault, usual: Rate, past: Mapping[str, Profile], vendor: str) -> str | None:
    """The first of the months on end that have the fault, None where only this one has."""
    backwards = sorted(past, reverse=True)
    on_end = takewhile(lambda m: fault.jumped(fault.rate(past[m], vendor), usual), backwards)
    return min(on_end, default=None)


def _lasting(fault: Fault, rate: Rate, usual: Rate, since: str | None) -> str:
    """A fault in words."""
    verb, what = fault.lasting
    usually = f"{percent(usual.share)} usually"
    if since is None:  # it crept in
        return f"now {verb} {percent(rate.share)} {what} ({usually})"
    return f"still {verb} {percent(rate.share)} {what} ({usually}, since {month_name(since)})"


def _odd_newcomer(
    now: Profile, sound: Mapping[str, Profile], month: str, vendor: str, share: float
) -> Iterator[Change]:
    """A vendor that most months do not know, and whose trips are mostly odd."""
    known = [m for m in sound if sound[m].count("trips_by_vendor", PUBLISHED, vendor)]
    n = now.count("trips_by_vendor", PUBLISHED, vendor)
    few = n < MIN_TRIPS or share < MIN_VENDOR_SHARE
    if few or max(sound) not in known or 2 * len(known) > len(sound):
        return  # too small, named as new, or one of the usual ones
    odd = _oddity(now, month, vendor)
    if odd:
        yield Change(
            f"Vendor {vendor}, new since {month_name(min(known))}, is still odd: {n:,} trips, "
            f"{odd}",
            share,
        )


def _oddity(now: Profile, month: str, vendor: str) -> str | None:
    """What is odd about a vendor's trips."""
    lost, fare = rejected_share(now, vendor), now.number("median_fare", PUBLISHED, vendor)
    if lost > MAX_ODD_SHARE:
        return f"{percent(lost)} of them rejected"
    initial = [tariff.drop_usd for since, tariff in TARIFFS if since <= np.datetime64(month, "s")]
    if fare is not None and initial and fare < initial[-1]:
        return f"their median fare ${fare:.2f}, below the initial charge of ${initial[-1]:.2f}"
    return None
