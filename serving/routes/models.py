"""Models: who answers, and what is known of them."""

from collections.abc import Iterable

from fastapi import APIRouter

from serving.openapi import GUARDED, problems
from serving.ports import Arm, Models, Served
from serving.schemas import Card, Cards


def router(models: Models, fleets: Iterable[str]) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1", tags=["models"])

    @routes.get(
        "/models",
        responses=problems(*GUARDED),
        summary="The models that answer",
        operation_id="models",
    )
    async def cards() -> Cards:
        """A card for the champion and the challenger of each fleet."""
        found = []
        for fleet in fleets:
            found.append(card(models.current(fleet), "champion"))
            challenger = models.challenger(fleet)
            if challenger is not None:
                found.append(card(challenger, "challenger"))
        return Cards(models=found)

    return routes


def card(served: Served, alias: Arm) -> Card:
    """What its manifest tells of a model that is everybody's business."""
    manifest = served.bundle.manifest
    rehearsal = manifest["rehearsal"]
    return Card(
        alias=alias,
        fleet=served.fleet,
        name=served.name,
        version=served.version,
        month=served.month,
        identity=served.identity,
        loaded_at=served.loaded_at.isoformat(timespec="seconds"),
        interval=served.bundle.level,
        features=manifest["features"],
        training_rows=manifest["training_rows"],
        trees=manifest["trees"],
        rehearsal={name: float(rehearsal[name]) for name in ("rides", "mae_usd", "ride_mae_min")},
    )
