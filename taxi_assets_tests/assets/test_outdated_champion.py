"""After an upgrade of the feature code: nobody ties with a champion that cannot be asked."""

import json
from pathlib import Path

import pytest

from taxi_assets.resources.registry import Registry
from taxi_assets_tests.homes import Home, Stage

MONTHS = ("2025-01", "2025-02", "2025-03")
NEXT = "2025-04"
OLD_IDENTITY = "0" * 64


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A champion of the third month, made by other feature code."""
    home = Home.at(tmp_path_factory.mktemp("upgraded"))
    home.simulate((*MONTHS, NEXT), rows=1_000)
    home.run(*MONTHS)
    age(home.registry)
    return home


@pytest.fixture(scope="module")
def stopped(home: Home) -> Stage:
    """The next month has met it."""
    return home.run(NEXT)


def age(registry: Registry) -> None:
    """Leave the champion as other feature code would have registered it."""
    champion = registry.champion("green")
    assert champion is not None
    (file,) = Path(registry.local_root).rglob("artifacts/bundle/manifest.json")
    manifest = json.loads(file.read_text())
    old = {"features": manifest["features"][:-1], "identity": OLD_IDENTITY}
    file.write_text(json.dumps({**manifest, **old}))
    registry.tag(champion, identity=OLD_IDENTITY)


def test_an_outdated_champion_is_no_tie_but_an_error_that_names_the_remedy(
    stopped: Stage,
) -> None:
    outcome = stopped.outcomes[NEXT]

    ((what, reason),) = outcome.failures
    assert what == "evaluation"
    assert "version 1 of taxi-fare-green, was made by other feature code" in reason
    assert f"`taxi-assets run --fleet green --months 2025-03,{NEXT}`" in reason
    assert "evaluation" not in outcome.assets
    assert stopped.aliases["champion"] == 1


def test_the_command_it_names_renews_the_champion_and_goes_on(home: Home, stopped: Stage) -> None:
    (_, reason), *_ = stopped.outcomes[NEXT].failures
    command = reason.split("`")[1].split()

    result = home.invoke(*command[1:])

    assert result.exit_code == 0, result.output
    after = home.stage()
    assert [(v.version, v.month) for v in after.models] == [
        (1, "2025-03"),
        (2, NEXT),
        (3, "2025-03"),
    ]
    assert after.aliases["champion"] == 2
    log = home.registry.succession("green").log
    assert [entry.version for entry in log] == [1, 3, 2]
    rivals = {row["predictor"]: row for row in home.rows("evaluation", NEXT).to_pylist()}
    assert rivals["champion"]["model_version"] == "3"
