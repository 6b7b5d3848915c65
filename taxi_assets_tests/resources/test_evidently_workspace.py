"""The Evidently workspace: one run a month and report, whoever adds it and however often."""

import json
import threading
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from taxi_assets.domain.errors import LakeUnreachable
from taxi_assets.reports.snapshots import fairness_snapshot, performance_snapshot, shap_snapshot
from taxi_assets.resources.evidently_panels import tabs
from taxi_assets.resources.evidently_workspace import EvidentlyWorkspace, merged, stable_id

MONTHS = ("2025-01", "2025-02", "2025-03")


@pytest.fixture
def workspace(tmp_path: Path) -> EvidentlyWorkspace:
    return EvidentlyWorkspace(root=str(tmp_path / "evidently"))


def worst(mae: float, coverage: float = 0.8) -> pd.DataFrame:
    return pd.DataFrame({"mae_usd": [mae, 1.0], "coverage": [coverage, 0.9]})


def runs(workspace: EvidentlyWorkspace, fleet: str = "green") -> dict[str, dict[str, object]]:
    """What Evidently itself finds, by run id."""
    from evidently.ui.workspace import Workspace

    found = Workspace(workspace.root)
    project = stable_id(fleet)
    return {
        str(run): found.get_run(project, run).dict()  # type: ignore[union-attr]
        for run in found.list_runs(project)
    }


def values(workspace: EvidentlyWorkspace, metric: str) -> list[list[float | None]]:
    """The series that Evidently draws of a metric, months in order."""
    import asyncio

    from evidently.ui.service.base import SeriesFilter
    from evidently.ui.service.storage.local import LocalState
    from evidently.ui.service.storage.local.base import InMemoryDataStorage

    panel = next(
        value
        for panels in tabs().values()
        for panel in panels
        for value in panel["values"]
        if value["metric"].endswith(f":{metric}")
    )
    wanted = {name: panel[name] for name in ("tags", "metadata", "metric", "metric_labels")}
    storage = InMemoryDataStorage(workspace.root, LocalState.load(workspace.root, None))
    found = asyncio.run(
        storage.get_data_series(stable_id("green"), [SeriesFilter(**wanted)], None, None)
    )
    return [series.values for series in found.series]


def test_a_report_made_again_takes_the_place_of_its_earlier_run(
    workspace: EvidentlyWorkspace,
) -> None:
    first = workspace.add("green", "2025-01", "fairness_report", fairness_snapshot(worst(3)))
    again = workspace.add("green", "2025-01", "fairness_report", fairness_snapshot(worst(4)))

    assert first == again
    assert len(runs(workspace)) == 1
    assert values(workspace, "MaxValue") == [[4.0]]


def test_a_run_bears_the_first_instant_of_its_month_its_report_and_its_month(
    workspace: EvidentlyWorkspace,
) -> None:
    workspace.add("green", "2025-02", "fairness_report", fairness_snapshot(worst(3)))

    (run,) = runs(workspace).values()
    assert run["timestamp"] == datetime(2025, 2, 1)
    assert run["name"] == "2025-02 fairness_report"
    assert run["tags"] == ["fairness_report"]
    assert run["metadata"] == {"month": "2025-02", "report": "fairness_report", "fleet": "green"}


def test_trends_go_by_month_in_whatever_order_months_are_run(
    workspace: EvidentlyWorkspace,
) -> None:
    for month in ("2025-03", "2025-01", "2025-02"):
        number = int(month[-1])
        fares = pd.DataFrame({"target": [10.0, 20.0], "prediction": [10.0 + number, 20.0]})
        workspace.add(
            "green", month, "fairness_report", fairness_snapshot(worst(number, number / 10))
        )
        workspace.add("green", month, "performance_report", performance_snapshot(fares))
        contributions = pd.DataFrame({"route_fare_usd": [float(number)]})
        workspace.add("green", month, "shap_report", shap_snapshot(contributions))

    assert values(workspace, "MaxValue") == [[1.0, 2.0, 3.0]]
    assert values(workspace, "MinValue") == [[0.1, 0.2, 0.3]]
    assert values(workspace, "MAE") == [[0.5, 1.0, 1.5]]
    assert values(workspace, "MeanValue") == [[1.0, 2.0, 3.0]]


