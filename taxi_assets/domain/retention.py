"""What may go and what must stay: the policy of `taxi-assets prune`, one function per category.

Age counts from when a thing stopped being current, not from when it was made: a month that was
corrected yesterday can be brought back today, however old it is. Whatever is in doubt stays.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

SNAPSHOT, FILE, LANDED, REPORT, RUN = "snapshot", "file", "landed", "report", "run"
MADE = "made"  # what a run tells of an asset that it made
TREND = "trend"  # what Evidently shows of a month
CATEGORIES = (SNAPSHOT, FILE, LANDED, REPORT, TREND, RUN)  # references go before what they refer to

# A run writes files that nobody refers to before its commit. The daemon ends runs after six hours;
# twelve times that also covers a weekend on which somebody looks into a run that hangs.
SAFE_AGE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that goes.

    Attributes:
        category: one of `CATEGORIES`.
        name: where it is: `table@snapshot`, a file below its store's root, a run's id.
        bytes: what it frees by itself; 0 for snapshots, whose files are counted one by one, and for
            runs, whose size their database does not tell.
        reason: why it may go.
    """

    category: str
    name: str
    bytes: int
    reason: str


@dataclass(frozen=True, slots=True)
class Promoted:
    """An entry of the log of promotions: when, who came, and who went."""

    when: datetime
    version: int
    previous: int | None


def reproducible_versions(
    log: Iterable[Promoted],
    *,
    champion: int | None,
    fallback: int | None,
    candidate: int | None,
    cutoff: datetime,
) -> dict[int, str]:
    """The model versions whose training rows must stay readable, each with the reason.

    Args:
        log: promotions in any order.
        champion: who answers now.
        fallback: whom a rollback would make champion.
        candidate: the newest month's version.
        cutoff: who answered at any time since then stays.
    """
    found: dict[int, str] = {}
    for number, reason in [
        (champion, "is champion"),
        (fallback, "is the champion to roll back to"),
        (candidate, "is the candidate"),
        *(
            (number, "was champion in the kept period")
            for entry in log
            if entry.when >= cutoff
            for number in (entry.version, entry.previous)
        ),
    ]:
        if number is not None:
            found.setdefault(number, reason)
    return found


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of a table.

    Attributes:
        id: Iceberg's.
        committed_at: when.
        replaced_at: when the next version of its month was committed; None where it is no version
            of a month, or the last one.
        holds: whether it is some month's current version or the table's current snapshot.
        needed: whether a model version that stays reproducible was made from it.
        is_version: whether it shows a version of a month.
    """

    id: int
    committed_at: datetime
    replaced_at: datetime | None
    holds: bool
    needed: bool
    is_version: bool


def expired_snapshots(snapshots: Iterable[Snapshot], cutoff: datetime) -> dict[int, str]:
    """Ids of the snapshots that go, each with the reason."""
    found: dict[int, str] = {}
    for one in snapshots:
        if one.holds or one.needed or one.committed_at >= cutoff:
            continue
        if not one.is_version:
            found[one.id] = f"holds no version and is of {one.committed_at:%Y-%m-%d}"
        elif one.replaced_at is not None and one.replaced_at < cutoff:
            found[one.id] = f"was replaced on {one.replaced_at:%Y-%m-%d}"
    return found


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a folder or bucket: its name below the root, size, and last change in UTC."""

    name: str
    bytes: int
    modified: datetime


def orphans(
    files: Iterable[StoredFile], referenced: Collection[str], now: datetime
) -> list[StoredFile]:
    """Files that nothing refers to and that no run can still be writing."""
    before = now - SAFE_AGE
    return [file for file in files if file.name not in referenced and file.modified < before]


def replaced_files(
    landed: Sequence[tuple[str, datetime]], current: str | None, cutoff: datetime
) -> dict[str, str]:
    """Hashes of landed versions that go, each with the reason.

    Args:
        landed: hash and time of landing, oldest first.
        current: the hash that counts now; without one nothing goes.
        cutoff: a version goes when the one after it landed before this.
    """
    if current is None:
        return {}
    return {
        digest: f"was replaced on {after:%Y-%m-%d}"
        for (digest, _), (_, after) in pairwise(landed)
        if digest != current and after < cutoff
    }


