"""Bundles on disk: whole or not at all, remembered, and not for ever."""

import json
import os
import shutil
from pathlib import Path

import pytest

from serving import bundle_cache
from serving.bundle_cache import VOUCHED, BundleCache
from serving.models import Wanted
from serving.quick_trees import QuickPredictor
from taxi_assets.domain.errors import BundleError, RegistryUnreachable
from taxi_assets_tests.model_roots import identity, made, wanted
from taxi_assets_tests.models import change_a_byte


class Shelf:
    """Hands out bundles and counts."""

    def __init__(self) -> None:
        self.asked = 0

    def fetch(self, wanted: Wanted, into: Path) -> None:
        self.asked += 1
        shutil.copytree(wanted.place, into, dirs_exist_ok=True)


@pytest.fixture
def cache(tmp_path: Path) -> BundleCache:
    return BundleCache(tmp_path / "cache")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def kept(tmp_path: Path) -> set[str]:
    """Names in the cache, without the marks of who vouched for what."""
    names = {entry.name for entry in (tmp_path / "cache" / "green").iterdir()}
    return {name for name in names if not name.startswith(VOUCHED)}


def test_a_bundle_is_fetched_once(cache: BundleCache, shelf: Shelf, tmp_path: Path) -> None:
    version = wanted(1, made(1))

    loaded = [cache.obtain("green", version, shelf.fetch) for _ in range(2)]

    assert [one.manifest["identity"] for one in loaded] == [identity(1)] * 2
    assert (shelf.asked, kept(tmp_path)) == (1, {identity(1)})


def test_a_bundle_damaged_on_disk_is_thrown_away_and_fetched_again(
    cache: BundleCache, shelf: Shelf, tmp_path: Path
) -> None:
    version = wanted(1, made(1))
    cache.obtain("green", version, shelf.fetch)
    change_a_byte(tmp_path / "cache" / "green" / identity(1) / "fare.txt")

    missed = cache.load("green", identity(1))
    gone = kept(tmp_path)
    again = cache.obtain("green", version, shelf.fetch)

    assert (missed, gone) == (None, set())
    assert (again.manifest["identity"], shelf.asked) == (identity(1), 2)


def test_nothing_of_a_bundle_that_cannot_be_used_is_kept(
    cache: BundleCache, shelf: Shelf, tmp_path: Path
) -> None:
    other = Wanted("taxi-fare-green", "1", "2025-03", identity(3), place=str(made(1)))

    with pytest.raises(BundleError, match="another model than was registered"):
        cache.obtain("green", other, shelf.fetch)

    assert kept(tmp_path) == set()


def test_nothing_of_a_fetch_that_broke_off_is_kept(cache: BundleCache, tmp_path: Path) -> None:
    def breaks_off(wanted: Wanted, into: Path) -> None:
        shutil.copy(made(1) / "fare.txt", into)
        raise RegistryUnreachable("gone")

    with pytest.raises(RegistryUnreachable):
        cache.obtain("green", wanted(1, made(1)), breaks_off)

    assert kept(tmp_path) == set()


def test_what_was_served_is_remembered(cache: BundleCache) -> None:
    served = {"champion": wanted(1, made(1)), "challenger": wanted(3, made(3), "2")}

    before = cache.remembered("green")
    cache.remember("green", served)

    assert before == {}
    assert BundleCache(cache._root).remembered("green") == served  # noqa: SLF001


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "7", '{"champion": {}}', '{"champion": 7}', '{"champion": {"identity": "../.."}}'],
)
def test_a_memory_that_is_unreadable_is_none(
    cache: BundleCache, tmp_path: Path, content: str
) -> None:
    (tmp_path / "cache" / "green").mkdir(parents=True)
    (tmp_path / "cache" / "green" / "current.json").write_text(content)

    assert cache.remembered("green") == {}


def test_a_remembered_identity_cannot_lead_elsewhere(cache: BundleCache, tmp_path: Path) -> None:
    cache.remember("green", {"champion": wanted(1, made(1))})
    file = tmp_path / "cache" / "green" / "current.json"
    told = json.loads(file.read_text())
    told["champion"]["identity"] = "../../../elsewhere"
    file.write_text(json.dumps(told))

    assert cache.remembered("green") == {}


def test_all_but_the_used_and_the_two_used_last_are_pruned(
    cache: BundleCache, tmp_path: Path
) -> None:
    folder = tmp_path / "cache" / "green"
    for age, name in enumerate(["newest", "second", "third", "used", "oldest"]):
        (folder / name).mkdir(parents=True)
        os.utime(folder / name, (1_000_000 - age, 1_000_000 - age))
    cache.remember("green", {})

    cache.prune("green", ["used"])

    assert kept(tmp_path) == {"current.json", "used", "newest", "second"}


def test_what_a_killed_process_left_is_cleared_away_and_what_is_arriving_is_not(
    cache: BundleCache, tmp_path: Path
) -> None:
    folder = tmp_path / "cache" / "green"
    for name in (".incoming-dead", ".incoming-arriving"):
        (folder / name).mkdir(parents=True)
    (folder / ".incoming-dead.json").write_text("{")
    for name in (".incoming-dead", ".incoming-dead.json"):
        os.utime(folder / name, (1_000_000, 1_000_000))

    cache.prune("green", [])

    assert kept(tmp_path) == {".incoming-arriving"}


def test_a_bundle_is_vouched_for_once_whoever_read_it_first(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vouched: list[QuickPredictor] = []
    monkeypatch.setattr(bundle_cache, "vouch", vouched.append)
    BundleCache(tmp_path / "cache", quick=False).obtain("green", wanted(1, made(1)), shelf.fetch)
    assert not vouched

    for _ in range(2):
        assert BundleCache(tmp_path / "cache").load("green", identity(1)) is not None

    assert len(vouched) == 1


def test_marks_leave_with_their_bundles(cache: BundleCache, shelf: Shelf, tmp_path: Path) -> None:
    for seed in (1, 2, 3, 4):
        cache.obtain("green", wanted(seed, made(seed)), shelf.fetch)

    cache.prune("green", {identity(4)})

    names = {entry.name for entry in (tmp_path / "cache" / "green").iterdir()}
    marked = {name.removeprefix(VOUCHED).partition("-")[0] for name in names - kept(tmp_path)}
    assert marked == kept(tmp_path)
    assert len(marked) == 3
