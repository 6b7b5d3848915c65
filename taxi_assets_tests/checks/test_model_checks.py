"""The gate between evaluation and champion."""

import pyarrow as pa
import pytest

from taxi_assets.resources.registry import model_name
from taxi_assets_tests.checks.conftest import Change, check_then, tampered, values
from taxi_assets_tests.homes import Home, Stage, replace_column

MONTH = "2024-03"


@pytest.fixture
def uncrowned(town: Home, sound: Stage) -> Home:
    """The town, its model still waiting to become champion."""
    town.registry.client.delete_registered_model_alias(model_name("green"), "champion")
    return town


def with_model_error(mae_usd: float, route_median: float) -> Change:
    """The same evaluation with other errors of the model and the route median."""
    said = {"model": mae_usd, "route_median": route_median}

    def changed(rows: pa.Table) -> pa.Table:
        errors = [said.get(r["predictor"], r["mae_usd"]) for r in rows.to_pylist()]
        return replace_column(rows, "mae_usd", pa.array(errors))

    return changed


@pytest.mark.parametrize("model_mae", [3.0, 4.0])
def test_a_model_no_better_than_the_route_median_does_not_become_champion(
    uncrowned: Home, model_mae: float
) -> None:
    with tampered(uncrowned, "evaluation", MONTH, with_model_error(model_mae, 3.0)):
        verdict, went_on = check_then(
            uncrowned,
            MONTH,
            table="evaluation",
            check="beats_route_median",
            downstream="champion",
        )

    assert not verdict.passed
    assert values(verdict) == {"mae_usd": model_mae, "must_be_below_usd": 3.0}
    assert not went_on
    assert "champion" not in uncrowned.aliases()


def test_a_model_that_is_better_becomes_champion(uncrowned: Home) -> None:
    with tampered(uncrowned, "evaluation", MONTH, with_model_error(2.99, 3.0)):
        verdict, went_on = check_then(
            uncrowned,
            MONTH,
            table="evaluation",
            check="beats_route_median",
            downstream="champion",
        )

    assert verdict.passed
    assert went_on
    assert uncrowned.aliases()["champion"] == 1
