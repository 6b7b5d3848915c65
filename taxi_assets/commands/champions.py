"""Champions made and unmade by people, and the log of all."""

import getpass
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from taxi_assets.definitions import resources
from taxi_assets.domain.errors import RegistryError, UsageError
from taxi_assets.resources import promotions
from taxi_assets.resources.promotions import Decision, Promotion
from taxi_assets.resources.registry import ModelVersion, Registry
from taxi_assets.settings import Settings

MAX_WHY, MAX_WHO = 1_000, 100  # characters; MLflow's databases keep 5,000 of a whole entry


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a command.

    Attributes:
        fleet: fleet name.
        champion: the version that answers now.
        entry: what was added to the log, None when nothing changed.
    """

    fleet: str
    champion: ModelVersion
    entry: Promotion | None

    def sentence(self) -> str:
        """For people."""
        title = f"{self.champion.name} version {self.champion.version}"
        if self.entry is None:
            return f"{title} (tested on {self.champion.month}) is champion already."
        place = f" in place of version {self.entry.previous}" if self.entry.previous else ""
        withdrawn = self.entry.action == promotions.ROLLED_BACK
        return (
            f"{title} (tested on {self.champion.month}) is champion{place}"
            f"{', which is withdrawn' if withdrawn else ''}."
        )

    def told(self) -> dict[str, Any]:
        """For programs."""
        return {
            "fleet": self.fleet,
            "champion": self.champion.version,
            "month": self.champion.month,
            "changed": self.entry is not None,
            "promotion": self.entry.told() if self.entry else None,
        }


def open_registry(settings: Settings) -> Registry:
    """The registry that the settings describe."""
    found: Any = resources(settings)["registry"]
    return cast(Registry, found)


def decision(by: str | None, why: str, now: datetime) -> Decision:
    """Who decides and why, each in one line.

    Raises:
        UsageError: one of them is empty or too long, or the system does not know who asks.
    """
    try:
        who = by if by is not None else getpass.getuser()
    except (KeyError, OSError) as error:  # a user id without a name, as in containers
        raise UsageError("The system does not know your name: add --by NAME.") from error
    said = {"--by": (" ".join(who.split()), MAX_WHO), "--why": (" ".join(why.split()), MAX_WHY)}
    for option, (text, limit) in said.items():
        if not 1 <= len(text) <= limit:
            raise UsageError(f"{option} has {len(text)} characters: write 1 to {limit:,}.")
    return Decision(who=said["--by"][0], why=said["--why"][0], now=now)


def promote_by_hand(
    registry: Registry, fleet: str, number: int, wanted: Decision, force: bool
) -> Change:
    """Promote a version by its number; see `promotions.promote`.

    Raises:
        RegistryError: there is no such version, or a gate rejected it.
    """
    require_models(registry, fleet)
    with registry.exclusively():
        version = registry.version(fleet, number)
        entry = promotions.promote(registry, fleet, version, wanted, force=force)
    return Change(fleet, version, entry)


def give_back(registry: Registry, fleet: str, wanted: Decision) -> Change:
    """Return to the champion before; see `promotions.roll_back`.

    Raises:
        RegistryError: there is none.
    """
    require_models(registry, fleet)
    with registry.exclusively():
        entry = promotions.roll_back(registry, fleet, wanted)
        version = registry.version(fleet, entry.version)
    return Change(fleet, version, entry)


def require_models(registry: Registry, fleet: str) -> None:
    """Do not make a registry only to find it empty.

    Raises:
        RegistryError: there is none yet.
    """
    if not registry.exists:
        raise RegistryError(
            f"There is no {fleet} model yet: "
            f"run `taxi-assets run --fleet {fleet} --months ...` first."
        )


def log(registry: Registry, fleet: str) -> list[dict[str, Any]]:
    """All promotions, the latest first, each with whether it took effect."""
    if not registry.exists:
        return []
    entries = registry.succession(fleet).effects()
    return [{**entry.told(), "took_effect": moved} for entry, moved in reversed(entries)]


def log_lines(entries: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The same for people."""
    return [
        {
            "when": entry["when"],
            "version": f"v{entry['version']}",
            "from": f"v{entry['from']}" if entry["from"] else "",
            "action": entry["action"] + ("" if entry["took_effect"] else " (cut short)"),
            "who": entry["who"],
            "why": entry["why"],
        }
        for entry in entries
    ]
