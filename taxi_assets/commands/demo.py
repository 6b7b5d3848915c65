"""The whole product in one command: a source of trips, months through the graph, a quote."""

from collections.abc import Callable
from pathlib import Path

from taxi_assets.commands.outcome import MonthOutcome
from taxi_assets.commands.run import check_partitions, run_months
from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.domain.months import month_range, parse_months
from taxi_assets.resources.landed_trips import refuse_another_source
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.tlc import TlcSource
from taxi_assets.settings import TLC_CDN, Settings

Say = Callable[[str], None]
SIMULATED_MONTHS, SIMULATED_ROWS = "2025-01..2025-06", 60_000
PUBLISHED_MONTHS = "2025-01..2025-03"  # of a source that cannot list what it has
HINT = "for TLC's real files: make demo SOURCE=tlc, or set TAXI_TLC_URL"


def demo(
    settings: Settings, fleet: str, months: str | None, source: str | None, say: Say
) -> list[MonthOutcome]:
    """Run the demo.

    Args:
        settings: where everything is.
        fleet: fleet name.
        months: such as `2025-01..2025-03`; by default six simulated months, or what the source
            publishes.
        source: `tlc` for TLC's CDN, `simulated`, or None for `TAXI_TLC_URL` where that is set and
            simulated otherwise.
        say: takes one line of progress at a time.

    Raises:
        UsageError: an unknown source, or trips of another source in the same home.
    """
    check_partitions(settings, parse_months(months or SIMULATED_MONTHS))
    if source not in (None, "tlc", "simulated"):
        raise UsageError(
            f"There is no source '{source}': choose tlc or simulated, or set TAXI_TLC_URL."
        )
    if source == "tlc":
        settings = settings.model_copy(update={"tlc_url": TLC_CDN})
    elif source == "simulated" or not settings.tlc_url:
        wanted = parse_months(months or SIMULATED_MONTHS)
        _refuse_a_mixture(settings, settings.simulated_tree.as_uri())
        say(f"Simulating {len(wanted)} months of {fleet} trips of a made-up city ({HINT}).")
        settings = settings.model_copy(
            update={"tlc_url": simulated_tree(settings, fleet, wanted, say).as_uri()}
        )
        months = ",".join(wanted)
    chosen = parse_months(months) if months else published(settings, fleet)
    say(f"{fleet} {chosen[0]}..{chosen[-1]} from {settings.source_url} into {settings.home}")
    return run_months(settings, fleet, chosen, say)


def simulated_tree(settings: Settings, fleet: str, months: list[str], say: Say) -> Path:
    """A tree of simulated files in `home`, where later commands find it too."""
    from taxi_assets.simulator import simulate

    tree = settings.simulated_tree
    missing = [month for month in months if not (tree / get_fleet(fleet).file_name(month)).exists()]
    if missing:
        simulate(tree, fleet=get_fleet(fleet), months=missing, rows=SIMULATED_ROWS, progress=say)
    return tree


def published(settings: Settings, fleet: str) -> list[str]:
    """The months to take when none are named."""
    if settings.source_url.startswith("http"):
        return parse_months(PUBLISHED_MONTHS)
    source = TlcSource(url=settings.source_url, s3_endpoint=settings.s3_endpoint)
    from taxi_assets.partitions import monthly

    keys = monthly(settings.first_month).get_partition_keys()
    found = source.list(get_fleet(fleet), month_range(keys[0], keys[-1]))
    if not found:
        raise UsageError(f"{settings.source_url} holds no {fleet} trip files from {keys[0]} on.")
    return found


def _refuse_a_mixture(settings: Settings, url: str) -> None:
    """Before a file is simulated: it would turn the home's source for every later command."""
    landing = Landing(f"{settings.lake_uri}/landing", s3_endpoint=settings.s3_endpoint)
    refuse_another_source(landing, url)
