"""New champions since the last look, from the log of promotions: it knows those of people too."""

from datetime import datetime

import dagster as dg

from taxi_assets.domain.alert_words import Change, promoted, rolled_back
from taxi_assets.domain.alerts import Alert, Where
from taxi_assets.resources.alert_sinks import AlertSinks
from taxi_assets.resources.promotions import ROLLED_BACK, Promotion
from taxi_assets.resources.registry import Registry

BY_RUN = "dagster run "  # how the asset `champion` signs, with the first digits of the run


def champion_news(
    instance: dg.DagsterInstance,
    registry: Registry,
    links: AlertSinks,
    fleet: str,
    seen: int | datetime,
) -> tuple[list[Alert], int | None]:
    """Read the log of promotions on.

    Args:
        instance: knows the runs that promoted.
        registry: has the log.
        links: where alerts lead.
        fleet: whose.
        seen: number of the last entry that was read, or the time before which none counts.

    Returns:
        An alert for each new champion, and the number of the last entry read; None where there is
        no registry yet.

    Raises:
        RegistryError: MLflow does not answer, or the log cannot be read.
    """
    effects = registry.succession(fleet).effects() if registry.exists else []
    if effects and not effects[-1][1]:
        del effects[-1]  # its alias has yet to move, or never will; the next entry shows which
    new = [entry for entry, moved in effects if moved and _is_new(entry, seen)]
    months = {v.version: v.month for v in registry.versions(fleet)} if new else {}
    alerts = [_alert(instance, links, fleet, months.get(entry.version, ""), entry) for entry in new]
    last = effects[-1][0].number if effects else 0 if isinstance(seen, datetime) else seen
    return alerts, last if registry.exists else None


def _is_new(entry: Promotion, seen: int | datetime) -> bool:
    if isinstance(seen, datetime):
        # the log keeps whole seconds
        return datetime.fromisoformat(entry.when) >= seen.replace(microsecond=0)
    return entry.number > seen


def _alert(
    instance: dg.DagsterInstance, links: AlertSinks, fleet: str, month: str, entry: Promotion
) -> Alert:
    link = _page(instance, links, fleet, month, entry.who)
    where = Where(fleet, month, link, datetime.fromisoformat(entry.when))
    reason = f"Decided by {entry.who}: {entry.why}"
    change = Change(entry.number, entry.version, entry.previous, reason)
    return (rolled_back if entry.action == ROLLED_BACK else promoted)(where, change)


def _page(instance: dg.DagsterInstance, links: AlertSinks, fleet: str, month: str, who: str) -> str:
    """The run that promoted, or the champion's own page where a person did."""
    if who.startswith(BY_RUN):
        key = dg.AssetKey([fleet, "champion"])
        made = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[month])
        for record in instance.fetch_materializations(made, limit=20).records:
            if record.run_id.startswith(who.removeprefix(BY_RUN)):
                return links.run_page(record.run_id)
    return links.asset_page(fleet, "champion", month)
