"""Bundles as the service finds them: in folders named by fleet, whole or touched."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from serving.models import Wanted
from taxi_assets_tests.models import save_model


@cache
def made(seed: int) -> Path:
    """A bundle that nobody may change, made once."""
    return save_model(Path(mkdtemp(prefix="taxi-bundle-")) / "bundle", seed)


def identity(seed: int) -> str:
    """Of that bundle."""
    return str(json.loads((made(seed) / "manifest.json").read_text(encoding="utf-8"))["identity"])


def publish(
    root: Path, seed: int, folder: str = "green", spoil: Callable[[Path], object] | None = None
) -> Path:
    """Put a bundle in a root of bundles, whole or spoilt, in place of an earlier one."""
    target, aside = root / folder, root / ".aside"
    shutil.copytree(made(seed), aside / "new")
    if spoil:
        spoil(aside / "new")
    if target.exists():
        target.rename(aside / "old")
    (aside / "new").rename(target)
    shutil.rmtree(aside)
    return target


def wanted(seed: int, place: Path, version: str = "1") -> Wanted:
    """A version of that bundle."""
    return Wanted("taxi-fare-green", version, "2025-03", identity(seed), place=str(place))
