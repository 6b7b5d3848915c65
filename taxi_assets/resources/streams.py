"""Work on a stream of batches with more than one core, in order and in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from tempfile import TemporaryFile
from typing import TypeVar

import pyarrow as pa

In = TypeVar("In")
Out = TypeVar("Out")
WORKERS = 2


def pooled(work: Callable[[In], Out], items: Iterable[In], workers: int = WORKERS) -> Iterator[Out]:
    """Apply `work` to each item on threads and yield the results in the items' order.

    At most `workers` results wait at a time, so memory does not grow with the stream. Arrow and
    numpy let go of Python's lock while they compute, which is what makes threads worth it; the
    consumer works meanwhile too.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Out]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Spool:
    """Batches put aside on disk until they are wanted: a second stream out of one pass."""

    def __init__(self) -> None:
        self._file = TemporaryFile()
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, batch: pa.RecordBatch) -> None:
        """Put a batch aside; all batches of a spool have one schema."""
        if self._writer is None:
            self._writer = pa.ipc.new_stream(self._file, batch.schema)
        self._writer.write_batch(batch)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All batches in order; nothing can be put aside afterwards."""
        if self._writer is not None:
            self._writer.close()
            self._file.seek(0)
            yield from pa.ipc.open_stream(self._file)
