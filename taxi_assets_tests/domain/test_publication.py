"""Which months to look at and to run, and what is noted of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.months import month_range, shift
from taxi_assets.domain.publication import (
    CORRECTED,
    IN_TURN,
    NEWEST,
    PROBES,
    PUBLISHED,
    Publication,
    last_in_turn,
    look_for_new,
    not_asked_before,
    orders,
    to_look_at_again,
)
from taxi_assets.domain.publication_record import VERSION, Record, Sighting, read, write

MONTHS = month_range("2023-01", "2025-12")
NOW = datetime(2025, 3, 20, 12, tzinfo=UTC)
FIRST = Publication('"a"', NOW, 1_000)

publications = st.builds(
    Publication,
    etag=st.none() | st.sampled_from(['"a"', '"b"', 'W/"c"']),
    last_modified=st.none() | st.sampled_from([NOW, NOW + timedelta(days=1)]),
    bytes=st.none() | st.sampled_from([0, 1_000, 2_000]),
)
sources = st.dictionaries(st.sampled_from(MONTHS[:12]), publications)


def look(
    source: dict[str, Publication], landed: dict[str, Publication], record: Record
) -> tuple[list[str], Record]:
    """A tick's decisions: run keys, and what it notes."""
    again = to_look_at_again(sorted(landed), record.last_in_turn)
    seen = look_for_new(MONTHS, landed, source.get)
    seen |= {month: source.get(month) for month in again}
    found = not_asked_before(orders("green", seen, landed), record.asked)
    last = last_in_turn(again, record.last_in_turn)
    return [order.run_key for order in found], record.after(seen, found, last, NOW)


@pytest.mark.parametrize(
    ("published", "landed", "asked_for"),
    [
        (0, 0, ["2023-01", "2023-02"]),  # one beyond what is not out
        (1, 0, ["2023-01", "2023-02", "2023-03"]),
        (5, 3, ["2023-04", "2023-05", "2023-06", "2023-07"]),
        (36, 0, MONTHS[:PROBES]),
        (36, 35, ["2025-12"]),
        (36, 36, []),
    ],
)
def test_new_months_are_looked_for_until_two_are_not_out(
    published: int, landed: int, asked_for: list[str]
) -> None:
    source = dict.fromkeys(MONTHS[:published], FIRST)

    seen = look_for_new(MONTHS, MONTHS[:landed], source.get)

    assert list(seen) == asked_for


def test_a_gap_of_one_month_does_not_hide_the_next() -> None:
    source = dict.fromkeys(["2023-01", "2023-03"], FIRST)

    seen = look_for_new(MONTHS, [], source.get)

    assert [month for month, found in seen.items() if found] == ["2023-01", "2023-03"]


def test_what_is_missing_before_landed_months_comes_after_what_is_new() -> None:
    source = dict.fromkeys(MONTHS, FIRST)

    seen = look_for_new(MONTHS, ["2025-09"], source.get)

    assert list(seen) == ["2025-10", "2025-11", "2025-12", *MONTHS[: PROBES - 3]]


@given(published=st.sets(st.sampled_from(MONTHS)), landed=st.sets(st.sampled_from(MONTHS)))
def test_no_look_asks_for_more_than_its_share(published: set[str], landed: set[str]) -> None:
    asked: list[str] = []

    def probe(month: str) -> Publication | None:
        asked.append(month)
        return FIRST if month in published else None

    look_for_new(MONTHS, landed, probe)

    assert len(asked) == len(set(asked)) <= PROBES
    assert not landed & set(asked)


