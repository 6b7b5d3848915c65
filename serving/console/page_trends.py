"""How the champion does over months, for whom, and whether the city has changed."""

import altair as alt
import pandas as pd
import streamlit as st

from serving.console import read_lake, read_trends
from serving.console.shown import (
    BLUE,
    KEPT_S,
    LEGEND,
    ORANGE,
    draw,
    fleet_choice,
    month,
    names,
    rows_px,
    settings,
    source,
)

MEASURES = {
    "mae_usd": "Mean absolute error, US dollars",
    "rmse_usd": "Root mean squared error, US dollars",
    "bias_usd": "Mean of quote minus fare, US dollars",
    "coverage": "Share of fares inside the interval",
    "ride_mae_min": "Mean absolute error of the ride time, minutes",
}
FAIR = {
    "relative_error": ("relative_low", "relative_high", "Mean absolute error over mean fare"),
    "coverage": ("coverage_low", "coverage_high", "Share of fares inside the interval"),
}


@st.cache_data(ttl=KEPT_S, show_spinner="Reading the lake")
def report(fleet: str, name: str, where: str = "") -> pd.DataFrame:
    """A report table."""
    return read_lake.report(settings(), fleet, name, where)


def show() -> None:
    """The page."""
    st.title("Trends")
    fleet = fleet_choice()
    titles = ["Performance", "Fairness", "Drift", "Inputs", "Data"]
    shown = (_performance, _fairness, _drift, _inputs, _data)
    for tab, part in zip(st.tabs(titles), shown, strict=True):
        with tab, source():
            part(fleet)


def _performance(fleet: str) -> None:
    table = report(fleet, "performance_report")
    left, right = st.columns(2)
    measure = left.selectbox("Measure", list(MEASURES), format_func=lambda m: MEASURES[m])
    by = right.selectbox("By", read_trends.slices(table), format_func=_words)
    found = read_trends.course(table, by, measure)
    chosen = _parts(found, by)
    form = ".0%" if measure == "coverage" else ".2f"
    draw(
        alt.Chart(found[found["value"].isin(chosen)])
        .mark_line(point=True)
        .encode(
            x=month(),
            y=alt.Y(
                "measured:Q",
                title=MEASURES[measure],
                scale=alt.Scale(zero=False),
                axis=alt.Axis(format=form),
            ),
            color=alt.Color("value:N", title=None, legend=LEGEND if by != "all" else None),
            tooltip=[
                "month",
                "value",
                alt.Tooltip("measured:Q", format=form),
                alt.Tooltip("trips:Q", format=","),
                "model_version",
            ],
        )
    )
    st.caption("Each month's trips as the champion of the months before quoted them.")


def _parts(found: pd.DataFrame, by: str) -> list[str]:
    """Which parts to draw: those with the most trips unless somebody chooses."""
    totals = found.groupby("value")["trips"].sum().sort_values(ascending=False)
    known = [str(value) for value in totals.index]
    if by == "all":
        return known
    return st.multiselect("Parts", known, known[:6])


def _fairness(fleet: str) -> None:
    table = report(fleet, "fairness_report")
    columns = st.columns(3)
    grouping = columns[0].selectbox("Groups", read_trends.groupings(table), format_func=_words)
    which = columns[1].selectbox("Month", read_trends.months(table), key="fair_month")
    measure = columns[2].selectbox("Measured", list(FAIR), format_func=lambda m: FAIR[m][2])
    low, high, title = FAIR[measure]
    found = read_trends.groups(table, grouping, which)
    base = alt.Chart(found).encode(y=names("value")).properties(height=rows_px(len(found)))
    axis = alt.Axis(format=".0%")
    draw(
        alt.layer(
            base.mark_rule(color=BLUE, strokeWidth=2).encode(
                x=alt.X(f"{low}:Q", title=title, axis=axis, scale=alt.Scale(zero=False)), x2=high
            ),
            base.mark_point(filled=True, size=80, color=BLUE, opacity=1).encode(
                x=alt.X(f"{measure}:Q", title=title),
                tooltip=["value", alt.Tooltip(f"{measure}:Q", format=".1%"), "trips"],
            ),
        )
    )
    st.caption("Bars are 95 % intervals; a group without one has too few trips to tell.")
    number = st.column_config.NumberColumn
    st.dataframe(
        found,
        hide_index=True,
        column_order=["value", "trips", "mae_usd", "relative_error", "coverage"],
        column_config={
            "value": "Group",
            "trips": number("Trips", format="localized"),
            "mae_usd": number("Mean error, USD", format="$%.2f"),
            "relative_error": number("Error over fare", format="percent"),
            "coverage": number("In the interval", format="percent"),
        },
    )


