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
    sums = np.bincount(block, weights=values).astype(np.float64)
    return ratio_interval(sums, counts, resamples=resamples, confidence=confidence, seed=seed)


def ratio_interval(
    over: npt.NDArray[np.float64],
    under: npt.NDArray[np.float64],
    *,
    least: int = MIN_BLOCKS,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = SEED,
) -> tuple[float, float] | None:
    """Percentile interval of a ratio of sums, from months made up of the blocks that were seen.

    Args:
        over: (blocks,) what each block adds to the numerator.
        under: (blocks,) what it adds to the denominator, more than 0.
        least: blocks that it takes.
        resamples: months made up.
        confidence: share of them inside the interval.
        seed: the same gives the same interval.

    Returns:
        Low and high, or None when there are fewer than `least` blocks.
    """
    blocks = len(under)
    if blocks < least:
        return None
    chance = np.full(blocks, 1.0 / blocks)
    times = np.random.default_rng(seed).multinomial(blocks, chance, size=resamples)
    ratios = (times @ over) / (times @ under)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(ratios, [tail, 1.0 - tail])
    return float(low), float(high)
