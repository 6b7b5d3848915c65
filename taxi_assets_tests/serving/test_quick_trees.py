"""Trees read by lignum say what LightGBM says, to the last bit, or are refused."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from serving import bundle_cache
from serving.bundle_cache import BundleCache
from serving.models import load_warm
from serving.quick_trees import QuickPredictor, vouch
from taxi_assets.domain import bundle
from taxi_assets.domain.errors import BundleError
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import Predictor
from taxi_assets_tests.model_roots import identity, made, wanted


@pytest.fixture(scope="module")
def plain() -> Predictor:
    return bundle.load(made(1)).predictor


@pytest.fixture(scope="module")
def quick(plain: Predictor) -> QuickPredictor:
    return QuickPredictor.of(made(1), plain)


def assert_the_same(quick: QuickPredictor, plain: Predictor, features: np.ndarray) -> None:
    ours, theirs = quick.predict(features), plain.predict(features)
    for answer in ("fare_usd", "low_usd", "high_usd", "ride_min"):
        np.testing.assert_array_equal(getattr(ours, answer), getattr(theirs, answer))


@hypothesis_settings(max_examples=100, deadline=None)
@given(
    features=arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 20), st.just(len(FEATURES))),
        elements=st.floats(width=32),  # also those that are no numbers, and infinite ones
    )
)
def test_answers_are_lightgbms_whatever_the_features(
    quick: QuickPredictor, plain: Predictor, features: np.ndarray
) -> None:
    assert_the_same(quick, plain, features)


def test_answers_are_lightgbms_on_every_threshold_and_beside_it(
    quick: QuickPredictor, plain: Predictor
) -> None:
    lines = re.findall(r"^threshold=(.+)$", "\n".join(plain.texts.values()), re.MULTILINE)
    on = np.unique([float(text) for line in lines for text in line.split()])
    values = np.concatenate([on, np.nextafter(on, np.inf), np.nextafter(on, -np.inf)])

    for column in range(len(FEATURES)):
        features = np.zeros((len(values), len(FEATURES)))
        features[:, column] = values
        assert_the_same(quick, plain, features)


def test_one_row_equals_the_batch(quick: QuickPredictor) -> None:
    rng = np.random.default_rng(5)
    features = np.asfortranarray(rng.normal(0, 40, (3_000, len(FEATURES))).astype(np.float32))

    batch = quick.predict(features).fare_usd
    ones = [quick.predict(features[[row]]).fare_usd[0] for row in range(0, 3_000, 100)]

    np.testing.assert_array_equal(batch[::100], ones)


def test_trees_that_are_read_otherwise_than_by_lightgbm_are_refused(
    quick: QuickPredictor, plain: Predictor
) -> None:
    mistaken = QuickPredictor(
        plain.texts, plain.offset, {**quick.trees, "low": quick.trees["high"]}
    )

    vouch(quick)
    with pytest.raises(BundleError, match=r"trees of low .*SERVING_TREES=lightgbm"):
        vouch(mistaken)


def test_a_bundle_that_nobody_vouches_for_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: QuickPredictor) -> None:
        raise BundleError("lignum does not read it.")

    monkeypatch.setattr(bundle_cache, "vouch", refuse)
    cache = BundleCache(tmp_path)

    with pytest.raises(BundleError, match="does not read it"):
        cache.obtain("green", wanted(1, made(1)), lambda told, into: copy(told.place, into))

    assert not list((tmp_path / "green").iterdir())


def test_lightgbm_can_read_the_trees_instead(tmp_path: Path) -> None:
    cache = BundleCache(tmp_path, quick=False)

    found = cache.obtain("green", wanted(1, made(1)), lambda told, into: copy(told.place, into))

    assert type(found.predictor) is Predictor


def copy(place: str, into: Path) -> None:
    shutil.copytree(place, into, dirs_exist_ok=True)


def test_a_model_answers_before_lightgbm_is_imported() -> None:
    work = (
        "import sys; from pathlib import Path; from serving.models import load_warm\n"
        f"load_warm(Path({str(made(1))!r}), {identity(1)!r})\n"
        "sys.exit('lightgbm' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", work], check=False).returncode == 0
    assert isinstance(load_warm(made(1), identity(1)).predictor, QuickPredictor)
