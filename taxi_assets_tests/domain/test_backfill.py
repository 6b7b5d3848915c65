"""Which months a backfill runs, decided from facts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.backfill import MonthFacts, Part, due, nothing_to_do

TABLE = Part("clean_trips", recorded="a", held="a", can_be_held=True)
MODEL = Part("fare_model", recorded="b", held="b", can_be_held=True)
CHAMPION = Part("champion", recorded="b")
MONTH = MonthFacts(
    "2025-03",
    (TABLE, MODEL, CHAMPION),
    trainable=True,
    of_model=frozenset({"fare_model", "champion"}),
    behind_gates=frozenset({"champion"}),
)


def absent(part: Part) -> Part:
    return replace(part, recorded=None, held=None)


def test_a_month_that_is_there_and_made_with_what_is_is_not_due() -> None:
    assert due(MONTH) is None


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (absent(TABLE), "clean_trips is missing"),
        (replace(TABLE, held=None), "clean_trips was made, but is not there any more"),
        (
            replace(TABLE, whole=False),
            "clean_trips does not hold what was written: it was changed by hand",
        ),
        (
            replace(TABLE, held="z"),
            "clean_trips is not what Dagster recorded: it was changed outside of Dagster",
        ),
        (
            replace(TABLE, outdated=("the code of clean_trips has changed",)),
            "the code of clean_trips has changed",
        ),
    ],
)
def test_a_month_is_due_with_the_reason(part: Part, reason: str) -> None:
    found = due(replace(MONTH, parts=(part, MODEL, CHAMPION)))

    assert found is not None
    assert found.reasons == (reason,)


def test_a_month_of_which_nothing_was_made_has_one_reason() -> None:
    found = due(replace(MONTH, parts=tuple(map(absent, MONTH.parts))))

    assert found is not None
    assert found.reasons == ("it was never run",)


@pytest.mark.parametrize("trainable", [False, True])
def test_a_model_is_missed_only_where_it_could_be_trained(trainable: bool) -> None:
    parts = (TABLE, absent(MODEL), absent(CHAMPION))

    found = due(replace(MONTH, parts=parts, trainable=trainable))

    assert (found is not None) is trainable


@pytest.mark.parametrize("rejected", [False, True])
def test_a_champion_is_missed_only_where_no_gate_turned_the_model_down(rejected: bool) -> None:
    found = due(replace(MONTH, parts=(TABLE, MODEL, absent(CHAMPION)), rejected=rejected))

    assert (found is None) is rejected


def test_a_rejected_model_that_is_out_of_date_is_due() -> None:
    stale = replace(MODEL, outdated=("fare_model was made with an earlier trip_features",))

    found = due(replace(MONTH, parts=(TABLE, stale, absent(CHAMPION)), rejected=True))

    assert found is not None


@given(st.permutations(MONTH.parts), st.booleans(), st.booleans())
def test_a_whole_month_is_never_due_in_whatever_order_it_is_told(
    parts: list[Part], trainable: bool, rejected: bool
) -> None:
    facts = replace(MONTH, parts=tuple(parts), trainable=trainable, rejected=rejected)

    assert due(facts) is None


@pytest.mark.parametrize(
    ("count", "start"), [(1, "The month is there"), (27, "All 27 months are there")]
)
def test_nothing_to_do_is_said_in_words(count: int, start: str) -> None:
    assert nothing_to_do(count).startswith(start)
