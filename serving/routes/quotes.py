"""Quotes: one ride, or up to 10,000."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from serving.answers import Answers, Asker, Pick
from serving.batches import answer_batch, fleets_of, read_batch, ride_of
from serving.openapi import WITH_BODY, problems
from serving.pricing import quote
from serving.problems import Refusal, refusal_of
from serving.schemas import EXAMPLE, Batch, BatchQuote, Quote, Trip
from serving.wire import PlainRoute, body_of, json_bytes, json_response, read, takes
from taxi_assets.domain.errors import TaxiError

TRIP = TypeAdapter(Trip)
ARM = "X-Model-Arm"
WORSE = {"trips": [EXAMPLE, {**EXAMPLE, "dropoff_zone": 999}]}


def asker_of(request: Request) -> Asker:
    """Who asks, as the gate found."""
    scope = request.scope
    return Asker(scope["request_id"], scope["caller"], scope["key_id"])


def router(answers: Answers) -> APIRouter:
    """The routes."""
    routes = APIRouter(route_class=PlainRoute, tags=["quotes"])
    about_one = takes(Trip, {"Harlem to LaGuardia": EXAMPLE})

    @routes.post(
        "/predict",
        response_model=Quote,
        responses=problems(*WITH_BODY),
        openapi_extra=about_one,
        summary="The same as POST /v1/quotes, for simple clients",
        operation_id="predict",
    )
    @routes.post(
        "/v1/quotes",
        response_model=Quote,
        responses=problems(*WITH_BODY),
        openapi_extra=about_one,
        summary="Quote one ride",
        operation_id="quote",
    )
    async def quote_one(request: Request) -> Response:
        """Metered fare with its interval, ride time, surcharges and total, before tip and tolls.

        The header `X-Model-Arm` names the arm that answered.
        """
        trip = await read(request, TRIP)
        asker = asker_of(request)
        answer = await answers.quote(ride_of(trip), trip.fleet, asker)
        request.scope["arm"] = answer.pick.arm
        content = quote(answer.pick.served, answer.price, asker.request_id)
        return json_response(content, headers={ARM: answer.pick.arm})

    @routes.post(
        "/v1/quotes/batch",
        response_model=BatchQuote,
        response_model_exclude_unset=True,
        responses=problems(*WITH_BODY),
        openapi_extra=takes(Batch, {"two rides": {"trips": [EXAMPLE] * 2}, "one wrong": WORSE}),
        summary="Quote up to 10,000 rides",
        operation_id="quote_batch",
    )
    async def quote_many(request: Request) -> Response:
        """Each ride has its quote, or a problem that says what is wrong with it.

        Items come in the order of the request. The id of a quote is the request's and its place.
        """
        body = await body_of(request)
        asker = asker_of(request)
        asked = await answers.aside(read_batch, body)
        picks = {fleet: _pick(answers, fleet, asker) for fleet in fleets_of(asked)}
        return json_bytes(await answers.aside(answer_batch, answers, asked, picks, asker))

    return routes


def _pick(answers: Answers, fleet: str | None, asker: Asker) -> Pick | Refusal:
    """Who answers for a fleet, or why nobody does."""
    try:
        return answers.pick(fleet, asker)
    except TaxiError as error:
        return refusal_of(error)
