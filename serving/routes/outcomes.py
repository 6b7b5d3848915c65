"""Outcomes: what quoted rides have really cost."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from serving.openapi import WITH_BODY, problems
from serving.ports import Log
from serving.schemas import Accepted, Outcome
from serving.wire import PlainRoute, json_response, read, takes

OUTCOME = TypeAdapter(Outcome)
STATUSES = tuple(status for status in WITH_BODY if status != 503)


def router(log: Log) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1", route_class=PlainRoute, tags=["outcomes"])

    @routes.post(
        "/outcomes",
        status_code=202,
        response_model=Accepted,
        responses=problems(*STATUSES),
        openapi_extra=takes(
            Outcome, {"a ride's end": {"request_id": "4f7c2a9b-1", "fare_usd": 41.5}}
        ),
        summary="Tell the fare that a quoted ride came to",
        operation_id="tell_outcome",
    )
    async def tell(request: Request) -> Response:
        """Goes to the prediction log, and is joined with its quote there."""
        outcome = await read(request, OUTCOME)
        log.put(
            {
                "kind": "outcome",
                "request_id": outcome.request_id,
                "at": datetime.now(UTC),
                "fare_usd": outcome.fare_usd,
            }
        )
        return json_response({"request_id": outcome.request_id, "accepted": True}, 202)

    return routes
