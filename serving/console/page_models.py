"""Which versions there are, how they did, and who was champion when."""

from datetime import UTC, datetime

import altair as alt
import pandas as pd
import streamlit as st

from serving.console import read_models
from serving.console.read_registry import Model, open_registry
from serving.console.shown import (
    BLUE,
    GREEN,
    GREY,
    KEPT_S,
    LEGEND,
    ORANGE,
    draw,
    fleet_choice,
    names,
    rows_px,
    settings,
    source,
)

VERDICTS = {"passed": BLUE, "failed": ORANGE, "could not judge": GREY}
PALETTE = [BLUE, ORANGE, GREY, GREEN]
UTC_TIME = "%Y-%m-%d %H:%M"


@st.cache_data(ttl=KEPT_S, show_spinner="Asking MLflow")
def model(fleet: str) -> Model:
    """A fleet's registered model."""
    registry = open_registry(settings())
    try:
        return registry.model(fleet)
    finally:
        registry.close()


def show() -> None:
    """The page."""
    st.title("Models")
    fleet = fleet_choice()
    with source():
        found = model(fleet)
        _versions(found)
        _metrics(found)
        _gates(found)
        _champions(found)


def _versions(found: Model) -> None:
    number = st.column_config.NumberColumn
    st.dataframe(
        read_models.versions(found),
        hide_index=True,
        column_config={
            "version": "Version",
            "month": "Tested on",
            "standing": "Standing",
            "mae_usd": number("Mean error, USD", format="$%.2f"),
            "rmse_usd": number("RMSE, USD", format="$%.2f"),
            "coverage": number("In the interval", format="percent"),
            "trained_on": "Learned from",
            "gates": st.column_config.TextColumn("Gates", width="large"),
        },
    )


def _metrics(found: Model) -> None:
    st.subheader("Measures, each version on its own month")
    measure = st.selectbox(
        "Measure", list(read_models.MEASURES), format_func=lambda name: read_models.MEASURES[name]
    )
    table = read_models.metrics(found, measure)
    if table.empty:
        st.info("No version has this measure yet.")
        return
    form = ".0%" if measure == "coverage" else ".2f"
    scale = alt.Scale(zero=False)
    colors = alt.Scale(domain=list(read_models.PREDICTORS.values()), range=PALETTE)
    draw(
        alt.Chart(table)
        .mark_line(point=alt.OverlayMarkDef(size=70))
        .encode(
            x=alt.X("month:O", title="Month it was tested on", axis=alt.Axis(labelAngle=0)),
            y=alt.Y(
                "value:Q",
                title=read_models.MEASURES[measure],
                scale=scale,
                axis=alt.Axis(format=form),
            ),
            color=alt.Color("predictor:N", title=None, scale=colors, legend=LEGEND),
            tooltip=["month", "version", "predictor", alt.Tooltip("value:Q", format=form)],
        )
    )


def _gates(found: Model) -> None:
    st.subheader("Gates")
    table = read_models.gates(found)
    if table.empty:
        st.info("No version has been judged yet.")
        return
    colors = alt.Scale(domain=list(VERDICTS), range=list(VERDICTS.values()))
    shapes = alt.Scale(domain=list(VERDICTS), range=["circle", "cross", "triangle"])
    draw(
        alt.Chart(table)
        .mark_point(filled=True, size=160, opacity=1)
        .properties(height=rows_px(table["gate"].nunique()))
        .encode(
            x=alt.X("version:O", title="Version", axis=alt.Axis(labelAngle=0)),
            y=names("gate"),
            color=alt.Color("verdict:N", scale=colors, title=None, legend=LEGEND),
            shape=alt.Shape("verdict:N", scale=shapes, title=None, legend=LEGEND),
            tooltip=["version", "month", "gate", "verdict"],
        )
    )


def _champions(found: Model) -> None:
    st.subheader("Who was champion when")
    table = read_models.reigns(found, datetime.now(UTC))
    if table.empty:
        st.info("No version has been promoted yet.")
        return
    _reigns(table)
    told = table.assign(
        since=table["since"].dt.strftime(UTC_TIME), until=table["until"].dt.strftime(UTC_TIME)
    )
    st.dataframe(
        told.iloc[::-1],
        hide_index=True,
        column_config={
            "version": "Version",
            "since": "Since, UTC",
            "until": "Until, UTC",
            "action": "How",
            "who": "Who",
            "why": st.column_config.TextColumn("Why", width="large"),
        },
        column_order=["version", "since", "until", "action", "who", "why"],
    )


def _reigns(table: pd.DataFrame) -> None:
    """A bar from each beginning to its end."""
    told = table.assign(version=table["version"].map("version {}".format))
    time = alt.X(
        "since:T", title="Time, UTC", scale=alt.Scale(type="utc"), axis=alt.Axis(tickCount=5)
    )
    draw(
        alt.Chart(told)
        .mark_bar(height=18, color=BLUE)
        .properties(height=rows_px(told["version"].nunique()))
        .encode(
            x=time,
            x2="until:T",
            y=names("version"),
            tooltip=["version", "action", "who", "since:T", "until:T"],
        )
    )
