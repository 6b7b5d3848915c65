"""How drawings look: plain, legible, and at home on a light and on a dark page."""

import base64
import io
import re
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # half a second to import, and only reports draw
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Each colour is a variable of the page, so that a drawing follows it into the dark. The values here
# are those of the light page, and of pictures that stand alone.
PALETTE = {
    "ink": "#1f2a37",
    "muted": "#66707e",
    "grid": "#dfe3e8",
    "paper": "#fffffe",
    "blue": "#1b6ca8",
    "orange": "#d9761a",
    "green": "#3b8f5a",
    "red": "#c0392e",
    "pale": "#b7c9d9",
}
INK, MUTED, GRID, PAPER = (PALETTE[name] for name in ("ink", "muted", "grid", "paper"))
BLUE, ORANGE, GREEN, RED, PALE = (
    PALETTE[name] for name in ("blue", "orange", "green", "red", "pale")
)
DPI = 75
LARGEST_EMBEDDED = 100_000  # bytes; the event log keeps what the UI shows
STYLE: Any = {  # matplotlib types the names of its settings, and has hundreds
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.facecolor": PAPER,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.facecolor": PAPER,
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",  # text stays text: small, searchable, read out
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}


def styled() -> AbstractContextManager[None]:
    """In it, ticks, texts and colour bars come in this project's style, not in matplotlib's."""
    from matplotlib import rc_context

    return rc_context(STYLE)


def axes(
    rows: int = 1, columns: int = 1, *, width: float = 8.5, height: float = 3.2, **more: Any
) -> "tuple[Figure, Any]":
    """A figure and its axes, in this project's style.

    Args:
        rows: of axes.
        columns: of axes.
        width: of the figure, inches; a page is 11 wide.
        height: of the figure, inches.
        more: for matplotlib's `Figure.subplots`.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(rows, columns, **more)


def legend(where: "Axes | Figure", **more: Any) -> None:
    """A legend in this project's style."""
    from matplotlib import rc_context

    with rc_context(STYLE):
        where.legend(**more)


def svg(figure: "Figure", name: str, caption: str) -> str:
    """A figure as part of a page, in the page's colours.

    Args:
        figure: from `axes`.
        name: unlike all others on the page: parts of a drawing refer to each other by it.
        caption: read out in its place.
    """
    from matplotlib import rc_context

    sink = io.StringIO()
    with rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None})
    text = sink.getvalue()
    text = text[text.index("<svg") :]
    for colour, value in PALETTE.items():
        text = text.replace(value, f"var(--{colour})")
    # matplotlib counts its parts from 1 in every drawing, and a page holds many
    text = re.sub(r'id="([A-Za-z0-9.]+_[0-9]+)"', rf'id="\1-{name}"', text)
    label = caption.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def png(figure: "Figure", dpi: int = DPI) -> bytes:
    """A figure as a file."""
    from matplotlib import rc_context

    sink = io.BytesIO()
    with rc_context(STYLE):
        figure.savefig(sink, format="png", dpi=dpi)
    return sink.getvalue()


def embedded(name: str, content: bytes, where: str) -> str:
    """Markdown that shows a PNG, or says where it is when it is too large for an event log."""
    if len(content) > LARGEST_EMBEDDED:
        return f"{name}: see {where}"
    return f"![{name}](data:image/png;base64,{base64.b64encode(content).decode()})"
