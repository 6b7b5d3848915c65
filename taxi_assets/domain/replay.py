"""Whether a model that was made again is the same, and what was not as it was then."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taxi_assets.domain.bundle import FILES, Bundle

IDENTICAL, SAME_ROWS, DIFFERS = "identical", "same rows", "differs"


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """A file of a bundle, then and now.

    Attributes:
        name: file name.
        recorded: SHA-256 in the registered manifest.
        made: SHA-256 of the file that was made again.
        verdict: `IDENTICAL`; `SAME_ROWS` for a table whose values are equal though its bytes are
            not, as another release of the Parquet library may write them; or `DIFFERS`.
    """

    name: str
    recorded: str
    made: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Circumstance:
    """Something that may change a model, then and now; None where it was not recorded."""

    name: str
    recorded: Any
    present: Any


def compare_files(registered: Bundle, made: Bundle) -> list[FileVerdict]:
    """Each file of a registered bundle beside that of one made again."""
    equal = {
        "zones.parquet": registered.zones.equals(made.zones),
        "route_history.parquet": registered.routes.equals(made.routes),
        "hour_history.parquet": registered.hours.equals(made.hours),
    }
    found = []
    for name in FILES:
        then, now = registered.manifest["files"][name], made.manifest["files"][name]
        verdict = IDENTICAL if then == now else SAME_ROWS if equal.get(name) else DIFFERS
        found.append(FileVerdict(name, then, now, verdict))
    return found


def changed_circumstances(
    recorded: Mapping[str, Any], present: Mapping[str, Any]
) -> list[Circumstance]:
    """What the manifest of one bundle says of its making that another's does not.

    Args:
        recorded: the registered bundle's manifest.
        present: that of the bundle made again.
    """
    then, now = _circumstances(recorded), _circumstances(present)
    return [
        Circumstance(name, then.get(name), now.get(name))
        for name in {**now, **then}
        if then.get(name) != now.get(name)
    ]


def _circumstances(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """All that may change a model, by a name for people."""
    training = manifest.get("training", {})
    return {
        "commit": manifest.get("git_sha"),
        **manifest.get("libraries", {}),
        **manifest.get("machine", {}),
        "threads": training.get("threads"),
        "interval level": training.get("level"),
        **training.get("constants", {}),
        **{
            f"parameters of {head}": json.dumps(told, sort_keys=True)
            for head, told in manifest.get("parameters", {}).items()
        },
        "features": ", ".join(manifest.get("features", [])),
    }
