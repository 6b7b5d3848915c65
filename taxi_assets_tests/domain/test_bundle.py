"""A bundle is what was saved, to the byte, or it is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxi_assets.domain.bundle import FILES, load, save
from taxi_assets.domain.errors import BundleError, RegistryError
from taxi_assets.domain.features import FEATURES, build_features, places
from taxi_assets.domain.history import route_history
from taxi_assets.domain.model import Trained
from taxi_assets.domain.schemas import ZONES
from taxi_assets_tests.builders import NOON, canonical_trips, month_of_trips, square_city

HISTORY = route_history([canonical_trips(pickup_zone=[74, 75], dropoff_zone=[75, 74])])
PROVENANCE = {"fleet": "green", "month": "2025-03", "code_version": "abc"}


def zones_table() -> pa.Table:
    return pa.Table.from_pandas(square_city()[ZONES.arrow.names], ZONES.arrow)


@pytest.fixture
def folder(tmp_path: Path, trained: Trained) -> Path:
    """A bundle as saved."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    save(folder, trained, zones_table(), HISTORY, PROVENANCE)
    return folder


def rewrite_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_a_bundle_loads_as_it_was_saved(folder: Path, trained: Trained) -> None:
    bundle = load(folder)

    assert bundle.model_text == trained.model_text
    assert bundle.linear == trained.linear
    assert bundle.global_median_usd == trained.global_median_usd
    assert bundle.history.equals(HISTORY)
    assert bundle.zones.equals(zones_table().to_pandas())


def test_a_bundle_predicts_as_the_model_did_when_it_was_trained(
    folder: Path, trained: Trained
) -> None:
    features = month_of_trips("2025-03", 1500, 3).features
    expected = lgb.Booster(model_str=trained.model_text).predict(features)

    bundle = load(folder)

    np.testing.assert_array_equal(bundle.predict(features), expected)
    np.testing.assert_array_equal(bundle.predict(features[:1]), expected[:1])


def test_a_quote_is_the_prediction_for_the_features_that_training_would_build(
    folder: Path,
) -> None:
    bundle = load(folder)
    trips = (
        np.array([74, 132]),
        np.array([75, 1]),
        np.array([NOON, NOON], "datetime64[us]"),
        np.array([1.0, np.nan]),
    )

    quotes = bundle.quote(*trips)

    features = build_features(*trips, places(square_city(), HISTORY))
    np.testing.assert_array_equal(quotes, bundle.predict(features))
    assert quotes.dtype == np.float64


def test_the_manifest_says_what_the_model_is_made_of_and_from(
    folder: Path, trained: Trained
) -> None:
    manifest = load(folder).manifest

    assert PROVENANCE.items() <= manifest.items()
    assert manifest["features"] == list(FEATURES)
    assert manifest["rounds"] == trained.rounds
    assert manifest["training_rows"] == trained.rows
    assert manifest["parameters"] == trained.parameters
    assert set(manifest["files"]) == set(FILES)


def save_to(folder: Path, trained: Trained, **other: Any) -> str:
    folder.mkdir()
    told = {"zones": zones_table(), "history": HISTORY, "provenance": PROVENANCE} | other
    return save(folder, trained, told["zones"], told["history"], told["provenance"])


def test_the_same_model_has_the_same_identity_wherever_it_came_from(
    tmp_path: Path, trained: Trained
) -> None:
    one = save_to(tmp_path / "one", trained)
    two = save_to(tmp_path / "two", trained, provenance={"fleet": "green", "code_version": "def"})

    assert one == two == load(tmp_path / "one").manifest["identity"]


def test_whatever_can_change_an_answer_changes_the_identity(
    tmp_path: Path, trained: Trained
) -> None:
    zones = zones_table()
    moved = zones.set_column(4, "x_mi", pa.array(np.asarray(zones["x_mi"]) + 0.1))
    dearer = replace(trained, global_median_usd=trained.global_median_usd + 0.01)

    identities = [
        save_to(tmp_path / "as it was", trained),
        save_to(tmp_path / "zones moved", trained, zones=moved),
        save_to(tmp_path / "without a past", trained, history=route_history([])),
        save_to(tmp_path / "another baseline", dearer),
    ]

    assert len(set(identities)) == 4


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_noticed_and_its_file_named(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(BundleError, match=f"^{name} of the model bundle changed since"):
        load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_noticed(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(BundleError, match=r"should hold .*log the model again"):
        load(folder)


def test_an_extra_file_is_noticed_and_named(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"surprise")

    with pytest.raises(BundleError, match=r"holds .*'model\.pkl'.* but should hold"):
        load(folder)


def test_a_file_that_is_listed_but_does_not_belong_is_noticed(folder: Path) -> None:
    (folder / "extra.txt").write_text("", encoding="utf-8")
    rewrite_manifest(folder, lambda manifest: manifest["files"].update({"extra.txt": "0" * 64}))

    with pytest.raises(BundleError, match=r"extra\.txt"):
        load(folder)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda m: m.update(features=[*FEATURES][:-1]), id="fewer features"),
        pytest.param(lambda m: m.update(features=[*FEATURES][::-1]), id="another order"),
        pytest.param(lambda m: m.update(format=2), id="another format"),
    ],
)
def test_a_bundle_of_other_feature_code_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    rewrite_manifest(folder, change)

    with pytest.raises(BundleError, match="made by other feature code"):
        load(folder)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"{}", id="no files"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="nothing"),
        pytest.param(b'{"files": null}', id="files of nothing"),
        pytest.param(json.dumps({"files": FILES}).encode(), id="files without digests"),
    ],
)
def test_an_unreadable_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)

    with pytest.raises(BundleError, match=r"bundle has no readable manifest\.json"):
        load(folder)


@pytest.mark.parametrize("key", ["features", "format", "identity"])
def test_a_manifest_without_a_key_that_counts_is_refused(folder: Path, key: str) -> None:
    rewrite_manifest(folder, lambda manifest: manifest.pop(key))

    with pytest.raises(BundleError):
        load(folder)


def test_an_identity_that_is_not_that_of_the_files_is_refused(folder: Path) -> None:
    rewrite_manifest(folder, lambda manifest: manifest.update(identity="0" * 64))

    with pytest.raises(BundleError):
        load(folder)


def test_a_folder_without_a_manifest_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="has no readable"):
        load(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="nowhere has no readable"):
        load(tmp_path / "nowhere")


def test_the_tables_of_a_bundle_are_plain_parquet(folder: Path) -> None:
    assert pq.read_table(folder / "zones.parquet").num_rows == 263
    assert pq.read_table(folder / "route_history.parquet").equals(HISTORY)
