"""Micro-batches: one call for all that arrive together, and nobody pays for a neighbour."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.answers import MOST_AT_ONCE, Answer, Answers, Asker
from serving.models import NotReady, Served
from serving.pricing import Price, Ride
from serving.settings import Settings
from serving.strategy import Arm, Choice
from serving.telemetry import Telemetry
from taxi_assets.domain.bundle import Bundle, load
from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.heads import Quotes
from taxi_assets.domain.places import FloatArray
from taxi_assets_tests.serving.services import ListLog

AT = datetime(2025, 3, 14, 8, 30)
RIDE = Ride(74, 75, AT, 1)
LOST = Ride(74, 999, AT, 1)  # no request can name this zone; a fault of ours could


class Counted(Bundle):
    """A real model that counts its calls."""

    def predict(self, features: FloatArray) -> Quotes:
        self.manifest.setdefault("calls", []).append(len(features))
        return super().predict(features)


class Shelf:
    """Models and strategy as a test wants them."""

    def __init__(self, champion: Served, challenger: Served | None, choice: Choice) -> None:
        self.champion, self.other, self.choice = champion, challenger, choice

    async def start(self) -> None:
        """They are here."""

    async def stop(self) -> None:
        """They stay."""

    def current(self, fleet: str) -> Served:
        if fleet != "green":
            raise NotReady("none yet")
        return self.champion

    def challenger(self, _: str) -> Served | None:
        return self.other

    def choose(self, *_: str) -> Choice:
        return self.choice

    def state(self) -> dict[str, Any]:
        return {}


def served(folder: Path, alias: str) -> Served:
    bundle = load(folder)
    counted = Counted(**{name: getattr(bundle, name) for name in Bundle.__dataclass_fields__})
    made = Served(
        fleet="green",
        name="taxi-fare-green",
        version=alias,
        month="2025-03",
        identity=alias,
        bundle=counted,
        loaded_at=datetime.now(UTC),
        alias=alias,
    )
    counted.manifest["calls"] = []
    return made


class Desk:
    """Answers, and what they put into the log."""

    def __init__(self, root: Path, arm: Arm = "champion", shadow: bool = False) -> None:
        self.log = ListLog()
        self.champion = served(root / "green", "champion")
        self.challenger = served(root / "green-candidate", "challenger")
        self.shelf = Shelf(self.champion, self.challenger, Choice(arm, shadow))
        telemetry = Telemetry(Settings(otlp_endpoint=""))
        self.answers = Answers(self.shelf, self.shelf, self.log, telemetry, "green")

    def ask(self, *rides: Ride) -> list[Answer | BaseException]:
        """Quote rides that arrive together."""

        async def together() -> list[Answer | BaseException]:
            asked = (
                self.answers.quote(ride, None, Asker(f"r{place}", "me", None))
                for place, ride in enumerate(rides)
            )
            found = await asyncio.gather(*asked, return_exceptions=True)
            await asyncio.sleep(0)  # whatever was to be done afterwards is done
            return found

        return asyncio.run(together())

    def calls(self, of: Served) -> list[int]:
        calls: list[int] = of.bundle.manifest["calls"]
        return calls


@pytest.fixture
def desk(root: Path) -> Iterator[Desk]:
    made = Desk(root)
    yield made
    made.answers.close()


def prices(found: list[Answer | BaseException]) -> list[Price]:
    assert all(isinstance(each, Answer) for each in found)
    return [each.price for each in found if isinstance(each, Answer)]


def test_rides_that_arrive_together_are_one_call(desk: Desk) -> None:
    desk.ask(*[RIDE] * 16)

    assert desk.calls(desk.champion) == [16]


def test_a_lone_ride_is_answered_in_the_turn_after_it_came(desk: Desk) -> None:
    async def alone() -> bool:
        task = asyncio.ensure_future(desk.answers.quote(RIDE, None, Asker("r", "me", None)))
        for _ in range(3):  # it asks, it is answered, it hears so: no timer is waited for
            await asyncio.sleep(0)
        return task.done()

    assert asyncio.run(alone())


def test_together_and_alone_rides_have_the_same_quotes(desk: Desk) -> None:
    rides = [RIDE._replace(dropoff_zone=zone) for zone in range(1, 40)]

    together = prices(desk.ask(*rides))

    alone = [price for ride in rides for price in prices(desk.ask(ride))]
    assert [a[:-1] for a in together] == [b[:-1] for b in alone]  # all but fragments of JSON


def test_a_ride_that_fails_leaves_its_neighbours_theirs(desk: Desk) -> None:
    before, failed, after = desk.ask(RIDE, LOST, RIDE)

    assert isinstance(failed, IndexError | UsageError)
    assert len(prices([before, after])) == 2
    assert [record["request_id"] for record in desk.log.records] == ["r0", "r2"]


def test_many_rides_at_once_let_others_in_between(desk: Desk) -> None:
    found = desk.ask(*[RIDE] * (2 * MOST_AT_ONCE + 1))

    assert len(prices(found)) == 2 * MOST_AT_ONCE + 1
    assert desk.calls(desk.champion) == [MOST_AT_ONCE, MOST_AT_ONCE, 1]


def test_a_caller_who_left_is_no_trouble_to_the_others(desk: Desk) -> None:
    async def leave() -> Answer:
        asker = Asker("r", "me", None)
        leaving = asyncio.ensure_future(desk.answers.quote(RIDE, None, asker))
        staying = asyncio.ensure_future(desk.answers.quote(RIDE, None, asker))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(leave()).price.fare_usd > 0


def test_the_chosen_challenger_answers(root: Path) -> None:
    desk = Desk(root, arm="challenger")

    desk.ask(RIDE)

    assert (desk.calls(desk.champion), desk.calls(desk.challenger)) == ([], [1])
    assert [record["arm"] for record in desk.log.records] == ["challenger"]


def test_the_champion_answers_where_the_challenger_has_gone(root: Path) -> None:
    desk = Desk(root, arm="challenger")
    desk.shelf.other = None

    desk.ask(RIDE)

    assert desk.calls(desk.champion) == [1]


def test_the_shadow_scores_for_the_log_only(root: Path) -> None:
    desk = Desk(root, shadow=True)

    (answer,) = desk.ask(RIDE)

    assert isinstance(answer, Answer)
    assert answer.pick.arm == "champion"
    told = [(r["arm"], r["shadow"], r["model_version"]) for r in desk.log.records]
    assert told == [("champion", False, "champion"), ("challenger", True, "challenger")]


def test_a_shadow_that_fails_is_logged_and_harms_nobody(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(root, shadow=True)
    trees = {**desk.challenger.bundle.predictor.texts, "fare": "no trees"}
    broken = replace(desk.challenger.bundle.predictor, texts=trees)
    desk.shelf.other = replace(
        desk.challenger, bundle=replace(desk.challenger.bundle, predictor=broken)
    )

    (answer,) = desk.ask(RIDE)

    assert isinstance(answer, Answer)
    assert np.isfinite(answer.price.fare_usd)
    assert "failed in the shadow" in caplog.text


def test_a_fleet_without_a_model_is_not_ready(desk: Desk) -> None:
    with pytest.raises(NotReady):
        desk.answers.pick("yellow", Asker("r", "me", None))
