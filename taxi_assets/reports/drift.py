"""The page that says whether the city has changed since the champion learned it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from taxi_assets.domain.drift import Drift, sentence
from taxi_assets.domain.drift_inputs import BY_NAME, COUNTED, Counts
from taxi_assets.domain.months import month_name
from taxi_assets.reports.charts import BLUE, INK, MUTED, ORANGE, PALE, axes, legend
from taxi_assets.reports.page import (
    GOOD,
    NOTABLE,
    Attachment,
    Listing,
    Number,
    Picture,
    Report,
    Section,
)

if TYPE_CHECKING:  # half a second to import
    from matplotlib.axes import Axes

NAME = "drift_report"
SHOWN_AT_LEAST, SHOWN_AT_MOST = 3, 6  # inputs whose bins are drawn
MODEST, LARGE = 0.1, 0.25  # what people usually call a modest and a large PSI
SCORED = (
    "An input drifts when its score reaches its threshold. For numbers the score is the Wasserstein"
    " distance in standard deviations of the training trips: 0.2 is a fifth of one. For names"
    " it is the Jensen-Shannon distance, from 0 (the same shares) to 0.83 (nothing in common)."
    " Expected fare, expected duration and hour pace are what the champion's own history says of"
    " a trip, on both sides: they move when routes and hours do, not when history grows."
)
STABILITY = (
    "The population stability index (PSI) is exact over all trips. 0 means the same shares in every"
    f" bin; {MODEST} is usually called a modest and {LARGE} a large change. Missing values are a"
    " bin of their own, and bins are the same in every month. What the champion's history says is"
    " left out: each champion sees other values."
)
LEFT_OUT = (
    "Month and holidays, which the calendar decides.",
    "Trips seen on a route, and medians of routes and zones: they settle as history grows."
    " Expected fare and duration are made from them and are watched.",
    "The fare trend: it is there to follow fares, and moves every month. Whether fares themselves"
    " have moved is told by the check fares_are_level.",
    "Single zones: 263 small shares vary by chance. Boroughs and miles east and north tell where"
    " rides start.",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a month is judged by.

    Attributes:
        month: `YYYY-MM`.
        version: the champion's.
        drifts: every input, those that moved most first.
        current: trips of the month by bin of each input.
        reference: training trips by bin.
        sample: (n, inputs) of the month.
        reference_sample: (m, inputs) of the training months.
        training: months that the champion learned from and that are there.
        gone: training months that are not.
        course: PSI of the last months by input; None for a month without histograms.
        evidently: Evidently's page.
    """

    month: str
    version: int
    drifts: Sequence[Drift]
    current: Mapping[str, Counts]
    reference: Mapping[str, Counts]
    sample: pd.DataFrame
    reference_sample: pd.DataFrame
    training: Sequence[str]
    gone: Sequence[str]
    course: Mapping[str, Mapping[str, float | None] | None]
    evidently: str

    @property
    def drawn(self) -> list[Drift]:
        """Inputs whose bins are worth a picture."""
        compared = [drift for drift in self.drifts if drift.score is not None]
        drifted = sum(drift.drifted for drift in compared)
        return compared[: min(max(drifted, SHOWN_AT_LEAST), SHOWN_AT_MOST)]


def drift_page(fleet: str, seen: Seen) -> Report:
    """The report of a month."""
    drifted = [drift for drift in seen.drifts if drift.drifted]
    cover = scores(seen.drifts)
    return Report(
        NAME,
        fleet,
        seen.month,
        sentence(seen.month, seen.drifts),
        NOTABLE if drifted else GOOD,
        numbers(seen),
        (
            Section("Which inputs moved, and how far?", (SCORED,), (cover,), (table(seen),)),
            Section(
                "What changed in them?" if drifted else "What changed in those that moved most?",
                (against(seen),),
                (changes(seen),),
            ),
            Section("How did it come about?", (STABILITY, *blanks(seen)), (course(seen),)),
            Section("What is not watched?", LEFT_OUT),
        ),
        basis(seen),
        cover,
        (Attachment("Evidently's own page, input by input", seen.evidently),),
    )


