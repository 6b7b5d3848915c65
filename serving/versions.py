"""Registered versions in MLflow, as serving sees them: aliases and tags, read and judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from serving.models import CHALLENGER, CHAMPION, Wanted
from taxi_assets.domain.errors import RegistryError

CANDIDATE = "candidate"  # the registry's name for the newest month's version
OBJECTIONS = {"withdrawn": "withdrawn by", "rejected": "rejected by its gates:"}


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version.

    Attributes:
        number: as MLflow counts.
        tags: what the pipeline noted on it.
        place: where its files are, as far as the registry says it at once.
    """

    number: str
    tags: Mapping[str, str]
    place: str = ""


def model_name(fleet: str) -> str:
    """Name of a fleet's registered model."""
    return f"taxi-fare-{fleet}"


def choose(
    fleet: str, aliases: Mapping[str, str], version: Callable[[str], Version]
) -> dict[str, Wanted]:
    """Who should answer for a fleet.

    Args:
        fleet: fleet name.
        aliases: version number by alias, as MLflow has them.
        version: looks a version up.

    Returns:
        The champion, and the candidate as challenger when it is another model whose registration
        is complete; empty without a champion.

    Raises:
        RegistryError: the champion carries no identity.
    """
    if CHAMPION not in aliases:
        return {}
    champion = _wanted(fleet, version(aliases[CHAMPION]))
    number = aliases.get(CANDIDATE, champion.version)
    if number == champion.version:
        return {CHAMPION: champion}
    try:
        candidate = _wanted(fleet, version(number))
    except RegistryError:
        return {CHAMPION: champion}  # its identity is tagged last: it is still being registered
    if candidate.identity == champion.identity:
        return {CHAMPION: champion}
    return {CHAMPION: champion, CHALLENGER: candidate}


def _wanted(fleet: str, found: Version) -> Wanted:
    tags = found.tags
    objections = (f"{text} {tags[key]}" for key, text in OBJECTIONS.items() if key in tags)
    return Wanted(
        model_name(fleet),
        found.number,
        tags.get("month", "unknown"),
        tags.get("identity", ""),
        withheld=next(objections, None),
        place=found.place,
    )
