"""Zones: their names and shapes."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from serving.openapi import GUARDED, problems
from serving.ports import Models
from serving.zone_map import Crs, ZoneMap, draw

GEOJSON = "application/geo+json"
KEPT = 4  # both projections, of the present model and the one before
EXAMPLE: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": 74,
            "properties": {
                "zone": 74,
                "name": "East Harlem North",
                "borough": "Manhattan",
                "is_airport": False,
            },
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[-73.94, 40.8], [-73.93, 40.79], [-73.93, 40.81], [-73.94, 40.8]]],
            },
        }
    ],
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": {"type": "object"}},
    },
}


class Maps:
    """The maps of the champion's zones, each drawn once."""

    def __init__(self, models: Models, fleet: str) -> None:
        """Draw the zones that this fleet's champion knows; they are those of all fleets."""
        self._models, self._fleet = models, fleet
        self._drawn: dict[tuple[str, Crs], asyncio.Task[ZoneMap]] = {}

    async def of(self, crs: Crs) -> ZoneMap:
        """The map; whoever asks while it is being drawn waits for the same.

        Raises:
            TaxiError: there is no model yet.
        """
        served = self._models.current(self._fleet)
        key = served.identity, crs
        drawing = self._drawn.get(key)
        if drawing is None or _has_failed(drawing):
            work = asyncio.to_thread(draw, served.bundle.zones, crs)
            drawing = self._drawn[key] = asyncio.create_task(work)
            for oldest in list(self._drawn)[:-KEPT]:
                del self._drawn[oldest]
        return await asyncio.shield(drawing)  # who leaves does not take it from the others


def _has_failed(task: "asyncio.Task[ZoneMap]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def router(models: Models, fleet: str) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1", tags=["zones"])
    maps = Maps(models, fleet)

    @routes.get(
        "/zones",
        response_class=Response,
        responses={
            200: {
                "description": "GeoJSON",
                "content": {GEOJSON: {"schema": SCHEMA, "example": EXAMPLE}},
            },
            304: {"description": "It is the map whose ETag came in If-None-Match."},
            **problems(422, *GUARDED),
        },
        summary="The taxi zones as GeoJSON",
        operation_id="zones",
    )
    async def zones(
        request: Request,
        crs: Annotated[
            Crs,
            Query(
                description=(
                    "`wgs84`: longitude and latitude; `state-plane`: miles east and north in New "
                    "York's State Plane (EPSG:2263 in miles), to be drawn without a projection"
                )
            ),
        ] = "wgs84",
    ) -> Response:
        """Number, name, borough and simplified shape of each zone; the same until a new model."""
        drawn = await maps.of(crs)
        headers = {
            "ETag": drawn.etag,
            "Cache-Control": "private, max-age=3600",
            "Vary": "Accept-Encoding",
        }
        if drawn.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(drawn.zipped, 200, headers, GEOJSON)
        return Response(drawn.plain, 200, headers, GEOJSON)

    return routes
