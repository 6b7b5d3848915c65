"""A bundle becomes ready to answer, or is named for what it is."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from serving.models import Wanted, begin_importing, give_back_memory, load_warm
from taxi_assets.domain import bundle
from taxi_assets.domain.errors import BundleError, OutdatedBundle, RegistryError
from taxi_assets_tests.model_roots import identity, made
from taxi_assets_tests.models import change_a_byte

Change = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(made(1), tmp_path / "bundle"))


def rewrite(folder: Path, file: str, change: Callable[[dict[str, object]], object]) -> None:
    """Change a JSON file."""
    told = json.loads((folder / file).read_text(encoding="utf-8"))
    change(told)
    (folder / file).write_text(json.dumps(told), encoding="utf-8")


def test_a_whole_bundle_is_ready_and_quotes_as_it_was_saved(folder: Path) -> None:
    found = load_warm(folder, identity(1))

    assert {"known"} <= vars(found).keys()  # laid out already: the first rider does not wait
    ride = (np.array([74]), np.array([75]), np.array(["2025-03-14T08:30"], "M8[us]"), np.ones(1))
    assert found.quote(*ride).fare_usd == bundle.load(made(1)).quote(*ride).fare_usd


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda f: change_a_byte(f / "fare.txt"), BundleError, "fare.txt of the model bundle"),
        (lambda f: (f / "low.txt").write_bytes(b""), BundleError, "low.txt of the model bundle"),
        (lambda f: (f / "zones.parquet").unlink(), BundleError, "but should hold"),
        (lambda f: (f / "manifest.json").write_text('{"for'), BundleError, "no readable manifest"),
        (lambda f: (f / "manifest.json").write_text("[]"), BundleError, "no readable manifest"),
        (
            lambda f: rewrite(f, "manifest.json", lambda told: told.update(format=1)),
            OutdatedBundle,
            "made by other feature code",
        ),
    ],
    ids=["a bit", "half written", "a file missing", "half a manifest", "no manifest", "outdated"],
)
def test_a_bundle_that_is_not_whole_is_refused(
    folder: Path, change: Change, kind: type[BundleError], message: str
) -> None:
    change(folder)

    with pytest.raises(kind, match=message):
        load_warm(folder, identity(1))


def test_another_model_than_was_registered_is_refused(folder: Path) -> None:
    with pytest.raises(BundleError, match="another model than was registered"):
        load_warm(folder, identity(3))


def resigned(folder: Path, file: str, content: bytes) -> str:
    """Put a file of other content in a bundle and sign it anew; the new identity."""
    (folder / file).write_bytes(content)
    files = {name: bundle._sha256(folder / name) for name in bundle.FILES}  # noqa: SLF001
    signed = bundle._identity(files)  # noqa: SLF001
    rewrite(folder, "manifest.json", lambda told: told.update(files=files, identity=signed))
    return signed


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("fare.txt", b"no trees"),
        ("fare.txt", b"\xff\xfe"),
        ("answers.json", b"{}"),
        ("answers.json", b"7"),
        ("zones.parquet", b"no Parquet"),
        ("route_history.parquet", made(1).joinpath("hour_history.parquet").read_bytes()),
    ],
)
def test_a_bundle_signed_with_the_wrong_content_is_refused(
    folder: Path, file: str, content: bytes
) -> None:
    signed = resigned(folder, file, content)

    with pytest.raises(BundleError, match="It cannot quote a ride"):
        load_warm(folder, signed)


@pytest.mark.parametrize("tag", ["", "abc", "../../etc", "G" * 64, "a" * 65])
def test_an_identity_that_is_none_is_refused_before_it_names_a_folder(tag: str) -> None:
    with pytest.raises(RegistryError, match="taxi-fare-green version 7 carries no identity"):
        Wanted("taxi-fare-green", "7", "2025-03", tag)


def test_lightgbm_is_imported_aside_and_memory_given_back_without_harm() -> None:
    thread = begin_importing()

    thread.join(60)
    give_back_memory()

    assert not thread.is_alive()
    assert load_warm(made(1), identity(1)).manifest["identity"] == identity(1)
