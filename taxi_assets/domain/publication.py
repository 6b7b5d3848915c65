"""What a source of trip files has published, and which months are to be run for it.

Decisions only: who asks the source, and who starts runs, hands in what it found.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

PROBES = 8  # months that are not landed and may be asked for in one look
NEWEST = 3  # landed months looked at every time: TLC corrects young months most
IN_TURN = 6  # older landed months looked at in one look, all of them in a few
THOROUGH = 120  # landed months looked at in a thorough look, the newest: each takes a tenth second
PUBLISHED, CORRECTED = "published", "corrected"

Seen = dict[str, "Publication | None"]  # by month; None: the source does not have it (yet)


@dataclass(frozen=True, slots=True)
class Publication:
    """A month's file as its source describes it, or as it was when it was landed.

    Attributes:
        etag: changes whenever the content does; None where the source gives none.
        last_modified: UTC; None where the source does not say.
        bytes: length; None where the source does not say.
    """

    etag: str | None
    last_modified: datetime | None
    bytes: int | None

    @property
    def key(self) -> str:
        """Its identity in 12 hexadecimal digits."""
        time = self.last_modified.isoformat() if self.last_modified else None
        told = json.dumps([self.etag, time, self.bytes])
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def differs(self, landed: "Publication") -> bool:
        """Whether this is surely another content than what was landed.

        An ETag decides where both have one. A date alone does not then: a file that is copied to
        another place gets a new date, and a month would be run for nothing.
        """
        if _differ(self.bytes, landed.bytes) or _differ(self.etag, landed.etag):
            return True
        same_etag = self.etag is not None and landed.etag is not None
        return not same_etag and _differ(self.last_modified, landed.last_modified)


@dataclass(frozen=True, slots=True)
class Order:
    """A run that a publication calls for.

    Attributes:
        fleet: fleet name.
        month: `YYYY-MM`.
        trigger: `PUBLISHED` or `CORRECTED`.
        publication: what is to be landed.
    """

    fleet: str
    month: str
    trigger: str
    publication: Publication

    @property
    def run_key(self) -> str:
        """The same for the same publication, so that it is run once; another for a correction."""
        return f"{self.fleet}-{self.month}-{self.publication.key}"


def look_for_new(
    months: Sequence[str], landed: Collection[str], probe: Callable[[str], Publication | None]
) -> Seen:
    """Look for months that are not landed: later ones than any that is, then what is missing.

    Both times from the earliest on, and until two in a row are not out: one may be a gap.

    Args:
        months: every month that has ended, in time order.
        landed: those that are landed.
        probe: asks the source for a month.
    """
    newest = max(landed, default="")
    missing = [month for month in months if month not in landed]
    seen: Seen = {}
    for part in ([m for m in missing if m > newest], [m for m in missing if m < newest]):
        seen |= _until_two_are_not_out(part[: PROBES - len(seen)], probe)
    return seen


def to_look_at_again(landed: Sequence[str], last: str) -> list[str]:
    """The landed months whose turn it is: a few older ones, then the newest.

    Args:
        landed: landed months, in time order.
        last: the last of the older months that were looked at before; empty at first.
    """
    older, newest = landed[:-NEWEST], landed[-NEWEST:]
    in_turn = [m for m in older if m > last] + [m for m in older if m <= last]
    return [*in_turn[:IN_TURN], *newest]


def last_in_turn(looked_at: Sequence[str], last: str) -> str:
    """The older month with which a look that began after `last` ended."""
    older = looked_at[:-NEWEST]
    return older[-1] if older else last


def orders(
    fleet: str, seen: Mapping[str, Publication | None], landed: Mapping[str, Publication]
) -> list[Order]:
    """The runs that what was seen calls for, in time order.

    Args:
        fleet: fleet name.
        seen: what the source says of months.
        landed: what was landed of them, where anything was.
    """
    found = []
    for month, publication in sorted(seen.items()):
        if publication is None:
            continue  # not out yet; where it is landed, it stays although the source has lost it
        if month not in landed:
            found.append(Order(fleet, month, PUBLISHED, publication))
        elif publication.differs(landed[month]):
            found.append(Order(fleet, month, CORRECTED, publication))
    return found


def not_asked_before(wanted: Iterable[Order], asked: Collection[str]) -> list[Order]:
    """The orders whose run key is not among those of runs that were asked for."""
    return [order for order in wanted if order.run_key not in asked]


def _until_two_are_not_out(
    months: Sequence[str], probe: Callable[[str], Publication | None]
) -> Seen:
    seen: Seen = {}
    for month in months:
        seen[month] = probe(month)
        if len(seen) > 1 and list(seen.values())[-2:] == [None, None]:
            break
    return seen


def _differ(one: object, other: object) -> bool:
    """Whether both are told and not the same."""
    return one is not None and other is not None and one != other
