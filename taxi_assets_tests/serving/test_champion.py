"""The champions of a running service: there at the start, followed, swapped under load."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from serving.champion import Champions, NotReady, Served
from serving.models import Wanted
from serving.settings import Settings
from serving.sources import BundleRoot
from taxi_assets.domain.errors import UsageError
from taxi_assets_tests.mlflow_proxy import ANSWERS, proxy_before
from taxi_assets_tests.model_roots import identity, publish
from taxi_assets_tests.models import change_a_byte
from taxi_assets_tests.serving.watched import Broken, Stuck

RIDE = (np.array([74]), np.array([75]), np.array(["2025-03-14T08:30"], "M8[us]"), np.ones(1))
NEVER = 80_000.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def settings(tmp_path: Path, **told: object) -> Settings:
    known = {"model": str(tmp_path / "root"), "cache": tmp_path / "cache", "refresh_s": NEVER}
    return Settings.model_validate(known | told)


def during(champions: Champions, work: Callable[[], Awaitable[None]]) -> None:
    """Start, work, stop."""

    async def whole() -> None:
        await champions.start()
        try:
            await work()
        finally:
            await champions.stop()

    asyncio.run(whole())


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that has to happen; the test's timeout is the deadline."""
    while not true():
        await asyncio.sleep(0.01)


def serves(champions: Champions, seed: int) -> bool:
    return champions.current("green").identity == identity(seed)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows a thread's priority")
def test_models_are_loaded_at_a_lower_priority_than_requests_are_answered(
    root: Path, tmp_path: Path
) -> None:
    publish(root, 1)
    loading: list[int] = []

    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    class Watched(BundleRoot):
        def fetch(self, wanted: Wanted, into: Path) -> None:
            loading.append(priority())
            super().fetch(wanted, into)

    before = priority()
    champions = Champions(settings(tmp_path), Watched(str(root), None))

    async def look() -> None:
        assert serves(champions, 1)
        assert priority() == before

    during(champions, look)
    assert loading == [min(before + 10, 19)]


def test_a_service_is_ready_once_it_has_started(root: Path, tmp_path: Path) -> None:
    publish(root, 1)
    champions = Champions(settings(tmp_path))

    async def work() -> None:
        assert champions.current("green").identity == identity(1)
        assert champions.challenger("green") is None
        state = champions.state()["green"]
        assert (state["ready"], state["champion"]["version"]) == (True, identity(1)[:12])
        assert state["source"]["reachable"] is True

    during(champions, work)


def test_a_service_without_a_champion_says_why_in_one_sentence(root: Path, tmp_path: Path) -> None:
    champions = Champions(settings(tmp_path))

    async def work() -> None:
        with pytest.raises(NotReady) as caught:
            champions.current("green")
        assert str(caught.value) == (
            f"There is no green champion to answer with: {root} has no green champion yet."
        )
        publish(root, 1)
        await champions.refresh()
        assert champions.current("green").identity == identity(1)

    during(champions, work)


def test_a_service_whose_only_model_is_refused_says_why(root: Path, tmp_path: Path) -> None:
    change_a_byte(publish(root, 1) / "fare.txt")
    champions = Champions(settings(tmp_path))

    async def work() -> None:
        with pytest.raises(NotReady, match=r"fare\.txt of the model bundle changed"):
            champions.current("green")

    during(champions, work)


def test_a_fleet_that_is_not_served_is_named(tmp_path: Path) -> None:
    champions = Champions(settings(tmp_path, fleets="green,yellow"))

    with pytest.raises(UsageError, match="does not answer for black cabs: ask for green or yellow"):
        champions.current("black")
    with pytest.raises(NotReady, match="the model is still being loaded"):
        champions.current("yellow")


def test_both_fleets_are_served_from_one_process(root: Path, tmp_path: Path) -> None:
    publish(root, 1)
    publish(root, 3, "yellow")
    champions = Champions(settings(tmp_path, fleets="green,yellow"))

    async def work() -> None:
        found = {fleet: champions.current(fleet).identity for fleet in ("green", "yellow")}
        assert found == {"green": identity(1), "yellow": identity(3)}

    during(champions, work)


@pytest.mark.parametrize("kind", [*ANSWERS, "silence"])
def test_a_service_starts_from_its_cache_when_mlflow_is_away(
    root: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.mlflow_rest.READ_S", 0.2)
    publish(root, 1)

    async def nothing() -> None:
        """The cache is filled."""

    during(Champions(settings(tmp_path)), nothing)

    with proxy_before() as proxy:
        proxy.spoilt["* /"] = kind
        champions = Champions(settings(tmp_path, model="registry", mlflow_tracking_uri=proxy.url))

        async def work() -> None:
            found = champions.current("green")
            assert (found.identity, found.from_cache) == (identity(1), True)
            await until(lambda: champions.state()["green"]["source"]["problem"] is not None)
            source = champions.state()["green"]["source"]
            assert source["reachable"] is False
            assert proxy.url in source["problem"]
            assert champions.current("green").identity == identity(1)

        during(champions, work)


def test_the_source_is_followed_and_each_change_told_once(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(root, 1)
    swapped: list[Served] = []
    champions = Champions(settings(tmp_path, refresh_s=0.1), on_swap=swapped.append)

    async def work() -> None:
        for seed in (3, 1):
            publish(root, seed)
            await until(partial(serves, champions, seed))
        publish(root, 5, spoil=lambda folder: change_a_byte(folder / "low.txt"))
        await until(lambda: bool(champions.state()["green"]["refused"]))

    with caplog.at_level(logging.INFO, logger="serving.champion"):
        during(champions, work)

    told = [record.message for record in caplog.records if "champion is" in record.message]
    assert [served.identity for served in swapped] == [identity(1), identity(3), identity(1)]
    assert len(told) == 3
    refused = [record for record in caplog.records if "is refused" in record.message]
    assert len(refused) == 1


def test_every_answer_during_swaps_is_one_models_own(root: Path, tmp_path: Path) -> None:
    publish(root, 1)
    champions = Champions(settings(tmp_path))
    answers: list[tuple[str, float]] = []

    async def ask(done: asyncio.Event) -> None:
        while not done.is_set():
            served = champions.current("green")
            fare = served.bundle.quote(*RIDE).fare_usd[0]
            answers.append((served.identity, float(fare)))
            await asyncio.sleep(0)

    async def work() -> None:
        done = asyncio.Event()
        asking = asyncio.create_task(ask(done))
        for seed in (3, 1, 3, 1):
            publish(root, seed)
            await champions.refresh()
        done.set()
        await asking

    during(champions, work)

    fares = {name: {fare for found, fare in answers if found == name} for name, _ in answers}
    assert fares.keys() == {identity(1), identity(3)}
    assert all(len(found) == 1 for found in fares.values())


def test_a_source_that_hangs_keeps_neither_start_nor_stop(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.champion.FIRST_LOOK_S", 0.1)
    publish(root, 1)
    source = Stuck(root)
    champions = Champions(settings(tmp_path), source)

    async def work() -> None:
        assert source.asked.is_set()
        with pytest.raises(NotReady, match="the model is still being loaded"):
            champions.current("green")

    during(champions, work)


def test_a_failure_that_nobody_foresaw_is_logged_and_the_source_still_followed(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(root, 1)
    champions = Champions(settings(tmp_path, refresh_s=0.1), Broken(root))

    async def work() -> None:
        await until(lambda: champions.state()["green"]["ready"])

    during(champions, work)

    assert "nobody foresaw this" in caplog.text
    assert champions.current("green").identity == identity(1)
