"""The page of an explanation, and what shap draws for it."""

import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from taxi_assets.domain.explain import Explained, explain
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import Predictor
from taxi_assets.domain.shap_summary import Sample
from taxi_assets.domain.window import out_of_fold, target
from taxi_assets.reports import shap_plots
from taxi_assets.reports.charts import PALETTE
from taxi_assets.reports.page import Report
from taxi_assets.reports.shap_plots import Step
from taxi_assets.reports.shap_report import Told, shap_page
from taxi_assets_tests.builders import square_city, window
from taxi_assets_tests.models import trained

NAMES = list(FEATURES)
ZONES = [f"Zone {zone}" for zone in range(1, 264)]
LARGEST_PAGE = 1_500_000


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Six hundred explained trips of the square city."""
    rides, model = window({"2025-03": 600}, seed=3), trained(1)
    predictor = Predictor(model.texts, model.rehearsal.offset)
    features = out_of_fold(rides, square_city())
    quoted = predictor.predict(features).fare_usd
    fares = target(rides, "fare_usd").astype(np.float64)
    return Sample(features, rides.rides.pickup_at, fares, quoted, explain(predictor, features), 600)


@pytest.fixture(scope="module")
def report(sample: Sample) -> Report:
    return page_of(sample)


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return report.html()


def first(sample: Sample, rows: int) -> Sample:
    """The first trips of a sample."""
    told = sample.explained
    return Sample(
        sample.features[:rows],
        sample.pickup_at[:rows],
        sample.fare_usd[:rows],
        sample.quoted_usd[:rows],
        Explained(told.base_usd, told.contributions_usd[:rows], told.minimum_usd[:rows]),
        sample.of_trips,
    )


def page_of(sample: Sample) -> Report:
    return shap_page(Told("green", "2025-03", 3, sample, ZONES))


def pictures(report: Report) -> list[str]:
    return [picture.name for section in report.sections for picture in section.pictures]


def test_a_month_has_all_its_pictures_on_one_small_page_that_asks_for_nothing(
    report: Report, html: str
) -> None:
    assert pictures(report) == [
        *("groups", "importance", "beeswarm", "dependence"),
        *("typical_groups", "typical_features", "dear_groups", "dear_features"),
        *("wrong_groups", "wrong_features"),
    ]
    assert len(html) < LARGEST_PAGE
    assert not re.findall(r'(?:src|href)="(?!data:|#|\.\./|\w+\.html)[^"]*"', html)
    assert [number.name for number in report.numbers] == [
        *("top_feature_usd", "top_share", "largest_gap_usd", "sampled_trips")
    ]


def test_drawings_leave_colours_to_the_page_but_for_dots(html: str) -> None:
    drawn = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    colours = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", drawn))
    assert colours <= {shap_plots.LOW, shap_plots.HIGH}
    assert not colours & set(PALETTE.values())


def test_a_page_is_the_same_whenever_it_is_made(sample: Sample, html: str) -> None:
    before = np.random.get_state()[1].tolist()  # noqa: NPY002

    again = page_of(sample).html()

    assert again == html
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_no_figure_is_left_open_and_no_screen_is_asked_for() -> None:
    script = (
        "import numpy as np;"
        "from taxi_assets.reports.shap_plots import Step, waterfall;"
        "waterfall(1.0, [Step('a', 2.0)], 3.0);"
        "from matplotlib import pyplot as plt;"
        "print(plt.get_fignums(), plt.get_backend())"
    )

    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={"MPLBACKEND": "qtagg", "PYTHONPATH": ".", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.split() == ["[]", "Agg"]


@pytest.mark.parametrize(
    ("trips", "dots"), [(1, False), (2, False), (19, False), (20, True), (50, True)]
)
def test_few_trips_are_explained_but_make_no_cloud(sample: Sample, trips: int, dots: bool) -> None:
    report = page_of(first(sample, trips))

    assert ("beeswarm" in pictures(report)) is dots
    assert "typical_features" in pictures(report)
    assert f"{trips} of 600 clean trips" in report.basis[0]


def test_features_that_never_vary_or_that_nobody_knows_break_no_picture(sample: Sample) -> None:
    features = sample.features.copy()
    foremost = [NAMES.index(name) for name in sample.foremost]
    features[:, foremost[0]] = np.nan
    features[:, foremost[1]] = 3.0
    features[::2, foremost[2]] = np.nan

    found = replace(sample, features=features)

    assert page_of(found).html()
    assert shap_plots.drawable(found) == [NAMES[index] for index in foremost[2:8]]


def test_a_model_that_knows_one_answer_has_a_page(sample: Sample) -> None:
    same = Explained(9.0, np.zeros((600, 40)), np.zeros(600))

    report = page_of(
        replace(sample, explained=same, quoted_usd=np.full(600, 9.0), features=sample.features * 0)
    )

    assert "dependence" not in pictures(report)
    assert report.html()


def test_an_explanation_that_is_off_is_worth_a_look(sample: Sample) -> None:
    report = page_of(replace(sample, quoted_usd=sample.quoted_usd + 1.0))

    assert report.state == "notable"
    assert "is wrong" in report.verdict


def test_the_minimum_fare_is_a_step_of_its_own_where_it_lifts_a_quote(sample: Sample) -> None:
    lift = np.zeros(len(sample))
    lift[0] = 1.25
    lifted = replace(sample, explained=replace(sample.explained, minimum_usd=lift))

    assert shap_plots.group_steps(lifted, 0)[-1] == Step("the minimum fare", 1.25)
    assert shap_plots.feature_steps(lifted, 0)[-1] == Step("the minimum fare", 1.25)
    assert len(shap_plots.group_steps(lifted, 1)) == 10
    assert "minimum fare: 1." in page_of(lifted).basis[-1]


def extents(steps: list[Step], base_usd: float) -> tuple[list[tuple[float, float]], list[str]]:
    """Where the bars of a waterfall lie, from the lowest up, and what they are called."""
    figure = shap_plots.waterfall(base_usd, steps, base_usd + sum(step.usd for step in steps))
    (axes,) = figure.axes
    arrows = [patch for patch in axes.patches if patch.get_alpha() != 0]
    boxes = [patch.get_path().vertices for patch in arrows]
    moved = [patch.get_patch_transform().transform(v) for patch, v in zip(arrows, boxes)]  # noqa: B905
    by_row = sorted(moved, key=lambda corners: corners[:, 1].mean())
    spans = [(float(c[:, 0].min()), float(c[:, 0].max())) for c in by_row]
    return spans, [label.get_text() for label in axes.get_yticklabels()]


def test_a_waterfall_leads_from_base_to_quote_bar_by_bar() -> None:
    steps = [Step("far", 10.0), Step("little", 0.002), Step("less", -0.01), Step("back", -4.0)]

    spans, labels = extents(steps, 5.0)

    assert labels == ["little", "less", "back", "far"]
    expected = [(5.0, 5.002), (4.992, 5.002), (0.992, 4.992), (0.992, 10.992)]
    assert np.array(spans) == pytest.approx(np.array(expected), abs=1e-6)


def test_a_waterfall_of_many_steps_sums_up_the_least() -> None:
    steps = [Step(f"step {number}", float(number)) for number in range(1, 41)]

    spans, labels = extents(steps, 0.0)

    assert labels[0] == "30 other features"
    assert spans[0] == pytest.approx((0.0, sum(range(1, 31))))
    assert spans[-1] == pytest.approx((780.0, 820.0))


@pytest.mark.parametrize(
    ("feature", "unit"),
    [
        ("route_fare_usd", "US dollars"),
        ("minute_of_day", "minutes after midnight"),
        ("expected_mph", "miles an hour"),
        ("hour_duration_min", "minutes"),
        ("same_zone", "1 is yes"),
        ("dropoff_zone", "TLC zone id"),
    ],
)
def test_an_axis_tells_its_unit(feature: str, unit: str) -> None:
    assert shap_plots.unit_of(feature) == unit


@pytest.mark.parametrize("feature", NAMES)
def test_every_feature_may_come_to_have_an_axis(feature: str) -> None:
    assert shap_plots.unit_of(feature)


def test_values_are_written_as_people_write_them(sample: Sample) -> None:
    features = sample.features.copy()
    features[0, :3] = 1_234, 2.345, np.nan

    labels = [
        step.label for step in shap_plots.feature_steps(replace(sample, features=features), 0)
    ]

    assert labels[:3] == [
        f"{NAMES[0]}: 1,234",
        f"{NAMES[1]}: 2.35",
        f"{NAMES[2]}: unknown",
    ]
