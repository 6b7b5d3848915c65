"""Write a directory tree laid out as TLC's CDN, filled by the simulated city."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.months import check_month
from taxi_assets.simulator.city import the_city
from taxi_assets.simulator.demand import HOURLY
from taxi_assets.simulator.month_file import write_trip_file
from taxi_assets.simulator.scenario import Scenario, effects
from taxi_assets.simulator.zone_files import lookup_csv, shapes_zip

MIN_ROWS, MAX_ROWS = 1_000, 4_000_000
LOOKUP_FILE, SHAPES_FILE = "misc/taxi_zone_lookup.csv", "misc/taxi_zones.zip"


def simulate(
    to: Path,
    *,
    fleet: Fleet,
    months: Sequence[str],
    rows: int | None,
    seed: int = 7,
    scenario: Scenario | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write the fleet's trip files of some months, and the zone files.

    A month's bytes depend on seed, fleet, month, rows and what of the scenario is in force in it,
    on nothing else. Each file appears whole or not at all; one that is there already is replaced.

    Args:
        to: root of the tree, made if need be; `trip-data/` and `misc/` come below it.
        fleet: whose trips.
        months: `YYYY-MM` keys, in any order.
        rows: records of each month, 1,000 to 4,000,000; None means the fleet's usual number.
        seed: 0 or more; another seed gives other trips in the same city.
        scenario: what happens to the city; None means nothing does.
        progress: called with one sentence after each file.

    Returns:
        The trip files written, in the order of `months`.

    Raises:
        UsageError: rows, a month, the seed or the fleet cannot be simulated.
    """
    count = _checked(fleet, months, fleet.usual_rows if rows is None else rows, seed)
    tell = progress or (lambda _: None)
    city = the_city()
    for name, content in ((LOOKUP_FILE, lookup_csv(city)), (SHAPES_FILE, shapes_zip(city))):
        _whole(to / name, partial(_write_bytes, content=content))
        tell(f"Wrote {name}.")
    return [
        _write_month(to, fleet, month, count, seed, scenario or Scenario(), tell)
        for month in months
    ]


def _write_month(
    to: Path,
    fleet: Fleet,
    month: str,
    rows: int,
    seed: int,
    scenario: Scenario,
    tell: Callable[[str], None],
) -> Path:
    """Write one month's file and say so."""
    path = to / fleet.file_name(month)
    in_force = effects(scenario, month)
    _whole(
        path,
        lambda part: write_trip_file(
            part, fleet=fleet, month=month, rows=rows, seed=seed, effects=in_force
        ),
    )
    tell(f"Wrote {fleet.file_name(month)}: {rows:,} rows.")
    return path


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, then move it there: no killed run leaves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _checked(fleet: Fleet, months: Sequence[str], rows: int, seed: int) -> int:
    """The number of rows, once everything asked for makes sense."""
    if fleet.name not in HOURLY:
        raise UsageError(
            f"The simulator has no {fleet.name} cabs: choose one of {', '.join(HOURLY)}."
        )
    for month in months:
        check_month(month)
    if not MIN_ROWS <= rows <= MAX_ROWS:
        raise UsageError(f"{rows:,} rows a month are not within {MIN_ROWS:,} to {MAX_ROWS:,}.")
    if seed < 0:
        raise UsageError(f"A seed must be 0 or more, not {seed}.")
    return rows