def _drift(fleet: str) -> None:
    table = report(fleet, "drift_report")
    found = read_trends.drift(table)
    latest = read_trends.months(table)[0]
    moved = read_trends.drifted(table)[latest]
    count = f"{len(moved)} of {found[found['month'] == latest]['feature'].nunique()} inputs drifted"
    st.markdown(
        f"**{latest}: {count}**" + (f": {', '.join(map(_words, moved))}." if moved else ".")
    )
    scale = alt.Scale(scheme="oranges", domain=[0, 0.25], clamp=True)
    draw(
        alt.Chart(found.dropna(subset=["psi"]))
        .mark_rect()
        .properties(height=rows_px(found["feature"].nunique()))
        .encode(
            x=month(),
            y=names("feature"),
            color=alt.Color("psi:Q", title="PSI, no unit", scale=scale),
            tooltip=[
                "month",
                "feature",
                alt.Tooltip("psi:Q", format=".3f"),
                alt.Tooltip("score:Q", format=".3f"),
                "threshold",
                "method",
                "drifted",
            ],
        )
    )
    st.caption(
        "PSI is the population stability index against the champion's training months: below 0.1 "
        "is stable, above 0.25 another distribution. `drifted` is Evidently's verdict."
    )


def _inputs(fleet: str) -> None:
    table = report(fleet, "feature_histograms")
    left, right = st.columns([1, 2])
    feature = left.selectbox("Input", list(dict.fromkeys(table["feature"])), format_func=_words)
    known = read_trends.months(table)
    chosen = right.multiselect("Months", known, known[:2])
    found = read_trends.histogram(table, feature, chosen)
    if found.empty:
        st.info("Choose a month to see its distribution.")
        return
    order = list(dict.fromkeys(found.sort_values("position")["bin"]))
    draw(
        alt.Chart(found)
        .mark_bar()
        .encode(
            x=alt.X("bin:N", sort=order, title=_words(feature)),
            xOffset="month:N",
            y=alt.Y("share:Q", title="Share of the month's trips", axis=alt.Axis(format=".0%")),
            color=alt.Color("month:N", title=None, legend=LEGEND),
            tooltip=["month", "bin", alt.Tooltip("share:Q", format=".2%")],
        )
    )


def _data(fleet: str) -> None:
    table = report(fleet, "data_profile", "subject in ('trips', 'trips_by_rule')")
    colors = alt.Scale(domain=["clean", "rejected"], range=[BLUE, ORANGE])
    draw(
        alt.Chart(read_trends.volumes(table))
        .mark_bar()
        .encode(
            x=month(),
            y=alt.Y("trips:Q", title="Published trips", axis=alt.Axis(format=",.0f")),
            color=alt.Color("stage:N", title=None, scale=colors, legend=LEGEND),
            tooltip=["month", "stage", alt.Tooltip("trips:Q", format=",")],
        )
    )
    draw(
        alt.Chart(read_trends.rejections(table))
        .mark_line(point=True)
        .properties(height=560)
        .encode(
            x=month(),
            y=alt.Y("share:Q", title="Rejected share", axis=alt.Axis(format=".1%")),
            color=alt.Color("rule:N", title=None, legend=alt.Legend(orient="bottom", columns=1)),
            tooltip=["month", "rule", alt.Tooltip("share:Q", format=".2%")],
        )
    )


def _words(name: str) -> str:
    """A column's name for people."""
    return "the whole month" if name == "all" else name.replace("_", " ")
