"""`taxi-assets reproduce`: a registered model comes out again, whatever has happened since."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taxi_assets.domain import bundle
from taxi_assets.domain.bundle import FILES
from taxi_assets.domain.model import PARAMETERS
from taxi_assets.resources.recorded_tables import recorded_tables
from taxi_assets.resources.registry import ModelVersion
from taxi_assets_tests.homes import PROGRAM, Home
from taxi_assets_tests.models import change_a_byte, kept_file, register

MONTHS = ("2025-01", "2025-02", "2025-03")
FEATURES_TABLE = "green.trip_features"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Version 1 of March; then January was corrected, and version 2 of March came of it."""
    home = Home.at(tmp_path_factory.mktemp("reproduce"))
    home.simulate(MONTHS, rows=1_500)
    home.run(*MONTHS)
    home.publish("2025-01", home.published("2025-01").slice(0, 1_300))
    corrected = home.run(*MONTHS)
    assert [version.month for version in corrected.models] == ["2025-03", "2025-03"]
    return home


def manifest_of(home: Home, number: int) -> dict[str, Any]:
    return home.registry.load(home.registry.version("green", number)).manifest


def registered_with(home: Home, month: str, scratch: Path, change: Change) -> int:
    """Version 1 once more, as a version of a month of its own with another manifest."""
    version = home.registry.version("green", 1)
    manifest = kept_file(home.registry, version, "manifest.json")
    folder = scratch / "bundle"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_bytes((manifest.parent / name).read_bytes())
    told = json.loads(manifest.read_text(encoding="utf-8"))
    change(told)
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    return register(home.registry, "green", month, folder).version


def spoil_manifest(home: Home, version: ModelVersion, change: Change) -> bytes:
    """Change a registered manifest where it is kept; returns what it was."""
    path = kept_file(home.registry, version, "manifest.json")
    before = path.read_bytes()
    told = json.loads(before)
    change(told)
    path.write_text(json.dumps(told), encoding="utf-8")
    return before


@pytest.mark.parametrize("number", [1, 2])
def test_each_version_comes_out_again_after_a_correction(home: Home, number: int) -> None:
    result = home.invoke("reproduce", "green", str(number), TAXI_TRAIN_THREADS="2")

    files = manifest_of(home, number)["files"]
    first, *lines = result.stdout.splitlines()
    assert result.exit_code == 0, result.output
    assert first.startswith(
        f"taxi-fare-green version {number} (tested on 2025-03) was made again, "
        "and all 8 files are identical ("
    )
    assert lines[:-1] == [f"  {digest}  {name}" for name, digest in files.items()]
    assert lines[-1].startswith("Code, libraries, machine and parameters are those")


def test_the_two_versions_are_two_models(home: Home) -> None:
    one, two = (manifest_of(home, number) for number in (1, 2))

    assert one["identity"] != two["identity"]
    assert sum(one["training_rows"].values()) > sum(two["training_rows"].values())


def test_a_fresh_process_makes_the_same_model_and_says_how_far_it_is(home: Home) -> None:
    done = subprocess.run(
        [*PROGRAM, "reproduce", "green", "1", "--json"],
        env=home.process_environment(PYTHONHASHSEED="7"),
        cwd=home.root,
        capture_output=True,
        text=True,
        check=True,
    )

    answer = json.loads(done.stdout)
    assert answer["reproduced"] is answer["identical"] is True
    assert answer["changed_circumstances"] == []
    assert {file["name"]: file["made"] for file in answer["files"]} == (
        manifest_of(home, 1)["files"]
    )
    assert "green.trip_features: " in done.stderr
    assert "rehearsal: fare was best with" in done.stderr


def test_a_model_of_other_parameters_comes_out_again(home: Home, tmp_path: Path) -> None:
    made_from = manifest_of(home, 1)
    tables = recorded_tables(home.lake, "green", made_from["tables"], lambda _: None)
    tuned = {**PARAMETERS, "num_leaves": 5, "learning_rate": 0.1234567890123}
    trained = tables.train(made_from["training_months"], threads=1, level=0.9, parameters=tuned)
    kept = ("fleet", "month", "tables", "training_months", "git_sha", "libraries", "machine")
    folder = tmp_path / "bundle"
    bundle.save(folder, trained, tables.knowledge(), {key: made_from[key] for key in kept})
    version = register(home.registry, "green", "2025-04", folder).version

    result = home.invoke("reproduce", "green", str(version), "--json")

    told = json.loads(result.stdout)
    assert (told["identical"], told["changed_circumstances"]) == (True, [])


