"""`taxi-assets tune`: what it prints while it searches, and what it found."""

import json
from typing import Any

import pytest
from click.testing import Result

from taxi_assets.domain.tuning import DEFAULTS
from taxi_assets_tests.homes import NO_MODELS, Home

MONTHS = ("2025-01", "2025-02")
TWO = {"TAXI_MIN_TRAIN_MONTHS": "2"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The tables of two months; models are not what this is about."""
    home = Home.at(tmp_path_factory.mktemp("tune"), min_train_months=NO_MODELS)
    home.simulate(MONTHS, rows=1_500)
    home.run(*MONTHS)
    return home


@pytest.fixture(scope="module")
def shown(home: Home) -> Result:
    return home.invoke("tune", "green", "--month", "2025-03", "--trials", "2", **TWO)


@pytest.fixture(scope="module")
def data(home: Home, shown: Result) -> dict[str, Any]:
    """The same once more, for programs."""
    told = ("--month", "2025-03", "--trials", "2", "--json")
    found: dict[str, Any] = json.loads(home.invoke("tune", "green", *told, **TWO).stdout)
    return found


def test_every_trial_is_a_line_of_progress(shown: Result) -> None:
    lines = [line for line in shown.stderr.splitlines() if "  trial " in line]

    assert shown.exit_code == 0, shown.output
    assert [line.partition("  trial ")[2].partition(":")[0] for line in lines] == [
        "1 of 2",
        "2 of 2",
    ]
    assert all("default" in line for line in lines)


def test_the_end_is_a_sentence_and_the_parameters(shown: Result) -> None:
    sentence, *table = [line for line in shown.stdout.splitlines() if line.strip()]

    assert "the best of 2 trials on 2 folds of two weeks." in sentence
    assert DEFAULTS.keys() <= {line.split()[0] for line in table}


def test_the_output_for_programs_holds_what_the_table_holds(
    home: Home, data: dict[str, Any]
) -> None:
    rows = home.rows("tuned_parameters", "2025-03").to_pylist()

    assert data["parameters"] == {row["parameter"]: row["value"] for row in rows}
    assert data["defaults"] == DEFAULTS
    assert data["default_mae_usd"] == rows[0]["default_mae_usd"] >= data["mae_usd"] > 0
    assert (data["trials"], data["folds"], data["failures"]) == (2, 2, [])


def test_a_search_that_was_made_is_not_made_again(data: dict[str, Any]) -> None:
    assert data["changed"] is False


def test_a_month_with_too_little_before_it_is_an_error(home: Home) -> None:
    result = home.invoke("tune", "green", "--month", "2025-02", **TWO)

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "Error: green 2025-02 tuned_parameters: Tuning for 2025-02 needs features of 2 of the 12 "
        "months before it, and there are 1."
    )
    assert result.stdout == ""


@pytest.mark.parametrize("month", ["2025-13", "soon", "2019-01"])
def test_a_month_that_is_none_is_refused(home: Home, month: str) -> None:
    result = home.invoke("tune", "green", "--month", month)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output


def test_no_trials_at_all_are_refused(home: Home) -> None:
    assert home.invoke("tune", "green", "--month", "2025-03", "--trials", "0").exit_code == 2
