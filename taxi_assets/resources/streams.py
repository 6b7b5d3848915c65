"""Work on a stream of batches with more than one core, in order and in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

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