def test_each_fleet_has_a_project(workspace: EvidentlyWorkspace) -> None:
    from evidently.ui.workspace import Workspace

    for fleet in ("green", "yellow"):
        workspace.add(fleet, "2025-01", "fairness_report", fairness_snapshot(worst(3)))

    projects = Workspace(workspace.root).list_projects()
    assert {(project.id, project.name) for project in projects} == {
        (stable_id("green"), "green taxis"),
        (stable_id("yellow"), "yellow taxis"),
    }
    assert len(runs(workspace, "yellow")) == 1


def test_a_report_with_nothing_to_say_any_more_is_forgotten(workspace: EvidentlyWorkspace) -> None:
    workspace.add("green", "2025-01", "fairness_report", fairness_snapshot(worst(3)))

    workspace.remove("green", "2025-01", "fairness_report")
    workspace.remove("green", "2025-02", "fairness_report")

    assert runs(workspace) == {}


def test_many_runs_at_once_all_arrive_and_leave_nothing_else(
    workspace: EvidentlyWorkspace,
) -> None:
    snapshot = fairness_snapshot(worst(3))
    names = [(month, name) for month in MONTHS for name in ("fairness_report", "shap_report")] * 2
    adding = [
        threading.Thread(target=workspace.add, args=("green", month, name, snapshot))
        for month, name in names
    ]

    for thread in adding:
        thread.start()
    for thread in adding:
        thread.join()

    assert len(runs(workspace)) == 6
    left = {file.suffix for file in Path(workspace.root).rglob("*") if file.is_file()}
    assert left == {".json", ".lock"}


def test_the_dashboard_has_our_panels_once_and_keeps_what_people_added(
    workspace: EvidentlyWorkspace,
) -> None:
    from evidently.sdk.panels import text_panel
    from evidently.ui.workspace import Workspace

    workspace.add("green", "2025-01", "fairness_report", fairness_snapshot(worst(3)))
    project = Workspace(workspace.root).get_project(stable_id("green"))
    assert project is not None
    project.dashboard.add_panel(text_panel("mine"), tab="Mine")
    workspace.add("green", "2025-02", "fairness_report", fairness_snapshot(worst(3)))

    dashboard = project.dashboard.model()
    assert [tab.title for tab in dashboard.tabs] == [*tabs(), "Mine"]
    shown = [panel.title for panel in dashboard.panels]
    assert shown == [*(p["title"] for panels in tabs().values() for p in panels), "mine"]


def test_a_dashboard_of_an_earlier_release_is_brought_up_to_date() -> None:
    before = merged({}, {"Drift": [{"title": "old"}], "Gone": [{"title": "x"}]})

    after = merged(before, {"Drift": [{"title": "new"}]})

    assert [tab["title"] for tab in after["tabs"]] == ["Drift", "Gone"]
    assert [panel["title"] for panel in after["panels"]] == ["new", "x"]


def test_a_run_that_dies_while_writing_leaves_the_earlier_one(
    workspace: EvidentlyWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = workspace.add("green", "2025-01", "fairness_report", fairness_snapshot(worst(3)))
    before = Path(file).read_text()
    monkeypatch.setattr("os.replace", _dies)

    with pytest.raises(LakeUnreachable):
        workspace.add("green", "2025-01", "fairness_report", fairness_snapshot(worst(4)))

    assert Path(file).read_text() == before
    assert json.loads(before)["name"] == "2025-01 fairness_report"
    assert [other.name for other in Path(file).parent.iterdir()] == [Path(file).name]


def _dies(*_: object) -> None:
    raise OSError("no space left on device")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    workspace = EvidentlyWorkspace(root=str(tmp_path / "file"))

    with pytest.raises(LakeUnreachable, match="file"):
        workspace.add("green", "2025-01", "fairness_report", fairness_snapshot(worst(3)))
