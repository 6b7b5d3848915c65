"""Health: for orchestrators and Prometheus. Open to all who reach the port."""

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import Response

from serving.openapi import problems
from serving.ports import Choices, Models, Observer
from serving.schemas import Live, Ready

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def router(
    models: Models, choices: Choices, telemetry: Observer, fleets: Sequence[str]
) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["health"])

    @routes.get("/health/live", summary="Whether the process answers", operation_id="live")
    async def live() -> Live:
        """It does; a process that does not say so is to be started anew."""
        return Live()

    @routes.get(
        "/health/ready",
        responses=problems(503),
        summary="Whether quotes are answered",
        operation_id="ready",
    )
    async def ready() -> Ready:
        """Every fleet has a champion.

        A registry that is away stands in the body, and is no reason to send riders elsewhere.
        """
        for fleet in fleets:
            models.current(fleet)
        return Ready(fleets=models.state(), strategies=choices.state())

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        summary="Metrics for Prometheus",
        operation_id="metrics",
    )
    async def metrics() -> Response:
        """Prometheus's text format."""
        return Response(telemetry.metrics(), media_type=PROMETHEUS)

    return routes
