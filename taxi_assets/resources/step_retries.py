"""Which faults a step is tried again for: those of a network, never those of data.

A source, a lake or a registry that does not answer may do so in a minute; a broken file, unusable
rows or a setting that makes no sense will be the same. So this is no retry policy of Dagster's,
which would try anything again: a step asks for another try itself, by kind of fault.

Every asset, check and IO manager goes through here; none has code of its own for it.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from taxi_assets.domain.errors import LakeUnreachable, RegistryUnreachable, SourceUnreachable

NETWORK_FAULTS = (SourceUnreachable, LakeUnreachable, RegistryUnreachable)
POLICY = dg.RetryPolicy(
    max_retries=3, delay=20, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
STARTED_BY = "taxi/started-by"  # runs of the command line, where a person waits for an answer


@contextmanager
def retrying(attempt: int, tags: Mapping[str, str]) -> Iterator[None]:
    """Turn a network fault into a request for another try, later each time.

    Args:
        attempt: how often the step was tried before.
        tags: the run's; one of the command line is not tried again, but told at once.
    """
    try:
        yield
    except NETWORK_FAULTS as error:
        if STARTED_BY in tags:
            raise
        raise dg.RetryRequested(
            max_retries=POLICY.max_retries, seconds_to_wait=POLICY.calculate_delay(attempt + 1)
        ) from error


def retried(step: Callable[..., Any]) -> Callable[..., Any]:
    """The body of an asset or check, whose network faults are tried again."""
    if inspect.isgeneratorfunction(step):

        @functools.wraps(step)
        def events(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with _retrying_here():
                yield from step(*args, **kwargs)

        return events

    @functools.wraps(step)
    def value(*args: Any, **kwargs: Any) -> Any:
        with _retrying_here():
            return step(*args, **kwargs)

    return value


@contextmanager
def _retrying_here() -> Iterator[None]:
    context = dg.OpExecutionContext.get()
    with retrying(context.retry_number, context.run.tags):
        yield
