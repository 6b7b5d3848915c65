"""What a ride will cost, why, and how that changes through the day."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
import streamlit as st

from serving.console import read_quotes
from serving.console.read_api import Api
from serving.console.shown import (
    BLUE,
    GREY,
    KEPT_S,
    LEGEND,
    ORANGE,
    draw,
    names,
    rows_px,
    settings,
    source,
    usd,
)
from serving.schemas import EXAMPLE, BatchQuote, Explanation, Quote
from taxi_assets.domain.fleets import FLEETS

NEW_YORK = ZoneInfo("America/New_York")
MOST_PASSENGERS = 9
EFFECTS = {"start": GREY, "dearer": ORANGE, "cheaper": BLUE}


@st.cache_data(ttl=KEPT_S, show_spinner=False)
def zones() -> dict[int, str]:
    """The zones that the service knows."""
    return Api(settings()).zones()


@st.cache_data(ttl=KEPT_S, show_spinner="Asking the service")
def quoted(trip: dict[str, Any]) -> Quote:
    """A ride's quote."""
    return Api(settings()).quote(trip)


@st.cache_data(ttl=KEPT_S, show_spinner="Asking the service")
def explained(trip: dict[str, Any]) -> Explanation:
    """A ride's reasons."""
    return Api(settings()).explain(trip)


@st.cache_data(ttl=KEPT_S, show_spinner="Asking the service")
def day(trip: dict[str, Any]) -> BatchQuote:
    """A ride's quotes through its day."""
    at = datetime.fromisoformat(trip["pickup_at"])
    return Api(settings()).quotes(read_quotes.through_the_day(trip, at.date()))


def show() -> None:
    """The page."""
    st.title("Quotes")
    st.caption("Quotes asked here are quotes like any other: the service counts and logs them.")
    with source():
        _ask(zones())
    trip = st.session_state.get("trip")
    if trip is None:
        return
    with source():
        st.subheader(_ride(trip))
        _quote(quoted(trip))
        with source():
            _reasons(explained(trip))
        with source():
            _day(day(trip), datetime.fromisoformat(trip["pickup_at"]).hour)


def _ask(known: dict[int, str]) -> None:
    """The form; what was asked stays until something else is."""
    numbers = list(known)
    now = st.session_state.setdefault("opened", datetime.now(NEW_YORK))  # or reruns would reset it
    with st.form("ride"):
        left, right = st.columns(2)
        pickup = left.selectbox(
            "From", numbers, _place(numbers, "pickup_zone", 0), known.__getitem__
        )
        dropoff = right.selectbox(
            "To", numbers, _place(numbers, "dropoff_zone", 1), known.__getitem__
        )
        columns = st.columns(4)
        date = columns[0].date_input("Day", now.date())
        hour = columns[1].time_input("Time in New York", now.time().replace(second=0))
        passengers = columns[2].number_input("Passengers", 1, MOST_PASSENGERS, 1)
        fleet = columns[3].selectbox("Fleet", list(FLEETS))
        if st.form_submit_button("Quote", type="primary"):
            at = datetime.combine(date, hour)
            st.session_state["trip"] = read_quotes.trip_of(
                pickup, dropoff, at, int(passengers), fleet
            )


def _place(numbers: list[int], end: str, otherwise: int) -> int:
    """Where the example's zone stands in the list."""
    wanted = [place for place, zone in enumerate(numbers) if zone == EXAMPLE[end]]
    return wanted[0] if wanted else min(otherwise, len(numbers) - 1)


def _ride(trip: dict[str, Any]) -> str:
    """The ride that is answered, which need not be the one in the form."""
    ends = " to ".join(zones()[trip[end]] for end in ("pickup_zone", "dropoff_zone"))
    return f"{ends}, {trip['pickup_at'].replace('T', ' ')}"


def _quote(quote: Quote) -> None:
    """The answer in numbers."""
    interval = f"${quote.low_usd:.2f} to {quote.high_usd:.2f}"
    columns = st.columns([2, 3, 2, 2])
    columns[0].metric("Metered fare", f"${quote.fare_usd:.2f}")
    columns[1].metric(f"{quote.interval:.0%} of rides", interval)
    columns[2].metric("Ride time", f"{quote.ride_min:.0f} min")
    columns[3].metric("Total, no tolls, no tip", f"${quote.total_usd:.2f}")
    st.caption(f"{quote.model} version {quote.model_version}, request {quote.request_id}")
    table = read_quotes.bill(quote)
    st.dataframe(
        table,
        hide_index=True,
        column_config={"part": "Bill", "usd": st.column_config.NumberColumn("", format="$%.2f")},
    )


def _reasons(explanation: Explanation) -> None:
    """What makes the fare, as bars."""
    st.subheader("Why")
    table = read_quotes.reasons(explanation)
    colors = alt.Scale(domain=list(EFFECTS), range=list(EFFECTS.values()))
    draw(
        alt.Chart(table)
        .mark_bar()
        .properties(height=rows_px(len(table)))
        .encode(
            x=alt.X("usd:Q", title="Part of the fare, US dollars", axis=alt.Axis(format="$.2f")),
            y=names("reason"),
            color=alt.Color("effect:N", scale=colors, title=None, legend=LEGEND),
            tooltip=["reason", alt.Tooltip("usd:Q", format="$.2f")],
        )
    )


def _day(answered: BatchQuote, chosen: int) -> None:
    """The same ride at each hour."""
    st.subheader("Through the day")
    table = read_quotes.by_hour(answered)
    if not table.empty:
        _hours(table, chosen)
        _minutes(table)
    for hour, why in read_quotes.refusals(answered).items():
        st.info(f"{hour}:00 has no quote: {why}")


def _hours(table: pd.DataFrame, chosen: int) -> None:
    """Fare and interval."""
    hour = alt.X("hour:Q", title="Hour in New York", scale=alt.Scale(domain=[0, 23], nice=False))
    band = alt.Chart(table).mark_area(opacity=0.25, color=BLUE)
    line = alt.Chart(table).mark_line(point=True, color=BLUE)
    rule = alt.Chart(pd.DataFrame({"hour": [chosen]})).mark_rule(color=ORANGE, strokeDash=[4, 3])
    told = ["hour", *(alt.Tooltip(f"{c}_usd:Q", format="$.2f") for c in ("fare", "low", "high"))]
    draw(
        alt.layer(
            band.encode(
                x=hour, y=usd("low_usd", "Metered fare and interval, US dollars"), y2="high_usd"
            ),
            line.encode(
                x=hour, y=usd("fare_usd", "Metered fare and interval, US dollars"), tooltip=told
            ),
            rule.encode(x=hour),
        )
    )


def _minutes(table: pd.DataFrame) -> None:
    """Ride time."""
    hour = alt.X("hour:Q", title="Hour in New York", scale=alt.Scale(domain=[0, 23], nice=False))
    minutes = alt.Y("ride_min:Q", title="Ride time, minutes", scale=alt.Scale(zero=False))
    chart: alt.Chart = alt.Chart(table).mark_line(point=True, color=BLUE).properties(height=180)
    draw(chart.encode(x=hour, y=minutes, tooltip=["hour", alt.Tooltip("ride_min:Q", format=".1f")]))
