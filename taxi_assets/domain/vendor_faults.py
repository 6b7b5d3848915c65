"""What goes wrong with a vendor's data, and when that is named."""

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from taxi_assets.domain.cleaning import RULE_NAMES
from taxi_assets.domain.profile import CLEAN, PUBLISHED, REJECTED, Profile

MIN_TRIPS = 100  # on both sides
MIN_REJECTED, MIN_REJECTED_TIMES = 0.05, 1.5  # of a vendor's trips, and times as many as before
MIN_STUCK = 0.02  # of a vendor's rides of a mile and more
SURE = 5.0  # standard errors of the difference of two counts or shares
HINTS = {
    "refund_pair": "it may bill rides twice",
    "pickup_outside_month": "its clocks may be wrong",
    "unknown_zone": "it may have lost positions",
}


class Rate(NamedTuple):
    """How many of how many."""

    hits: int
    trips: int

    @property
    def share(self) -> float:
        """Hits among the trips, of which there are some."""
        return self.hits / self.trips


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong with a vendor's trips.

    Attributes:
        hits: subject and stage of how many have it.
        trips: subject and stage of how many could.
        least: from how many more on it is named, a share.
        times: and from how many times as many.
        beginning: what the share is of, when it begins: `of its trips lost to ...`.
        lasting: the same as a predicate around the share, when it goes on.
        hint: what may be the cause.
    """

    hits: tuple[str, str]
    trips: tuple[str, str]
    least: float
    times: float
    beginning: str
    lasting: tuple[str, str]
    hint: str

    def rate(self, profile: Profile, vendor: str) -> Rate:
        """How many of a vendor's trips have it."""
        return Rate(profile.count(*self.hits, vendor), profile.count(*self.trips, vendor))

    def jumped(self, is_: Rate, was: Rate) -> bool:
        """Whether far more have it, and not by chance."""
        if min(is_.trips, was.trips) < MIN_TRIPS:
            return False
        far = is_.share - was.share >= self.least and is_.share >= self.times * was.share
        return far and _sure(is_, was)


def _sure(one: Rate, other: Rate) -> bool:
    """Whether two shares differ by more than chance makes them."""
    share = (one.hits + other.hits) / (one.trips + other.trips)
    error = sqrt(share * (1 - share) * (1 / one.trips + 1 / other.trips))
    return abs(one.share - other.share) >= SURE * error


def _lost_to(rule: str) -> Fault:
    """A rule that takes far more of a vendor's trips than it took."""
    return Fault(
        (f"trips_by_vendor_{rule}", REJECTED),
        ("trips_by_vendor", PUBLISHED),
        MIN_REJECTED,
        MIN_REJECTED_TIMES,
        f"of its trips lost to {rule}",
        ("loses", f"of its trips to {rule}"),
        HINTS.get(rule, "its meters may be broken"),
    )


STUCK = Fault(  # meters that ran a mile and still show the initial charge: no rule can tell
    ("stuck_fares_by_vendor", CLEAN),
    ("mile_rides_by_vendor", CLEAN),
    MIN_STUCK,
    1.0,
    "of its rides of a mile and more cost the bare initial charge",
    ("charges", "of its rides of a mile and more the bare initial charge"),
    "its meters may stick",
)
FAULTS = (*map(_lost_to, RULE_NAMES), STUCK)
EVERY_REJECTION = tuple(fault for fault in FAULTS if fault is not STUCK)


def rejected_share(profile: Profile, vendor: str) -> float:
    """What cleaning takes of a vendor's trips, of which there are some."""
    return sum(fault.rate(profile, vendor).share for fault in EVERY_REJECTION)
