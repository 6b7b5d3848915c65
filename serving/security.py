"""Who may ask, how often and how much, and what every answer carries.

Keys, limits and sizes guard what costs something: `/v1` and `/predict`. Health, metrics, the page
and the OpenAPI stay open; `/metrics` tells how much is asked, so keep it from the public at the
ingress.
"""

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Iterable, Sequence
from uuid import uuid4

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.ports import Observer
from serving.problems import TITLES, Refusal, refusal_of
from serving.settings import Settings
from serving.wire import PlainRoute

log = logging.getLogger(__name__)
GUARDED = ("/v1/", "/predict")
LARGE = frozenset({"/v1/quotes/batch"})
ONE_BYTES = 64_000  # of a body that holds one ride: reading megabytes of it would hold everybody
WANTED = frozenset(
    {
        b"authorization",
        b"content-length",
        b"traceparent",
        b"tracestate",
        b"x-api-key",
        b"x-request-id",
    }
)
GONE = 499  # nobody to answer any more; what nginx writes into its log
SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}").fullmatch  # a `Token`, and room for more
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]


class Keys:
    """The keys that may ask, as hashes."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Take `id:sha256` entries; without any, everybody may ask."""
        self._hashes = [tuple(entry.split(":", 1)) for entry in entries]

    def who(self, headers: dict[bytes, bytes]) -> str | None:
        """The id of the key in the headers; None where none is needed.

        Every entry is compared, and in constant time: how long it takes tells nothing of a key.

        Raises:
            Refusal: there is no key (401), or it is not known (403).
        """
        if not self._hashes:
            return None
        key = headers.get(b"x-api-key") or _bearer(headers.get(b"authorization", b""))
        if not key:
            raise Refusal(
                401,
                "This service wants a key: send it as Authorization: Bearer or X-API-Key.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        digest = hashlib.sha256(key).hexdigest()
        known = [name for name, kept in self._hashes if hmac.compare_digest(kept, digest)]
        if not known:
            raise Refusal(403, "This key is not known here: ask whoever runs the service for one.")
        return known[0]


def _bearer(value: bytes) -> bytes:
    scheme, _, key = value.partition(b" ")
    return key.strip() if scheme.lower() == b"bearer" else b""


class Limit:
    """How often each caller may ask; a batch counts once."""

    def __init__(self, rate: str) -> None:
        """Take `100/second`, as settings hold it; empty: no limit."""
        self._item: RateLimitItem | None = parse(rate) if rate else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, caller: str) -> None:
        """Count a request.

        Raises:
            Refusal: 429, the caller has asked too often.
        """
        if self._item is None or self._limiter.hit(self._item, caller):
            return
        reset = self._limiter.get_window_stats(self._item, caller).reset_time
        wait_s = max(1, round(reset - time.time()))
        raise Refusal(
            429,
            f"You ask more often than {self._item}: wait {wait_s} s.",
            headers={"Retry-After": str(wait_s)},
        )


class Gate:
    """What each request passes first: it gets an id and leaves with headers, whatever happens.

    Puts into the scope `request_id`, `caller` (key id or address) and `key_id`. POSTs to plain
    routes go straight there: FastAPI's stack and router take as long as a model.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, telemetry: Observer, routes: Sequence[Route]
    ) -> None:
        """Guard an application.

        Args:
            app: what answers.
            settings: of the service.
            telemetry: is told of each request.
            routes: that exist; what is asked for elsewhere is counted as `other`.
        """
        self._app, self._telemetry = app, telemetry
        self._keys, self._limit = Keys(settings.api_keys), Limit(settings.rate_limit)
        self._most_bytes = int(settings.max_body_mb * 1_000_000)
        self._methods: dict[str, set[str]] = {}
        for route in routes:
            self._methods.setdefault(route.path, set()).update(route.methods or ())
        self._plain = {r.path: r.answer for r in routes if isinstance(r, PlainRoute)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = {name: value for name, value in scope["headers"] if name in WANTED}
        request_id = _request_id(headers.get(b"x-request-id", b""))
        scope["request_id"], scope["arm"] = request_id, ""
        route = scope["path"] if scope["path"] in self._methods else "other"
        tied = self._telemetry.begin(request_id)
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = (b"x-request-id", request_id.encode())
                message["headers"] = [*message.get("headers", ()), *HEADERS, own]
            await send(message)

        try:
            with self._telemetry.request(f"{scope['method']} {route}", _texts(headers)):
                self._admit(scope, headers)
                scope = self._taken(scope)
                app = self._plain.get(route) if scope["method"] == "POST" else None
                most = self._most_bytes if route in LARGE else min(self._most_bytes, ONE_BYTES)
                await (app or self._app)(scope, _limited(receive, headers, most), answer)
        except ClientDisconnect:
            status = status or GONE
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.status == 500:  # 503 says itself what is amiss
                log.exception("%s %s failed", scope["method"], scope["path"])
            if status:  # half an answer cannot be taken back
                raise
            await refusal.response(request_id, scope["path"])(scope, receive, answer)
        finally:
            seconds = time.perf_counter() - started
            self._telemetry.observe_request(route, status, seconds, scope["arm"])
            self._telemetry.end(tied)

    def _taken(self, scope: Scope) -> Scope:
        """A request whose method its address takes; the server sends no body to a HEAD.

        Raises:
            Refusal: 405, it takes others; the page below `/` would say that there is no such file.
        """
        methods = self._methods.get(scope["path"])
        if methods is None or scope["method"] in methods:
            return scope
        if scope["method"] == "HEAD" and "GET" in methods:
            return {**scope, "method": "GET"}
        heads = {"HEAD"} if "GET" in methods else set()
        raise Refusal(405, TITLES[405], headers={"Allow": ", ".join(sorted(methods | heads))})

    def _admit(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Find out who asks, and let in who may."""
        client = scope.get("client")
        scope["caller"], scope["key_id"] = client[0] if client else "", None
        if scope["path"].startswith(GUARDED):
            scope["key_id"] = self._keys.who(headers)
            scope["caller"] = scope["key_id"] or scope["caller"]
            self._limit.take(scope["caller"])


def _limited(receive: Receive, headers: dict[bytes, bytes], most: int) -> Receive:
    """The body, as far as it is not too large: by its header, or counted where it has none.

    Raises:
        Refusal: 413, its header says that it is.
    """
    told = headers.get(b"content-length")
    if told is not None and told.isdigit():
        _weigh(int(told), most)
        return receive  # the server takes no more than was told
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        _weigh(taken, most)
        return message

    return counted


def _weigh(size: int, most: int) -> None:
    if size > most:
        raise Refusal(
            413,
            f"The body has more than {most:,} bytes: send fewer rides at once.",
            headers={"Connection": "close"},
        )


def _request_id(told: bytes) -> str:
    """The caller's own where it is a sane token, a new one otherwise."""
    return told.decode() if SANE(told) else uuid4().hex


def _texts(headers: dict[bytes, bytes]) -> dict[str, str]:
    """What tracing reads, without keys."""
    return {
        name.decode(): headers[name].decode("latin-1")
        for name in (b"traceparent", b"tracestate")
        if name in headers
    }
