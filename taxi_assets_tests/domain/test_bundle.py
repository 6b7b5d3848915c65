"""A bundle is what was saved, to the byte, or it is refused."""

import json
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxi_assets.domain.bundle import FILES, FORMAT, TABLES, TEXTS, load, save
from taxi_assets.domain.errors import BundleError, RegistryError
from taxi_assets.domain.features import FEATURES, build_features
from taxi_assets.domain.heads import Predictor, Quotes
from taxi_assets.domain.model import Trained
from taxi_assets.domain.places import learn
from taxi_assets.domain.window import Window, out_of_fold
from taxi_assets_tests.builders import NOON, knowledge, rides, square_city

PAST = rides(pickup_zone=[74, 75], dropoff_zone=[75, 74])
KNOWN = knowledge(PAST)
NOTHING_KNOWN = knowledge(PAST.take(slice(0, 0)))
PROVENANCE = {"fleet": "green", "month": "2025-03", "code_version": "abc"}
RIDES = (
    np.array([74, 132]),
    np.array([75, 1]),
    np.array([NOON, NOON], "datetime64[us]"),
    np.array([1.0, np.nan]),
)


@pytest.fixture
def folder(tmp_path: Path, trained: Trained) -> Path:
    """A bundle as saved."""
    folder = tmp_path / "bundle"
    save(folder, trained, KNOWN, PROVENANCE)
    return folder


def rewrite_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_a_bundle_loads_as_it_was_saved(folder: Path, trained: Trained) -> None:
    bundle = load(folder)

    assert bundle.predictor == Predictor(trained.texts, trained.rehearsal.offset)
    assert bundle.level == trained.level
    assert bundle.linear == trained.linear
    assert bundle.global_median_usd == trained.global_median_usd
    assert bundle.routes.equals(KNOWN.routes)
    assert bundle.hours.equals(KNOWN.hours)
    assert bundle.zones.equals(KNOWN.zones.to_pandas())


def test_a_bundle_of_no_past_loads_as_it_was_saved(tmp_path: Path, trained: Trained) -> None:
    save(tmp_path, trained, NOTHING_KNOWN, PROVENANCE)

    bundle = load(tmp_path)

    assert bundle.routes.equals(NOTHING_KNOWN.routes)
    assert bundle.hours.equals(NOTHING_KNOWN.hours)
    assert np.isfinite(bundle.quote(*RIDES).fare_usd).all()


def assert_same(quotes: Quotes, others: Quotes) -> None:
    for field in fields(Quotes):
        np.testing.assert_array_equal(getattr(quotes, field.name), getattr(others, field.name))


def test_a_bundle_predicts_as_the_model_did_when_it_was_trained(
    folder: Path, trained: Trained, winter: Window
) -> None:
    features = out_of_fold(winter, square_city())
    predictor = Predictor(trained.texts, trained.rehearsal.offset)

    bundle = load(folder)

    assert_same(bundle.predict(features), predictor.predict(features))
    assert_same(bundle.predict(features[:1]), predictor.predict(features[:1]))


def test_a_quote_is_the_prediction_for_the_features_that_training_would_build(
    folder: Path,
) -> None:
    bundle = load(folder)

    quotes = bundle.quote(*RIDES)

    features = build_features(*RIDES, learn(square_city(), PAST))
    assert_same(quotes, bundle.predict(features))
    assert {getattr(quotes, field.name).dtype.name for field in fields(Quotes)} == {"float64"}


def test_the_manifest_says_what_the_model_is_made_of_and_from(
    folder: Path, trained: Trained
) -> None:
    manifest = load(folder).manifest

    assert PROVENANCE.items() <= manifest.items()
    assert manifest["features"] == list(FEATURES)
    assert manifest["format"] == FORMAT
    assert manifest["rehearsal"] == asdict(trained.rehearsal)
    assert manifest["training_rows"] == trained.rows
    assert manifest["parameters"] == trained.parameters
    assert set(manifest["files"]) == set(FILES)


