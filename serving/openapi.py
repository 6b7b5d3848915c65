"""The OpenAPI of the service: what the routes say, and the schemas that they read by themselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from serving.problems import MEDIA_TYPE
from serving.schemas import Batch, Outcome, Problem, Trip

REASONS = {
    400: "The body is not JSON.",
    401: "There is no key.",
    403: "The key is not known.",
    404: "There is nothing of the kind.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not said to be JSON.",
    422: "A field is wrong.",
    429: "Asked too often; Retry-After says when to ask again.",
    500: "A fault of the service.",
    503: "There is no model yet; Retry-After says when to ask again.",
}
GUARDED = (401, 403, 429, 500, 503)
WITH_BODY = (400, 408, 413, 415, 422, *GUARDED)
SECURITY = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer beside what it is for."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": REASONS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def describe(app: FastAPI, *, keys: bool) -> None:
    """Let the application describe itself; made when it is first asked for.

    Args:
        app: with all its routes.
        keys: whether `/v1` wants a key.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            told = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            _, read = models_json_schema(
                [(model, "validation") for model in (Trip, Batch, Outcome, Problem)],
                ref_template="#/components/schemas/{model}",
            )
            components = told.setdefault("components", {})
            components["schemas"] = {**read["$defs"], **components.get("schemas", {})}
            if keys:
                components["securitySchemes"] = SECURITY
                told["security"] = [{name: []} for name in SECURITY]
            app.openapi_schema = told
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to change it
