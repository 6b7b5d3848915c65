"""The graph's public shape: what people see in the UI and name in jobs."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from taxi_assets.definitions import build_definitions
from taxi_assets.settings import Settings

GREEN = {  # asset: what it is made from
    "zones": set(),
    "green/raw_trips": set(),
    "green/clean_trips": {"green/raw_trips"},
    "green/rejected_trips": {"green/raw_trips"},
    "green/route_history": {"green/clean_trips", "zones"},
    "green/hour_history": {"green/clean_trips", "zones"},
    "green/trip_features": {
        "green/clean_trips",
        "green/route_history",
        "green/hour_history",
        "zones",
    },
    "green/tuned_parameters": {"green/trip_features", "zones"},
    "green/fare_model": {
        "green/trip_features",
        "green/route_history",
        "green/hour_history",
        "green/tuned_parameters",
        "zones",
    },
    "green/evaluation": {"green/fare_model", "green/trip_features"},
    "green/champion": {"green/evaluation"},
    "green/batch_predictions": {"green/clean_trips"},
    "green/data_profile": {
        "green/clean_trips",
        "green/rejected_trips",
        "green/data_profile",  # of the months before
        "zones",
    },
    "green/feature_histograms": {"green/trip_features"},
    "green/drift_report": {"green/feature_histograms", "green/trip_features"},
    "green/shap_report": {"green/fare_model", "green/trip_features"},
    "green/performance_report": {
        "green/batch_predictions",
        "green/drift_report",
        "green/performance_report",  # of the months before
        "green/trip_features",
    },
    "green/fairness_report": {"green/batch_predictions", "green/trip_features"},
    "green/served_predictions": {"green/clean_trips"},
}
GROUPS = {
    "raw": {"zones", "green/raw_trips"},
    "tables": {"green/clean_trips", "green/rejected_trips"},
    "features": {"green/route_history", "green/hour_history", "green/trip_features"},
    "model": {
        "green/tuned_parameters",
        "green/fare_model",
        "green/evaluation",
        "green/champion",
    },
    "reports": {
        "green/batch_predictions",
        "green/data_profile",
        "green/drift_report",
        "green/fairness_report",
        "green/feature_histograms",
        "green/performance_report",
        "green/shap_report",
    },
    "serving": {"green/served_predictions"},
}
BLOCKING = {
    "green/raw_trips:source_schema_is_known",
    "green/raw_trips:matches_schema",
    "green/clean_trips:matches_schema",
    "green/clean_trips:conserves_every_row",
    "green/trip_features:matches_schema",
    "green/evaluation:beats_route_median",
    "green/evaluation:beats_champion_or_ties",
    "green/evaluation:interval_is_calibrated",
    "green/evaluation:fair_across_boroughs",
    "green/evaluation:no_slice_collapses",
}
WARNING = {
    "green/raw_trips:volume_is_usual",
    "green/rejected_trips:rejects_stay_usual",
    "green/evaluation:fares_are_level",
    "green/drift_report:features_have_not_drifted",
    "green/shap_report:shap_adds_up",
    "green/performance_report:champion_still_good",
    "green/served_predictions:live_inputs_look_like_training",
    "green/served_predictions:log_is_readable",
}
TUNED = {"green/tuned_parameters"}  # not a part of every month
SERVED = {"green/served_predictions"}  # nor this, which comes before the month's trips
HEAVY = {"mlflow", "evidently", "matplotlib", "optuna", "shap", "lightgbm"}


def definitions(*fleets: str, home: Path) -> dg.Definitions:
    return build_definitions(Settings(home=home, fleets=fleets))


@pytest.fixture
def green(tmp_path: Path) -> dg.Definitions:
    return definitions("green", home=tmp_path)


def dependencies(graph: dg.Definitions) -> dict[str, set[str]]:
    nodes = graph.resolve_asset_graph().asset_nodes
    return {
        node.key.to_user_string(): {key.to_user_string() for key in node.parent_keys}
        for node in nodes
    }


def groups(graph: dg.Definitions) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in graph.resolve_asset_graph().asset_nodes:
        found.setdefault(node.group_name, set()).add(node.key.to_user_string())
    return found


def checks(graph: dg.Definitions, *, blocking: bool) -> set[str]:
    found = graph.resolve_asset_graph()
    return {
        f"{key.asset_key.to_user_string()}:{key.name}"
        for key in found.asset_check_keys
        if found.get_check_spec(key).blocking is blocking
    }


def test_importing_the_definitions_imports_nothing_heavy() -> None:
    script = (
        "import sys, taxi_assets.definitions; "
        f"print(sorted({HEAVY!r} & {{name.partition('.')[0] for name in sys.modules}}))"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


def test_the_assets_and_what_they_are_made_from(green: dg.Definitions) -> None:
    assert dependencies(green) == GREEN


def test_the_groups_are_the_stages(green: dg.Definitions) -> None:
    assert groups(green) == GROUPS


def test_the_checks_that_block(green: dg.Definitions) -> None:
    assert checks(green, blocking=True) == BLOCKING


def test_the_checks_that_warn(green: dg.Definitions) -> None:
    assert checks(green, blocking=False) == WARNING


def test_everything_but_the_zones_goes_by_month(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, fleets=("green",), first_month="2024-11")

    graph = build_definitions(settings).resolve_asset_graph()

    for node in graph.asset_nodes:
        if node.key == dg.AssetKey("zones"):
            assert node.partitions_def is None
        else:
            assert node.partitions_def is not None
            assert node.partitions_def.get_partition_keys()[:3] == ["2024-11", "2024-12", "2025-01"]


def test_every_asset_and_check_says_what_it_is(green: dg.Definitions) -> None:
    graph = green.resolve_asset_graph()

    assert all(node.description for node in graph.asset_nodes)
    assert all(graph.get_check_spec(key).description for key in graph.asset_check_keys)


def test_each_month_knows_the_months_it_learns_from(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, fleets=("green",), train_months=3)
    graph = build_definitions(settings).resolve_asset_graph()
    months = graph.get(dg.AssetKey(["green", "clean_trips"])).partitions_def
    history = graph.get(dg.AssetKey(["green", "route_history"]))

    mapping = history.partition_mappings[dg.AssetKey(["green", "clean_trips"])]
    before = mapping.get_upstream_mapped_partitions_result_for_partitions(
        months.empty_subset().with_partition_keys(["2024-06"]), months, months
    )

    found = sorted(before.partitions_subset.get_partition_keys())
    assert found == ["2024-03", "2024-04", "2024-05"]


@pytest.mark.parametrize("fleets", [("green",), ("yellow",), ("green", "yellow")])
def test_every_job_resolves_and_takes_a_months_assets(
    tmp_path: Path, fleets: tuple[str, ...]
) -> None:
    graph = definitions(*fleets, home=tmp_path)

    for fleet in fleets:
        job = graph.resolve_job_def(f"{fleet}_month_job")
        made = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
        assert made == {key.replace("green", fleet) for key in GREEN.keys() - TUNED - SERVED}
        for part, assets in (
            ("model", GREEN.keys() - TUNED - SERVED - GROUPS["reports"]),
            ("served", SERVED),
            ("report", GROUPS["reports"]),
            ("tune", TUNED),
        ):
            job = graph.resolve_job_def(f"{fleet}_{part}_job")
            made = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
            assert made == {key.replace("green", fleet) for key in assets}
    dg.Definitions.validate_loadable(graph)


def test_a_fleet_adds_the_same_assets_under_its_own_prefix(tmp_path: Path) -> None:
    both = definitions("green", "yellow", home=tmp_path)

    def yellow(names: set[str]) -> set[str]:
        return {name.replace("green/", "yellow/") for name in names}

    mirrored = {
        name.replace("green/", "yellow/"): yellow(parents) for name, parents in GREEN.items()
    }
    assert dependencies(both) == GREEN | mirrored
    assert checks(both, blocking=True) == BLOCKING | yellow(BLOCKING)
    assert checks(both, blocking=False) == WARNING | yellow(WARNING)
    assert groups(both) == {name: keys | yellow(keys) for name, keys in GROUPS.items()}
