"""Why a ride is quoted what it is, in dollars that add up to the quote.

Explaining takes a model milliseconds, so it is done in a thread, for all who ask while the last
ones are being answered at once.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from serving.answers import Answers, Asker, Pick
from serving.ports import Served
from serving.pricing import Price, Ride, Rides, features_of, priced, quote
from serving.quote_records import Circumstances, record
from serving.words import part, to_cents
from taxi_assets.domain.explain import GROUPS, MINIMUM, explain
from taxi_assets.domain.features import FEATURES

MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Reasons:
    """What moved one quote.

    Attributes:
        price: the quote.
        base_usd: what any ride is quoted before it is known.
        groups: `Part`s that add up to the fare with it.
        features: `Contribution`s.
    """

    price: Price
    base_usd: float
    groups: list[dict[str, Any]]
    features: list[dict[str, Any]]

    def explanation(self, served: Served, request_id: str) -> dict[str, Any]:
        """An `Explanation` for orjson."""
        return {
            "quote": quote(served, self.price, request_id),
            "base_usd": self.base_usd,
            "groups": self.groups,
            "features": self.features,
        }


@dataclass(frozen=True, slots=True)
class _Waiting:
    asker: Asker
    ride: Ride
    pick: Pick
    future: "asyncio.Future[Reasons]"
    began: float


class Explainer:
    """Explains quotes of the models that `answers` asks."""

    def __init__(self, answers: Answers) -> None:
        """Explain what these answer."""
        self._answers = answers
        self._waiting: list[_Waiting] = []
        self._working: asyncio.Task[None] | None = None

    async def explain(self, ride: Ride, pick: Pick, asker: Asker) -> Reasons:
        """Explain one ride's quote.

        Raises:
            TaxiError: the model cannot be explained, or does not know the ride's zones or time.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(asker, ride, pick, loop.create_future(), time.perf_counter())
        self._waiting.append(waiting)
        if self._working is None or self._working.done():
            self._working = loop.create_task(self._work())
        return await waiting.future

    async def _work(self) -> None:
        """Answer until nobody waits."""
        while self._waiting:
            served = self._waiting[0].pick.served
            mine = [each for each in self._waiting if each.pick.served is served][:MOST_AT_ONCE]
            taken = set(map(id, mine))
            self._waiting = [each for each in self._waiting if id(each) not in taken]
            await self._answer(served, mine)

    async def _answer(self, served: Served, group: Sequence[_Waiting]) -> None:
        """Answer rides of one model; if one of them cannot be explained, each by itself."""
        try:
            found = await self._answers.aside(reasons, served, [each.ride for each in group])
        except Exception as error:
            if len(group) > 1:
                for each in group:
                    await self._answer(served, [each])
            elif not group[0].future.done():
                group[0].future.set_exception(error)
        else:
            self._tell(group, found)

    def _tell(self, group: Sequence[_Waiting], found: Sequence[Reasons]) -> None:
        """Hand out what was found, and log and count it."""
        at, now = datetime.now(UTC), time.perf_counter()
        for waiting, each in zip(group, found, strict=True):
            if not waiting.future.done():  # somebody still waits for it
                waiting.future.set_result(each)
            asker, (served, arm, _), seconds = waiting.asker, waiting.pick, now - waiting.began
            told = Circumstances(served, arm, at, seconds, asker.key_id)
            self._answers.log.put(record(asker.request_id, waiting.ride, each.price, told))
            self._answers.telemetry.observe_quote(
                served.fleet, arm, served.version, seconds, each.price.fare_usd
            )


def reasons(served: Served, asked: Sequence[Ride]) -> list[Reasons]:
    """Quote rides and say why.

    Raises:
        Unexplainable: the model's trees are of a kind that gives no contributions.
        UsageError: a zone or time is one that features or surcharges do not know.
    """
    rides = Rides.of(asked)
    features = features_of(served, rides)
    explained = explain(served.bundle.predictor, features)
    columns = zip(
        priced(served, rides, features).each(),
        explained.grouped_usd.tolist(),
        explained.minimum_usd.tolist(),
        explained.contributions_usd.tolist(),
        features.tolist(),
        strict=True,
    )
    return [_reasons(explained.base_usd, *column) for column in columns]


def _reasons(
    base_usd: float,
    price: Price,
    grouped: list[float],
    minimum: float,
    contributions: list[float],
    values: list[float],
) -> Reasons:
    named = dict(zip(GROUPS, grouped, strict=True)) | ({MINIMUM: minimum} if minimum else {})
    base, *parts = to_cents([base_usd, *named.values()], price.fare_usd)
    return Reasons(
        price=price,
        base_usd=base,
        groups=[part(name, usd) for name, usd in zip(named, parts, strict=True)],
        features=[
            {
                "feature": name,
                "value": None if math.isnan(value) else round(value, 4),
                "usd": round(usd, 4),
            }
            for name, value, usd in zip(FEATURES, values, contributions, strict=True)
        ],
    )
