"""A model that answers, a model that should, and how a bundle becomes ready to answer."""

import atexit
import ctypes
import gc
import os
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from serving.quick_trees import QuickPredictor
from taxi_assets.domain import bundle
from taxi_assets.domain.errors import BundleError, RegistryError, TaxiError

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
ARMS = (CHAMPION, CHALLENGER)
HEX = frozenset("0123456789abcdef")
SHA256_DIGITS = 64
M_ARENA_MAX = -8  # glibc's malloc.h
# what files of the wrong content make of the code that reads them
UNUSABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)


class NotReady(TaxiError):
    """There is no model to answer with yet."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a source says should answer.

    Attributes:
        name: registered model, `taxi-fare-green`.
        version: its version; the beginning of the identity where the source counts none.
        month: the month it was tested on, `2025-03`.
        identity: SHA-256 of everything that can change an answer.
        withheld: why it may not answer riders, None where nobody objects.
        place: where the source keeps its bundle, in the source's own words.
    """

    name: str
    version: str
    month: str
    identity: str
    withheld: str | None = None
    place: str = ""

    def __post_init__(self) -> None:
        """Refuse an identity that is none: it also names a folder.

        Raises:
            RegistryError: it is no SHA-256.
        """
        if len(self.identity) != SHA256_DIGITS or set(self.identity) - HEX:
            raise RegistryError(
                f"{self.title} carries no identity to verify it by: run its month again."
            )

    @property
    def title(self) -> str:
        """The version, for people."""
        return f"{self.name} version {self.version}"


@dataclass(frozen=True)
class Served:
    """A verified model that is ready to answer.

    Attributes:
        fleet: fleet name.
        name: registered model, `taxi-fare-green`.
        version: its version.
        month: the month it was tested on, `2025-03`.
        identity: SHA-256 of everything that can change an answer.
        bundle: the model, warm.
        loaded_at: when it was loaded, UTC.
        alias: `champion` or `challenger`.
        withheld: why it may not answer riders (a gate rejected it, or a person rolled back from
            it), None where nobody objects; it may score in the shadow.
        from_cache: whether it was read from the cache when the service started, and the source has
            not confirmed it since.
    """

    fleet: str
    name: str
    version: str
    month: str
    identity: str
    bundle: bundle.Bundle
    loaded_at: datetime
    alias: str
    withheld: str | None = None
    from_cache: bool = False

    @property
    def title(self) -> str:
        """The version, for people."""
        return f"{self.name} version {self.version}"


def begin_importing() -> threading.Thread:
    """Import LightGBM aside: it takes seconds, and explanations and new models need it.

    Its threads sleep while they wait for each other: spinning, they would hold the core that the
    event loop needs. OpenMP reads this when LightGBM is first imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    thread = threading.Thread(target=_import, name="import", daemon=True)
    thread.start()
    return thread


def _import() -> None:
    import lightgbm  # noqa: F401 - for those who need it later

    # What is there now stays for good. Searching it for garbage would hold every request for a
    # tenth of a second, again and again.
    gc.freeze()
    atexit.register(gc.unfreeze)


def load_warm(folder: Path, identity: str, *, quick: bool = True) -> bundle.Bundle:
    """Read a bundle, verify it, and answer one ride with it so that the first rider need not wait.

    Args:
        folder: the bundle's files.
        identity: what its source says it is.
        quick: whether lignum reads its trees, else LightGBM.

    Raises:
        OutdatedBundle: it was made by other feature code.
        BundleError: it is incomplete, changed, another model's, or cannot answer.
    """
    try:
        found = bundle.load(folder)
        if found.manifest["identity"] != identity:
            raise BundleError("It holds another model than was registered: log it again.")
        if quick:
            found = replace(found, predictor=QuickPredictor.of(folder, found.predictor))
        quotes = found.quote(
            np.array([74]), np.array([138]), np.array(["2025-03-14T08:30"], "M8[us]"), np.ones(1)
        )
    except _unusable(quick) as error:
        raise BundleError(f"It cannot quote a ride: {error!r}.") from error
    if not np.isfinite([quotes.low_usd, quotes.fare_usd, quotes.high_usd, quotes.ride_min]).all():
        raise BundleError("It quotes no number for an ordinary ride: train it again.")
    return found


def _unusable(quick: bool) -> tuple[type[Exception], ...]:
    """`UNUSABLE`, and what whoever reads the trees raises beside it."""
    if quick:
        return (*UNUSABLE, RuntimeError)
    from lightgbm.basic import LightGBMError  # takes seconds to import

    return (*UNUSABLE, LightGBMError)


def keep_memory_together() -> None:
    """Let Arrow and all threads share one heap: each by itself keeps what it once had, 50 MB more.

    For the process's first moments, before there are threads.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    _glibc("mallopt", M_ARENA_MAX, 1)


def give_back_memory() -> None:
    """Return to the system what a model that left has freed: 60 MB after some dozen swaps."""
    pa.default_memory_pool().release_unused()
    _glibc("malloc_trim", 0)


def _glibc(function: str, *told: int) -> None:
    """Call a function that other C libraries do not have."""
    found = getattr(ctypes.CDLL(None), function, None)
    if found is not None:
        found(*told)
