"""Random numbers that depend on what they are for, never on what was drawn before."""

import zlib

import numpy as np


def stream(seed: int, *what: str | int) -> np.random.Generator:
    """A generator of its own for each combination of seed, fleet, month, purpose and chunk."""
    words = [zlib.crc32(str(part).encode()) for part in what]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, *words])))
