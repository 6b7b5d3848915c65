"""One look at the source: followed forth and back, refused with the reason, never made worse."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.models import Wanted
from serving.standing import Standing
from taxi_assets_tests.model_roots import identity, publish
from taxi_assets_tests.models import change_a_byte
from taxi_assets_tests.serving.watched import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def who(standing: Standing) -> dict[str, str]:
    return {alias: served.identity for alias, served in standing.arms.items()}


def test_without_a_champion_the_standing_says_so(place: Place) -> None:
    found = place.look()

    assert (found.arms, found.reachable) == ({}, True)
    assert found.problem == f"{place.root} has no green champion yet."


def test_champion_and_challenger_are_loaded(place: Place) -> None:
    publish(place.root, 1)
    publish(place.root, 3, "green-candidate")

    found = place.look()

    assert who(found) == {"champion": identity(1), "challenger": identity(3)}
    assert (found.problem, found.refusals, found.reachable) == (None, {}, True)


def test_the_alias_is_followed_forth_and_back_and_no_bundle_fetched_twice(place: Place) -> None:
    seen, standing = [], Standing()
    for seed in (1, 3, 1, 3):
        publish(place.root, seed)
        standing = place.look(standing)
        seen.append(who(standing)["champion"])

    assert seen == [identity(1), identity(3), identity(1), identity(3)]
    assert place.source.fetched == [identity(1), identity(3)]
    assert place.kept() == {identity(1), identity(3), "current.json"}


def test_a_challenger_that_is_promoted_needs_no_loading_and_keeps_its_age(place: Place) -> None:
    publish(place.root, 1)
    publish(place.root, 3, "green-candidate")
    before = place.look()
    publish(place.root, 3)
    shutil.rmtree(place.root / "green-candidate")

    after = place.look(before)

    assert after.champion is not None
    assert who(after) == {"champion": identity(3)}
    assert after.champion.bundle is before.arms["challenger"].bundle
    assert after.champion.loaded_at == before.arms["challenger"].loaded_at
    assert after.champion.alias == "champion"


def test_a_look_that_finds_nothing_new_loads_nothing(place: Place) -> None:
    publish(place.root, 1)
    before = place.look()

    after = place.look(before)

    assert after.arms["champion"] == before.arms["champion"]
    assert place.source.fetched == [identity(1)]


@pytest.mark.parametrize("away", ["wanted", "fetch"])
def test_a_source_that_is_away_leaves_the_last_good_one_and_is_told(
    place: Place, away: str
) -> None:
    publish(place.root, 1)
    before = place.look()
    publish(place.root, 3)

    place.source.away = away
    during = place.look(before)
    place.source.away = None
    after = place.look(during)

    assert (who(during), during.reachable) == (who(before), False)
    assert during.problem in ("It is away.", "It went away.")
    assert (who(after), after.problem) == ({"champion": identity(3)}, None)


def spoil_fare(folder: Path) -> None:
    change_a_byte(folder / "fare.txt")


def halve(folder: Path) -> None:
    (folder / "ride_min.txt").write_bytes((folder / "ride_min.txt").read_bytes()[:100])


def lose(folder: Path) -> None:
    (folder / "zones.parquet").unlink()


@pytest.mark.parametrize("spoil", [spoil_fare, halve, lose])
def test_a_bad_version_is_refused_once_and_tried_again_ever_later(
    place: Place, spoil: Callable[[Path], None]
) -> None:
    publish(place.root, 1)
    good = place.look()
    spoil(publish(place.root, 3))

    looks = [good]
    for now in (0, 59, 61, 120, 182, 183):
        place.now = now
        looks.append(place.look(looks[-1]))

    assert all(who(look) == {"champion": identity(1)} for look in looks)
    assert [look.refusals["champion"].tries for look in looks[1:]] == [1, 1, 2, 2, 3, 3]
    assert place.source.fetched == [identity(1), *[identity(3)] * 3]
    told = looks[-1].told(datetime.now(UTC))["refused"]["champion"]
    assert told.startswith(f"taxi-fare-green version {identity(3)[:12]}: ")


def test_a_refusal_ends_when_another_version_is_wanted_or_the_files_were_put_right(
    place: Place,
) -> None:
    publish(place.root, 1)
    good = place.look()
    spoil_fare(publish(place.root, 3))
    refused = place.look(good)

    publish(place.root, 1)
    other = place.look(refused)
    publish(place.root, 3)
    place.now = 61
    right = place.look(refused)

    assert (who(other), other.refusals) == ({"champion": identity(1)}, {})
    assert (who(right), right.refusals) == ({"champion": identity(3)}, {})


def test_a_bad_challenger_does_not_touch_the_champion(place: Place) -> None:
    publish(place.root, 1)
    spoil_fare(publish(place.root, 3, "green-candidate"))

    found = place.look()

    assert who(found) == {"champion": identity(1)}
    assert "fare.txt of the model bundle changed" in found.refusals["challenger"].reason


def test_a_first_champion_that_is_refused_leaves_nobody_to_answer(place: Place) -> None:
    spoil_fare(publish(place.root, 1))

    found = place.look()

    assert found.told(datetime.now(UTC))["ready"] is False
    assert found.refusals.keys() == {"champion"}


def test_a_champion_whose_alias_is_gone_goes_on(place: Place) -> None:
    publish(place.root, 1)
    before = place.look()
    shutil.rmtree(place.root / "green")

    after = place.look(before)

    assert who(after) == {"champion": identity(1)}
    assert "has no green champion yet" in str(after.problem)


def test_the_same_model_under_another_number_is_only_renamed(place: Place) -> None:
    publish(place.root, 1)
    before = place.look()
    place.source.told = {"champion": Wanted("taxi-fare-green", "7", "2025-09", identity(1))}

    after = place.look(before)

    assert after.champion is not None
    assert (after.champion.version, after.champion.month) == ("7", "2025-09")
    assert after.champion.bundle is before.arms["champion"].bundle


def test_the_standing_is_recalled_from_the_cache_and_then_confirmed(place: Place) -> None:
    publish(place.root, 1)
    publish(place.root, 3, "green-candidate")
    before = place.look()

    recalled = place.watch.recall("green")
    confirmed = place.look(recalled)

    assert who(recalled) == who(before) == who(confirmed)
    assert [look.arms["champion"].from_cache for look in (recalled, confirmed)] == [True, False]
    assert (recalled.reachable, confirmed.reachable) == (None, True)
    assert place.source.fetched == [identity(1), identity(3)]


def test_a_cache_whose_champion_is_damaged_recalls_nothing_and_is_fetched_anew(
    place: Place,
) -> None:
    publish(place.root, 1)
    place.look()
    spoil_fare(place.cache / "green" / identity(1))

    recalled = place.watch.recall("green")
    after = place.look(recalled)

    assert recalled.arms == {}
    assert who(after) == {"champion": identity(1)}
    assert place.source.fetched == [identity(1), identity(1)]


def test_a_cache_that_cannot_be_made_is_told(place: Place) -> None:
    publish(place.root, 1)
    place.cache.write_text("a file where the folder should be")

    found = place.look()

    assert found.arms == {}
    assert "the cache failed" in found.refusals["champion"].reason


def test_a_cache_that_cannot_be_written_any_more_does_not_keep_a_model_from_answering(
    place: Place,
) -> None:
    publish(place.root, 1)
    before = place.look()
    shutil.rmtree(place.cache)
    place.cache.write_text("a file where the folder should be")
    place.source.told = {"champion": Wanted("taxi-fare-green", "7", "2025-09", identity(1))}

    found = place.look(before)

    assert found.arms["champion"].version == "7"
    assert "The cache cannot be written" in str(found.problem)


def test_the_age_counts_from_when_the_model_was_loaded(place: Place) -> None:
    publish(place.root, 1)
    found = place.look()
    assert found.champion is not None

    told = found.told(found.champion.loaded_at + timedelta(seconds=90))

    assert (told["ready"], told["champion"]["age_s"]) == (True, 90.0)
