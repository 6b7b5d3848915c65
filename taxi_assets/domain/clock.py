"""Pick-up times, however they are written, as New York local time."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.holidays import FIRST_YEAR, LAST_YEAR

NEW_YORK = ZoneInfo("America/New_York")
# days, because numpy compares in the finer unit: far-off seconds would not fit in microseconds
FIRST = np.datetime64(f"{FIRST_YEAR}-01-01", "D")
END = np.datetime64(f"{LAST_YEAR + 1}-01-01", "D")
ZONES_APART = np.timedelta64(2, "D")  # more than New York is from any other clock
NOT_A_TIME = np.datetime64("0001-01-01", "us")  # stands for a text that cannot be read

Times = npt.NDArray[np.datetime64]


def local_time(text: str) -> datetime:
    """Read an ISO time as New York local time; an offset is converted.

    Raises:
        UsageError: it is not a time.
    """
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is None else at.astimezone(NEW_YORK).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"'{text}' is not a time: write it like 2025-03-14T08:30, New York local time."
        ) from error


def is_known(times: Times) -> npt.NDArray[np.bool_]:
    """(n,) whether each time lies in the years whose holidays are known; False where missing."""
    return np.asarray((times >= FIRST) & (times < END))


def local_times(column: pa.Array) -> Times:
    """A column of times as New York local time.

    Args:
        column: (n,) timestamps of any unit, New York local where they have no time zone; or ISO
            8601 texts, dictionary-encoded or not, as `local_time` reads them; or all null.

    Returns:
        (n,) datetime64[us]: NaT where there is none, `NOT_A_TIME` where a text cannot be read or
        the time lies outside of the years that `is_known` knows.
    """
    if not pa.types.is_timestamp(column.type):
        return _read(column.cast(pa.string()))
    raw = column.to_numpy(zero_copy_only=False)
    # what is far off is not converted: it would not fit either
    near = (raw >= FIRST - ZONES_APART) & (raw < END + ZONES_APART)
    times = np.where(near, raw, np.datetime64("NaT")).astype("datetime64[us]")
    if column.type.tz is not None:
        utc = pd.DatetimeIndex(times).tz_localize("UTC")
        times = utc.tz_convert(NEW_YORK).tz_localize(None).to_numpy("datetime64[us]")
    return np.asarray(np.where(np.isnat(raw) | is_known(times), times, NOT_A_TIME))


def _read(texts: pa.Array) -> Times:
    """Times of texts; each text is read once, however often it occurs."""
    encoded = pc.utf8_trim_whitespace(texts).dictionary_encode()
    read = [_read_one(text) for text in encoded.dictionary.to_pylist()]
    known = np.array([*read, "NaT"], "datetime64[us]")
    place = pc.fill_null(encoded.indices, len(read)).to_numpy(zero_copy_only=False)
    times: Times = known[place]
    return times


def _read_one(text: str) -> "np.datetime64 | datetime":
    if not text:
        return np.datetime64("NaT")
    try:
        return local_time(text)
    except UsageError:
        return NOT_A_TIME