def numbers(seen: Seen) -> list[Number]:
    """What the index follows."""
    found = [drift for drift in seen.drifts if drift.psi is not None]
    most = max(found, key=lambda drift: drift.psi or 0.0, default=None)
    return [
        Number("drifted", "inputs drifted", sum(d.drifted for d in seen.drifts)),
        Number(
            "largest_psi",
            f"largest PSI ({most.label})" if most else "largest PSI",
            most.psi if most else None,
            digits=3,
        ),
        Number("sampled_trips", "trips sampled", len(seen.sample)),
        Number("reference_trips", "training trips sampled", len(seen.reference_sample)),
    ]


def against(seen: Seen) -> str:
    """How many trips the bins hold."""
    return f"{trips(seen.current):,} trips against {trips(seen.reference):,} training trips."


def trips(counts: Mapping[str, Counts]) -> int:
    """How many trips were counted."""
    return int(next(iter(counts.values())).sum())


def table(seen: Seen) -> Listing:
    """Every input in numbers."""
    header = ("input", "training → month", "score", "threshold", "PSI", "")
    rows = [
        (
            drift.label,
            moved(seen, drift),
            "-" if drift.score is None else f"{drift.score:.3f}",
            f"{drift.threshold:g}",
            "-" if drift.psi is None else f"{drift.psi:.3f}",
            "drifted" if drift.drifted else "no values" if drift.score is None else "",
        )
        for drift in seen.drifts
    ]
    return Listing(
        header,
        rows,
        "Scores are of the samples.",
    )


def moved(seen: Seen, drift: Drift) -> str:
    """The means of a number, or the bin whose share moved most."""
    watched = BY_NAME[drift.feature]
    if drift.score is None:
        return "not compared"
    if watched.is_number:
        before, after = (
            float(sample[drift.feature].mean()) for sample in (seen.reference_sample, seen.sample)
        )
        return f"mean {before:.2f} → {after:.2f} {watched.unit}".rstrip()
    old, new = (share(counts[drift.feature]) for counts in (seen.reference, seen.current))
    most = int(np.argmax(np.abs(new - old)))
    return f"{watched.all_bins[most]}: {old[most]:.1%} → {new[most]:.1%}"


def share(counts: Counts) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Counts as parts of one; there are some."""
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = counts / counts.sum()
    return found


def scores(drifts: Sequence[Drift]) -> Picture:
    """Every input's score against its threshold."""
    compared = [drift for drift in reversed(drifts) if drift.score is not None]
    figure, plot = axes(width=8.5, height=0.8 + 0.24 * len(compared))
    colours = [ORANGE if drift.drifted else BLUE for drift in compared]
    names = [drift.label for drift in compared]
    plot.barh(names, [drift.relative for drift in compared], color=colours, height=0.65)
    plot.axvline(1, color=INK, linewidth=1)
    plot.set_xlim(0, max(1.25, 1.08 * max((d.relative for d in compared), default=0)))
    plot.annotate("threshold", (1, 1), (3, 2), xycoords=("data", "axes fraction"),
                  textcoords="offset points", fontsize=8, color=INK)  # fmt: skip
    plot.set_xlabel("drift score, as a multiple of its threshold")
    plot.grid(visible=False, axis="y")
    return Picture("scores", figure, "How far each input moved; from 1 on it has drifted.")


