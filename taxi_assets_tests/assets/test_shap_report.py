"""The explanation of a month's model, in a graph: its table, its page, its check, its silence."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pytest

from taxi_assets.assets import explanation
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.errors import BundleError
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import Predictor
from taxi_assets.domain.report_schemas import SHAP_REPORT
from taxi_assets.domain.schemas import TRIP_FEATURES
from taxi_assets.resources.feature_rows import matrix
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets_tests.checks.conftest import Change, check_then, tampered, values
from taxi_assets_tests.homes import Home, Stage, checks_of, replace_column
from taxi_assets_tests.models import change_a_byte, kept_file

MONTHS = ("2025-01", "2025-02", "2025-03")
MONTH = "2025-03"
TRIPS, EXPLAINED = 1_000, 120
REPORT = dg.AssetKey(["green", "shap_report"])
ALONE = dg.AssetSelection.assets(REPORT)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home.at(tmp_path_factory.mktemp("explained"))
    home.simulate(MONTHS, rows=TRIPS)
    return home


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """A smaller sample than people get: the rest of the month is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explanation, "SAMPLED_TRIPS", EXPLAINED)
        yield


@pytest.fixture(scope="module")
def run(home: Home) -> Stage:
    """Three months with their reports; the last has a model."""
    home.run(*MONTHS[:2])
    return home.run(MONTH, only=None)


def store(home: Home) -> ReportStore:
    return ReportStore(root=home.settings.reports_uri)


def said(home: Home, month: str = MONTH) -> str:
    summary = store(home).summary("green", month, "shap_report")
    assert summary is not None
    return str(summary["verdict"])


def again(home: Home, month: str = MONTH) -> dg.ExecuteInProcessResult:
    """The report by itself, as the job of reports makes it."""
    result = home.run_selected(month, ALONE)
    assert result.success
    return result


def trips(home: Home) -> TableSlice:
    return home.lake.slice("green.trip_features", TRIP_FEATURES, [MONTH])


def test_a_month_with_a_model_has_its_quotes_explained(home: Home, run: Stage) -> None:
    outcome = run.outcomes[MONTH]

    rows = home.rows("shap_report", MONTH).to_pylist()
    assert outcome.failures == []
    assert {row["feature"] for row in rows} == set(FEATURES)
    assert [row["rank"] for row in rows] == list(range(1, 41))
    assert {row["model_version"] for row in rows} == {"1"}
    assert {row["sampled_trips"] for row in rows} == {EXPLAINED}
    assert said(home).startswith("Quotes for March 2025 are explained mostly by ")
    assert outcome.assets["shap_report"]["verdict"] == said(home)
    assert (Path(home.settings.reports_uri) / "green" / MONTH / "shap_report.html").exists()
    assert checks_of(home, outcome)["shap_report.shap_adds_up"].passed


def test_what_the_table_says_can_be_worked_out_from_lightgbm(home: Home, run: Stage) -> None:
    registry = home.registry
    bundle = registry.load(registry.version_of("green", MONTH))
    (batch,) = explanation.sample_of(trips(home), MONTH).combine_chunks().to_batches()
    booster = lgb.Booster(model_str=bundle.predictor.texts["fare"])

    phi = booster.predict(matrix(batch, list(FEATURES)), pred_contrib=True)

    said_of = phi.sum(axis=1)
    usd = np.abs(phi[:, :-1] * (said_of + phi[:, -1])[:, np.newaxis]).mean(axis=0)
    rows = {row["feature"]: row for row in home.rows("shap_report", MONTH).to_pylist()}
    assert [rows[name]["mean_abs_usd"] for name in FEATURES] == pytest.approx(usd, abs=1e-6)


def test_a_report_made_again_has_the_same_table_and_page(home: Home, run: Stage) -> None:
    page = Path(home.settings.reports_uri) / "green" / MONTH / "shap_report.html"
    before = page.read_text()

    again(home)

    assert page.read_text() == before
    assert home.stage().data_versions() == run.data_versions()


