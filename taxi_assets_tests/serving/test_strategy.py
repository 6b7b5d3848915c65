"""Who answers whom: stable by caller, in the share asked for, and never by a nonsense file."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.models import Served
from serving.strategy import Choice, Strategies, place
from taxi_assets.domain import bundle
from taxi_assets_tests.model_roots import identity, made

CALLERS = [f"caller-{number}" for number in range(20_000)]
# written down: a deployment must not shuffle the callers of the one before
PLACE_OF_ADA = 0.998802
ALONE = Choice("champion", shadow=False)
CHALLENGED = Choice("challenger", shadow=False)
SHADOWED = Choice("champion", shadow=True)


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def challenger(withheld: str | None = None) -> Served:
    return Served(
        "green",
        "taxi-fare-green",
        "2",
        "2025-03",
        identity(1),
        bundle.load(made(1)),
        datetime.now(UTC),
        "challenger",
        withheld,
    )


@pytest.fixture(scope="module")
def rival() -> Served:
    return challenger()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "strategy.json"


def told(file: Path, content: object) -> None:
    """Write the file as an editor does: another one in its place."""
    aside = file.with_name("aside")
    aside.write_text(content if isinstance(content, str) else json.dumps(content))
    os.replace(aside, file)


def strategies(
    file: Path | None, served: Served | None, clock: Callable[[], float] | None = None
) -> Strategies:
    return Strategies(file, ("green", "yellow"), lambda _: served, clock or Clock())


def share(some: Strategies, fleet: str = "green") -> float:
    return sum(some.choose(fleet, caller) == CHALLENGED for caller in CALLERS) / len(CALLERS)


def test_without_a_file_the_champion_answers_alone(rival: Served) -> None:
    some = strategies(None, rival)

    assert {some.choose("green", caller) for caller in CALLERS[:100]} == {ALONE}
    assert some.state()["strategies"]["yellow"] == {"kind": "champion", "share": None}


@pytest.mark.parametrize("content", [{"green": {"kind": "champion"}}, {"green": {}}, {}])
def test_a_fleet_whose_champion_answers_alone_is_never_challenged(
    file: Path, rival: Served, content: object
) -> None:
    told(file, content)

    assert {strategies(file, rival).choose("green", c) for c in CALLERS[:100]} == {ALONE}


def test_a_shadow_scores_beside_the_champion_for_everybody(file: Path, rival: Served) -> None:
    told(file, {"green": {"kind": "shadow"}})
    some = strategies(file, rival)

    assert {some.choose("green", caller) for caller in CALLERS[:100]} == {SHADOWED}
    assert some.choose("yellow", "caller") == ALONE


@pytest.mark.parametrize("wanted", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_a_canary_answers_its_share_of_the_callers(
    file: Path, rival: Served, wanted: float
) -> None:
    told(file, {"green": {"kind": "canary", "share": wanted}})

    seen = share(strategies(file, rival))

    # five standard deviations of the binomial law; nothing at both ends, where it has none
    assert abs(seen - wanted) <= 5 * (wanted * (1 - wanted) / len(CALLERS)) ** 0.5


@pytest.mark.parametrize(("given_share", "expected"), [(None, 0.5), (0.3, 0.3)])
def test_an_ab_test_splits_the_callers_in_halves_unless_told(
    file: Path, rival: Served, given_share: float | None, expected: float
) -> None:
    rule: dict[str, Any] = {"kind": "ab"} | ({} if given_share is None else {"share": given_share})
    told(file, {"green": rule})

    assert abs(share(strategies(file, rival)) - expected) < 0.02


@given(
    caller=st.text(max_size=50),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
)
def test_a_caller_keeps_its_place_and_a_larger_share_keeps_its_callers(
    caller: str, shares: list[float]
) -> None:
    assert place(caller) == place(caller)
    assert 0 <= place(caller) < 1
    assert not place(caller) < shares[0] or place(caller) < shares[1]


def test_a_caller_gets_the_same_arm_from_every_process(file: Path, rival: Served) -> None:
    told(file, {"green": {"kind": "canary", "share": 0.1}})
    first, second = strategies(file, rival), strategies(file, rival)

    arms = [first.choose("green", caller) for caller in CALLERS[:500]]

    assert arms == [second.choose("green", caller) for caller in CALLERS[:500]]
    assert round(place("green:ada"), 6) == PLACE_OF_ADA


def test_fleets_are_split_apart_from_each_other(file: Path, rival: Served) -> None:
    half = {"kind": "ab"}
    told(file, {"green": half, "yellow": half})
    some = strategies(file, rival)

    both = sum(some.choose("green", c) == some.choose("yellow", c) for c in CALLERS)

    assert abs(both / len(CALLERS) - 0.5) < 0.02


@pytest.mark.parametrize("kind", ["shadow", "canary", "ab"])
def test_a_challenger_that_is_not_there_answers_nobody(file: Path, kind: str) -> None:
    told(file, {"green": {"kind": kind, "share": 1.0} if kind != "shadow" else {"kind": kind}})

    assert strategies(file, None).choose("green", "ada") == ALONE


def test_a_challenger_withheld_from_riders_scores_in_the_shadow_only(file: Path) -> None:
    withheld = challenger("rejected by its gates: dearer than the champion")

    told(file, {"green": {"kind": "canary", "share": 1.0}})
    canary = strategies(file, withheld).choose("green", "ada")
    told(file, {"green": {"kind": "shadow"}})
    shadow = strategies(file, withheld).choose("green", "ada")

    assert (canary, shadow) == (ALONE, SHADOWED)


def test_the_file_may_be_toml(tmp_path: Path, rival: Served) -> None:
    file = tmp_path / "strategy.toml"
    told(file, '[green]\nkind = "canary"\nshare = 1.0\n')

    assert strategies(file, rival).choose("green", "ada") == CHALLENGED


def test_a_change_is_followed_without_a_restart_but_not_looked_for_all_the_time(
    file: Path, rival: Served
) -> None:
    clock = Clock()
    told(file, {"green": {"kind": "shadow"}})
    some = strategies(file, rival, clock)
    told(file, {"green": {"kind": "canary", "share": 1.0}})

    clock.now = 0.9
    before = some.choose("green", "ada")
    clock.now = 1.1
    after = some.choose("green", "ada")

    assert (before, after) == (SHADOWED, CHALLENGED)


NONSENSE = {
    "no JSON": ("{", "Expecting property name"),
    "a list": ("[]", "valid dictionary"),
    "another kind": ({"green": {"kind": "bandit"}}, "green.kind"),
    "another word": ({"green": {"kind": "ab", "salt": 1}}, "green.salt"),
    "no share": ({"green": {"kind": "canary"}}, "a canary needs its share"),
    "a share too much": ({"green": {"kind": "shadow", "share": 0.5}}, "shadow takes no share"),
    "nested without end": ("[" * 100_000, "recursion"),
    "more than all": ({"green": {"kind": "canary", "share": 1.1}}, "green.share"),
    "less than none": ({"green": {"kind": "canary", "share": -0.1}}, "green.share"),
    "per cent": ({"green": {"kind": "canary", "share": "10"}}, "green.share"),
    "no number": ('{"green": {"kind": "canary", "share": NaN}}', "green.share"),
    "another fleet": ({"black": {"kind": "shadow"}}, "it names black"),
    "bytes": ("\x00\x01", "Expecting value"),
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_told_and_the_last_good_strategy_stays(
    file: Path, rival: Served, kind: str
) -> None:
    content, cause = NONSENSE[kind]
    clock = Clock()
    told(file, {"green": {"kind": "shadow"}})
    some = strategies(file, rival, clock)
    told(file, content)

    clock.now = 2.0
    during = (some.choose("green", "ada"), some.state())
    told(file, {"green": {"kind": "canary", "share": 1.0}})
    clock.now = 4.0
    after = (some.choose("green", "ada"), some.state())

    assert during[0] == SHADOWED
    assert cause in during[1]["problem"]
    assert during[1]["problem"].count("\n") == 0
    assert (after[0], after[1]["problem"]) == (CHALLENGED, None)


def test_a_file_that_is_away_is_told_and_the_last_good_strategy_stays(
    file: Path, rival: Served
) -> None:
    clock = Clock()
    told(file, {"green": {"kind": "shadow"}})
    some = strategies(file, rival, clock)
    kept = file.rename(file.with_name("kept"))

    clock.now = 2.0
    away = (some.choose("green", "ada"), some.state()["problem"])
    kept.rename(file)
    clock.now = 4.0
    back = (some.choose("green", "ada"), some.state()["problem"])

    assert (away[0], back) == (SHADOWED, (SHADOWED, None))
    assert "No such file" in away[1]


def test_a_service_started_on_nonsense_answers_with_its_champions(
    file: Path, rival: Served
) -> None:
    told(file, "nonsense")
    some = strategies(file, rival)

    assert some.choose("green", "ada") == ALONE
    assert "is not followed" in some.state()["problem"]