def changes(seen: Seen) -> Picture:
    """Shares of trips by bin, training and month, of the inputs worth it."""
    drawn = seen.drawn
    columns = min(len(drawn), 3)
    rows = -(-len(drawn) // 3)
    figure, plots = axes(rows, columns, width=10, height=0.4 + 3.6 * rows, squeeze=False)
    for plot, drift in zip(plots.flat, drawn, strict=False):
        bins(plot, seen, drift)
    for plot in plots.flat[len(drawn) :]:
        plot.set_visible(False)
    legend(
        figure,
        handles=plots.flat[0].containers,
        labels=["training months", month_name(seen.month)],
        loc="outside upper center",
        ncols=2,
    )
    caption = f"Share of trips in each bin, training months (pale) and {month_name(seen.month)}."
    return Picture("changes", figure, caption)


def bins(plot: "Axes", seen: Seen, drift: Drift) -> None:
    """One input's bins, first on top; those that are empty on both sides are left out."""
    watched = BY_NAME[drift.feature]
    old, new = (share(counts[drift.feature]) * 100 for counts in (seen.reference, seen.current))
    kept = np.flatnonzero(old + new)
    place = -np.arange(len(kept))
    plot.barh(place, old[kept], height=0.85, color=PALE)
    plot.barh(place, new[kept], height=0.35, color=ORANGE if drift.drifted else BLUE)
    every = 3 if len(kept) > 14 else 1
    plot.set_yticks(place[::every], [watched.all_bins[bin_] for bin_ in kept[::every]])
    unit = f", {watched.unit}" if watched.unit else ""
    plot.set_title(f"{drift.label}{unit}")
    plot.set_xlabel("trips, %")
    plot.grid(visible=False, axis="y")


def course(seen: Seen) -> Picture:
    """PSI of every input over the last months."""
    months = sorted(seen.course)
    figure, plot = axes(width=10, height=1.0 + 0.27 * len(COUNTED))
    for column, month in enumerate(months):
        for row, watched in enumerate(COUNTED):
            cell(plot, column, row, (seen.course[month] or {}).get(watched.name))
    plot.set_xlim(-0.5, len(months) - 0.5)
    plot.set_ylim(len(COUNTED) - 0.5, -0.5)
    marked = [f"{m}\ntraining" if m in seen.training else m for m in months]
    plot.set_xticks(range(len(months)), marked, fontsize=8)
    plot.set_yticks(range(len(COUNTED)), [watched.label for watched in COUNTED])
    plot.tick_params(length=0)
    plot.grid(visible=False)
    caption = (
        "PSI of each input against the champion's training months; orange from "
        f"{LARGE} on. Cells without a number have no histogram, or no values to compare."
    )
    return Picture("course", figure, caption)


def cell(plot: "Axes", column: int, row: int, value: float | None) -> None:
    """One month of one input: the darker, the further off."""
    from matplotlib.patches import Rectangle

    if value is None:
        plot.text(column, row, "·", ha="center", va="center", color=MUTED)
        return
    colour = ORANGE if value >= LARGE else BLUE
    depth = 0.05 + 0.55 * min(value / LARGE, 1)
    corner = (column - 0.48, row - 0.46)
    plot.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=colour, alpha=depth, linewidth=0))
    plot.text(column, row, f"{value:.2f}", ha="center", va="center", color=INK, fontsize=8)


def blanks(seen: Seen) -> list[str]:
    """Which months are blank, and why."""
    blank = [month for month in sorted(seen.course) if seen.course[month] is None]
    if not blank:
        return []
    return [f"No histograms were made of {', '.join(blank)}: those months are blank."]


def basis(seen: Seen) -> list[str]:
    """What it was made from."""
    first, last = min(seen.training), max(seen.training)
    months = first if first == last else f"{first} to {last} ({len(seen.training)} months)"
    gone = f" Its training months {', '.join(seen.gone)} are gone." if seen.gone else ""
    return [
        f"Champion before {month_name(seen.month)}: version {seen.version}, trained on {months}."
        + gone,
        f"Samples of {len(seen.sample):,} trips of the month and {len(seen.reference_sample):,} of"
        " the training months, stratified by month and pick-up borough; the same in every rerun.",
        "PSI and bins: all clean trips; of what history says of them, the samples.",
    ]
