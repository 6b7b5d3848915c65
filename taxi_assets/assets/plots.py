"""Pictures of an evaluation: where the model errs, where its interval holds, and by how much."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from taxi_assets.domain.evaluation import CHAMPION, MODEL, ROUTE_MEDIAN, Outcomes, Predictions, Row
from taxi_assets.domain.evaluation import by_slice as rows_by_slice
from taxi_assets.domain.gates import COVERAGE_MARGIN, MIN_TRIPS
from taxi_assets.domain.slices import WHOLE

if TYPE_CHECKING:  # half a second to import, and only the evaluation draws
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {MODEL: "#0b6e99", CHAMPION: "#e08a1e", ROUTE_MEDIAN: "#8a8a8a"}
MARKERS = {MODEL: "o", CHAMPION: "D", ROUTE_MEDIAN: "|"}
Part = tuple[str, str]  # slice and value


def plots(actual: Outcomes, model: Predictions, rows: Sequence[Row]) -> "dict[str, Figure]":
    """Three figures by name.

    Args:
        actual: what the rides turned out to be.
        model: what the model said of them.
        rows: the evaluation table.
    """
    return {
        "errors_by_slice": errors_by_slice(rows),
        "coverage_by_slice": coverage_by_slice(rows),
        "residuals": residuals(actual, model),
    }


def errors_by_slice(rows: Sequence[Row]) -> "Figure":
    """Mean absolute error of model, champion and route median in each part of the month."""
    figure, axes, lines = _slice_axes(rows)
    for name in (ROUTE_MEDIAN, CHAMPION, MODEL):
        _points(axes, name, rows_by_slice(rows, name), lines, "mae_usd")
    # a part of three rides may err by 80 dollars, and would squeeze all others into a corner
    judged = [row["mae_usd"] for row in rows if row["trips"] >= MIN_TRIPS and _drawn(row)]
    axes.set_xlim(0, 1.5 * max(judged) if judged else None)
    axes.set_xlabel("mean absolute error of the fare, US dollars (far larger ones are not shown)")
    axes.set_title("Where the model errs")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def coverage_by_slice(rows: Sequence[Row]) -> "Figure":
    """Share of rides inside the interval in each part of the month, and the band allowed to all."""
    figure, axes, lines = _slice_axes(rows)
    found = rows_by_slice(rows, MODEL)
    level = next(iter(found.values()))["level"]
    low, high = level - COVERAGE_MARGIN, level + COVERAGE_MARGIN
    axes.axvspan(
        low, high, color="#cfe8d5", label=f"allowed over all rides: {low:.0%} to {high:.0%}"
    )
    axes.axvline(level, color="#4c9a63", linewidth=1)
    for name in (CHAMPION, MODEL):
        _points(axes, name, rows_by_slice(rows, name), lines, "coverage")
    axes.set_xlim(right=1.01)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.set_xlabel("share of rides inside the interval")
    axes.set_title(f"Whether the {level:.0%} interval holds")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def residuals(actual: Outcomes, model: Predictions) -> "Figure":
    """Fare over prediction as a map, and how far predictions lie from fares as a histogram."""
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    said, fares = model.fare_usd, actual.fare_usd
    top = float(np.ceil(np.quantile(fares, 0.999) / 10) * 10)
    edges = np.linspace(0, top, 81)
    counts, _, _ = np.histogram2d(said, fares, [edges, edges])
    shown = left.pcolormesh(edges, edges, counts.T, norm=LogNorm(1, max(counts.max(), 2)))
    figure.colorbar(shown, ax=left, label="rides")
    left.plot([0, top], [0, top], color="black", linewidth=0.8)
    left.set(xlabel="predicted fare, US dollars", ylabel="metered fare, US dollars")
    left.set_title("Predicted and metered")
    error = said - fares
    right.hist(np.clip(error, -20, 20), bins=80, range=(-20, 20), color=COLOURS[MODEL])
    right.axvline(0, color="black", linewidth=0.8)
    right.axvline(error.mean(), color=COLOURS[CHAMPION], label=f"mean {error.mean():+.2f} USD")
    right.axvline(
        np.median(error),
        color="#555555",
        linestyle=":",
        label=f"median {np.median(error):+.2f} USD",
    )
    right.set(xlabel="prediction minus fare, US dollars", ylabel="rides")
    right.set_title("Residuals (ends hold all beyond)")
    figure.legend(loc="outside lower right", ncols=2)
    return figure


def _drawn(row: Row) -> bool:
    return row["predictor"] in COLOURS


def _slice_axes(rows: Sequence[Row]) -> "tuple[Figure, Axes, dict[Part, int]]":
    """Axes with a line for each part of the month under its heading, and where each line is."""
    from matplotlib.figure import Figure

    lines: dict[Part, int] = {}
    labels: dict[int, str] = {}
    at, before = 0, WHOLE
    for part, row in rows_by_slice(rows, MODEL).items():
        if part[0] != before:
            at, before = at + 2, part[0]
            labels[at] = f"by {before.replace('_', ' ')}"
        at += 1
        name = "all rides" if part[0] == WHOLE else part[1]
        lines[part], labels[at] = at, f"{name}  ({row['trips']:,})"
    figure = Figure(figsize=(8.5, 1.6 + 0.2 * at), layout="constrained")
    axes = figure.subplots()
    axes.set_yticks(list(labels), list(labels.values()), fontsize=8.5)
    for text in axes.get_yticklabels():
        if text.get_text().startswith("by "):
            text.set_fontweight("bold")
    axes.set_ylim(at + 1, 0)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylabel(f"part of the month (rides); pale: fewer than {MIN_TRIPS:,}")
    return figure, axes, lines


def _points(
    axes: "Axes", name: str, found: Mapping[Part, Row], lines: Mapping[Part, int], column: str
) -> None:
    """One predictor's numbers, pale where few rides stand behind them."""
    shown = [part for part in lines if part in found]
    pale = [1.0 if found[part]["trips"] >= MIN_TRIPS else 0.35 for part in shown]
    if shown:
        axes.scatter(
            [found[part][column] for part in shown],
            [lines[part] for part in shown],
            s=70 if name == ROUTE_MEDIAN else 36,
            marker=MARKERS[name],
            color=COLOURS[name],
            alpha=pale,  # type: ignore[arg-type]  # its stubs do not know of one a point
            label=name.replace("_", " "),
        )