def test_a_model_that_comes_out_otherwise_says_which_files_and_what_has_changed(
    home: Home, tmp_path: Path
) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["training"]["parameters"]["num_leaves"] = 4
        manifest["libraries"]["lightgbm"] = "0.0.1"
        del manifest["machine"]

    number = registered_with(home, "2025-05", tmp_path, change)

    people = home.invoke("reproduce", "green", str(number))
    told = json.loads(home.invoke("reproduce", "green", str(number), "--json").stdout)

    lines = people.stdout.splitlines()
    changed = {found["name"]: found for found in told["changed_circumstances"]}
    differ = [file["name"] for file in told["files"] if file["verdict"] == "differs"]
    assert people.exit_code == 1
    assert (told["reproduced"], told["identical"]) == (False, False)
    assert differ == ["fare.txt", "ride_min.txt"]  # bounds have leaves of their own
    assert f"was made again, and is another model: {', '.join(differ)} differ" in lines[0]
    assert any(line.endswith("fare.txt made again: differs") for line in lines)
    assert any(line.startswith("  lightgbm: then 0.0.1, now 4.") for line in lines)
    assert any(line.startswith("  cpu: then not recorded, now ") for line in lines)
    leaves = f'"num_leaves": {PARAMETERS["num_leaves"]}'
    assert leaves in changed["parameters of fare"]["recorded"]
    assert '"num_leaves": 4' in changed["parameters of fare"]["present"]


def first_month(manifest: dict[str, Any]) -> dict[str, Any]:
    return dict[str, Any](manifest["tables"][FEATURES_TABLE]["2025-01"])


def test_rows_whose_snapshot_is_gone_are_read_where_the_same_data_version_is(
    home: Home, tmp_path: Path
) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["tables"][FEATURES_TABLE]["2025-01"]["snapshot_id"] = 5

    number = registered_with(home, "2025-06", tmp_path, change)

    result = home.invoke("reproduce", "green", str(number))

    assert result.exit_code == 0
    assert f"{FEATURES_TABLE} of 2025-01: the same rows at snapshot " in result.stderr


def test_rows_that_are_gone_are_named_with_what_to_do(home: Home, tmp_path: Path) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["tables"][FEATURES_TABLE]["2025-01"] |= {"snapshot_id": 5, "data_version": "0"}

    number = registered_with(home, "2025-07", tmp_path, change)

    result = home.invoke("reproduce", "green", str(number))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        "Error: green/trip_features of 2025-01 cannot be read at snapshot 5: it is no longer in "
        "the table; `taxi-assets versions green/trip_features` lists what can be read"
    )


def test_rows_of_another_data_version_are_refused(home: Home, tmp_path: Path) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["tables"][FEATURES_TABLE]["2025-01"]["data_version"] = "0"

    number = registered_with(home, "2025-08", tmp_path, change)

    result = home.invoke("reproduce", "green", str(number))

    version = first_month(manifest_of(home, 1))["data_version"]
    assert result.exit_code == 1
    assert f"green.trip_features of 2025-01 has data version {version} at snapshot" in result.stderr


@pytest.mark.parametrize("key", ["tables", "training_months", "training"])
def test_a_version_that_does_not_say_how_it_was_made_is_refused(home: Home, key: str) -> None:
    version = home.registry.version("green", 2)
    before = spoil_manifest(home, version, lambda manifest: manifest.pop(key))
    try:
        result = home.invoke("reproduce", "green", "2")
    finally:
        kept_file(home.registry, version, "manifest.json").write_bytes(before)

    assert result.exit_code == 1
    assert f"taxi-fare-green version 2 does not record its {key}" in result.stderr
    assert "run its month again" in result.stderr


def test_a_version_of_other_features_is_refused_with_its_commit(home: Home) -> None:
    version = home.registry.version("green", 2)
    before = spoil_manifest(
        home, version, lambda manifest: manifest.update(features=["minute"], git_sha="beef")
    )
    try:
        result = home.invoke("reproduce", "green", "2")
    finally:
        kept_file(home.registry, version, "manifest.json").write_bytes(before)

    assert result.exit_code == 1
    assert "made by other feature code: install that of its commit (beef)" in result.stderr


def test_a_damaged_version_is_refused(home: Home) -> None:
    file = kept_file(home.registry, home.registry.version("green", 2), "low.txt")
    content = file.read_bytes()
    change_a_byte(file)
    try:
        result = home.invoke("reproduce", "green", "2")
    finally:
        file.write_bytes(content)

    assert result.exit_code == 1
    assert "taxi-fare-green version 2 cannot be used: low.txt of the model" in result.stderr


def test_a_version_that_is_not_there_is_refused(home: Home) -> None:
    result = home.invoke("reproduce", "green", "99")

    assert result.exit_code == 1
    assert "taxi-fare-green has no version 99: choose one of those there are" in result.stderr


def test_an_empty_home_says_so(tmp_path: Path) -> None:
    empty = Home.at(tmp_path / "empty")

    result = empty.invoke("reproduce", "green", "1")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no green model yet: run `taxi-assets run")
    assert not (empty.settings.root / "mlflow").exists()
