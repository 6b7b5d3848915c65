"""The gates between evaluation and champion: each is seen to stop it."""

import json
from collections.abc import Callable

import pyarrow as pa
import pytest

from taxi_assets.commands.run import summary_rows
from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.gates import GATES
from taxi_assets.domain.schemas import EVALUATION
from taxi_assets.resources.registry import model_name
from taxi_assets.simulator.scenario import Scenario
from taxi_assets_tests.checks.conftest import Change, check_then, tampered, values
from taxi_assets_tests.evaluations import both, month, row
from taxi_assets_tests.homes import Home, Stage, checks_of, replace_column

MONTH = "2024-03"
QUIET = ("interval_is_calibrated", "fair_across_boroughs", "no_slice_collapses")
FAILING: dict[str, list[Row]] = {
    "beats_route_median": month(mae_usd=3.0),
    "beats_champion_or_ties": [*month(), row("champion", loss_low_usd=0.01, loss_high_usd=0.2)],
    "interval_is_calibrated": month(coverage=0.7),
    "fair_across_boroughs": [*month(), row("model", "pickup_borough", "Bronx", mae_usd=9.0)],
    "no_slice_collapses": [*month(), *both("route", "unseen", mae_usd=4.0)],
}
PASSING: list[Row] = [
    *month(),
    row("champion", loss_low_usd=-0.1, loss_high_usd=0.2),
    *both("pickup_borough", "Bronx"),
]


@pytest.fixture
def uncrowned(town: Home, sound: Stage) -> Home:
    """The town, its model still waiting to become champion."""
    town.registry.client.delete_registered_model_alias(model_name("green"), "champion")
    return town


def saying(rows: list[Row]) -> Change:
    """An evaluation of these rows, whatever it was before."""
    return lambda _: pa.Table.from_pylist(rows, EVALUATION.arrow)


@pytest.mark.parametrize("gate", GATES)
def test_every_gate_keeps_a_model_that_fails_it_from_becoming_champion(
    uncrowned: Home, gate: str
) -> None:
    with tampered(uncrowned, "evaluation", MONTH, saying(FAILING[gate])):
        verdict, went_on = check_then(
            uncrowned, MONTH, table="evaluation", check=gate, downstream="champion"
        )

    ruling = GATES[gate](FAILING[gate])
    assert not verdict.passed
    assert values(verdict) == {
        "observed": getattr(ruling, "observed", None),
        "threshold": getattr(ruling, "threshold", None),
        "said": getattr(ruling, "said", None),
    }
    assert not went_on
    assert "champion" not in uncrowned.aliases()


@pytest.mark.parametrize("gate", GATES)
def test_a_model_that_passes_a_gate_becomes_champion(uncrowned: Home, gate: str) -> None:
    with tampered(uncrowned, "evaluation", MONTH, saying(PASSING)):
        verdict, went_on = check_then(
            uncrowned, MONTH, table="evaluation", check=gate, downstream="champion"
        )

    assert verdict.passed
    assert went_on
    assert uncrowned.aliases()["champion"] == 1


def test_gates_that_need_more_rides_are_silent_in_a_small_month_and_do_not_pass(
    town: Home, sound: Stage
) -> None:
    outcome = sound.outcomes[MONTH]

    found = {name.partition(".")[2]: check for name, check in checks_of(town, outcome).items()}
    assert not found.keys() & {*QUIET, "fares_are_level"}
    assert found["beats_route_median"].passed
    assert found["beats_champion_or_ties"].passed
    assert outcome.assets["champion"]["version"] == 1
    assert sound.models[0].gates == (
        f"passed beats_route_median, beats_champion_or_ties; could not judge {', '.join(QUIET)}"
    )


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three months as they should be, a tariff raised by a tenth, and fares that make no sense."""
    home = Home.at(tmp_path_factory.mktemp("troubled"))
    home.simulate(("2025-01", "2025-02", "2025-03"), rows=1_500)
    risen = Scenario(tariff_rise_from="2025-04", tariff_rise_factor=1.10)
    home.simulate(("2025-04", "2025-05"), rows=1_500, scenario=risen)
    trips = home.published("2025-05")
    fares = trips["fare_amount"].to_numpy()
    jumbled = pa.array(fares[::-1].copy())
    home.publish("2025-05", replace_column(trips, "fare_amount", jumbled))
    return home


@pytest.fixture(scope="module")
def trouble(troubled: Home) -> Stage:
    return troubled.run("2025-01", "2025-02", "2025-03", "2025-04", "2025-05")


@pytest.mark.slow
def test_a_tariff_raised_by_a_tenth_is_noticed_in_its_first_month(
    troubled: Home, trouble: Stage
) -> None:
    before, after = (
        checks_of(troubled, trouble.outcomes[name])["evaluation.fares_are_level"]
        for name in ("2025-03", "2025-04")
    )

    assert before.passed
    assert not after.passed
    assert values(after)["observed"] == pytest.approx(1.1, abs=0.04)
    assert any("fares_are_level" in text for text in trouble.outcomes["2025-04"].warnings)


def test_a_rejected_version_stays_registered_with_its_reason_and_the_champion_stays(
    trouble: Stage,
) -> None:
    champion, rejected = trouble.models[-2:]

    assert (champion.month, rejected.month) == ("2025-04", "2025-05")
    assert champion.rejected is None
    assert rejected.rejected is not None
    assert "interval_is_calibrated: the interval holds " in rejected.rejected
    assert rejected.gates is not None
    assert "failed " in rejected.gates
    assert trouble.aliases["champion"] == champion.version
    assert "champion" not in trouble.outcomes["2025-05"].assets


def test_a_backfill_leaves_a_month_alone_whose_model_was_rejected(
    troubled: Home, trouble: Stage
) -> None:
    span = f"{min(trouble.outcomes)}..{max(trouble.outcomes)}"
    planned = troubled.invoke(
        "backfill", "--months", span, "--only", "models", "--dry-run", "--json"
    )

    assert planned.exit_code == 0
    assert json.loads(planned.stdout)["plan"] == []


def test_the_summary_of_a_run_says_that_a_version_was_rejected_and_why(trouble: Stage) -> None:
    *_, line = summary_rows(list(trouble.outcomes.values()))

    assert line["result"] == f"REJECTED: {trouble.models[-1].rejected}"


def test_asset_and_checks_come_to_the_same_verdicts(troubled: Home, trouble: Stage) -> None:
    for version in trouble.models:
        found = checks_of(troubled, trouble.outcomes[version.month])
        failed = [name for name in GATES if f"evaluation.{name}" in found]
        failed = [name for name in failed if not found[f"evaluation.{name}"].passed]

        reasons = (version.rejected or "").split("; ")
        assert [reason.partition(":")[0] for reason in reasons if reason] == failed


def test_a_version_that_passes_later_is_no_longer_rejected(troubled: Home, trouble: Stage) -> None:
    first = trouble.models[0]
    troubled.registry.reject(first, "by hand")

    again = troubled.run(first.month)

    assert again.models[0].rejected is None
    assert again.outcomes[first.month].assets["champion"]["version"] == trouble.models[-2].version


def test_every_gate_has_a_case_that_fails_it() -> None:
    judged: dict[str, Callable[..., object]] = dict(GATES)

    assert FAILING.keys() == judged.keys()