def test_the_same_model_has_the_same_identity_wherever_it_came_from(
    tmp_path: Path, trained: Trained
) -> None:
    elsewhere = {"fleet": "green", "code_version": "def"}

    one = save(tmp_path / "one", trained, KNOWN, PROVENANCE)
    two = save(tmp_path / "two", trained, KNOWN, elsewhere)

    assert one == two == load(tmp_path / "one").manifest["identity"]


def test_whatever_can_change_an_answer_changes_the_identity(
    tmp_path: Path, trained: Trained
) -> None:
    x_mi = pa.array(np.asarray(KNOWN.zones["x_mi"]) + 0.1)
    moved = KNOWN.zones.set_column(KNOWN.zones.column_names.index("x_mi"), "x_mi", x_mi)
    wider = replace(trained.rehearsal, offset=trained.rehearsal.offset + 0.01)
    linear = replace(trained.linear, intercept_usd=trained.linear.intercept_usd + 0.01)
    made_of = [
        (trained, KNOWN),
        (trained, replace(KNOWN, zones=moved)),
        (trained, replace(KNOWN, routes=NOTHING_KNOWN.routes)),
        (trained, replace(KNOWN, hours=NOTHING_KNOWN.hours)),
        (replace(trained, rehearsal=wider), KNOWN),
        (replace(trained, level=0.9), KNOWN),
        (replace(trained, global_median_usd=trained.global_median_usd + 0.01), KNOWN),
        (replace(trained, linear=linear), KNOWN),
        *(
            (replace(trained, texts={**trained.texts, head: text + "\n"}), KNOWN)
            for head, text in trained.texts.items()
        ),
    ]

    identities = [
        save(tmp_path / str(number), model, known, PROVENANCE)
        for number, (model, known) in enumerate(made_of)
    ]

    assert len(set(identities)) == len(made_of)


def test_a_bundle_says_what_its_files_are() -> None:
    assert TEXTS == ("fare.txt", "low.txt", "high.txt", "ride_min.txt")
    assert {*TEXTS, *TABLES, "answers.json"} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_noticed_and_its_file_named(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()

    for place in (0, len(whole) // 2, len(whole) - 1):
        content = bytearray(whole)
        content[place] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(BundleError, match=f"^{name} of the model bundle changed since"):
            load(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b + b"\n", lambda _: b""], ids=["cut", "longer", "empty"]
)
def test_a_file_of_another_length_is_noticed(
    folder: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    (folder / name).write_bytes(change((folder / name).read_bytes()))

    with pytest.raises(BundleError, match=f"^{name} of the model bundle changed since"):
        load(folder)


def test_every_changed_file_is_named(folder: Path) -> None:
    for name in ("low.txt", "hour_history.parquet"):
        (folder / name).write_bytes(b"")

    with pytest.raises(BundleError, match=r"^low\.txt, hour_history\.parquet of the model bundle"):
        load(folder)


def swap_bounds(folder: Path) -> None:
    low, high = ((folder / name).read_bytes() for name in ("low.txt", "high.txt"))
    (folder / "low.txt").write_bytes(high)
    (folder / "high.txt").write_bytes(low)


def test_heads_that_were_swapped_are_noticed(folder: Path) -> None:
    swap_bounds(folder)

    with pytest.raises(BundleError, match=r"^low\.txt, high\.txt of the model bundle changed"):
        load(folder)


def test_heads_that_were_swapped_in_the_manifest_too_are_noticed(folder: Path) -> None:
    swap_bounds(folder)

    def swap(manifest: dict[str, Any]) -> None:
        files = manifest["files"]
        files["low.txt"], files["high.txt"] = files["high.txt"], files["low.txt"]

    rewrite_manifest(folder, swap)

    with pytest.raises(BundleError, match="identity in the manifest is not that of the files"):
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
        pytest.param(lambda m: m.update(format=FORMAT - 1), id="another format"),
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
    assert pq.read_table(folder / "route_history.parquet").equals(KNOWN.routes)
    assert pq.read_table(folder / "hour_history.parquet").equals(KNOWN.hours)
