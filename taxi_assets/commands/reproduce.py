"""A registered model made again from what its manifest records."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from taxi_assets.commands.champions import require_models
from taxi_assets.domain import bundle
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.errors import BundleError
from taxi_assets.domain.model import Say
from taxi_assets.domain.replay import (
    DIFFERS,
    SAME_ROWS,
    Circumstance,
    FileVerdict,
    changed_circumstances,
    compare_files,
)
from taxi_assets.resources.circumstances import circumstances
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.recorded_tables import recorded_tables
from taxi_assets.resources.registry import ModelVersion, Registry

NEEDED = ("tables", "training_months", "training")


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of making a version again.

    Attributes:
        fleet: fleet name.
        version: which version.
        files: each file of the bundle, then and now.
        changed: recorded circumstances that are not what they were.
        seconds: how long it took.
    """

    fleet: str
    version: ModelVersion
    files: list[FileVerdict]
    changed: list[Circumstance]
    seconds: float

    def with_verdict(self, *verdicts: str) -> list[str]:
        """Names of the files with one of these verdicts."""
        return [file.name for file in self.files if file.verdict in verdicts]

    @property
    def reproduced(self) -> bool:
        """Whether the model made again is the same: its trees, its numbers and its tables' rows."""
        return not self.with_verdict(DIFFERS)

    def told(self) -> dict[str, Any]:
        """For programs."""
        return {
            "fleet": self.fleet,
            "model": self.version.name,
            "version": self.version.version,
            "tested_on": self.version.month,
            "identity": self.version.identity,
            "reproduced": self.reproduced,
            "identical": not self.with_verdict(DIFFERS, SAME_ROWS),
            "files": [asdict(file) for file in self.files],
            "changed_circumstances": [asdict(found) for found in self.changed],
            "seconds": self.seconds,
        }

    def lines(self) -> list[str]:
        """For people."""
        title = f"{self.version.name} version {self.version.version}"
        tested = f"(tested on {self.version.month})"
        differ, rows = self.with_verdict(DIFFERS), self.with_verdict(SAME_ROWS)
        verdict = (
            f"was made again, and is another model: {', '.join(differ)} differ"
            if differ
            else f"was made again with the same rows, but other bytes in {', '.join(rows)}"
            if rows
            else f"was made again, and all {len(self.files)} files are identical"
        )
        return [
            f"{title} {tested} {verdict} ({self.seconds:.1f} s).",
            *(line for file in self.files for line in _file_lines(file)),
            *self._circumstance_lines(),
        ]

    def _circumstance_lines(self) -> list[str]:
        if not self.changed:
            return ["Code, libraries, machine and parameters are those that were recorded."]
        return [
            "Not as it was recorded:",
            *(
                f"  {c.name}: then {_shown(c.recorded)}, now {_shown(c.present)}"
                for c in self.changed
            ),
        ]


def _file_lines(file: FileVerdict) -> list[str]:
    if file.recorded == file.made:
        return [f"  {file.made}  {file.name}"]
    return [
        f"  {file.recorded}  {file.name} as recorded",
        f"  {file.made}  {file.name} made again: {file.verdict}",
    ]


def _shown(value: Any) -> str:
    return "not recorded" if value is None else str(value)


def reproduce(registry: Registry, lake: Lake, fleet: str, number: int, say: Say) -> Reproduction:
    """Make a version again from its recorded snapshots and compare every file.

    Args:
        registry: the models.
        lake: the tables.
        fleet: whose model.
        number: of the version.
        say: takes one line of progress at a time.

    Raises:
        RegistryError: there is no such version.
        BundleError: it is damaged, made for other feature code, or does not say how it was made.
        SnapshotGone: rows it was made from can no longer be read.
        VersionMismatch: they are not what was recorded.
    """
    started = perf_counter()
    require_models(registry, fleet)
    version = registry.version(fleet, number)
    registered = registry.load(version)
    made = make_again(lake, fleet, version, registered.manifest, say)
    return Reproduction(
        fleet,
        version,
        compare_files(registered, made),
        changed_circumstances(registered.manifest, made.manifest),
        round(perf_counter() - started, 3),
    )


def make_again(
    lake: Lake, fleet: str, version: ModelVersion, manifest: Mapping[str, Any], say: Say
) -> Bundle:
    """Train anew on what the manifest records."""
    missing = [key for key in NEEDED if key not in manifest]
    if missing:
        raise BundleError(
            f"{version.name} version {version.version} does not record its "
            f"{', '.join(missing)}, as earlier releases did not: run its month again for a "
            "version that can be made again."
        )
    tables = recorded_tables(lake, fleet, manifest["tables"], say)
    told = manifest["training"]
    trained = tables.train(
        manifest["training_months"],
        threads=told["threads"],
        level=told["level"],
        parameters=told["parameters"],
        say=say,
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bundle"
        bundle.save(folder, trained, tables.knowledge(), circumstances())
        return bundle.load(folder)
