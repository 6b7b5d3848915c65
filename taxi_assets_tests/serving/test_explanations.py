"""Explanations of many at once: none fails another, and a model without reasons says so."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from serving.answers import Asker
from serving.explanations import Explainer, Reasons
from serving.pricing import Ride
from taxi_assets.domain.errors import UsageError
from taxi_assets_tests.serving.test_answers import Desk

AT = datetime(2025, 3, 14, 8, 30)
RIDE = Ride(74, 75, AT, 1)
LOST = Ride(74, 999, AT, 1)


def explained(root: Path, *rides: Ride) -> list[Reasons | BaseException]:
    """Explain rides that arrive together."""
    desk = Desk(root)

    async def together() -> list[Reasons | BaseException]:
        explainer = Explainer(desk.answers)
        asker = Asker("r", "me", None)
        pick = desk.answers.pick("green", asker)
        asked = (explainer.explain(ride, pick, asker) for ride in rides)
        return await asyncio.gather(*asked, return_exceptions=True)

    found = asyncio.run(together())
    desk.answers.close()
    return found


def test_rides_that_arrive_together_are_explained_as_alone(root: Path) -> None:
    others = [Ride(74, zone, AT, 1) for zone in (61, 75, 84)]

    together = explained(root, *others)

    alone = [each for ride in others for each in explained(root, ride)]
    for one, other in zip(together, alone, strict=True):
        assert isinstance(one, Reasons)
        assert isinstance(other, Reasons)
        assert (one.base_usd, one.groups) == (other.base_usd, other.groups)


def test_a_ride_that_fails_leaves_its_neighbours_theirs(root: Path) -> None:
    before, failed, after = explained(root, RIDE, LOST, RIDE)

    assert isinstance(failed, IndexError | UsageError)
    assert isinstance(before, Reasons)
    assert isinstance(after, Reasons)


@pytest.mark.parametrize("count", [1, 130])
def test_whoever_asks_is_answered(root: Path, count: int) -> None:
    found = explained(root, *[RIDE] * count)

    assert all(isinstance(each, Reasons) for each in found)
    assert len(found) == count