@given(count=st.integers(0, 36))
def test_all_landed_months_are_looked_at_in_a_few_looks_and_the_newest_every_time(
    count: int,
) -> None:
    landed, last, looked_at = MONTHS[:count], "", set[str]()

    for _ in range(-(-max(count - NEWEST, 0) // IN_TURN) or 1):
        again = to_look_at_again(landed, last)
        assert again[-NEWEST:] == landed[-NEWEST:]
        assert len(again) == len(set(again)) <= NEWEST + IN_TURN
        last = last_in_turn(again, last)
        looked_at |= set(again)

    assert looked_at == set(landed)


@pytest.mark.parametrize(
    ("now", "differs"),
    [
        (FIRST, False),
        (replace(FIRST, etag='"b"'), True),
        (replace(FIRST, bytes=1_001), True),
        (replace(FIRST, last_modified=NOW + timedelta(seconds=1)), False),  # the same ETag
        (replace(FIRST, etag=None), False),
        (replace(FIRST, etag=None, last_modified=NOW + timedelta(seconds=1)), True),
        (Publication(None, None, None), False),  # a source that tells nothing
    ],
)
def test_what_counts_as_a_correction(now: Publication, differs: bool) -> None:
    assert now.differs(FIRST) is differs


def test_a_new_month_and_a_corrected_one_call_for_runs_and_the_others_do_not() -> None:
    corrected = replace(FIRST, etag='"b"')
    seen = {"2023-01": FIRST, "2023-02": corrected, "2023-03": FIRST, "2023-04": None}

    found = orders("green", seen, {"2023-01": FIRST, "2023-02": FIRST})

    assert [(order.month, order.trigger) for order in found] == [
        ("2023-02", CORRECTED),
        ("2023-03", PUBLISHED),
    ]


def test_a_month_that_the_source_has_lost_stays_as_it_is() -> None:
    assert orders("green", {"2023-01": None}, {"2023-01": FIRST}) == []


@given(source=sources, landed=sources)
def test_a_second_look_at_the_same_source_asks_nothing_twice(
    source: dict[str, Publication], landed: dict[str, Publication]
) -> None:
    asked: list[str] = []
    record = Record()

    for _ in range(4):
        keys, record = look(source, landed, record)
        asked += keys
        record, anew = read(write(record))
        assert anew is None

    assert len(asked) == len(set(asked))


@given(source=sources)
def test_a_correction_asks_for_one_run(source: dict[str, Publication]) -> None:
    landed = {**source, "2023-12": FIRST}
    _, record = look(landed, landed, Record())
    corrected = {**landed, "2023-12": replace(FIRST, etag='"corrected"')}

    asked, record = look(corrected, landed, record)
    again, record = look(corrected, corrected, record)

    assert len(asked) == 1
    assert asked[0].startswith("green-2023-12-")
    assert again == []


@given(source=sources)
def test_without_a_record_landed_and_unchanged_months_are_not_run(
    source: dict[str, Publication],
) -> None:
    asked, _ = look(source, source, Record())

    assert asked == []


def test_the_record_is_json_that_says_what_was_seen_and_asked() -> None:
    (order,) = orders("green", {"2023-01": FIRST}, {})

    record = Record().after({"2023-01": FIRST, "2023-02": None}, [order], "2022-12", NOW)

    assert json.loads(write(record)) == {
        "version": VERSION,
        "looked_at": "2025-03-20T12:00:00+00:00",
        "fault": None,
        "last_in_turn": "2022-12",
        "months": {
            "2023-01": {
                "seen_at": "2025-03-20T12:00:00+00:00",
                "published": {
                    "etag": '"a"',
                    "last_modified": "2025-03-20T12:00:00+00:00",
                    "bytes": 1_000,
                },
                "run": {
                    "key": order.run_key,
                    "trigger": "published",
                    "asked_at": "2025-03-20T12:00:00+00:00",
                },
            },
            "2023-02": {"seen_at": "2025-03-20T12:00:00+00:00", "published": None, "run": None},
        },
    }


def test_a_fault_is_noted_beside_what_was_known_and_gone_after_the_next_look() -> None:
    known = Record().after({"2023-01": FIRST}, [], "", NOW)

    faulty = known.with_fault("The source is down.")
    after = faulty.after({}, [], "", NOW)

    assert (faulty.fault, faulty.months) == ("The source is down.", known.months)
    assert (after.fault, after.months) == (None, known.months)


@pytest.mark.parametrize("text", [None, ""])
def test_at_first_there_is_no_record(text: str | None) -> None:
    assert read(text) == (Record(), None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ("17", "cannot be read"),
        ("{}", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        (json.dumps({"version": 0}), "is of version 0, not 1"),
        (json.dumps({"version": VERSION + 1, "months": 3}), "is of version 2, not 1"),
        (json.dumps({"version": VERSION, "months": []}), "cannot be read"),
        (
            write(Record({"2023-01": Sighting("now", FIRST)})).replace("2023-01", "2023-13"),
            "cannot be read",
        ),
        (write(Record()).replace('""', "3"), "cannot be read"),
    ],
)
def test_a_record_that_is_none_begins_anew_and_says_so(text: str, says: str) -> None:
    record, sentence = read(text)

    assert record == Record()
    assert sentence is not None
    assert says in sentence
    assert sentence.endswith("so this one begins anew.")


@given(text=st.text())
def test_no_text_whatever_breaks_a_look(text: str) -> None:
    record, _ = read(text)

    assert record == Record()


def test_the_month_after_the_last_is_not_looked_for() -> None:
    seen = look_for_new(MONTHS, MONTHS, {shift(MONTHS[-1], 1): FIRST}.get)

    assert seen == {}
