"""The policy of prune: laws over anything there may be, and the boundaries of each rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.keep import Keep, parse_keep
from taxi_assets.domain.retention import (
    FILE,
    LANDED,
    MADE,
    SAFE_AGE,
    Promoted,
    Removal,
    Run,
    Snapshot,
    StoredFile,
    expired_snapshots,
    old_runs,
    orphans,
    past_months,
    replaced_files,
    report_months,
    reproducible_versions,
    totals,
)

NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2025, 6, 15), timezones=st.just(UTC))
snapshots = st.builds(
    Snapshot,
    id=st.integers(),
    committed_at=instants,
    replaced_at=st.none() | instants,
    holds=st.booleans(),
    needed=st.booleans(),
    is_version=st.booleans(),
)
facts = st.frozensets(st.tuples(st.sampled_from("abcde")), max_size=3)
runs = st.lists(
    st.builds(Run, id=st.uuids().map(str), ended_at=st.none() | instants, tells=facts),
    unique_by=lambda run: run.id,
    max_size=8,
)


@pytest.mark.parametrize(
    ("text", "now", "cutoff"),
    [
        ("24m", NOW, datetime(2023, 6, 15, 12, tzinfo=UTC)),
        ("12m", datetime(2024, 2, 29, tzinfo=UTC), datetime(2023, 2, 28, 23, 59, 59, 999999, UTC)),
        ("730d", NOW, NOW - timedelta(days=730)),
    ],
)
def test_a_period_reaches_back_in_the_calendar(text: str, now: datetime, cutoff: datetime) -> None:
    keep = parse_keep(text, 12, now)

    assert keep.cutoff(now) == cutoff
    assert str(keep) == text


@pytest.mark.parametrize(
    "text", ["0m", "0d", "-3d", "sometimes", "", "3", "m", "1.5m", "24M", "٣m"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no period: write months or days"):
        parse_keep(text, 2, NOW)


@pytest.mark.parametrize("text", ["11m", "364d"])
def test_a_period_shorter_than_the_training_window_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="shorter than the 12 months a model learns from"):
        parse_keep(text, 12, NOW)


@pytest.mark.parametrize("text", ["12m", "365d"])
def test_a_period_as_long_as_the_training_window_will_do(text: str) -> None:
    assert str(parse_keep(text, 12, NOW)) == text


def test_a_period_longer_than_the_calendar_is_refused() -> None:
    with pytest.raises(UsageError, match="before year 1"):
        Keep(months=9999 * 12).cutoff(NOW)
    assert parse_keep("9999d", 12, NOW).days == 9999


@given(st.lists(snapshots, unique_by=lambda one: one.id), instants)
def test_no_snapshot_goes_that_holds_a_month_or_made_a_model(
    some: list[Snapshot], cutoff: datetime
) -> None:
    gone = expired_snapshots(some, cutoff)

    assert not [s for s in some if s.id in gone and (s.holds or s.needed)]
    assert not [s for s in some if s.id in gone and s.committed_at >= cutoff]


@given(st.lists(snapshots, unique_by=lambda one: one.id), instants, instants)
def test_keeping_for_longer_never_removes_more(
    some: list[Snapshot], one: datetime, other: datetime
) -> None:
    earlier, later = sorted((one, other))

    assert expired_snapshots(some, earlier).keys() <= expired_snapshots(some, later).keys()


@pytest.mark.parametrize(("replaced_at", "goes"), [(NOW - TICK, True), (NOW, False), (None, False)])
def test_a_version_ages_from_when_it_was_replaced(replaced_at: datetime | None, goes: bool) -> None:
    old = NOW - timedelta(days=999)
    one = Snapshot(7, old, replaced_at, holds=False, needed=False, is_version=True)

    assert (7 in expired_snapshots([one], NOW)) is goes


@pytest.mark.parametrize(("age", "goes"), [(SAFE_AGE, False), (SAFE_AGE + TICK, True)])
def test_a_file_that_a_run_may_still_write_stays(age: timedelta, goes: bool) -> None:
    file = StoredFile("a", 1, NOW - age)

    assert orphans([file], set(), NOW) == [file] * goes
    assert orphans([file], {"a"}, NOW) == []


def test_landed_files_go_once_the_next_one_is_old_and_never_the_current() -> None:
    days = [NOW - timedelta(days=days) for days in (40, 30, 10)]
    landed = list(zip("abc", days, strict=True))
    cutoff = NOW - timedelta(days=20)

    assert replaced_files(landed, "c", cutoff).keys() == {"a"}
    assert replaced_files(landed, "a", cutoff) == {}  # the source went back to it
    assert replaced_files(landed, None, NOW) == {}
    assert replaced_files(landed, "c", NOW).keys() == {"a", "b"}


def test_reports_go_by_their_month_and_the_index_and_spared_months_stay() -> None:
    names = [
        "green/index.html",
        "green/2023-01/drift_report.json",
        "green/2023-02/quality/clean_trips-1.json",
        "green/2023-03/drift_report.html",
        "green/2023-04/drift_report.html",
        "yellow/2023-01/drift_report.html",
    ]
    files = [StoredFile(name, 1, NOW) for name in names]
    reports = report_months(files, "green")
    cutoff = datetime(2023, 4, 20, tzinfo=UTC)
    young, old = (
        {month: [replace(file, modified=made) for file in some] for month, some in reports.items()}
        for made in (cutoff, cutoff - TICK)
    )

    gone = past_months(old, cutoff, {"2023-03"})

    assert [file.name for month in sorted(gone) for file in reports[month]] == names[1:3]
    assert past_months(young, cutoff, {"2023-03"}) == set()


@given(runs, instants)
def test_what_the_latest_runs_tell_is_told_after_a_prune(some: list[Run], cutoff: datetime) -> None:
    gone = old_runs(some, cutoff)
    left = [run for run in some if run.id not in gone]

    def latest(those: list[Run]) -> dict[tuple[str, ...], str]:
        return {told: run.id for run in reversed(those) for told in run.tells}

    assert latest(left) == latest(some)
    assert old_runs(left, cutoff) == {}
    assert not [run for run in some if run.id in gone and run.ended_at is None]


def test_a_run_stays_while_what_it_made_may_be_what_something_current_was_made_from() -> None:
    def run(name: str, day: int, *made: tuple[str, str]) -> Run:
        began = datetime(2025, 1, day, tzinfo=UTC)
        tells = frozenset((MADE, asset, month) for asset, month in made)
        return Run(name, began + timedelta(hours=1), tells, began)

    trips, history = ("trips", "2025-01"), ("history", "2025-02")
    before, first, reader, second = (
        run("before", 1, trips),
        run("first", 2, trips),
        run("reader", 3, history),
        run("second", 4, trips),
    )
    reread = run("reread", 5, history)
    made_from = {"trips": ["history"]}

    def gone(*oldest_first: Run) -> set[str]:
        return set(old_runs(reversed(oldest_first), NOW, made_from))

    assert gone(before, first, reader, second) == {"before"}
    assert gone(before, first, reader, second, reread) == {"before", "first", "reader"}
    assert gone(first, second, reread) == {"first"}


def test_champions_stay_reproducible_while_they_answered_in_the_kept_period() -> None:
    log = [
        Promoted(NOW - timedelta(days=90), 1, None),
        Promoted(NOW - timedelta(days=60), 2, 1),
        Promoted(NOW - timedelta(days=10), 3, 2),
        Promoted(NOW - timedelta(days=5), 4, 3),
    ]

    found = reproducible_versions(
        log, champion=4, fallback=3, candidate=6, cutoff=NOW - timedelta(days=30)
    )

    assert found == {
        4: "is champion",
        3: "is the champion to roll back to",
        6: "is the candidate",
        2: "was champion in the kept period",  # when it began
    }


def test_without_a_champion_only_the_candidate_stays_reproducible() -> None:
    found = reproducible_versions([], champion=None, fallback=None, candidate=1, cutoff=NOW)

    assert found == {1: "is the candidate"}


def test_totals_count_things_and_bytes_by_category() -> None:
    some = [Removal(FILE, "a", 3, "-"), Removal(FILE, "b", 4, "-"), Removal(LANDED, "c", 5, "-")]

    assert totals(some) == {
        "snapshot": (0, 0),
        "file": (2, 7),
        "landed": (1, 5),
        "report": (0, 0),
        "trend": (0, 0),
        "run": (0, 0),
    }
