"""How far a download is: a bar on a terminal, now and then a line in a log."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

FIRST_LINE_S = 2.0
NEXT_LINE_S = 5.0


class DownloadProgress:
    """Shows one download; a context manager, because a bar must be taken down again.

    Args:
        name: what is downloaded, for people.
        log: takes the lines when stderr is no terminal; None for silence.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        name: str,
        log: Callable[[str], None] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._log = log
        self._clock = clock
        self._started_s = clock()
        self._next_line_s = self._started_s + FIRST_LINE_S
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            # Only a person at a terminal needs rich.
            from rich.console import Console
            from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

            self._bar = Progress(
                *Progress.get_default_columns(),
                DownloadColumn(),
                TransferSpeedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(self._name, total=None)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, received_bytes: int, size_bytes: int | None) -> None:
        """Tell that `received_bytes` of `size_bytes` are here; cheap enough for every chunk."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=received_bytes, total=size_bytes)
        elif self._log is not None and self._clock() >= self._next_line_s:
            self._next_line_s = self._clock() + NEXT_LINE_S
            self._log(self._line(received_bytes, size_bytes))

    def _line(self, received_bytes: int, size_bytes: int | None) -> str:
        elapsed_s = self._clock() - self._started_s
        of = f" of {size_bytes / 1e6:.1f}" if size_bytes else ""
        return f"{self._name}: {received_bytes / 1e6:.1f}{of} MB after {elapsed_s:.0f} s"
