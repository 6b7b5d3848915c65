"""From a published trip file, whatever its year, to one canonical table of trips."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.fleets import Fleet, SourceColumn
from taxi_assets.domain.months import bounds


def usable_as(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a published column of type `found` can be read as `wanted`.

    Numbers read as numbers of any width, because TLC publishes the same ids as int32, int64 and
    float64; a column of type null holds nothing and reads as anything.
    """
    if pa.types.is_null(found):
        return True
    if pa.types.is_timestamp(wanted):
        return pa.types.is_timestamp(found) and found.tz is None
    return bool(pa.types.is_integer(found) or pa.types.is_floating(found))


def schema_faults(schema: pa.Schema, fleet: Fleet) -> tuple[list[str], list[str]]:
    """What is new and what is wrong in a published file's columns.

    Args:
        schema: the file's Arrow schema, names in any case.
        fleet: whose columns to expect.

    Returns:
        Published names of columns that we do not know; one sentence for each column that we need
        and that is missing or of a type that cannot be used, or that stands twice but for case.
    """
    found = {field.name.lower(): field for field in schema}
    spelled = Counter(field.name.lower() for field in schema)
    added = [
        field.name
        for name, field in found.items()
        if name not in fleet.sources and name not in fleet.ignored
    ]
    wrong = [f"column {name} stands {n} times" for name, n in spelled.items() if n > 1]
    for column in fleet.columns:
        field = found.get(column.source)
        if field is None and column.needed:
            wrong.append(f"column {column.source} ({column.name}) is missing")
        elif field is not None and not usable_as(field.type, column.type):
            wrong.append(f"column {field.name} ({column.name}) is {field.type}, not {column.type}")
    return added, wrong


def misfit(
    schema: pa.Schema, pickups: pa.ChunkedArray | None, fleet: Fleet, month: str
) -> str | None:
    """Why a readable Parquet file is not this fleet's file for this month; None when it is.

    Args:
        schema: the file's Arrow schema.
        pickups: the pickup times, or None when the file has no such column.
        fleet: expected fleet.
        month: expected month.
    """
    lower = {name.lower() for name in schema.names}
    pickup = fleet.columns[0].source
    if pickup not in lower:
        other = next((name for name in lower if name.endswith("_pickup_datetime")), None)
        return f"it has no {pickup} column" + (
            f" but {other}: it is another fleet's file" if other else ""
        )
    if pickups is None or len(pickups) == 0:
        return "it has no trips"
    if not pa.types.is_timestamp(pickups.type):
        return None  # a retyped column is the schema check's to report
    first, end = (pa.scalar(bound, pickups.type) for bound in bounds(month))
    inside = pc.and_(pc.greater_equal(pickups, first), pc.less(pickups, end))
    share = (pc.sum(inside).as_py() or 0) / len(pickups)
    if share < 0.5:
        usual = pc.value_counts(pc.strftime(pickups.drop_null(), format="%Y-%m")).to_pylist()
        if not usual:
            return f"none of its trips has a pickup time, let alone one in {month}"
        most = max(usual, key=lambda entry: entry["counts"])["values"]
        return (
            f"only {share:.0%} of its pickups lie in {month} (most are in {most}): "
            "it is another month's file"
        )
    return None


def require_usable(schema: pa.Schema, fleet: Fleet) -> None:
    """Refuse a published file whose columns cannot be read as the fleet's trips.

    Raises:
        DataError: a needed column is missing, or a column has an unusable type.
    """
    _, wrong = schema_faults(schema, fleet)
    if wrong:
        raise DataError(f"The file cannot be read as {fleet.name} trips: {'; '.join(wrong)}.")


def canonical(batch: pa.RecordBatch, fleet: Fleet, first_row: int) -> pa.RecordBatch:
    """Rename and retype one batch of a published file.

    Args:
        batch: (n, any) rows as published, with types that `require_usable` accepts.
        fleet: whose columns to read.
        first_row: number of the batch's first row within the file, from 0.

    Returns:
        (n, 22) `source_row` int32, the fleet's canonical columns, `duration_min` float64 minutes. A
        column the batch lacks, and every NaN or infinite number, is null.
    """
    names = {name.lower(): index for index, name in enumerate(batch.schema.names)}
    arrays = {"source_row": pa.array(np.arange(first_row, first_row + len(batch), dtype=np.int32))}
    for column in fleet.columns:
        index = names.get(column.source)
        found = batch.column(index) if index is not None else pa.nulls(len(batch))
        arrays[column.name] = _retype(found, column)
    elapsed = pc.subtract(arrays["dropoff_at"], arrays["pickup_at"]).cast(pa.int64())
    arrays["duration_min"] = pc.divide(elapsed.cast(pa.float64()), 60e6)
    return pa.RecordBatch.from_pydict(arrays)


def _retype(values: pa.Array, column: SourceColumn) -> pa.Array:
    """Cast one column.

    What is not a finite number in range becomes null, counts are truncated to whole numbers.
    """
    if values.type == column.type and not pa.types.is_floating(values.type):
        return values
    if pa.types.is_floating(values.type):
        values = _keep(values, pc.is_finite(values))
    if pa.types.is_integer(column.type) and not pa.types.is_null(values.type):
        limit = np.iinfo(column.type.to_pandas_dtype())
        if pa.types.is_floating(values.type):
            values = values.cast(pa.float64())  # float32 cannot hold the limit itself
        least, most = pc.min_max(values).as_py().values()
        if least is not None and (least < limit.min or most > limit.max):
            fits = pc.less_equal(values, pa.scalar(limit.max, values.type))
            if least < 0:  # unsigned numbers cannot be compared with a limit below zero
                fits = pc.and_(fits, pc.greater_equal(values, pa.scalar(limit.min, values.type)))
            values = _keep(values, fits)
    return pc.cast(values, column.type, safe=False)


def _keep(values: pa.Array, usable: pa.BooleanArray) -> pa.Array:
    """Null where not usable; most columns have nothing to hide, and are returned as they are."""
    if pc.all(usable, skip_nulls=True).as_py() is not False:
        return values
    return pc.if_else(usable, values, pa.scalar(None, values.type))
