"""Drawings of a month's profile."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from taxi_assets.domain.cleaning import (
    MAX_DISTANCE_MI,
    MAX_DURATION_MIN,
    MAX_FARE_USD,
    MAX_SPEED_MPH,
    MIN_DISTANCE_MI,
    MIN_DURATION_MIN,
    MIN_FARE_USD,
)
from taxi_assets.domain.profile import CLEAN, MEASURES, PUBLISHED, REJECTED, Measure, Profile
from taxi_assets.domain.profiled_trips import Floats
from taxi_assets.domain.slices import WEEKDAYS
from taxi_assets.reports.charts import BLUE, GRID, MUTED, ORANGE, PALE, PAPER, axes, legend, styled

if TYPE_CHECKING:  # half a second to import, and only reports draw
    from matplotlib.axes import Axes
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

SIMPLER_FT = 400.0  # no eye sees it on a map of 35 miles, and the page is a third as large
COLOURS = 24
ALLOWED = {  # by the cleaning rules
    "fare_usd": (MIN_FARE_USD, MAX_FARE_USD),
    "distance_mi": (MIN_DISTANCE_MI, MAX_DISTANCE_MI),
    "duration_min": (MIN_DURATION_MIN, MAX_DURATION_MIN),
    "speed_mph": (MAX_SPEED_MPH,),
}


def by_day(now: Profile) -> "Figure":
    """Clean and rejected trips of each day, weekends shaded."""
    kept, lost = (now.parts("trips_by_day", stage) for stage in (CLEAN, REJECTED))
    days = [pd.Timestamp(day) for day in kept]
    at = [day.day for day in days]
    with styled():
        figure, ax = axes(height=2.6)
        for day in days:
            if day.dayofweek >= 5:
                ax.axvspan(day.day - 0.5, day.day + 0.5, color=GRID, zorder=0)
        ax.bar(at, list(kept.values()), color=BLUE, label="clean")
        ax.bar(at, list(lost.values()), bottom=list(kept.values()), color=ORANGE, label="rejected")
        ax.set_xticks(at, [f"{day:%a}"[:2] + f"\n{day.day}" for day in days], fontsize=8)
        ax.set(xlim=(0.4, len(days) + 0.6), xlabel="day of the month", ylabel="trips")
        ax.grid(visible=False, axis="x")
        ax.yaxis.set_major_formatter("{x:,.0f}")
        legend(figure, loc="outside upper right", ncols=2)
    return figure


def by_hour(now: Profile) -> "Figure":
    """Clean trips of each hour of the week."""
    counts = np.array(list(now.parts("trips_by_hour").values())).reshape(len(WEEKDAYS), 24)
    with styled():
        figure, ax = axes(height=2.4)
        top = max(float(counts.max()), 1.0)
        shown = ax.pcolormesh(counts, cmap=colours(), vmin=0, vmax=top, edgecolor=PAPER)
        ax.set_yticks(np.arange(len(WEEKDAYS)) + 0.5, WEEKDAYS)
        ax.set_xticks(np.arange(0, 24, 2) + 0.5, [str(hour) for hour in range(0, 24, 2)])
        ax.set(xlabel="hour of the day", ylim=(len(WEEKDAYS), 0))
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
        figure.colorbar(shown, ax=ax, label="trips", format="{x:,.0f}", pad=0.02)
    return figure


def before_and_after(now: Profile) -> "Figure":
    """How fares, distances, durations and speeds are distributed before and after cleaning."""
    with styled():
        figure, panels = axes(2, 2, height=5.2)
        for ax, measure in zip(panels.flat, MEASURES, strict=True):
            _distribution(ax, measure, now)
        legend(
            figure,
            handles=panels.flat[0].get_legend_handles_labels()[0],
            loc="outside upper right",
            ncols=3,
        )
    return figure


def _distribution(ax: "Axes", measure: Measure, now: Profile) -> None:
    """One histogram; bins are equally wide whatever they hold, a tenth of a power of ten."""
    for stage, look in (
        (PUBLISHED, {"color": ORANGE, "label": "published"}),
        (CLEAN, {"color": BLUE, "label": "clean", "fill": True}),
    ):
        counts = list(now.parts(f"trips_by_{measure.name}", stage).values())
        ax.stairs(counts, np.arange(len(counts) + 1), baseline=0.5, linewidth=1.2, **look)
    limits = np.interp(
        np.log10(ALLOWED[measure.name]),
        np.log10(measure.edges),
        np.arange(1, len(measure.edges) + 1),
    )
    for number, limit in enumerate(limits):
        label = None if number else "bounds of the cleaning rules"
        ax.axvline(limit, color=MUTED, linestyle="--", linewidth=1, label=label)
    powers = [at for at, edge in enumerate(measure.edges) if np.log10(edge).is_integer()]
    ax.set_xticks([at + 1 for at in powers], [f"{measure.edges[at]:,g}" for at in powers])
    ax.set_yscale("log")
    ax.set(xlim=(0, len(measure.bins)), ylim=(0.5, None), ylabel="trips")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel(f"{measure.label.lower()}, {measure.unit}")


def pickups(now: Profile, zones: pd.DataFrame) -> "Figure":
    """Where clean trips start: the zones, the darker the fewer.

    Args:
        now: numbers of the month.
        zones: (263, >=2) `zone` and `geometry`.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LogNorm

    counts = {int(zone): count for zone, count in now.parts("pickups_by_zone").items()}
    rings = outlines(zones)
    taken = [zone in counts for zone, _ in rings]
    with styled():
        figure, ax = axes(height=6.2)
        some = [ring for (_, ring), any_trips in zip(rings, taken, strict=True) if any_trips]
        none = [ring for (_, ring), any_trips in zip(rings, taken, strict=True) if not any_trips]
        look: Any = {"edgecolors": PAPER, "linewidths": 0.5}
        ax.add_collection(PolyCollection(none, facecolors=PALE, **look))
        shown = PolyCollection(
            some, cmap=colours(), norm=LogNorm(1, max([2, *counts.values()])), **look
        )
        shown.set_array(np.array([counts[zone] for zone, _ in rings if zone in counts]))
        ax.add_collection(shown)
        ax.margins(0.01)
        ax.autoscale_view()
        ax.set_aspect("equal")
        ax.set_axis_off()
        figure.colorbar(shown, ax=ax, label="trips", format="{x:,.0f}", shrink=0.7)
    return figure


def outlines(zones: pd.DataFrame) -> list[tuple[int, Floats]]:
    """Each zone and its outer ring, (n, 2) feet, simpler than it is; every island has its own."""
    import shapely

    shapes = shapely.simplify(shapely.from_wkb(zones["geometry"].to_numpy()), SIMPLER_FT)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings = [shapely.get_coordinates(shapely.get_exterior_ring(part)) for part in parts]
    return list(zip(zones["zone"].to_numpy()[owner].tolist(), rings, strict=True))


def colours() -> "ListedColormap":
    """From few to many: neither end is lost on white or on black paper."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["viridis"](np.linspace(0.22, 0.95, COLOURS)))
