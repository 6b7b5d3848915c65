"""The champions in memory: loaded at the start, followed while the service runs."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

from serving.bundle_cache import BundleCache
from serving.models import ARMS, CHALLENGER, NotReady, Served, begin_importing, give_back_memory
from serving.settings import Settings
from serving.sources import Source, open_source
from serving.standing import Standing, Watch
from taxi_assets.domain.errors import UsageError

__all__ = ["Champions", "NotReady", "Served"]

RETRY_S = 60.0
LESS_URGENT = 10  # `nice` counts to 19
FIRST_LOOK_S = 30.0  # how long a start without a cached champion waits for the source
Result = TypeVar("Result")
log = logging.getLogger(__name__)


class Champions:
    """Who answers for each fleet. All blocking work is done in one thread of its own."""

    def __init__(
        self,
        settings: Settings,
        source: Source | None = None,
        *,
        on_swap: Callable[[Served], None] | None = None,
        retry_s: float = RETRY_S,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            settings: of the service.
            source: where models come from, if not where the settings say.
            on_swap: called in the event loop with each new champion or challenger.
            retry_s: pause before a version that was refused is tried again; it doubles each time.

        Raises:
            UsageError: the settings name no place for models.
        """
        self.on_swap = on_swap
        self._refresh_s = settings.refresh_s
        self._source = source or open_source(settings)
        cache = BundleCache(settings.cache, quick=settings.trees == "lignum")
        self._watch = Watch(self._source, cache, retry_s)
        self._standings = {fleet: Standing() for fleet in settings.fleets}
        self._worker = ThreadPoolExecutor(1, "champions", initializer=_step_back)
        self._following: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()

    async def start(self) -> None:
        """Serve what the cache holds and follow the source; without a cache, wait for the source.

        A source that does not answer in `FIRST_LOOK_S` does not keep the service from starting: it
        is not ready then, and says why.
        """
        for fleet in list(self._standings):
            self._adopt(fleet, await self._aside(self._watch.recall, fleet))
        begin_importing()  # not before: what the cache holds answers without LightGBM
        ready = all(standing.champion for standing in self._standings.values())
        first = asyncio.create_task(self.refresh())
        self._following = asyncio.create_task(self._follow(first))
        if not ready:
            await asyncio.wait([first], timeout=FIRST_LOOK_S)

    async def stop(self) -> None:
        """Follow no longer; what is loaded still answers."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
        self._source.close()
        self._worker.shutdown(wait=False, cancel_futures=True)

    def current(self, fleet: str) -> Served:
        """The fleet's champion.

        Raises:
            NotReady: there is none yet.
            UsageError: the service does not answer for this fleet.
        """
        standing = self._standing(fleet)
        if standing.champion is None:
            told = [refusal.reason for refusal in standing.refusals.values()]
            why = standing.problem or next(iter(told), "the model is still being loaded.")
            raise NotReady(f"There is no {fleet} champion to answer with: {why}")
        return standing.champion

    def challenger(self, fleet: str) -> Served | None:
        """The fleet's challenger, None where there is none; see `Served.withheld`.

        Raises:
            UsageError: the service does not answer for this fleet.
        """
        return self._standing(fleet).arms.get(CHALLENGER)

    def state(self) -> dict[str, Any]:
        """Per fleet who answers, how the source is, and what was refused and why."""
        now = datetime.now(UTC)
        return {
            fleet: {**standing.told(now), "model_source": self._source.name}
            for fleet, standing in self._standings.items()
        }

    async def refresh(self) -> None:
        """Look at the source now."""
        async with self._looking:
            changed = [await self._look_at(fleet) for fleet in list(self._standings)]
            if any(changed):
                await self._aside(give_back_memory)

    async def _look_at(self, fleet: str) -> bool:
        """Whether other models answer after a look than before it."""
        before = self._standings[fleet]
        after = await self._aside(self._watch.look, fleet, before)
        self._adopt(fleet, after)
        return after.identities != before.identities

    async def _follow(self, first: "asyncio.Task[None]") -> None:
        """Look again and again."""
        look = first
        while True:
            try:
                await look
            except Exception:
                # nothing here may end the following: it would serve an old model for ever, silently
                log.exception("looking for a new champion failed in a way nobody foresaw")
            await asyncio.sleep(self._refresh_s)
            look = asyncio.create_task(self.refresh())

    async def _aside(self, work: Callable[..., Result], *told: object) -> Result:
        """Do blocking work in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work, *told)

    def _standing(self, fleet: str) -> Standing:
        if fleet not in self._standings:
            raise UsageError(
                f"This service does not answer for {fleet} cabs: ask for "
                f"{' or '.join(self._standings)}."
            )
        return self._standings[fleet]

    def _adopt(self, fleet: str, after: Standing) -> None:
        """Let the new standing answer, in one assignment, and tell what changed."""
        before, self._standings[fleet] = self._standings[fleet], after
        _tell(fleet, before, after)
        for alias, served in after.arms.items():
            present = before.arms.get(alias)
            if self.on_swap and (present is None or present.title != served.title):
                self.on_swap(served)


def _step_back() -> None:
    """Leave the processor to those who answer: loading a model can wait for a moment."""
    if sys.platform == "linux":  # elsewhere it would be the whole process that steps back
        os.nice(LESS_URGENT)


def _tell(fleet: str, before: Standing, after: Standing) -> None:
    """Log what changed, and nothing else."""
    for alias in ARMS:
        left, came = before.arms.get(alias), after.arms.get(alias)
        if came and (left is None or left.title != came.title):
            where = ", from the cache" if came.from_cache else ""
            log.info("%s %s is %s, of %s%s", fleet, alias, came.title, came.month, where)
        elif left and not came:
            log.info("%s has no %s any more", fleet, alias)
        old, new = before.refusals.get(alias), after.refusals.get(alias)
        if new and (old is None or old.reason != new.reason):
            log.warning("%s %s is refused: %s", fleet, new.wanted.title, new.reason)
    if after.problem and after.problem != before.problem:
        log.warning("%s: %s", fleet, after.problem)
    elif before.problem and not after.problem:
        log.info("%s: the source of models is well again", fleet)
