"""Who became champion when, who decided it, and why.

Each promotion is a tag on the registered model, `promotion.0007`, written before the alias moves
and never changed. The alias moves last, in one call: where a run dies between the two, the old
champion still answers, and the promotion is one that took no effect.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from taxi_assets.domain.errors import RegistryError, RegistryUnreachable
from taxi_assets.resources.model_versions import CHAMPION, WITHDRAWN, ModelVersion

if TYPE_CHECKING:  # it shows this log itself
    from taxi_assets.resources.registry import Registry

BY_GATES, BY_HAND, ROLLED_BACK = "promoted by gates", "promoted", "rolled back"
KEY = re.compile(r"promotion\.(\d+)")


@dataclass(frozen=True, slots=True)
class Decision:
    """Why the champion is to change.

    Attributes:
        who: a person or a run.
        why: in their words.
        now: when, with a time zone.
    """

    who: str
    why: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Promotion:
    """One entry of the log.

    Attributes:
        number: place in the log, counting from 1.
        version: the version that was to become champion.
        previous: the champion before it, None for the first.
        action: `promoted by gates`, `promoted` or `rolled back`.
        who: a person or a run.
        when: UTC, ISO 8601.
        why: in their words.
    """

    number: int
    version: int
    previous: int | None
    action: str
    who: str
    when: str
    why: str

    def told(self) -> dict[str, Any]:
        """The entry for programs, with `from` for `previous`."""
        return {"from" if key == "previous" else key: value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Succession:
    """The champions of one model.

    Attributes:
        log: all promotions, oldest first, those that took no effect included.
        champion: the version that the alias points at now.
    """

    log: tuple[Promotion, ...] = ()
    champion: int | None = None

    def effects(self) -> list[tuple[Promotion, bool]]:
        """Each promotion, and whether the alias moved after it."""
        return [(entry, now != entry.previous) for entry, now in self._followed()]

    def ever(self) -> set[int]:
        """Every version that has been champion."""
        came = {entry.version for entry, moved in self.effects() if moved}
        known = {*came, *(entry.previous for entry in self.log), self.champion}
        return {number for number in known if number is not None}

    def earlier(self) -> list[int]:
        """Champions before the present one, the latest first; those rolled back from are out."""
        line = [entry.previous for entry in self.log[:1]]
        for entry, now in self._followed():
            if now == entry.previous:
                continue  # the alias never moved
            if entry.action == ROLLED_BACK and entry.version in line:
                while line[-1] != entry.version:
                    line.pop()
            else:
                line.append(entry.version)
            if now != entry.version:
                line.append(now)  # somebody moved the alias in MLflow
        return [n for n in reversed(line) if n is not None and n != self.champion]

    def entry(self, version: ModelVersion, action: str, decision: Decision) -> Promotion:
        """What is to be added to the log."""
        return Promotion(
            number=self.log[-1].number + 1 if self.log else 1,
            version=version.version,
            previous=self.champion,
            action=action,
            who=decision.who,
            when=decision.now.astimezone(UTC).isoformat(timespec="seconds"),
            why=decision.why,
        )

    def _followed(self) -> list[tuple[Promotion, int | None]]:
        """Each promotion, and the champion that the next one met."""
        met = [*(entry.previous for entry in self.log[1:]), self.champion]
        return list(zip(self.log, met, strict=False))  # without a log, the champion follows nothing


def read_succession(tags: Mapping[str, str], aliases: Mapping[str, str]) -> Succession:
    """The champions of a registered model, from what MLflow keeps with it.

    Raises:
        RegistryError: an entry was changed to something unreadable.
    """
    log = [_read(int(key[1]), tags[key[0]]) for key in map(KEY.fullmatch, tags) if key]
    champion = aliases.get(CHAMPION)
    return Succession(
        log=tuple(sorted(log, key=lambda entry: entry.number)),
        champion=None if champion is None else int(champion),
    )


def rival(
    succession: Succession, versions: Iterable[ModelVersion], month: str, contender: ModelVersion
) -> ModelVersion | None:
    """The version that a contender has to face; see `Registry.rival`."""
    others = [v for v in versions if v.version != contender.version]
    return _latest(succession, [v for v in others if v.month <= month])


def reigning(
    succession: Succession, versions: Iterable[ModelVersion], month: str
) -> ModelVersion | None:
    """The version that answered when a month began; see `Registry.champion_before`."""
    return _latest(succession, [v for v in versions if v.month < month])


def fallback(succession: Succession, versions: Iterable[ModelVersion]) -> ModelVersion | None:
    """The version that a rollback would make champion."""
    known = {version.version: version for version in versions if not version.withdrawn}
    return next((known[number] for number in succession.earlier() if number in known), None)


def _latest(succession: Succession, versions: Iterable[ModelVersion]) -> ModelVersion | None:
    """Of those that were ever champion and not withdrawn, the one of the latest month."""
    ever = succession.ever()
    met = [v for v in versions if v.version in ever and not v.withdrawn]
    return max(met, key=lambda version: (version.month, version.version), default=None)


def promote(
    registry: "Registry",
    fleet: str,
    version: ModelVersion,
    decision: Decision,
    action: str = BY_HAND,
    force: bool = False,
) -> Promotion | None:
    """Make a version champion, once its files are found to be whole.

    A person's promotion ends a withdrawal.

    Returns:
        What was added to the log; None when the version is champion already.

    Raises:
        RegistryError: a gate rejected the version, and nobody forces it.
        BundleError: the version is damaged.
        RegistryUnreachable: MLflow does not answer.
    """
    with registry.exclusively():
        succession = registry.succession(fleet)
        if version.rejected and not force:
            raise RegistryError(
                f"Version {version.version} of {version.name} was rejected "
                f"({version.rejected.rstrip('.')}): promote another, or insist with --force."
            )
        spared = WITHDRAWN if version.withdrawn and action == BY_HAND else None
        registry.load(version)
        if succession.champion == version.version:
            if spared:  # a rollback from it died before its alias moved
                registry.untag(version, spared)
            return None
        entry = succession.entry(version, action, decision)
        _note(registry, fleet, version.name, entry)
        if spared:
            registry.untag(version, spared)
        _crown(registry, fleet, version.name, entry)
    return entry


def roll_back(registry: "Registry", fleet: str, decision: Decision) -> Promotion:
    """Give the place back to the champion before, and withdraw the one that leaves it.

    Returns:
        What was added to the log.

    Raises:
        RegistryError: there is no earlier champion that was not withdrawn as well.
        BundleError: the earlier champion is damaged.
        RegistryUnreachable: MLflow does not answer.
    """
    with registry.exclusively():
        succession = registry.succession(fleet)
        versions = {version.version: version for version in registry.versions(fleet)}
        target = fallback(succession, versions.values())
        if succession.champion is None or target is None:
            raise RegistryError(
                f"{fleet} has no earlier champion to go back to: "
                f"choose a version with `taxi-assets promote {fleet} VERSION --why ...`."
            )
        registry.load(target)
        entry = succession.entry(target, ROLLED_BACK, decision)
        _note(registry, fleet, target.name, entry)
        if succession.champion in versions:
            left = versions[succession.champion]
            registry.tag(left, **{WITHDRAWN: f"{decision.who}: {decision.why}"})
        _crown(registry, fleet, target.name, entry)
    return entry


def _note(registry: "Registry", fleet: str, name: str, entry: Promotion) -> None:
    """Add to the log, and look: a proxy may answer in MLflow's place."""
    told = entry.told()
    key = f"promotion.{told.pop('number'):04}"
    registry.client.set_registered_model_tag(name, key, json.dumps(told, ensure_ascii=False))
    if entry not in registry.succession(fleet).log:
        raise _not_kept(name, entry)


def _crown(registry: "Registry", fleet: str, name: str, entry: Promotion) -> None:
    """Move the alias, and look."""
    registry.client.set_registered_model_alias(name, CHAMPION, str(entry.version))
    if registry.succession(fleet).champion != entry.version:
        raise _not_kept(name, entry)


def _not_kept(name: str, entry: Promotion) -> RegistryUnreachable:
    return RegistryUnreachable(
        f"MLflow took the promotion of {name} version {entry.version}, but does not show it: see "
        "that MLFLOW_TRACKING_URI leads to MLflow itself, and promote it again."
    )


def _read(number: int, text: str) -> Promotion:
    try:
        told = json.loads(text)
        return Promotion(number=number, previous=told.pop("from"), **told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RegistryError(
            f"The tag promotion.{number:04} is not an entry of the log of promotions ({error!r}): "
            "put it right in MLflow."
        ) from error
