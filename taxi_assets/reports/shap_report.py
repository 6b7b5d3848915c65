"""The page that says why the month's model quotes what it quotes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxi_assets.domain.explain import GROUP_OF, GROUPS
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.months import month_name
from taxi_assets.domain.shap_summary import (
    FOREMOST,
    LARGEST_GAP_USD,
    Chosen,
    Sample,
    chosen_trips,
    trip_in_words,
    verdict,
)
from taxi_assets.reports import shap_plots
from taxi_assets.reports.charts import BLUE, INK, axes
from taxi_assets.reports.page import GOOD, NOTABLE, Listing, Number, Picture, Report, Section

NAME = "shap_report"
BARS = 15  # features in the picture; the table has all
MANY = 20  # trips from which on a cloud of dots tells something
WHOSE = {
    "typical": "A typical trip",
    "dear": "A dear trip",
    "wrong": "The trip of the sample that was quoted worst",
}
HOW = (
    "Each bar is by how many dollars something moves a quote, up or down, on average over the "
    "sampled trips. A group's features are summed before that, and may cancel out."
)
SHARED = (
    "Features that say nearly the same share the credit, and who gets more of it may change from "
    "month to month; groups are steadier. What moves a quote is what the model has learned to go "
    "by, which need not be what makes a ride dear."
)
DOTS = (
    "One dot is one trip: to the right, the feature raises the quote; to the left, it lowers it. "
    "Grey dots are trips of which it is unknown."
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the page is made from.

    Attributes:
        fleet: fleet name.
        month: `YYYY-MM`.
        version: registered version that quotes.
        sample: n > 0 explained trips.
        zone_names: by zone id - 1.
    """

    fleet: str
    month: str
    version: int
    sample: Sample
    zone_names: Sequence[str]


def shap_page(told: Told) -> Report:
    """The report of a month."""
    sample, cover = told.sample, groups(told.sample)
    return Report(
        NAME,
        told.fleet,
        told.month,
        verdict(sample, told.month),
        NOTABLE if sample.gap_usd > LARGEST_GAP_USD else GOOD,
        numbers(sample),
        (
            Section("What moves a quote?", (HOW,), (cover,)),
            Section("Which features are behind it?", (SHARED,), (importance(sample),)),
            *clouds(sample),
            *(trip(told, chosen) for chosen in chosen_trips(sample)),
            Section("What are all these features?", (), (), (table(sample),)),
        ),
        basis(told),
        cover,
    )


def numbers(sample: Sample) -> list[Number]:
    """What the index follows over months."""
    most_usd = float(sample.mean_abs_usd.max())
    return [
        Number("top_feature_usd", "Most moved by one feature", most_usd, "USD", 2),
        Number("top_share", f"Share of the top {FOREMOST} features", sample.foremost_share, "%"),
        Number("largest_gap_usd", "Largest gap to a quote", sample.gap_usd, "USD", 4, False),
        Number("sampled_trips", "Explained", len(sample), "trips", followed=False),
    ]


def groups(sample: Sample) -> Picture:
    """How far each group of features moves a quote."""
    caption = "What moves quotes, in people's words: dollars a ride, on average over the sample."
    return bars("groups", sample.groups, caption)


def importance(sample: Sample) -> Picture:
    """How far the foremost features move a quote."""
    usd = dict(zip(FEATURES, sample.mean_abs_usd.tolist(), strict=True))
    top = {name: usd[name] for name in sample.foremost[:BARS]}
    caption = f"The {BARS} features that move quotes most: dollars a ride, on average."
    return bars("importance", top, caption)


def bars(name: str, usd: Mapping[str, float], caption: str) -> Picture:
    """Dollars as bars, the first on top."""
    figure, plot = axes(width=8.5, height=0.24 * len(usd) + 0.6)
    places = range(len(usd), 0, -1)
    drawn = plot.barh(places, list(usd.values()), height=0.7, color=BLUE)
    plot.bar_label(
        drawn, [f"${value:.2f}" for value in usd.values()], padding=3, fontsize=8, color=INK
    )
    plot.set_yticks(places, list(usd))
    plot.tick_params(axis="y", length=0)
    plot.grid(visible=False, axis="y")
    plot.margins(x=0.08, y=0.01)
    plot.set_xlim(left=0)
    plot.set_xlabel("moves a quote by, US dollars, mean")
    return Picture(name, figure, caption)


def clouds(sample: Sample) -> list[Section]:
    """Every trip as a dot, where there are enough to see a shape."""
    if len(sample) < MANY:
        return []
    drawn = f"{len(sample):,} trips."
    swarm = Picture(
        "beeswarm",
        shap_plots.beeswarm(sample),
        f"What the {shap_plots.SWARM} features that move quotes most add to each quote. {drawn}",
    )
    found = [Section("Up or down, and for which trips?", (DOTS,), (swarm,))]
    if shap_plots.drawable(sample):
        dependence = Picture(
            "dependence",
            shap_plots.dependence(sample),
            "What a feature adds at each of its values. Bars show how often values occur, dashes "
            f"at the left edge are trips of which it is unknown. {drawn}",
        )
        found.append(Section("What does each value of a feature add?", (), (dependence,)))
    return found


def trip(told: Told, chosen: Chosen) -> Section:
    """One trip's quote, step by step."""
    sample, row = told.sample, chosen.row
    base, quote = sample.explained.base_usd, float(sample.quoted_usd[row])
    drawn = [
        Picture(
            f"{chosen.kind}_{kind}",
            shap_plots.waterfall(base, steps(sample, row), quote),
            f"From ${base:,.2f} to ${quote:,.2f}, {words}: orange raises a quote, blue lowers it.",
        )
        for kind, steps, words in (
            ("groups", shap_plots.group_steps, "in people's words"),
            ("features", shap_plots.feature_steps, "feature by feature, with their values"),
        )
    ]
    return Section(WHOSE[chosen.kind], (trip_in_words(sample, row, told.zone_names),), drawn)


def table(sample: Sample) -> Listing:
    """Every feature, what it is, and how far it moves quotes."""
    names = list(FEATURES)
    return Listing(
        ("feature", "moves a quote by", "share", "group", "what it is"),
        [
            (
                name,
                f"${sample.mean_abs_usd[names.index(name)]:.3f}",
                f"{sample.shares[names.index(name)]:.1%}",
                GROUP_OF[name],
                FEATURES[name],
            )
            for name in sample.foremost
        ],
        f"All {len(FEATURES)} features in {len(GROUPS)} groups, those that move quotes most first.",
        words=(3, 4),
    )


def basis(told: Told) -> list[str]:
    """What it was made from."""
    sample = told.sample
    count = (
        f"all {len(sample):,}"
        if len(sample) == sample.of_trips
        else f"{len(sample):,} of {sample.of_trips:,}"
    )
    lines = [
        f"Version {told.version}, the model of {month_name(told.month)}, on {count} clean trips of "
        "the month, drawn by a hash of their row numbers: the same in every rerun.",
        "SHAP values of the fare's trees (LightGBM's TreeSHAP), carried from the square root of "
        "the fare to US dollars. They add up to each quote, which was asked for separately, but "
        f"for at most ${sample.gap_usd:.4f}.",
    ]
    if sample.lifted:
        lines.append(
            f"Trips quoted the minimum fare: {sample.lifted:,}. What lifts them to it is counted "
            "for no feature."
        )
    return lines
