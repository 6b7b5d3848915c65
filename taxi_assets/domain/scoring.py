"""Answers for trips of anybody's table: what a model says of each row, or why it says nothing."""

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.clock import NOT_A_TIME, Times, is_known, local_times
from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.heads import Numbers, Quotes
from taxi_assets.domain.holidays import FIRST_YEAR, LAST_YEAR
from taxi_assets.domain.zones import LAST_ZONE

NEEDED = ("pickup_at", "pickup_zone", "dropoff_zone", "passengers")
ANSWERS = tuple(field.name for field in fields(Quotes))
ADDED = pa.schema([*((name, pa.float64()) for name in ANSWERS), ("problem", pa.string())])
MAX_PASSENGERS = 9  # as drivers enter them; 0 is what they enter when they do not count
# blanks of tables that were once CSV, and the `.0` that pandas gives to whole numbers among them
WHOLE = r"^-?[0-9]{1,300}(\.0*)?$"

Bools = npt.NDArray[np.bool_]
Kind = Callable[[pa.DataType], bool]
TEXTS: tuple[Kind, ...] = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
NUMBERS: tuple[Kind, ...] = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)


class Problems:
    """The first thing that is wrong with each row.

    Attributes:
        code: (n,) 0 where all is well, else a place in `texts`.
        texts: what can be wrong.
    """

    def __init__(self, rows: int) -> None:
        self.code = np.zeros(rows, np.int32)
        self.texts: list[str | None] = [None]

    def add(self, wrong: Bools, text: str) -> None:
        """Charge rows with a problem, unless they have one."""
        self.code[wrong & (self.code == 0)] = len(self.texts)
        self.texts.append(text)

    def column(self) -> pa.Array:
        """(n,) texts, null where all is well."""
        return pa.array(self.texts, pa.string()).take(pa.array(self.code))


def require_columns(schema: pa.Schema) -> None:
    """Make sure that rows can be read and answers can be added.

    Args:
        schema: of the table.

    Raises:
        UsageError: a needed column is missing, there twice or of a type that cannot be read, or
            an answer's name is taken.
    """
    for name in NEEDED:
        found = schema.get_all_field_indices(name)
        if len(found) != 1:
            many = f"has {len(found)} columns {name}" if found else f"has no column {name}"
            raise UsageError(
                f"The table {many}: it needs {', '.join(NEEDED)}, each once "
                f"(it has {', '.join(schema.names) or 'no column'})."
            )
        kinds = TEXTS + ((pa.types.is_timestamp,) if name == "pickup_at" else NUMBERS)
        kind = schema.field(name).type
        if not _is_any(kind, (*kinds, pa.types.is_null)):
            wanted = "a timestamp or ISO 8601 text" if name == "pickup_at" else "a number or text"
            raise UsageError(f"The column {name} is of type {kind}: make it {wanted}.")
    taken = [name for name in ADDED.names if name in schema.names]
    if taken:
        raise UsageError(
            f"The table already has a column {taken[0]}, which is an answer's name: rename it."
        )


def _is_any(kind: pa.DataType, kinds: tuple[Kind, ...]) -> bool:
    """Whether a type, or what its dictionary holds, is of one of these kinds."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(is_kind(value) for is_kind in kinds)


def answers(trips: pa.RecordBatch, model: Bundle) -> pa.RecordBatch:
    """What a model says of trips.

    Args:
        trips: (n, >=4) `pickup_at`, `pickup_zone`, `dropoff_zone` and `passengers` of types that
            `require_columns` takes, in any order, beside anything else.
        model: who answers.

    Returns:
        (n, 5) the columns of `ADDED`: US dollars and minutes, null where there is a `problem`;
        `problem` is null where there is none.
    """
    problems = Problems(len(trips))
    at = _pickup_times(trips["pickup_at"], problems)
    start = _zones(trips["pickup_zone"], "pickup_zone", problems)
    end = _zones(trips["dropoff_zone"], "dropoff_zone", problems)
    people = _passengers(trips["passengers"], problems)
    good = problems.code == 0
    columns = [np.full(len(trips), np.nan) for _ in ANSWERS]
    if good.any():
        quotes = model.quote(
            start[good].astype(np.int64),
            end[good].astype(np.int64),
            at[good],
            people[good].astype(np.float32),
        )
        for column, name in zip(columns, ANSWERS, strict=True):
            column[good] = getattr(quotes, name)
    told = [pa.array(column, mask=~good) for column in columns]
    return pa.RecordBatch.from_arrays([*told, problems.column()], schema=ADDED)


def _pickup_times(column: pa.Array, problems: Problems) -> Times:
    """(n,) datetime64[us], New York local."""
    column = _plain(column)
    times = local_times(column)
    problems.add(np.isnat(times), "pickup_at is missing")
    if not pa.types.is_timestamp(column.type):
        problems.add(times == NOT_A_TIME, "pickup_at is not a time")
    problems.add(~is_known(times), f"pickup_at is not in {FIRST_YEAR} to {LAST_YEAR}")
    return times


def _zones(column: pa.Array, name: str, problems: Problems) -> Numbers:
    """(n,) zone ids where no problem is added."""
    zones = _numbers(column)
    problems.add(np.isnan(zones), f"{name} is missing")
    problems.add(~_are_whole(zones), f"{name} is not a whole number")
    problems.add(~((zones >= 1) & (zones <= LAST_ZONE)), f"{name} is not 1 to {LAST_ZONE}")
    return zones


def _passengers(column: pa.Array, problems: Problems) -> Numbers:
    """(n,) people, NaN when unknown, which is no problem."""
    people = _numbers(column)
    known = ~np.isnan(people)
    problems.add(known & ~_are_whole(people), "passengers is not a whole number")
    few = (people >= 0) & (people <= MAX_PASSENGERS)
    problems.add(known & ~few, f"passengers is not 0 to {MAX_PASSENGERS}")
    return people


def _are_whole(numbers: Numbers) -> Bools:
    """False for what is missing or infinite."""
    return np.asarray(np.isfinite(numbers) & (np.floor(numbers) == numbers))


def _plain(column: pa.Array) -> pa.Array:
    """The column without its dictionary."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _numbers(column: pa.Array) -> Numbers:
    """(n,) float64: NaN where missing, infinite where a text is not a whole number."""
    column = _plain(column)
    if not _is_any(column.type, TEXTS):
        # ids beyond 2^53 lose their last digits, and are out of range with or without them
        numbers = column.cast(pa.float64(), safe=False)
        return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float64)
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    text = pc.if_else(pc.equal(text, ""), None, text)
    whole = pc.match_substring_regex(text, WHOLE)
    numbers = pc.if_else(whole, text, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
    bad = pc.fill_null(pc.invert(whole), False).to_numpy(zero_copy_only=False)
    return np.where(bad, np.inf, numbers.astype(np.float64))
