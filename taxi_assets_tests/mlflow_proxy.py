"""A real HTTP server in front of MLflow, or of nothing, that fails the requests it is told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

# what a spoilt request gets: status and body, or None for a connection that is closed
ANSWERS: dict[str, tuple[int, bytes] | None] = {
    "500": (500, b"out of order"),
    "a page": (200, b"<html>Please log in.</html>"),
    "other JSON": (200, b'{"registered_model": 7, "model_versions": 7}'),
    "nothing in it": (200, b"{}"),
    "no answer": None,
}
DROPPED = {"connection", "content-encoding", "content-length", "transfer-encoding"}


@dataclass
class Proxy:
    """The running proxy.

    Attributes:
        behind: URL of the real server; empty where there is none.
        url: its own.
        spoilt: `METHOD part/of/path` of the requests to fail, with the kind of answer they get.
        says_well: answer the question after its health itself, in MLflow's words.
        delay_s: how long each request waits before it is passed on.
        asked: `METHOD path` of each request that came.
        stuck: ends the requests that get no answer at all.
    """

    behind: str
    url: str = ""
    spoilt: dict[str, str] = field(default_factory=dict)
    says_well: bool = False
    delay_s: float = 0.0
    asked: list[str] = field(default_factory=list)
    stuck: threading.Event = field(default_factory=threading.Event)

    def fault(self, asked: str) -> str | None:
        """How a request is to fail, if it is."""
        method, path = asked.split(" ", 1)
        for told, kind in self.spoilt.items():
            wanted, part = told.split(" ", 1)
            if wanted in ("*", method) and part in path:
                return kind
        return None


@contextmanager
def proxy_before(behind: str = "") -> Iterator[Proxy]:
    """A proxy on a free local port until the block ends."""
    proxy = Proxy(behind)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stuck.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    proxy: Proxy

    def _answer(self) -> None:
        asked = f"{self.command} {self.path}"
        self.proxy.asked.append(asked)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.proxy.fault(asked)
        if self.proxy.says_well and self.path == "/health":
            self._send(200, {}, b"OK")
        elif fault == "silence":
            self.proxy.stuck.wait()
        elif fault is not None:
            self._spoil(ANSWERS[fault])
        else:
            self._pass_on(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def _spoil(self, answer: tuple[int, bytes] | None) -> None:
        if answer is not None:
            self._send(answer[0], {}, answer[1])

    def _pass_on(self, body: bytes) -> None:
        self.proxy.stuck.wait(self.proxy.delay_s)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in {"host", *DROPPED}}
        found = httpx.request(
            self.command,
            self.proxy.behind + self.path,
            content=body,
            headers=headers,
            timeout=60,
        )
        self._send(found.status_code, dict(found.headers), found.content)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
