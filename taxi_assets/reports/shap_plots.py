"""Drawings by the `shap` library, in this project's style.

shap draws on pyplot's current figure, in colours and sizes of its own, and lays dots out by numpy's
global random numbers. Here it gets a figure that pyplot forgets again, its random numbers are the
same in every run, and what it drew is restyled. It takes seconds to import, so only the functions
here import it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from taxi_assets.domain.explain import GROUPS, MINIMUM
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.shap_summary import Sample
from taxi_assets.reports.charts import BLUE, GRID, INK, MUTED, ORANGE, PALE, PAPER, STYLE

if TYPE_CHECKING:  # half a second to import
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SWARM, DEPENDENCE = 12, 6  # features drawn
BARS = len(GROUPS) + 1  # of a waterfall: enough for every group and the minimum fare
SEED = 20_240_131
SHARP = 160  # dots an inch, of what is drawn as an image
# Dots are an image inside the drawing, and an image does not follow the page into the dark: these
# colours are seen on both.
LOW, MIDDLE, HIGH = "#2f86c9", "#9b6bb3", "#e58a2b"
HISTOGRAM_ALPHA = 0.1  # shap's, too pale for us
INSTEAD = {  # of shap's own colours
    "#ff0051": ORANGE,  # adds
    "#008bfb": BLUE,  # takes away
    "#ffffff": PAPER,  # inside an arrow
    "#000000": PALE,  # histogram
    "#333333": INK,
    "#888888": GRID,
    "#999999": MUTED,
    "#bbbbbb": GRID,
    "#cccccc": GRID,
}
UNITS = {
    "_usd": "US dollars",
    "_mi": "miles",
    "_min": "minutes",
    "_mph": "miles an hour",
    "minute_of_day": "minutes after midnight",
    "minute_of_week": "minutes after Monday midnight",
    "weekday": "0 is Monday",
    "month_of_year": "1 is January",
    "route_trips": "earlier trips",
    "passengers": "people",
    "hour_pace": "times the usual minutes",
    "fare_trend": "times the usual fares",
    "_zone": "TLC zone id",
    "_borough": "borough code",
    "borough_pair": "code of both boroughs",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a waterfall.

    Attributes:
        label: what moved the quote.
        usd: by how much.
    """

    label: str
    usd: float


def beeswarm(sample: Sample) -> "Figure":
    """What the foremost features add to each quote, a dot a trip, in the colour of their values."""
    import shap

    with pyplot_figure(9.5, 0.36 * SWARM + 1.1) as figure:
        axes = figure.subplots()
        shap.plots.beeswarm(
            explanation(sample),
            max_display=SWARM,
            group_remaining_features=False,
            color=colours(),
            ax=axes,
            plot_size=None,
            s=9,
            show=False,
            color_bar_label="value of the feature",
        )
        axes.set_xlabel("what it adds to a quote, US dollars")
        axes.grid(visible=False, axis="y")
        axes.lines[0].set_linewidth(0.8)  # at zero
        restyle(figure)
    return figure


