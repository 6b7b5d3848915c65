"""The trees of a model, read by lignum: LightGBM's answers to the last bit in a fifth of its time.

LightGBM walks all trees with one ride, then with the next, and waits for the memory that they lie
in; importing it takes seconds as well. It still explains quotes, and vouches for each new model:
see `vouch`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lignum
import numpy as np

from taxi_assets.domain.errors import BundleError
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import Numbers, Predictor, Quotes
from taxi_assets.domain.places import FloatArray

TRIED = 1_000  # rows that `vouch` compares
SEED = 20_250_314


@dataclass(frozen=True)
class QuickPredictor(Predictor):
    """A `Predictor` whose quotes are read off lignum's trees.

    Attributes:
        trees: lignum's models, by head.
    """

    trees: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path, known: Predictor) -> "QuickPredictor":
        """The same model, its trees read from the files of a bundle.

        Raises:
            ValueError, RuntimeError: they hold no trees.
        """
        trees = {head: lignum.load(str(folder / f"{head}.txt")) for head in known.texts}
        return cls(known.texts, known.offset, trees)

    def predict(self, features: FloatArray) -> Quotes:
        """Answers for (n, 40) features, in the layout that every head then reads as it is."""
        return super().predict(np.ascontiguousarray(features, np.float64))

    def raw(self, head: str, features: FloatArray) -> Numbers:
        """See `Predictor`; in the thread that asks, whatever its number of rides."""
        said: Numbers = self.trees[head].predict(features, n_jobs=1)
        return said


def vouch(quick: QuickPredictor) -> None:
    """Make sure that lignum and LightGBM say the same of rides all over the place.

    Raises:
        BundleError: of one ride they do not.
    """
    random = np.random.default_rng(SEED)
    # between all thresholds and beyond; a tenth of what can be unknown is
    features = random.normal(0.0, 10.0 ** random.uniform(-2, 4, (TRIED, len(FEATURES))))
    features[random.random(features.shape) < 0.1] = np.nan
    rows = features.astype(np.float32)
    for head in quick.texts:
        ours = quick.raw(head, np.ascontiguousarray(rows, np.float64))
        if not np.array_equal(ours, Predictor.raw(quick, head, rows)):
            raise BundleError(
                f"lignum does not read the trees of {head} as LightGBM does: serve with "
                "SERVING_TREES=lightgbm until it is mended."
            )
