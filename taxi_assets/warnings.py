"""Dagster's warnings about features it may still change: known, pinned and tested here."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg


@contextmanager
def preview_accepted() -> Iterator[None]:
    """Use a preview or beta feature of Dagster without a line of warning for each use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        yield