def dependence(sample: Sample) -> "Figure":
    """What the foremost features add at each of their values, beside how often these occur."""
    import shap

    names = drawable(sample)
    table = explanation(sample)
    rows = -(-len(names) // 3)
    with pyplot_figure(10, 2.7 * rows) as figure:
        places = figure.subplots(rows, 3, squeeze=False)
        for axes, name in zip(places.flat, names, strict=False):
            shap.plots.scatter(table[:, name], color=LOW, dot_size=6, ax=axes, show=False)
            axes.set_title(name)
            axes.set_xlabel(unit_of(name))
            axes.set_ylabel("")
            axes.set_zorder(1)  # before the histogram
            axes.patch.set_visible(False)
        for axes in places.flat[len(names) :]:
            axes.set_visible(False)
        figure.supylabel("what it adds to a quote, US dollars", fontsize=9)
        restyle(figure)
    return figure


def waterfall(base_usd: float, steps: Sequence[Step], quoted_usd: float) -> "Figure":
    """How a quote comes about, from what is quoted before anything is known of the trip.

    Args:
        base_usd: where it begins.
        steps: what moves it, in any order; all beyond `BARS` are summed up in one.
        quoted_usd: where it ends.
    """
    import shap

    told = shap.Explanation(
        values=np.array([step.usd for step in steps]),
        base_values=base_usd,
        feature_names=[step.label for step in steps],
    )
    with pyplot_figure(8, 3, layout=None) as figure:
        figure.subplots_adjust(left=0.33, right=0.96)
        shap.plots.waterfall(told, max_display=BARS, show=False)
        axes, *twins = figure.axes
        for twin in twins:
            twin.remove()  # it would say E[f(X)] and f(x)
        bars = _bars(steps, base_usd)
        _straighten(axes, bars)
        _label(axes, bars, base_usd, quoted_usd)
        height = 0.27 * len(bars) + 0.95
        figure.set_size_inches(8, height)
        figure.subplots_adjust(top=1 - 0.3 / height, bottom=0.5 / height)
        restyle(figure)
    return figure


def _bars(steps: Sequence[Step], base_usd: float) -> list[tuple[float, float]]:
    """Where each bar begins and ends, US dollars, lowest bar first, as shap lays them out."""
    usd = sorted((step.usd for step in steps), key=abs)
    if len(usd) > BARS:
        usd = [sum(usd[: -BARS + 1]), *usd[-BARS + 1 :]]
    ends = base_usd + np.cumsum(usd)
    return list(zip([base_usd, *ends[:-1].tolist()], ends.tolist(), strict=True))


def _straighten(axes: "Axes", bars: Sequence[tuple[float, float]]) -> None:
    """Put plain bars where shap draws an arrow backwards: where it is shorter than its head."""
    from matplotlib.patches import FancyArrow, Rectangle

    for arrow in [patch for patch in axes.patches if isinstance(patch, FancyArrow)]:
        corners = arrow.get_xy()
        row = round(float(corners[:, 1].mean()))
        begin, end = bars[row]
        if abs(float(np.ptp(corners[:, 0])) - abs(end - begin)) > 1e-6 * abs(end - begin):
            colour = arrow.get_facecolor()
            arrow.remove()
            axes.add_patch(Rectangle((begin, row - 0.4), end - begin, 0.8, facecolor=colour))


def _label(
    axes: "Axes", bars: Sequence[tuple[float, float]], base_usd: float, quoted_usd: float
) -> None:
    """Say where a waterfall begins and ends, with all cents, and each name once, not twice."""
    for text in axes.texts:
        begin, end = bars[round(text.get_position()[1])]
        text.set_text(f"{end - begin:+,.2f}".replace("-", "\N{MINUS SIGN}"))
        text.set_fontsize(8)
    names = [tick.get_text() for tick in axes.get_yticklabels()[: len(bars)]]
    axes.set_yticks(range(len(bars)), names)
    axes.set_ylim(-0.7, len(bars) - 0.3)
    axes.margins(x=0.12)  # room for numbers beside arrows
    axes.autoscale(axis="x")
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"US dollars; before anything is known of the trip: ${base_usd:,.2f}")
    axes.annotate(
        f"quote ${quoted_usd:,.2f}",
        (quoted_usd, 1.0),
        (0, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        fontweight="bold",
    )


def feature_steps(sample: Sample, row: int) -> list[Step]:
    """What each feature adds to one quote, under its name and value."""
    values = sample.features[row].tolist()
    added = sample.explained.contributions_usd[row].tolist()
    steps = [
        Step(f"{name}: {_shown(value)}", usd)
        for name, value, usd in zip(FEATURES, values, added, strict=True)
    ]
    return [*steps, *_lift(sample, row)]


def group_steps(sample: Sample, row: int) -> list[Step]:
    """What each group of features adds to one quote."""
    added = sample.explained.grouped_usd[row].tolist()
    steps = [Step(group, usd) for group, usd in zip(GROUPS, added, strict=True)]
    return [*steps, *_lift(sample, row)]


def _lift(sample: Sample, row: int) -> list[Step]:
    """What the minimum fare adds, where it does."""
    usd = float(sample.explained.minimum_usd[row])
    return [Step(MINIMUM, usd)] if usd else []


def _shown(value: float) -> str:
    """A feature's value as people write it."""
    if np.isnan(value):
        return "unknown"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def drawable(sample: Sample) -> list[str]:
    """The foremost features that have more than one value to draw along."""
    names = list(FEATURES)

    def varies(name: str) -> bool:
        values = sample.features[:, names.index(name)]
        known = values[~np.isnan(values)]
        return bool(len(known) and known.min() < known.max())

    return [name for name in sample.foremost if varies(name)][:DEPENDENCE]


def explanation(sample: Sample) -> Any:
    """The sample as shap takes it."""
    import shap

    return shap.Explanation(
        values=sample.explained.contributions_usd,
        base_values=np.full(len(sample), sample.explained.base_usd),
        data=_never_empty(sample.features.astype(np.float64)),
        feature_names=list(FEATURES),
    )


def _never_empty(features: FloatArray | Any) -> Any:
    """Features nobody knows anything of as zeros: shap looks for the range of their colours."""
    return np.where(np.isnan(features).all(axis=0), 0.0, features)


def unit_of(feature: str) -> str:
    """The unit of a feature, for its axis; empty where it has none."""
    return next((unit for end, unit in UNITS.items() if feature.endswith(end)), "")


def colours() -> Any:
    """From low to high values."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("taxi", [LOW, MIDDLE, HIGH])


@contextmanager
def pyplot_figure(width: float, height: float, layout: Any = "constrained") -> "Iterator[Figure]":
    """A figure for shap to draw on, pyplot's current one until the block ends.

    Args:
        width: inches.
        height: inches.
        layout: of the figure; shap measures texts, and wants None where it does.
    """
    import matplotlib

    matplotlib.use("Agg")  # whatever the environment says: there may be no screen
    from matplotlib import pyplot as plt

    random = np.random.get_state()  # noqa: NPY002  # shap draws from the global generator
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(width, height), layout=layout, dpi=SHARP)
        np.random.seed(SEED)  # noqa: NPY002
        try:
            yield figure
        finally:
            np.random.set_state(random)  # noqa: NPY002
            plt.close(figure)


def restyle(figure: "Figure") -> None:
    """Give what shap drew this project's sizes and colours, which follow the page."""
    from matplotlib.collections import PathCollection
    from matplotlib.colors import to_hex
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_fontsize(min(text.get_fontsize(), 9))
        text.set_color(INSTEAD.get(to_hex(text.get_color()), INK))
    for dots in figure.findobj(PathCollection):
        dots.set_rasterized(True)  # thousands of dots as shapes are megabytes
    for line in figure.findobj(Line2D):
        line.set_color(INSTEAD.get(to_hex(line.get_color()), line.get_color()))
    for axes in figure.axes:
        axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=9)
        for spine in axes.spines.values():
            spine.set_edgecolor(MUTED)
        for patch in axes.patches:
            patch.set_color(INSTEAD.get(to_hex(patch.get_facecolor()), patch.get_facecolor()))
            patch.set_linewidth(0)
            if patch.get_alpha() == HISTOGRAM_ALPHA:
                patch.set_alpha(0.45)
