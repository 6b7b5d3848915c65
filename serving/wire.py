"""Bodies in and out without the detours: what a request costs beside the model."""

import asyncio
from typing import Any, TypeVar

import orjson
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.problems import Refusal, misread

JSON = "application/json"
PATIENCE_S = 10.0  # for a body whose headers have come
T = TypeVar("T")


class PlainRoute(APIRoute):
    """A route whose endpoint takes the request, reads it itself and answers a `Response`.

    FastAPI would resolve dependencies and validate the answer against its model at each request:
    more than twice the time of all the rest. The answer's model stands in the OpenAPI as ever, and
    tests hold the answers against it. Needing nothing of the application, it is also asked by the
    gate directly.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app = self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for this route; what goes wrong is raised."""
        response = await self.endpoint(Request(scope, receive))
        await response(scope, receive, send)


async def body_of(request: Request) -> bytes:
    """The body, which has to say that it is JSON.

    Raises:
        Refusal: 415 where it says that it is something else, or nothing at all; 408 where it does
            not come.
    """
    told = request.headers.get("content-type", "")
    if told != JSON and told.partition(";")[0].strip().lower() != JSON:
        raise Refusal(415, f"Send JSON with the header Content-Type: {JSON}.")
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await request.body()
    except TimeoutError as error:
        raise Refusal(408, f"The body did not arrive within {PATIENCE_S:.0f} s.") from error


async def read(request: Request, adapter: TypeAdapter[T]) -> T:
    """The body as what it should be.

    Raises:
        Refusal: it says that it is something else (415), is no JSON (400) or other JSON (422).
    """
    body = await body_of(request)
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise misread(error) from error


def json_response(
    content: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """An answer that orjson writes."""
    return Response(orjson.dumps(content), status, headers, JSON)


def json_bytes(content: bytes) -> Response:
    """An answer that is JSON already."""
    return Response(content, media_type=JSON)


def takes(model: type[BaseModel], examples: dict[str, Any]) -> dict[str, Any]:
    """The body of a route in the OpenAPI; `openapi.describe` adds the model's schema."""
    named = {name: {"value": value} for name, value in examples.items()}
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    content = {JSON: {"schema": schema, "examples": named}}
    return {"requestBody": {"required": True, "content": content}}