def test_the_sample_does_not_depend_on_how_trips_are_batched(
    home: Home, run: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explanation.sample_of(trips(home), MONTH)
    batches = TableSlice.batches

    def in_pieces(self: TableSlice, columns: list[str]):  # type: ignore[no-untyped-def]
        for batch in batches(self, columns):
            yield from (batch.slice(start, 7) for start in range(0, len(batch), 7))

    monkeypatch.setattr(TableSlice, "batches", in_pieces)
    pieces = explanation.sample_of(trips(home), MONTH)

    assert len(whole) == EXPLAINED
    assert pieces.equals(whole)


def without(count: int) -> Change:
    return lambda rows: rows.slice(0, count)


def all_null(rows: pa.Table) -> pa.Table:
    for name in ("passengers", "route_fare_usd"):
        rows = replace_column(rows, name, pa.nulls(len(rows), pa.float32()))
    return replace_column(rows, "straight_mi", pa.array(np.full(len(rows), 2, np.float32)))


@pytest.mark.slow
@pytest.mark.parametrize("count", [100])
def test_a_month_of_a_hundred_trips_is_explained(home: Home, run: Stage, count: int) -> None:
    with tampered(home, "trip_features", MONTH, without(count)):
        again(home)

        rows = home.rows("shap_report", MONTH).to_pylist()
    assert {row["sampled_trips"] for row in rows} == {count}
    assert said(home).startswith("Quotes for March 2025 are explained mostly by ")


@pytest.mark.slow
def test_features_without_values_or_with_one_only_break_nothing(home: Home, run: Stage) -> None:
    with tampered(home, "trip_features", MONTH, all_null):
        again(home)

    assert len(home.rows("shap_report", MONTH)) == len(FEATURES)


def silent_and_unjudged(home: Home, month: str = MONTH) -> str:
    """What a report says that has nothing to report; its check has no verdict, not a good one."""
    result = again(home, month)
    assert result.get_asset_check_evaluations() == []
    assert len(home.rows("shap_report", month)) == 0
    return said(home, month)


@pytest.mark.parametrize("count", [0, 1, 50])
def test_a_month_of_too_few_clean_trips_is_silent(home: Home, run: Stage, count: int) -> None:
    with tampered(home, "trip_features", MONTH, without(count)):
        reason = silent_and_unjudged(home)

    assert reason == (
        f"March 2025 has {count} clean trip{'' if count == 1 else 's'}, "
        "and it takes 100 to say what quotes go by."
    )


def test_a_month_without_a_model_is_silent(home: Home, run: Stage) -> None:
    assert (
        silent_and_unjudged(home, "2025-02")
        == "There is no green model of February 2025 to explain."
    )


def test_a_home_without_a_registry_is_silent_and_gets_none(tmp_path: Path) -> None:
    home = Home.at(tmp_path)

    assert silent_and_unjudged(home) == "There is no green model of March 2025 to explain."
    assert not home.registry.exists


def test_trees_that_cannot_be_explained_are_silent(
    home: Home, run: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    rides = np.random.default_rng(0).normal(size=(300, len(FEATURES)))
    booster = lgb.train(
        {"linear_tree": True, "verbose": -1}, lgb.Dataset(rides, 4 + rides[:, 0] / 9), 2
    )
    load = explanation.Registry.load

    def linear(self: object, version: object) -> Bundle:
        bundle = load(self, version)  # type: ignore[arg-type]
        texts = {**bundle.predictor.texts, "fare": booster.model_to_string()}
        parts = {name: getattr(bundle, name) for name in Bundle.__dataclass_fields__}
        return Bundle(**{**parts, "predictor": Predictor(texts, 0.0)})

    monkeypatch.setattr(explanation.Registry, "load", linear)

    assert silent_and_unjudged(home).startswith("The trees that quote fares cannot be explained: ")


def claiming(gap_usd: float) -> Change:
    """An explanation whose last row tells of a gap."""
    row = {"feature": "x", "feature_group": "x", "model_version": "1", "rank": 1, "share": 0.5}
    usd = {"mean_abs_usd": 1.0, "mean_usd": 1.0, "base_usd": 9.0, "sampled_trips": 7}
    rows = [{**row, **usd, "gap_usd": gap} for gap in (0.0, 0.0, gap_usd)]
    return lambda _: pa.Table.from_pylist(rows, SHAP_REPORT.arrow)


@pytest.mark.parametrize(
    ("gap_usd", "passes"), [(0.0, True), (0.005, True), (0.0051, False), (12.0, False)]
)
def test_an_explanation_that_does_not_add_up_fails_its_check_and_stops_nothing(
    home: Home, run: Stage, gap_usd: float, passes: bool
) -> None:
    with tampered(home, "shap_report", MONTH, claiming(gap_usd)):
        verdict, went_on = check_then(
            home, MONTH, table="shap_report", check="shap_adds_up", downstream="batch_predictions"
        )

    assert verdict.passed is passes
    assert verdict.severity == dg.AssetCheckSeverity.ERROR
    assert values(verdict) == {"observed": gap_usd, "threshold": 0.005, "sampled_trips": 7}
    assert went_on


def test_contributions_of_other_trees_do_not_add_up(
    home: Home, run: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gap is measured against quotes that the explanation has no part in."""
    contributions = Predictor.fare_contributions
    monkeypatch.setattr(
        Predictor, "fare_contributions", lambda self, rows: contributions(self, rows) * 1.01
    )

    result = again(home)

    (verdict,) = result.get_asset_check_evaluations()
    assert not verdict.passed
    assert "is wrong" in said(home)


def test_a_damaged_model_is_an_error_and_no_silence(home: Home, run: Stage) -> None:
    (version,) = home.registry.versions("green")
    file = kept_file(home.registry, version, "fare.txt")
    sound = file.read_bytes()
    change_a_byte(file)

    result = home.run_selected(MONTH, ALONE)

    file.write_bytes(sound)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_failure_data.error.cause.cls_name == BundleError.__name__


def test_a_model_of_other_feature_code_is_silent_with_the_remedy(home: Home, run: Stage) -> None:
    (version,) = home.registry.versions("green")
    file = kept_file(home.registry, version, "manifest.json")
    sound = file.read_text()
    manifest = json.loads(sound)
    file.write_text(json.dumps({**manifest, "features": manifest["features"][:-1]}))

    reason = silent_and_unjudged(home)

    file.write_text(sound)
    assert reason == (
        "The green model of March 2025, version 1, was made by other feature code and cannot be "
        "explained: run the month again."
    )


def test_a_month_too_early_for_a_model_says_so_in_the_run_that_skips_it(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    home.simulate(MONTHS[:1], rows=1_000)

    outcome = home.run(MONTHS[0], only=None).outcomes[MONTHS[0]]

    assert outcome.failures == []
    assert said(home, MONTHS[0]).startswith("A model for 2025-01 needs features of 2 of the ")
    assert "shap_report.shap_adds_up" not in checks_of(home, outcome)