def report_months(files: Iterable[StoredFile], fleet: str) -> dict[str, list[StoredFile]]:
    """A fleet's report files by month; files that are of none are left out.

    Args:
        files: named `fleet/YYYY-MM/...`.
        fleet: whose.
    """
    found: dict[str, list[StoredFile]] = {}
    for file in files:
        if month := re.match(rf"{re.escape(fleet)}/([0-9]{{4}}-[0-9]{{2}})/", file.name):
            found.setdefault(month[1], []).append(file)
    return found


def past_months(
    reports: Mapping[str, Sequence[StoredFile]], cutoff: datetime, spared: Collection[str]
) -> set[str]:
    """Months whose reports go: they are past, and so is the day on which the last was made.

    Args:
        reports: from `report_months`.
        cutoff: what is older may go.
        spared: months whose reports stay all the same: those of versions that stay reproducible.
    """
    return {
        month
        for month, files in reports.items()
        if month < f"{cutoff:%Y-%m}"
        and month not in spared
        and max(file.modified for file in files) < cutoff
    }


@dataclass(frozen=True, slots=True)
class Run:
    """A Dagster run.

    Attributes:
        id: Dagster's.
        ended_at: None while it goes on.
        tells: what it recorded: kind, asset, partition and, of a check, its name.
        began_at: None where it never did.
    """

    id: str
    ended_at: datetime | None
    tells: frozenset[tuple[str, ...]]
    began_at: datetime | None = None

    def ended_before(self, other: "Run") -> bool:
        """Whether it was over when the other began."""
        return (
            self.ended_at is not None
            and other.began_at is not None
            and self.ended_at < other.began_at
        )


def old_runs(
    newest_first: Iterable[Run],
    cutoff: datetime,
    dependents: Mapping[str, Collection[str]] | None = None,
) -> dict[str, str]:
    """Ids of the runs that go, each with the reason.

    A run stays when it is the latest to tell something: without it Dagster would take an asset's
    partition for missing, or a check for never made. It also stays when what it made may be what
    something current was made from: Dagster then compares the two, and would take the current one
    for stale where it cannot. That is so for all that a dependent's latest run may have found.

    Args:
        newest_first: all runs.
        cutoff: runs that ended after it stay.
        dependents: assets that are made from an asset, by its name.
    """
    tellers: dict[tuple[str, ...], list[Run]] = {}
    for run in (runs := list(newest_first)):
        for thing in run.tells:
            tellers.setdefault(thing, []).append(run)
    stay = {some[0].id for some in tellers.values()}
    latest: dict[str, dict[str, Run]] = {}  # by asset: the runs that tell a partition's latest
    for thing, some in tellers.items():
        if thing[0] == MADE:
            latest.setdefault(thing[1], {})[some[0].id] = some[0]
    for thing, some in tellers.items():
        if thing[0] != MADE:
            continue
        readers = {
            key: run
            for asset in (dependents or {}).get(thing[1], ())
            for key, run in latest.get(asset, {}).items()
        }
        for later, run in pairwise(some):
            between = (r for key, r in readers.items() if key not in (run.id, later.id))
            if any(not r.ended_before(run) and not later.ended_before(r) for r in between):
                stay.add(run.id)
    return {
        run.id: f"ended on {run.ended_at:%Y-%m-%d}, and nothing that is current needs it"
        for run in runs
        if run.ended_at is not None and run.ended_at < cutoff and run.id not in stay
    }


def totals(removals: Iterable[Removal]) -> Mapping[str, tuple[int, int]]:
    """How many things go and how many bytes they free, by category, in the order they go."""
    found = dict.fromkeys(CATEGORIES, (0, 0))
    for one in removals:
        count, size = found[one.category]
        found[one.category] = (count + 1, size + one.bytes)
    return found
