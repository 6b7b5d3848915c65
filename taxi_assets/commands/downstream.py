"""What was built on a month of a table, and how to build it again."""

import dagster as dg

from taxi_assets.definitions import build_definitions
from taxi_assets.domain.months import shift
from taxi_assets.settings import Settings

Part = tuple[dg.AssetKey, str | None]  # an asset, and its month where it has months
Parts = dict[dg.AssetKey, list[str]]  # the months by asset


def built_on(
    settings: Settings, instance: dg.DagsterInstance, key: dg.AssetKey, month: str | None
) -> Parts:
    """What exists and was made, directly or not, with a month of an asset, as data flows.

    Args:
        settings: which fleets and windows.
        instance: knows what exists.
        key: the asset.
        month: `YYYY-MM`, or None for an asset without months.
    """
    specs = {spec.key: spec for spec in build_definitions(settings).resolve_all_asset_specs()}
    exists = {key: instance.get_materialized_partitions(key) for key in specs}
    found: set[Part] = set()
    waiting: list[Part] = [(key, month)]
    while waiting:
        parent, its_month = waiting.pop()
        for child, spec in specs.items():
            for dep in (dep for dep in spec.deps if dep.asset_key == parent):
                users = [
                    (child, m)
                    for m in sorted(exists[child])
                    if its_month in (None, *_taken(dep, m))
                ]
                waiting += [part for part in users if part not in found]
                found.update(users)
    months: Parts = {}
    for child, child_month in sorted(found, key=lambda part: (part[1] or "", part[0])):
        months.setdefault(child, []).append(child_month or "")
    return months


def _taken(dep: dg.AssetDep, month: str) -> list[str]:
    """The months of an upstream asset that a month is made with."""
    window = dep.partition_mapping
    if window is None:
        return [month]
    assert isinstance(window, dg.TimeWindowPartitionMapping)
    return [shift(month, offset) for offset in range(window.start_offset, window.end_offset + 1)]


def bring_up_to_date(key: dg.AssetKey, month: str | None, stale: Parts) -> list[str]:
    """What is out of date, and how to build it again without replacing what was restored.

    Args:
        key: the asset of which a version was restored.
        month: which month of it, or None for an asset without months.
        stale: from `built_on`.
    """
    if not stale:
        return ["Nothing was built on it yet."]
    names = {key: key.to_user_string() for key in (key, *stale)}
    lines = ["Built on what was there before:"]
    lines += [f"  {names[child]} {spans(months)}" for child, months in stale.items()]
    every = sorted({m for months in stale.values() for m in months})
    here = [m for m in every if month in (None, m)]
    later = [m for m in every if m not in here]
    lines.append("To build it again:")
    if here:
        some = ", ".join(names[child] for child, months in stale.items() if {*here} & {*months})
        lines.append(f"  in the Dagster UI, materialize for {spans(here)} only: {some}")
    if later:
        fleet = key.path[0]
        lines.append(f"  taxi-assets run --fleet {fleet} --months {spans(later)}")
    again = "A run of any month" if month is None else f"A run of {month} itself"
    lines.append(
        f"{again} makes {names[key]} anew from what was landed, and so replaces what was restored."
    )
    return lines


def spans(months: list[str]) -> str:
    """Months in the shortest form that `--months` takes, like `2025-01..2025-03,2025-05`."""
    runs: list[list[str]] = []
    for month in months:
        if runs and month == shift(runs[-1][-1], 1):
            runs[-1].append(month)
        else:
            runs.append([month])
    return ",".join(run[0] if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs)
