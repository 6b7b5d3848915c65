"""Everything that goes wrong, as RFC 9457 problem JSON: one clear sentence and a request id."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from serving.models import NotReady
from taxi_assets.domain.errors import TaxiError, UsageError

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
RETRY_S = 5  # a model that is not ready is loaded in seconds
MOST_FAULTS = 20  # fields that an answer lists: a body may have a hundred thousand
LONGEST_ECHO = 60  # characters of what was sent that a sentence repeats
SYNTAX = "json_invalid"
Faults = Sequence[Mapping[str, str]]
TITLES = {
    404: "There is nothing at this address: /openapi.json lists what there is.",
    405: "This address does not take that method: the header Allow lists those it takes.",
}


class Refusal(Exception):
    """A request that cannot be answered, and why.

    Attributes:
        status: HTTP status.
        detail: one sentence with the cause and, where there is one, the remedy.
        errors: each field that is wrong, `field` and `reason`.
        headers: to answer with.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Faults = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, errors
        self.headers = dict(headers or {})

    def body(self, request_id: str, instance: str | None = None) -> dict[str, Any]:
        """The problem as JSON has it."""
        told: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        if instance is not None:
            told["instance"] = instance
        if self.errors:
            told["errors"] = list(self.errors)
        return told

    def response(self, request_id: str, instance: str | None = None) -> Response:
        """The problem as HTTP has it."""
        content = orjson.dumps(self.body(request_id, instance))
        return Response(content, self.status, self.headers, MEDIA_TYPE)


def misread(error: ValidationError) -> Refusal:
    """What is wrong with a body that is not JSON (400) or not what was asked for (422)."""
    found = error.errors(include_url=False, include_context=False)
    if found[0]["type"] == SYNTAX:
        reason = found[0]["msg"].removeprefix("Invalid JSON: ")
        return Refusal(400, f"The body is not JSON: {reason}; /openapi.json shows an example.")
    return _wrong(found)


def _wrong(found: Sequence[Mapping[str, Any]]) -> Refusal:
    """The fields that are wrong."""
    faults = [
        {"field": _field(each["loc"]), "reason": _reason(each)} for each in found[:MOST_FAULTS]
    ]
    first, more = faults[0], _more(len(found))
    subject = f"The field {first['field']}" if found[0]["loc"] else "The body"
    return Refusal(422, f"{subject} {first['reason']}{more}.", errors=faults)


def _more(found: int) -> str:
    """How many fields are wrong beside the first."""
    if found == 1:
        return ""
    return f" ({found - 1} more{' in errors' if found <= MOST_FAULTS else ''})"


def _field(place: Sequence[int | str]) -> str:
    """`trips.3.pickup_zone`."""
    return ".".join(map(str, place))[:LONGEST_ECHO] or "body"


def _reason(error: Mapping[str, Any]) -> str:
    """What is wrong with a field, as the rest of a sentence that its name begins."""
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a field of this request: leave it out"
    reason = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
    sent = error["input"]
    if isinstance(sent, str | int | float | bool) or sent is None:
        return f"{reason}, not {_echo(sent)}"
    return str(reason)


def _echo(sent: object) -> str:
    """What was sent, as JSON and not too long."""
    try:
        text = orjson.dumps(sent).decode()
    except orjson.JSONEncodeError:  # an integer beyond 64 bits
        text = str(sent)
    return text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}…"


def refusal_of(error: Exception) -> Refusal:
    """The refusal that an error means to the one who asked."""
    match error:
        case Refusal():
            return error
        case RequestValidationError():
            return _wrong(error.errors())
        case HTTPException():
            sentence = TITLES.get(error.status_code, str(error.detail))
            return Refusal(error.status_code, sentence, headers=error.headers)
        case UsageError():
            return Refusal(422, str(error))
        case NotReady():
            return Refusal(503, str(error), headers={"Retry-After": str(RETRY_S)})
    return Refusal(500, "Something went wrong here; the request id finds it in the service's log.")


async def answer(request: Request, error: Exception) -> Response:
    """Answer an error as a problem."""
    refusal = refusal_of(error)
    if refusal.status == HTTPStatus.INTERNAL_SERVER_ERROR:  # 503 says itself what is amiss
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return refusal.response(request.scope["request_id"], request.url.path)


def install(app: FastAPI) -> None:
    """Answer every error that a route raises as a problem; the gate answers the others."""
    for kind in (Refusal, HTTPException, RequestValidationError, TaxiError):
        app.add_exception_handler(kind, answer)
