"""The champion that a month's quotes are by, or why nothing can be said of it."""

from taxi_assets.assets.contest import Contestant
from taxi_assets.assets.predictions import reigning
from taxi_assets.domain.gates import MIN_TRIPS
from taxi_assets.domain.months import month_name
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.table_slice import TableSlice


def asked(registry: Registry, fleet: str, quotes: TableSlice) -> Contestant | str:
    """Who quoted a month's trips; a sentence where that cannot be judged.

    Args:
        registry: where versions are.
        fleet: fleet name.
        quotes: the month of `batch_predictions`.

    Raises:
        BundleError: the champion's bundle is damaged.
        RegistryUnreachable: MLflow does not answer.
    """
    (month,) = quotes.months
    champion = reigning(registry, fleet, month)
    if isinstance(champion, str):
        return champion
    if quotes.rows < MIN_TRIPS:
        return (
            f"{month_name(month)} has {quotes.rows:,} quoted trips, too few to judge the champion "
            f"by: {MIN_TRIPS:,} are needed."
        )
    quoted_by = next(quotes.batches(["model_version"]))["model_version"][0].as_py()
    if quoted_by != str(champion.version.version):
        return (
            f"The trips of {month_name(month)} were quoted by version {quoted_by}, and the "
            f"champion before it is version {champion.version.version} by now: make "
            "batch_predictions of that month again."
        )
    return champion
