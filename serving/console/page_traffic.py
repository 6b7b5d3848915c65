"""What the service is asked now, by arm, and what it wrote to its log."""

import time
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from serving.console import read_log, read_traffic
from serving.console.read_api import Api
from serving.console.shown import KEPT_S, LEGEND, draw, names, rows_px, settings, source, usd

LOOK_S = 5
MINUTE_S, HOUR_S = 60, 3_600
SHOWN_ROWS = 200
LOG_COLUMNS: dict[str, Any] = {
    "at": st.column_config.DatetimeColumn("Answered, UTC", timezone="UTC"),
    "fleet": "Fleet",
    "arm": "Arm",
    "shadow": "Only logged",
    "model_version": "Version",
    "pickup_zone": "From zone",
    "dropoff_zone": "To zone",
    "pickup_at": "Pick-up, New York",
    "passengers": "Passengers",
    "fare_usd": st.column_config.NumberColumn("Fare, USD", format="$%.2f"),
    "low_usd": st.column_config.NumberColumn("Low, USD", format="$%.2f"),
    "high_usd": st.column_config.NumberColumn("High, USD", format="$%.2f"),
    "total_usd": st.column_config.NumberColumn("Total, USD", format="$%.2f"),
    "latency_ms": st.column_config.NumberColumn("Latency, ms", format="%.2f"),
    "request_id": "Request",
}


@st.cache_data(ttl=KEPT_S, show_spinner="Reading the prediction log")
def recent() -> pd.DataFrame:
    """The latest quotes."""
    return read_log.recent(settings())


def show() -> None:
    """The page."""
    st.title("Traffic")
    _live()
    st.subheader("The prediction log")
    with source():
        _logged(recent())


@st.fragment(run_every=LOOK_S)
def _live() -> None:
    """What the service has counted since it began, looked at again every few seconds."""
    with source():
        scrape = read_traffic.samples(Api(settings()).metrics())
        up = read_traffic.uptime_s(scrape, time.time())
        st.caption(f"Since the service began, {_lasted(up)} ago; looked at every {LOOK_S} seconds.")
        quotes = read_traffic.quotes(scrape)
        if quotes.empty:
            st.info("Nobody has asked for a quote yet.")
        else:
            _by_arm(quotes, read_traffic.arms(scrape))
        _counted(read_traffic.log_counts(scrape))
        st.subheader("Requests")
        st.dataframe(
            read_traffic.requests(scrape),
            hide_index=True,
            column_config={"route": "Route", "status": "Status", "requests": "Requests"},
        )


def _by_arm(quotes: pd.DataFrame, arms: pd.DataFrame) -> None:
    st.subheader("Quotes by arm")
    told = quotes.assign(
        version="version " + quotes["version"], answered=quotes["fleet"] + ", " + quotes["arm"]
    )
    draw(
        alt.Chart(told)
        .mark_bar()
        .properties(height=rows_px(len(arms)))
        .encode(
            x=alt.X("quotes:Q", title="Rides quoted", axis=alt.Axis(format=",d", tickMinStep=1)),
            y=names("answered"),
            color=alt.Color("version:N", title=None, legend=LEGEND),
            tooltip=["fleet", "arm", "version", alt.Tooltip("quotes:Q", format=",")],
        )
    )
    milliseconds = {
        f"p{share}_ms": st.column_config.NumberColumn(f"{share} % within, ms", format="%.2f")
        for share in (50, 95, 99)
    }
    st.dataframe(
        arms,
        hide_index=True,
        column_config={
            "fleet": "Fleet",
            "arm": "Arm",
            **milliseconds,
            "mean_fare_usd": st.column_config.NumberColumn("Mean fare, USD", format="$%.2f"),
        },
    )


def _counted(counts: dict[str, int]) -> None:
    """How the log does; a dropped row is the one thing to act on."""
    if not counts:
        st.info("The service tells nothing of a prediction log.")
        return
    for column, (word, count) in zip(st.columns(len(counts)), counts.items(), strict=True):
        column.metric(f"Log rows {word}" if word != "failed_batches" else "Failed files", count)
    if counts["dropped"]:
        st.warning(f"The log has lost {counts['dropped']:,} records for want of room.")


def _logged(rows: pd.DataFrame) -> None:
    st.caption(f"The latest {len(rows):,} answers that are in its files.")
    draw(
        alt.Chart(rows)
        .mark_point(filled=True, size=35, opacity=0.6)
        .encode(
            x=alt.X("at:T", title="Answered, your local time"),
            y=usd("fare_usd", "Metered fare, US dollars"),
            color=alt.Color("arm:N", title=None, legend=LEGEND),
            tooltip=["at:T", "arm", "model_version", alt.Tooltip("fare_usd:Q", format="$.2f")],
        )
    )
    shown = rows.head(SHOWN_ROWS)
    st.dataframe(shown, hide_index=True, column_config=LOG_COLUMNS)


def _lasted(seconds: float) -> str:
    """A span of time for people."""
    if seconds != seconds:
        return "an unknown time"
    if seconds < 2 * MINUTE_S:
        return f"{seconds:.0f} seconds"
    if seconds < 2 * HOUR_S:
        return f"{seconds / MINUTE_S:.0f} minutes"
    return f"{seconds / HOUR_S:.0f} hours"
