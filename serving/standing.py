"""Who answers for a fleet, and how one look at the source changes that."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from serving.bundle_cache import BundleCache
from serving.models import ARMS, CHAMPION, Served, Wanted
from serving.sources import Source
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.errors import BundleError, RegistryError, RegistryUnreachable

LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A version that was looked at and not taken.

    Attributes:
        wanted: the version.
        reason: why, in one sentence.
        tries: how often.
        until: not before this moment of the watch's clock it is tried again, seconds.
    """

    wanted: Wanted
    reason: str
    tries: int
    until: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Who answers for a fleet at one moment.

    Attributes:
        arms: the models that are loaded, by alias: the `champion` that answers, and the
            `challenger` it is compared with; either may be missing.
        refusals: what should have been taken and was not, by alias.
        reachable: whether the source answered; None before it was first asked.
        problem: what is wrong with the source or what it says, None when all is well.
        looked_at: when the source was last asked, UTC.
    """

    arms: Mapping[str, Served] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    reachable: bool | None = None
    problem: str | None = None
    looked_at: datetime | None = None

    @property
    def champion(self) -> Served | None:
        """The model that answers, None before there is one."""
        return self.arms.get(CHAMPION)

    @property
    def identities(self) -> set[str]:
        """Of the models that are loaded."""
        return {served.identity for served in self.arms.values()}

    def told(self, now: datetime) -> dict[str, Any]:
        """The standing for people and programs; `age_s` counts seconds since loading."""
        return {
            "ready": self.champion is not None,
            **{alias: _told(served, now) for alias, served in self.arms.items()},
            "source": {
                "reachable": self.reachable,
                "problem": self.problem,
                "looked_at": self.looked_at and self.looked_at.isoformat(timespec="seconds"),
            },
            "refused": {
                alias: f"{refusal.wanted.title}: {refusal.reason}"
                for alias, refusal in self.refusals.items()
            },
        }


def _told(served: Served, now: datetime) -> dict[str, Any]:
    return {
        "name": served.name,
        "version": served.version,
        "month": served.month,
        "identity": served.identity,
        "age_s": round((now - served.loaded_at).total_seconds(), 1),
        "from_cache": served.from_cache,
        "withheld": served.withheld,
    }


class Watch:
    """Looks at the source and loads what it names. Everything here blocks: use a thread."""

    def __init__(
        self,
        source: Source,
        cache: BundleCache,
        retry_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look at `source`; what was refused is tried again after `retry_s`, then ever later."""
        self._source, self._cache = source, cache
        self._retry_s, self._clock = retry_s, clock

    def recall(self, fleet: str) -> Standing:
        """The standing that was left in the cache, as far as its bundles are whole."""
        arms = {}
        for alias, wanted in self._cache.remembered(fleet).items():
            found = self._cache.load(fleet, wanted.identity)
            if found is not None:
                arms[alias] = replace(_served(fleet, alias, wanted, found), from_cache=True)
        return Standing(arms if CHAMPION in arms else {})

    def look(self, fleet: str, before: Standing) -> Standing:
        """Ask the source, and load what it names and we have not; never raises for it."""
        asked = replace(before, looked_at=datetime.now(UTC), reachable=True, problem=None)
        try:
            wanted = self._source.wanted(fleet)
        except RegistryError as error:
            away = isinstance(error, RegistryUnreachable)
            return replace(asked, reachable=not away, problem=str(error))
        if CHAMPION not in wanted:
            # one that answers goes on: an alias that is gone is no reason to leave riders alone
            return replace(asked, problem=f"{self._source.name} has no {fleet} champion yet.")
        after = asked
        for alias in ARMS:
            after = self._follow(fleet, alias, wanted.get(alias), before, after)
        try:
            self._note(fleet, after)
        except OSError as error:
            return replace(after, problem=f"The cache cannot be written: {error}.")
        return after

    def _follow(
        self, fleet: str, alias: str, wanted: Wanted | None, before: Standing, after: Standing
    ) -> Standing:
        """The standing with one arm as the source wants it, or with the reason why not."""
        arms = {key: served for key, served in after.arms.items() if key != alias}
        # a champion that cannot be followed stays; only the wanted challenger is a challenger
        kept = dict(after.arms) if alias == CHAMPION else arms
        refusals = {key: refusal for key, refusal in after.refusals.items() if key != alias}
        if wanted is None:
            return replace(after, arms=arms, refusals=refusals)
        earlier = before.refusals.get(alias)
        if earlier and earlier.wanted == wanted and self._clock() < earlier.until:
            return replace(after, arms=kept)
        try:
            arms[alias] = _served(fleet, alias, wanted, self._bundle(fleet, wanted, before), before)
        except RegistryUnreachable as error:
            return replace(after, arms=kept, reachable=False, problem=str(error))
        except (BundleError, OSError) as error:
            refusals[alias] = self._refuse(wanted, error, earlier)
            return replace(after, arms=kept, refusals=refusals)
        return replace(after, arms=arms, refusals=refusals)

    def _bundle(self, fleet: str, wanted: Wanted, before: Standing) -> Bundle:
        """A bundle that either arm has loaded already, or the cache's, or the source's."""
        loaded = {served.identity: served.bundle for served in before.arms.values()}
        if wanted.identity in loaded:
            return loaded[wanted.identity]
        return self._cache.obtain(fleet, wanted, self._source.fetch)

    def _refuse(self, wanted: Wanted, error: Exception, earlier: Refusal | None) -> Refusal:
        tries = earlier.tries + 1 if earlier and earlier.wanted == wanted else 1
        pause = min(self._retry_s * 2 ** min(tries - 1, 20), LONGEST_S)
        reason = str(error) if isinstance(error, BundleError) else f"the cache failed: {error}"
        return Refusal(wanted, reason, tries, self._clock() + pause)

    def _note(self, fleet: str, after: Standing) -> None:
        """Keep in the cache who answers now, where that changed."""
        told = {alias: _wanted(served) for alias, served in after.arms.items()}
        if told and told != self._cache.remembered(fleet):
            self._cache.remember(fleet, told)
            self._cache.prune(fleet, {wanted.identity for wanted in told.values()})


def _wanted(served: Served) -> Wanted:
    return Wanted(served.name, served.version, served.month, served.identity, served.withheld)


def _served(
    fleet: str, alias: str, wanted: Wanted, found: Bundle, before: Standing | None = None
) -> Served:
    """A model under its alias; one that was loaded before keeps its age."""
    ages = {s.identity: s.loaded_at for s in before.arms.values()} if before else {}
    return Served(
        fleet=fleet,
        name=wanted.name,
        version=wanted.version,
        month=wanted.month,
        identity=wanted.identity,
        bundle=found,
        loaded_at=ages.get(wanted.identity) or datetime.now(UTC),
        alias=alias,
        withheld=wanted.withheld,
    )
