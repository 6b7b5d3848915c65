"""Two bundles side by side, and training that gives the same text in any process."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taxi_assets.domain import bundle
from taxi_assets.domain.bundle import FILES, Bundle
from taxi_assets.domain.model import PARAMETERS, Trained, train
from taxi_assets.domain.replay import (
    DIFFERS,
    IDENTICAL,
    SAME_ROWS,
    Circumstance,
    changed_circumstances,
    compare_files,
)
from taxi_assets.domain.window import Window
from taxi_assets_tests.builders import knowledge, square_city

REPOSITORY = Path(__file__).parents[2]
TRAIN = """
import hashlib
import sys
from pathlib import Path
from taxi_assets.domain import bundle
from taxi_assets.domain.model import train
from taxi_assets_tests.builders import knowledge, square_city, window

rides = window({"2025-01": 600, "2025-02": 600}, seed=1)
made = train(rides, square_city(), threads=2)
bundle.save(Path(sys.argv[1]), made, knowledge(rides.rides), {})
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, trained: Trained, winter: Window) -> Bundle:
    folder = tmp_path_factory.mktemp("made") / "bundle"
    bundle.save(folder, trained, knowledge(winter.rides), {"git_sha": "abc"})
    return bundle.load(folder)


def verdicts(registered: Bundle, made: Bundle) -> dict[str, str]:
    """The files that are not identical."""
    return {
        file.name: file.verdict
        for file in compare_files(registered, made)
        if file.verdict != IDENTICAL
    }


def recorded_as(made: Bundle, *names: str) -> Bundle:
    """The same bundle, but for the digests of some files."""
    files = {**made.manifest["files"], **dict.fromkeys(names, "0" * 64)}
    return replace(made, manifest={**made.manifest, "files": files})


def test_a_model_is_the_same_to_the_byte_in_every_process(made: Bundle, tmp_path: Path) -> None:
    digests = []

    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)}
        command = [sys.executable, "-c", TRAIN, str(tmp_path / seed)]
        subprocess.run(command, env=environment, cwd=tmp_path, check=True)
        digests.append(bundle.load(tmp_path / seed).manifest["files"])

    assert digests[0] == digests[1] == made.manifest["files"]


def test_the_recipe_trains_the_same_model_again(trained: Trained, winter: Window) -> None:
    told = trained.recipe

    again = train(
        winter,
        square_city(),
        threads=told["threads"],
        level=told["level"],
        parameters=told["parameters"],
    )

    assert again == trained


def test_the_recipe_is_what_was_asked_and_not_what_is_usual(winter: Window) -> None:
    asked = {**PARAMETERS, "num_leaves": 3}

    told = train(winter, square_city(), threads=1, level=0.9, parameters=asked).recipe

    assert (told["threads"], told["level"], told["parameters"]) == (1, 0.9, asked)


def test_the_manifest_keeps_the_recipe(made: Bundle, trained: Trained) -> None:
    assert made.manifest["training"] == trained.recipe


def test_a_bundle_is_identical_to_itself(made: Bundle) -> None:
    assert verdicts(made, made) == {}
    assert [file.name for file in compare_files(made, made)] == list(FILES)


@pytest.mark.parametrize("name", FILES)
def test_other_bytes_are_another_file_unless_they_hold_the_same_rows(
    made: Bundle, name: str
) -> None:
    expected = SAME_ROWS if name.endswith(".parquet") else DIFFERS

    assert verdicts(recorded_as(made, name), made) == {name: expected}


def test_a_table_with_other_rows_differs(made: Bundle) -> None:
    registered = recorded_as(
        replace(
            made,
            zones=made.zones.assign(x_mi=made.zones["x_mi"] + 1),
            routes=made.routes.slice(1),
            hours=made.hours.slice(1),
        ),
        *bundle.TABLES,
    )

    assert verdicts(registered, made) == dict.fromkeys(bundle.TABLES, DIFFERS)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"git_sha": "def"}, [Circumstance("commit", "def", "abc")]),
        ({"libraries": {"lightgbm": "4.6.0"}}, [Circumstance("lightgbm", "4.6.0", None)]),
        ({"machine": {"cpu": "abacus"}}, [Circumstance("cpu", "abacus", None)]),
        ({"features": ["minute"]}, ["features"]),
        ({"parameters": {}}, [f"parameters of {h}" for h in ("fare", "low", "high", "ride_min")]),
    ],
)
def test_what_is_not_as_it_was_is_told(
    made: Bundle, change: dict[str, Any], expected: list[Any]
) -> None:
    found = changed_circumstances({**made.manifest, **change}, made.manifest)

    assert [c.name if isinstance(e, str) else c for c, e in zip(found, expected, strict=True)] == (
        expected
    )


def test_constants_of_training_are_among_what_is_told(made: Bundle) -> None:
    training = made.manifest["training"]
    then = {**training, "threads": 7, "constants": {**training["constants"], "patience": 5}}

    found = changed_circumstances({**made.manifest, "training": then}, made.manifest)

    assert found == [Circumstance("threads", 7, 2), Circumstance("patience", 5, 50)]
