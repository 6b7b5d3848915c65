"""The service's side of the page: its files under its policy, and answers as a test wants them."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import shapely

from serving.page import folder
from taxi_assets.domain.zones import FEET_PER_MILE, read_zones

TOLERANCE_FT = 60.0
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
POLICY = {
    "Content-Security-Policy": "default-src 'self', default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
Json = dict[str, Any]


@dataclass
class Reply:
    """What the service says.

    Attributes:
        status: HTTP status.
        body: its JSON, or text that is none.
        headers: beside the usual ones.
        gate: the answer waits until it is set.
    """

    status: int = 200
    body: Json | str = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    gate: threading.Event | None = None


def problem(status: int, detail: str, **headers: str) -> Reply:
    """A refusal as RFC 9457 has it."""
    body = {"type": "about:blank", "title": "x", "status": status, "detail": detail}
    return Reply(status, body, {name.replace("_", "-"): text for name, text in headers.items()})


@cache
def zone_shapes(misc: Path) -> Json:
    """TLC's zones as `GET /v1/zones?crs=state-plane` gives them."""
    lookup, shapes = misc / "taxi_zone_lookup.csv", misc / "taxi_zones.zip"
    zones = read_zones(lookup.read_bytes(), shapes.read_bytes())
    drawn = shapely.simplify(shapely.from_wkb(zones["geometry"].to_numpy()), TOLERANCE_FT)
    in_miles = shapely.transform(drawn, lambda feet: (feet / FEET_PER_MILE).round(3))
    features = [
        {
            "type": "Feature",
            "properties": {"zone": int(zone), "name": name, "borough": borough},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for zone, name, borough, shape in zip(
            zones["zone"], zones["name"], zones["borough"], in_miles, strict=True
        )
    ]
    return {"type": "FeatureCollection", "features": features}


def explained(trip: Json) -> Json:
    """An answer that tells by its numbers what was asked: 10 dollars and a cent a zone number."""
    fare = 10 + (trip["pickup_zone"] + trip["dropoff_zone"]) / 100 + trip["passengers"] - 1
    fleet = trip.get("fleet", "green")
    quote = {
        "request_id": "r-1",
        "fleet": fleet,
        "fare_usd": fare,
        "low_usd": fare - 3.2,
        "high_usd": fare + 5.1,
        "interval": 0.8,
        "ride_min": 22.6,
        "surcharges": [
            {"name": "Improvement surcharge", "usd": 1.0},
            {"name": "MTA tax", "usd": 0.5},
            {"name": "Congestion below 96th Street", "usd": 2.75},
        ],
        "total_usd": fare + 4.25,
        "currency": "USD",
        "model": f"taxi-fare-{fleet}",
        "model_version": "7",
    }
    groups = [
        {"name": "distance", "words": "How far apart the two zones are", "usd": fare - 12.2},
        {"name": "time", "words": "Friday morning at 8:30", "usd": -1.45},
        {"name": "routes", "words": "What earlier rides on this route cost", "usd": 0.65},
        {"name": "passengers", "words": "One passenger", "usd": 0.001},
    ]
    return {"quote": quote, "base_usd": 13.0, "groups": groups, "features": []}


def cards(*fleets: str) -> Json:
    """`GET /v1/models` of a service with these fleets."""
    told = [
        {
            "fleet": f,
            "alias": "champion",
            "name": f"taxi-fare-{f}",
            "version": "7",
            "month": "2025-02",
        }
        for f in fleets
    ]
    return {"models": told}


class Service:
    """A small HTTP server with the answers of the API, changeable while it runs.

    Attributes:
        url: where the page is.
        trips: what was asked, in order.
        zones: answer of `/v1/zones`.
        models: answer of `/v1/models`.
        key: without it everything under `/v1` is refused; empty: nobody needs one.
        reply: makes the answer of `/v1/explanations` from a trip.
    """

    def __init__(self, shapes: Json) -> None:
        self.trips: list[Json] = []
        self.zones = Reply(body=shapes)
        self.models = Reply(body=cards("green"))
        self.key = ""
        self.reply: Callable[[Json], Reply] = lambda trip: Reply(body=explained(trip))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    @contextmanager
    def running(self) -> Iterator["Service"]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()

    def answer(self, path: str, body: bytes) -> Reply:
        """What the API says there."""
        if path == "/v1/zones?crs=state-plane":
            return self.zones
        if path == "/v1/models":
            return self.models
        if path == "/v1/explanations":
            trip = json.loads(body)
            self.trips.append(trip)
            return self.reply(trip)
        return problem(404, "There is nothing here.")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        """A handler bound to this service."""
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                name = self.path.partition("?")[0].lstrip("/") or "index.html"
                file = folder() / name
                if "/" not in name and file.is_file() and file.suffix in TYPES:
                    self._send(200, file.read_bytes(), {"Content-Type": TYPES[file.suffix]})
                else:
                    self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: bytes) -> None:
                keyed = self.headers["Authorization"] == f"Bearer {service.key}"
                allowed = keyed or not service.key
                reply = service.answer(self.path, body) if allowed else problem(401, "Send a key.")
                if reply.gate:
                    reply.gate.wait(30)
                text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
                self._send(
                    reply.status,
                    text.encode(),
                    {"Content-Type": "application/json", **reply.headers},
                )

            def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
                self.send_response(status)
                for name, value in {**POLICY, **headers, "Content-Length": len(body)}.items():
                    self.send_header(name, str(value))
                try:
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the page no longer waits for it

            def log_message(self, format: str, *args: object) -> None:
                """Keep the test's output clean."""

        return Handler
