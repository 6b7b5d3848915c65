"""Sources that a test holds back or breaks, and a root of bundles with who watches it."""

import threading
from collections.abc import Mapping
from pathlib import Path

from serving.bundle_cache import VOUCHED, BundleCache
from serving.models import Wanted
from serving.sources import BundleRoot
from serving.standing import Standing, Watch
from taxi_assets.domain.errors import RegistryUnreachable


class Source(BundleRoot):
    """A folder of bundles that counts, and can be away."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root), None)
        self.fetched: list[str] = []
        self.away: str | None = None
        self.told: dict[str, Wanted] = {}

    def wanted(self, fleet: str) -> Mapping[str, Wanted]:
        if self.away == "wanted":
            raise RegistryUnreachable("It is away.")
        return self.told or super().wanted(fleet)

    def fetch(self, wanted: Wanted, into: Path) -> None:
        self.fetched.append(wanted.identity)
        if self.away == "fetch":
            raise RegistryUnreachable("It went away.")
        super().fetch(wanted, into)


class Place:
    """A root of bundles, a cache, and who watches, at a time of the test's choosing."""

    def __init__(self, folder: Path) -> None:
        self.root, self.cache = folder / "root", folder / "cache"
        self.root.mkdir()
        self.source = Source(self.root)
        self.now = 0.0
        self.watch = Watch(self.source, BundleCache(self.cache), 60.0, lambda: self.now)

    def look(self, before: Standing | None = None) -> Standing:
        return self.watch.look("green", before or Standing())

    def kept(self) -> set[str]:
        names = {entry.name for entry in (self.cache / "green").iterdir()}
        return {name for name in names if not name.startswith(VOUCHED)}


class Stuck(BundleRoot):
    """A source that does not come back before it is told to."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root), None)
        self.asked, self.go_on = threading.Event(), threading.Event()

    def wanted(self, fleet: str) -> Mapping[str, Wanted]:
        self.asked.set()
        self.go_on.wait()
        return super().wanted(fleet)

    def close(self) -> None:
        self.go_on.set()


class Broken(BundleRoot):
    """A source that fails once as nobody foresaw."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root), None)
        self.failed = False

    def wanted(self, fleet: str) -> Mapping[str, Wanted]:
        if not self.failed:
            self.failed = True
            raise ZeroDivisionError("nobody foresaw this")
        return super().wanted(fleet)
