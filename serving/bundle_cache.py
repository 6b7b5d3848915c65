"""Verified bundles on this machine's disk, from which the service starts when its source is away.

<root>/<fleet>/current.json       what was served last, by alias
<root>/<fleet>/<identity>/        a bundle's files
<root>/<fleet>/.incoming-…/       one that is being fetched
<root>/<fleet>/.vouched-…         lignum of that version reads that bundle as LightGBM does
"""

import contextlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from serving.models import ARMS, Wanted, load_warm
from serving.quick_trees import QuickPredictor, vouch
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.errors import BundleError, RegistryError

CURRENT = "current.json"
INCOMING, VOUCHED = ".incoming-", ".vouched-"
SPARE = 2  # bundles kept beside those in use: a rollback then needs no download
ABANDONED_S = 3600


class BundleCache:
    """Bundles by fleet and identity; several processes may share one."""

    def __init__(self, root: Path, *, quick: bool = True) -> None:
        """Keep bundles below `root`, which is made when it is first written to.

        Args:
            root: folder.
            quick: whether lignum reads the trees of models, else LightGBM.
        """
        self._root, self._quick = root.expanduser(), quick

    def remembered(self, fleet: str) -> dict[str, Wanted]:
        """What was served last, by alias; empty where nothing readable tells."""
        try:
            told = json.loads((self._root / fleet / CURRENT).read_bytes())
            return {alias: Wanted(**told[alias]) for alias in ARMS if alias in told}
        except (OSError, ValueError, TypeError, RegistryError):
            return {}

    def remember(self, fleet: str, served: Mapping[str, Wanted]) -> None:
        """Note what is served now, in one step."""
        told = {alias: asdict(wanted) for alias, wanted in served.items()}
        folder = self._root / fleet
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f"{INCOMING}{uuid.uuid4().hex}.json"
        aside.write_text(json.dumps(told, indent=1), encoding="utf-8")
        aside.replace(folder / CURRENT)

    def load(self, fleet: str, identity: str) -> Bundle | None:
        """A bundle that is here and whole, warm; one that is not whole is thrown away."""
        folder = self._root / fleet / identity
        if not folder.is_dir():
            return None
        try:
            found = load_warm(folder, identity, quick=self._quick)
            self._vouch(fleet, identity, found)
        except (BundleError, OSError):
            shutil.rmtree(folder, ignore_errors=True)  # another process may be quicker
            return None
        with contextlib.suppress(OSError):  # a cache that may only be read serves as well
            os.utime(folder)  # the last used are the last to be pruned
        return found

    def obtain(self, fleet: str, wanted: Wanted, fetch: Callable[[Wanted, Path], None]) -> Bundle:
        """A bundle, warm: from here, or fetched, verified and kept.

        Raises:
            BundleError: what was fetched cannot be used; nothing of it is kept.
            RegistryUnreachable: it cannot be fetched now.
            OSError: the disk does not take it.
        """
        found = self.load(fleet, wanted.identity)
        if found is not None:
            return found
        folder = self._root / fleet / wanted.identity
        aside = folder.with_name(f"{INCOMING}{uuid.uuid4().hex}")
        aside.mkdir(parents=True)
        try:
            fetch(wanted, aside)
            found = load_warm(aside, wanted.identity, quick=self._quick)
            self._vouch(fleet, wanted.identity, found)
            if not folder.exists():  # else another process was quicker, with the same files
                aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)  # gone already where it was renamed
        return found

    def _vouch(self, fleet: str, identity: str, found: Bundle) -> None:
        """Compare lignum with LightGBM, once for each bundle and version of lignum.

        Raises:
            BundleError: they differ.
        """
        mark = self._root / fleet / f"{VOUCHED}{identity}-{version('pylignum')}"
        if isinstance(found.predictor, QuickPredictor) and not mark.exists():
            vouch(found.predictor)
            with contextlib.suppress(OSError):  # a cache that may only be read serves as well
                mark.touch()

    def prune(self, fleet: str, used: Iterable[str]) -> None:
        """Remove all bundles but those in use and the `SPARE` used last, and what was abandoned."""
        keep = {CURRENT, *used}
        now = time.time()
        entries = list((self._root / fleet).iterdir())
        marks = [entry for entry in entries if entry.name.startswith(VOUCHED)]
        seen = [(entry.stat().st_mtime, entry) for entry in entries if entry not in marks]
        arriving = [pair for pair in seen if pair[1].name.startswith(INCOMING)]
        others = sorted(pair for pair in seen if pair not in arriving and pair[1].name not in keep)
        late = [entry for changed, entry in arriving if now - changed > ABANDONED_S]
        gone = [entry for _, entry in others[:-SPARE]]
        names = {entry.name for entry in gone}
        idle = [mark for mark in marks if _bundle_of(mark) in names]
        for entry in [*late, *gone, *idle]:
            _remove(entry)


def _bundle_of(mark: Path) -> str:
    """The identity of the bundle that a mark vouches for."""
    return mark.name.removeprefix(VOUCHED).partition("-")[0]


def _remove(entry: Path) -> None:
    """Remove a file or folder that another process may be removing as well."""
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)
