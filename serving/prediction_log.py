"""The prediction log: every quote and outcome as Parquet files and JSON lines.

A request only puts a record into memory. A thread does the rest: it encodes records in chunks small
enough that no request waits for Python's lock, hands them to `LinePrinter`, and writes them to the
log's root as `<kind>/month=YYYY-MM/<UTC time>-<uuid>.parquet`, each file whole or not at all. While
the root is away, records wait in memory up to the capacity; beyond it the oldest are dropped, and
counted. A batch that failed is written anew, so that records may be there twice where a store took
a batch and failed to say so: readers count them once.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pyarrow as pa
from pyarrow import fs

from serving.files import clear_abandoned, open_filesystem, write_whole
from serving.line_printer import CHUNK_ROWS, REST_S, LinePrinter
from serving.log_queue import LogQueue
from serving.log_records import Piece, encode, parquet_file, pieces_of
from serving.settings import Settings

TICK_S = 0.1
BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0
STOP_S = 10.0
logger = logging.getLogger(__name__)


class PredictionLog:
    """The log of one process.

    Attributes:
        written: rows in Parquet files.
        refused: records that no log can hold: a fault of the caller of `put`.
        failed_batches: files that could not be written, each attempt counted.
        last_error: what went wrong last, empty when nothing ever did.
    """

    def __init__(self, settings: Settings) -> None:
        """Log as the settings say; nothing is opened before `start`."""
        self.written = self.refused = self.failed_batches = 0
        self.last_error = ""
        self._settings = settings
        self._queue = LogQueue(settings.log_capacity)
        self._printer = LinePrinter(settings.log_capacity, self._tell)
        self._stopping = Event()
        self._thread: Thread | None = None
        self._place: tuple[fs.FileSystem, str] | None = None
        self._backoff_s = 0.0
        self._next_flush = self._retry_at = 0.0
        self._deadline = float("inf")

    def put(self, record: Mapping[str, Any]) -> None:
        """Take a `QuoteRecord` or `OutcomeRecord`; the caller may no longer change it.

        Neither blocks nor raises: what is wrong with a record is found and counted later.
        """
        self._queue.put(record)  # type: ignore[arg-type]

    def put_rows(self, rows: pa.RecordBatch) -> None:
        """Take quotes in the columns of `QUOTE_LOG`: no record has to be made of each."""
        pieces = pieces_of(rows)
        self._queue.put_pieces(pieces)
        if self._settings.log_stdout:
            for piece in pieces:
                self._printer.put(piece, len(piece))

    @property
    def printed(self) -> int:
        """JSON lines that were printed."""
        return self._printer.printed

    @property
    def failed_lines(self) -> int:
        """JSON lines that were not."""
        return self._printer.failed

    @property
    def waiting(self) -> int:
        """Records in memory."""
        return len(self._queue)

    @property
    def dropped(self) -> int:
        """Records lost: there was no room, or no time at the end."""
        return self._queue.dropped

    def start(self) -> None:
        """Begin to write."""
        self._next_flush = time.monotonic() + self._settings.log_flush_s
        self._printer.start()
        self._thread = Thread(target=self._run, name="prediction-log", daemon=True)
        self._thread.start()

    def stop(self, within_s: float = STOP_S) -> None:
        """Write what there is, and give up on what cannot be written within so many seconds."""
        self._deadline = time.monotonic() + within_s
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(within_s)
        if self.waiting:
            why = self.last_error or "there was no time to write them"
            logger.error("%d records of the log are lost: %s", self.waiting, why)
        self._queue.abandon()
        self._printer.stop(max(self._deadline - time.monotonic(), 0.0))

    def _run(self) -> None:
        while not self._stopping.wait(TICK_S):
            self._turn()
        while True:
            self._encode_new()
            if self._flush() or time.monotonic() + BACKOFF_S > self._deadline:
                return
            time.sleep(BACKOFF_S)

    def _turn(self) -> None:
        self._encode_new()
        now = time.monotonic()
        full = self._queue.encoded_rows() >= self._settings.log_rows
        if now >= self._retry_at and (full or now >= self._next_flush):
            if self._flush(self._settings.log_rows if full else 0):
                self._next_flush = time.monotonic() + self._settings.log_flush_s

    def _encode_new(self) -> None:
        """Encode all that came, in chunks."""
        full = True
        while full and (records := self._queue.take_new(CHUNK_ROWS)):
            # what comes meanwhile waits: encoding a few at a time costs ten times as much
            full = len(records) == CHUNK_ROWS
            encoded = encode(records, lines=self._settings.log_stdout)
            self._queue.keep(encoded)
            if encoded.refused:
                self.refused += encoded.refused
                self._tell(f"{encoded.refused} records refused: {encoded.reason}")
            if encoded.lines:
                self._printer.put(encoded.lines, len(records) - encoded.refused)
            time.sleep(REST_S)

    def _flush(self, at_least: int = 1) -> bool:
        """Write batches while as many rows wait; whether nothing stood in the way."""
        while self._queue.encoded_rows() >= max(at_least, 1):
            pieces = self._queue.take_encoded(self._settings.log_rows)
            if not self._write(pieces):
                return False
        return True

    def _write(self, pieces: Sequence[Piece]) -> bool:
        """Write a batch as one file of each kind and month; give back what could not be."""
        left = list(pieces)
        for place, group in groupby(sorted(pieces, key=_place), key=_place):
            part = list(group)
            rows = sum(map(len, part))
            error = self._attempt(*place, part)
            if error is not None:
                self._queue.give_back(left)  # as old as they are, whatever their place
                self._put_off(f"{rows} rows of {' '.join(place)} were not written: {error}")
                return False
            left = [piece for piece in left if _place(piece) != place]
            self._queue.done(rows)
            self.written += rows if self._settings.log else 0
        if self._backoff_s:
            logger.info("The log is written again.")
        self._backoff_s = 0.0
        return True

    def _attempt(self, kind: str, month: str, pieces: Iterable[Piece]) -> Exception | None:
        """Write one file; what kept it from being written, if anything."""
        if not self._settings.log:
            return None
        name = f"{kind}/month={month}/{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex}.parquet"
        try:
            if self._place is None:
                self._place = self._open()
            write_whole(*self._place, name, parquet_file(list(pieces)))
        except Exception as error:  # whatever a store comes up with: the rows stay, and it is told
            return error
        return None

    def _open(self) -> tuple[fs.FileSystem, str]:
        filesystem, base = open_filesystem(self._settings.log, self._settings.s3_endpoint)
        if isinstance(filesystem, fs.LocalFileSystem):
            clear_abandoned(Path(base))
        return filesystem, base

    def _put_off(self, cause: str) -> None:
        """Leave the sink alone for a while, longer each time."""
        self.failed_batches += 1
        self._backoff_s = longer(self._backoff_s)
        self._retry_at = time.monotonic() + self._backoff_s
        self._tell(cause)

    def _tell(self, cause: str) -> None:
        self.last_error = cause.partition("\n")[0]
        logger.warning("%s", self.last_error)


def longer(backoff_s: float) -> float:
    """How long to leave a sink alone after it was left alone for so long in vain, seconds."""
    return min(max(2 * backoff_s, BACKOFF_S), LONGEST_BACKOFF_S)


def _place(piece: Piece) -> tuple[str, str]:
    return piece.kind, piece.month
