"""Explanations: why a ride is quoted what it is."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from serving.answers import Answers
from serving.batches import ride_of
from serving.explanations import Explainer
from serving.openapi import WITH_BODY, problems
from serving.routes.quotes import ARM, asker_of
from serving.schemas import EXAMPLE, Explanation, Trip
from serving.wire import PlainRoute, json_response, read, takes

TRIP = TypeAdapter(Trip)


def router(answers: Answers) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1", route_class=PlainRoute, tags=["explanations"])
    explainer = Explainer(answers)

    @routes.post(
        "/explanations",
        response_model=Explanation,
        responses=problems(*WITH_BODY),
        openapi_extra=takes(Trip, {"Harlem to LaGuardia": EXAMPLE}),
        summary="Quote one ride and say why",
        operation_id="explain",
    )
    async def explain(request: Request) -> Response:
        """The quote, and what each thing known of the ride adds to its fare, in US dollars.

        Base and groups add up to the fare to the cent; features are the same in detail.
        """
        trip = await read(request, TRIP)
        asker = asker_of(request)
        pick = answers.pick(trip.fleet, asker)
        found = await explainer.explain(ride_of(trip), pick, asker)
        request.scope["arm"] = pick.arm
        content = found.explanation(pick.served, asker.request_id)
        return json_response(content, headers={ARM: pick.arm})

    return routes
