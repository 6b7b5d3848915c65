"""How far a mean can be trusted when its numbers come in blocks that share their luck."""

import numpy as np
import numpy.typing as npt

RESAMPLES = 2_000
SEED = 20_240_131
CONFIDENCE = 0.95
MIN_BLOCKS = 24  # a resampling of fewer would say more than it knows


def bootstrap_interval(
    values: npt.NDArray[np.float64],
    blocks: npt.NDArray[np.int64],
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = SEED,
) -> tuple[float, float] | None:
    """Percentile interval of a mean, from months made up of the blocks that were seen.

    Args:
        values: (n,) numbers.
        blocks: (n,) the block each is in.
        resamples: months made up.
        confidence: share of them inside the interval.
        seed: the same gives the same interval.

    Returns:
        Low and high, or None when there are fewer than `MIN_BLOCKS` blocks.
    """
    _, block = np.unique(blocks, return_inverse=True)
    counts = np.bincount(block).astype(np.float64)
    if len(counts) < MIN_BLOCKS:
        return None
    sums = np.bincount(block, weights=values)
    chance = np.full(len(counts), 1.0 / len(counts))
    times = np.random.default_rng(seed).multinomial(len(counts), chance, size=resamples)
    means = (times @ sums) / (times @ counts)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)
