"""An Evidently workspace: a folder in which `evidently ui` shows the course over months.

One project a fleet, one run a month and report. A report that is made again takes the place of its
earlier run, and all runs bear the first instant of their month, so that trends go by month.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import dagster as dg

from taxi_assets.domain.months import bounds, check_month
from taxi_assets.resources.evidently_panels import tabs
from taxi_assets.resources.storage import reaching

if TYPE_CHECKING:  # ten seconds to import
    from evidently.core.report import Snapshot

NAMESPACE = uuid5(NAMESPACE_URL, "taxi_assets/evidently")


def stable_id(*names: str) -> UUID:
    """The same names have the same id, in every run and on every machine."""
    return uuid5(NAMESPACE, "/".join(names))


class EvidentlyWorkspace(dg.ConfigurableResource[None]):
    """A workspace in the local folder `root`."""

    root: str

    def add(self, fleet: str, month: str, name: str, snapshot: "Snapshot") -> str:
        """Keep a month's snapshot, in place of an earlier one of the same report.

        Args:
            fleet: fleet name; its project is made when it is first needed.
            month: `YYYY-MM`.
            name: of the report, for example `drift_report`.
            snapshot: from `taxi_assets.reports.snapshots`.

        Returns:
            The file it is in.

        Raises:
            LakeUnreachable: the folder cannot be written to.
        """
        from evidently.legacy.utils import NumpyEncoder

        model = snapshot.to_snapshot_model()
        model.name = f"{month} {name}"
        model.timestamp = bounds(month)[0]
        model.tags = [name]
        model.metadata = {"month": month, "report": name, "fleet": fleet}
        file = self._file(fleet, month, name)
        with reaching(self.root):
            self._ensure_project(fleet, file.parents[1])
            replace(file, json.dumps(model.dict(), cls=NumpyEncoder))
        return file.as_posix()

    def remove(self, fleet: str, month: str, name: str) -> None:
        """Forget a month's snapshot, if there is one: the report has nothing to say any more."""
        with reaching(self.root):
            self._file(fleet, month, name).unlink(missing_ok=True)

    def months(self, fleet: str) -> dict[str, str]:
        """The month of each snapshot of ours, by the name of its file below the root.

        Raises:
            LakeUnreachable: the folder cannot be read.
        """
        with reaching(self.root):
            told = {
                file.relative_to(self.root).as_posix(): json.loads(file.read_text("utf-8"))
                for file in sorted(self._folder(fleet).glob("*.json"))
            }
        return {
            name: snapshot["metadata"]["month"]
            for name, snapshot in told.items()
            if snapshot.get("metadata", {}).get("fleet") == fleet
        }

    def _folder(self, fleet: str) -> Path:
        return Path(self.root) / str(stable_id(fleet)) / "snapshots"

    def _file(self, fleet: str, month: str, name: str) -> Path:
        return self._folder(fleet) / f"{stable_id(fleet, check_month(month), name)}.json"

    def _ensure_project(self, fleet: str, project: Path) -> None:
        """The fleet's project with our dashboard; tabs that people added stay."""
        from filelock import FileLock

        (project / "snapshots").mkdir(parents=True, exist_ok=True)
        with FileLock(Path(self.root) / "workspace.lock"):  # two runs may be the first
            dashboard = project / "dashboard.json"
            before = json.loads(dashboard.read_text("utf-8")) if dashboard.exists() else {}
            after = merged(before, tabs())
            if after != before:
                replace(dashboard, json.dumps(after, indent=1))
            if not (about := project / "metadata.json").exists():
                replace(about, json.dumps(described(fleet), indent=1))


def described(fleet: str) -> dict[str, Any]:
    """A project as Evidently keeps it."""
    return {
        "id": str(stable_id(fleet)),
        "name": f"{fleet} taxis",
        "description": f"Reports of the {fleet} fleet, month by month.",
        "org_id": None,
        "version": "2",
    }


def merged(kept: dict[str, Any], ours: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """A dashboard with our tabs first and as they should be, and others as they are.

    Args:
        kept: the dashboard as it is; empty for none.
        ours: panels by tab title, without ids.
    """
    panels = {
        title: [{"id": str(stable_id(title, panel["title"])), **panel} for panel in found]
        for title, found in ours.items()
    }
    tabs = [
        {"id": str(stable_id(title)), "title": title, "panels": [p["id"] for p in found]}
        for title, found in panels.items()
    ]
    mine = {tab["id"] for tab in tabs}
    foreign = [tab for tab in kept.get("tabs", []) if tab["id"] not in mine]
    wanted = {panel for tab in foreign for panel in tab["panels"]}
    others = [panel for panel in kept.get("panels", []) if panel["id"] in wanted]
    return {
        "tabs": [*tabs, *foreign],
        "panels": [*(panel for found in panels.values() for panel in found), *others],
    }


def replace(file: Path, text: str) -> None:
    """Write a file that is there whole or not at all: the UI may be reading."""
    aside = file.with_name(f"{uuid4().hex}.part")
    try:
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, file)
    finally:  # an interrupt as well
        aside.unlink(missing_ok=True)
