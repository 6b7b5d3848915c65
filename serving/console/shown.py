"""What pages share: the settings, sources that may be away, and charts that fit light and dark."""

from collections.abc import Iterator
from contextlib import contextmanager

import altair as alt
import streamlit as st

from serving.console.errors import NothingYet, Refused
from serving.console.settings import ConsoleSettings, read_settings
from taxi_assets.domain.errors import TaxiError
from taxi_assets.domain.fleets import FLEETS

FLEET = "fleet"  # its place in the session
KEPT_S = 30  # nothing that is shown is older
BLUE, ORANGE, GREY = "#3b82c4", "#d97b29", "#8a8f98"  # legible on white and on black
GREEN = "#2f9e77"
SERIES = [BLUE, ORANGE, GREEN, "#9a6fc8", "#d4545f", "#7f8f2a", "#c95a9e", "#2b98ad", GREY]
ROW_PX, AROUND_PX = 26, 130  # of a chart with one line a row: Streamlit counts axis and legend
LEGEND = alt.Legend(orient="top", columns=2, labelLimit=150)  # two fit on a phone


@contextmanager
def source() -> Iterator[None]:
    """What a source has against being shown, as one sentence in its place.

    The rest of the block is left out; the page goes on after it.
    """
    try:
        yield
    except (NothingYet, Refused) as error:
        st.info(str(error))
    except TaxiError as error:
        st.warning(str(error))


@st.cache_data(ttl=KEPT_S, show_spinner=False)
def settings() -> ConsoleSettings:
    """The console's settings.

    Raises:
        UsageError: one of them makes no sense.
    """
    return read_settings()


def keep_fleet() -> None:
    """Keep the fleet that was chosen, which Streamlit forgets with the page it was chosen on."""
    if FLEET in st.session_state:
        st.session_state[FLEET] = st.session_state[FLEET]


def fleet_choice() -> str:
    """The fleet that the page is about, the same on every page."""
    return str(st.sidebar.selectbox("Fleet", list(FLEETS), key=FLEET))


def draw(chart: alt.Chart | alt.LayerChart | alt.FacetChart) -> None:
    """A chart as wide as its column; half of Streamlit's own colours are too pale for white."""
    st.altair_chart(chart.configure_range(category=SERIES), width="stretch")


def usd(field: str, title: str, *, zero: bool = False) -> alt.Y:
    """A vertical axis in US dollars."""
    return alt.Y(
        f"{field}:Q", title=title, scale=alt.Scale(zero=zero), axis=alt.Axis(format="$.2f")
    )


def names(field: str, *, sort: str | None = None) -> alt.Y:
    """A vertical axis of names, in the order of the rows unless `sort` says another."""
    axis = alt.Axis(labelLimit=220, labelFlush=False)
    return alt.Y(f"{field}:N", title=None, sort=sort, axis=axis)


def rows_px(count: int) -> int:
    """Height of a chart of so many names; one that is left to Vega gets too low to read."""
    return ROW_PX * count + AROUND_PX


def month(title: str = "Month") -> alt.X:
    """A horizontal axis of months."""
    return alt.X("month:O", title=title, axis=alt.Axis(labelAngle=-45))
