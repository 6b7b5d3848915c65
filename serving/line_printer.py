"""JSON lines on stdout, printed by a thread of its own.

Whoever reads them slowly, or not at all, costs lines and never a file of the log.
"""

import sys
import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

from serving.log_records import Piece, lines_of

CHUNK_ROWS = 100  # put into words at a time: under a millisecond
REST_S = 0.001  # between chunks, for whoever waits for Python's lock


class LinePrinter:
    """Prints what it is given, in order.

    Attributes:
        printed: lines.
        failed: lines that could not be printed, or for which there was no room.
    """

    def __init__(self, capacity: int, tell: Callable[[str], None]) -> None:
        """Let `capacity` lines wait; beyond them the oldest are dropped. `tell` hears why."""
        self.printed = self.failed = 0
        self._tell, self._told_last = tell, ""
        self._capacity = capacity
        self._waiting: deque[tuple[Piece | bytes, int]] = deque()
        self._lines = 0
        self._changed = Condition()
        self._stopping = False
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to print."""
        self._thread = Thread(target=self._run, name="json-lines", daemon=True)
        self._thread.start()

    def put(self, what: Piece | bytes, count: int) -> None:
        """Take records, or so many lines that are written already; never waits for the reader."""
        with self._changed:
            self._waiting.append((what, count))
            self._lines += count
            while self._lines > self._capacity and len(self._waiting) > 1:
                self._fail(self._take()[1], "nobody reads them fast enough")
            self._changed.notify()

    def stop(self, within_s: float) -> None:
        """Print what waits, and give up on what cannot be printed in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(within_s)
        with self._changed:
            while self._waiting:
                self._fail(self._take()[1], "the service stopped before they were read")

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if not self._waiting:
                    return
                what, count = self._take()
            if isinstance(what, bytes):
                self._print(what, count)
                continue
            for part in what.parts(CHUNK_ROWS):
                self._print(lines_of(part), len(part))
                time.sleep(REST_S)

    def _take(self) -> tuple[Piece | bytes, int]:
        """The oldest; for who holds the lock."""
        taken = self._waiting.popleft()
        self._lines -= taken[1]
        return taken

    def _print(self, lines: bytes, count: int) -> None:
        try:
            sys.stdout.buffer.write(lines)
            sys.stdout.buffer.flush()
            self.printed += count
        except (OSError, ValueError) as error:  # a full disk or a reader that is gone, or closed
            self._fail(count, str(error))

    def _fail(self, count: int, why: str) -> None:
        self.failed += count
        if why != self._told_last:  # once: the counter says how many
            self._tell(f"{count} lines were not printed: {why}")
        self._told_last = why
