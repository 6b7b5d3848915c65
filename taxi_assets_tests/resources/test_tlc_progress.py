"""How far a download is, on a terminal and in a log."""

import os
import pty
import sys
from pathlib import Path

import pytest

from taxi_assets.resources.progress import DownloadProgress
from taxi_assets.resources.tlc import TlcSource
from taxi_assets_tests.cdn import Cdn
from taxi_assets_tests.resources.conftest import MONTH_FILE, parquet_bytes


def test_a_long_download_writes_a_line_after_two_seconds_and_then_every_five() -> None:
    lines: list[str] = []
    seconds = iter(range(100))
    now = 0.0

    def clock() -> float:
        return now

    with DownloadProgress("month.parquet", lines.append, clock) as progress:
        for second in seconds:
            now = second / 4  # a quarter of a second per megabyte
            progress.show(second * 1_000_000, 100_000_000)

    assert lines[:3] == [
        "month.parquet: 8.0 of 100.0 MB after 2 s",
        "month.parquet: 28.0 of 100.0 MB after 7 s",
        "month.parquet: 48.0 of 100.0 MB after 12 s",
    ]
    assert len(lines) == 5


def test_a_download_of_unknown_size_tells_what_has_arrived() -> None:
    lines: list[str] = []
    times = iter([0.0, 3.0, 3.0, 3.0])

    with DownloadProgress("month.parquet", lines.append, lambda: next(times)) as progress:
        progress.show(1_500_000, None)

    assert lines == ["month.parquet: 1.5 MB after 3 s"]


def test_a_short_download_is_silent(source: TlcSource, cdn: Cdn, tmp_path: Path) -> None:
    lines: list[str] = []
    cdn.publish(MONTH_FILE, parquet_bytes(1000))

    source.fetch(MONTH_FILE, tmp_path / "month.parquet", log=lines.append)

    assert lines == []


def test_a_terminal_shows_a_bar_instead_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    lines: list[str] = []
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(theirs, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)

        with DownloadProgress("month.parquet", lines.append) as progress:
            progress.show(5_000_000, 10_000_000)

        shown = os.read(ours, 1 << 16).decode()
    os.close(ours)

    assert "month.parquet" in shown
    assert lines == []
