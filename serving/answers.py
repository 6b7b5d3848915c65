"""Quotes as they are asked for: single ones together, batches and explanations aside.

A single quote costs a model about as much as sixteen at once cost it four times: most of it is
getting ready. So rides that arrive in one turn of the event loop are answered by one call a model
when all of that turn's requests have been read. An idle server adds no wait: the turn of a lone
request ends at once.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from serving.ports import Arm, Choices, Log, Models, Observer, Served
from serving.pricing import Price, Ride, price_each
from serving.quote_records import Circumstances, record

MOST_AT_ONCE = 256  # rides of one call in the event loop: it answers nobody else meanwhile
T = TypeVar("T")
log = logging.getLogger(__name__)


class Asker(NamedTuple):
    """Who asks, in one request; a tuple, as what follows: each request makes one of each.

    Attributes:
        request_id: names the request.
        caller: tells callers apart: key id or address.
        key_id: the key's, None without keys.
    """

    request_id: str
    caller: str
    key_id: str | None

    def item(self, index: int) -> str:
        """Names one ride of a batch: the request, and the ride's place in it."""
        return f"{self.request_id}-{index}"


class Pick(NamedTuple):
    """Which model answers a request, and which other one scores in its shadow."""

    served: Served
    arm: Arm
    shadow: Served | None


class Answer(NamedTuple):
    """A priced ride and who priced it."""

    pick: Pick
    price: Price


class _Waiting(NamedTuple):
    """A ride whose quote somebody awaits."""

    asker: Asker
    ride: Ride
    pick: Pick
    future: "asyncio.Future[Answer]"
    span: Any
    began: float
    began_ns: int


class Answers:
    """Asks the models, and tells log and telemetry."""

    def __init__(
        self, models: Models, choices: Choices, log: Log, telemetry: Observer, default: str
    ) -> None:
        """Answer for the fleets that `models` has; `default` where a request names none."""
        self.models, self.choices, self.log, self.telemetry = models, choices, log, telemetry
        self._default = default
        self._waiting: list[_Waiting] = []
        self._aside = ThreadPoolExecutor(2, thread_name_prefix="answers")

    def pick(self, fleet: str | None, asker: Asker) -> Pick:
        """Who answers.

        Raises:
            TaxiError: the service does not answer for this fleet, or has no model yet.
        """
        fleet = fleet or self._default
        champion = self.models.current(fleet)
        choice = self.choices.choose(fleet, asker.caller)
        challenger = self.models.challenger(fleet)
        if challenger is None:  # gone since it was chosen
            return Pick(champion, "champion", None)
        if choice.arm == "challenger":
            return Pick(challenger, "challenger", None)
        return Pick(champion, "champion", challenger if choice.shadow else None)

    async def quote(self, ride: Ride, fleet: str | None, asker: Asker) -> Answer:
        """Quote one ride, together with what else arrives in this turn of the event loop.

        Raises:
            TaxiError: as `pick`, or the ride cannot be quoted.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(
            asker,
            ride,
            self.pick(fleet, asker),
            loop.create_future(),
            self.telemetry.current_span(),
            time.perf_counter(),
            time.time_ns(),
        )
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            loop.call_soon(self._answer_all)
        return await waiting.future

    async def aside(self, work: Callable[..., T], *told: object) -> T:
        """Do long work in the thread for it, so that single quotes need not wait."""
        return await asyncio.get_running_loop().run_in_executor(self._aside, work, *told)

    def close(self) -> None:
        """Take no more long work."""
        self._aside.shutdown(wait=False, cancel_futures=True)

    def _answer_all(self) -> None:
        """Answer all that wait, by model."""
        groups: dict[tuple[int, int], list[_Waiting]] = {}
        for waiting in self._waiting[:MOST_AT_ONCE]:
            group = id(waiting.pick.served), id(waiting.pick.shadow)
            groups.setdefault(group, []).append(waiting)
        self._waiting = self._waiting[MOST_AT_ONCE:]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._answer_all)
        for each in groups.values():
            self._answer_group(each)

    def _answer_group(self, group: Sequence[_Waiting]) -> None:
        """Answer rides that one model prices."""
        began = time.time_ns()
        found = price_each(group[0].pick.served, [each.ride for each in group], self.telemetry)
        ended = time.time_ns()
        answered = []
        for waiting, price in zip(group, found, strict=True):
            if waiting.span is not None:
                self.telemetry.add_span("wait", waiting.span, waiting.began_ns, began)
                self.telemetry.add_span("price", waiting.span, began, ended)
            if isinstance(price, Price):
                answered.append((waiting, price))
            if waiting.future.done():  # nobody waits for it any more
                continue
            if isinstance(price, Price):
                waiting.future.set_result(Answer(waiting.pick, price))
            else:
                waiting.future.set_exception(price)
        self._tell(answered)

    def _tell(self, answered: Sequence[tuple[_Waiting, Price]]) -> None:
        """Log and count what was answered, and let the challenger score in the shadow."""
        at, now = datetime.now(UTC), time.perf_counter()
        for waiting, price in answered:
            asker, (served, arm, _), seconds = waiting.asker, waiting.pick, now - waiting.began
            told = Circumstances(served, arm, at, seconds, asker.key_id)
            self.log.put(record(asker.request_id, waiting.ride, price, told))
            self.telemetry.observe_quote(served.fleet, arm, served.version, seconds, price.fare_usd)
        if answered and (challenger := answered[0][0].pick.shadow) is not None:
            rides = [(waiting.asker, waiting.ride) for waiting, _ in answered]
            # when all answers are on their way
            asyncio.get_running_loop().call_soon(self.shadow, challenger, rides)

    def shadow(self, challenger: Served, asked: Sequence[tuple[Asker, Ride]]) -> None:
        """Let the challenger score rides that the champion has answered, for the log only."""
        began = time.perf_counter()
        found = price_each(challenger, [ride for _, ride in asked], self.telemetry)
        at, seconds = datetime.now(UTC), time.perf_counter() - began
        for (asker, ride), price in zip(asked, found, strict=True):
            if isinstance(price, Price):
                told = Circumstances(challenger, "challenger", at, seconds, asker.key_id, True)
                self.log.put(record(asker.request_id, ride, price, told))
            else:
                log.warning("the challenger %s failed in the shadow: %r", challenger.name, price)
