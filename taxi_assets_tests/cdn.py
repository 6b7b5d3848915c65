"""A local double of TLC's CDN: a real HTTP server over a folder, that fails the way CDNs do.

It answers HEAD and GET with ETag and Last-Modified, honours Range and If-Range, and says 403 with
an XML body for what is not there, as TLC's CDN does. `fail` lines up faults for a path; each
request for it takes the next one.
"""

import hashlib
import os
import re
import select
import socket
import struct
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

FORBIDDEN_XML = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'
PIECE_BYTES = 1 << 16


@dataclass(frozen=True)
class Fault:
    """One way in which one request goes wrong; without arguments it goes right.

    Attributes:
        status: answer this and no file.
        breaks_after: body bytes after which the body ends before its Content-Length.
        how: what happens then: `reset` or `close` the connection, or `stall` until the client goes.
        then: content that is published at that moment.
        ignores_range: send the whole file whatever was asked for.
        ignores_if_range: send the range although the file has changed.
        method: the requests that it spoils.
    """

    status: int | None = None
    breaks_after: int | None = None
    how: str = "reset"
    then: bytes | None = None
    ignores_range: bool = False
    ignores_if_range: bool = False
    method: str = "GET"


@dataclass
class Asked:
    """A request that came, and what it got."""

    method: str
    path: str
    headers: Mapping[str, str]
    status: int = 0
    start: int = 0
    sent: int = 0


@dataclass
class Cdn:
    """The running server's folder, faults and record of requests."""

    root: Path
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def publish(self, path: str, content: bytes) -> None:
        """Put `content` at `path`, in place of what was there."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{file.name}.{threading.get_ident()}")
        aside.write_bytes(content)
        aside.replace(file)

    def fail(self, path: str, *faults: Fault) -> None:
        """Spoil the next requests for `path`, one fault each."""
        with self.lock:
            self.faults[path].extend(faults)

    def next_fault(self, path: str, method: str) -> Fault:
        with self.lock:
            waiting = self.faults[path]
            if waiting and waiting[0].method == method:
                return waiting.pop(0)
        return Fault()

    def gets(self) -> list[Asked]:
        """The downloads, or tries of one, so far."""
        return [asked for asked in self.asked if asked.method == "GET"]


@contextmanager
def serving(root: Path) -> Iterator[Cdn]:
    """Serve the folder `root` on a free local port until the block ends."""
    cdn = Cdn(root)
    handler = type("Handler", (_Handler,), {"cdn": cdn})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    cdn.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield cdn
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    cdn: Cdn

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def _answer(self) -> None:
        path = self.path.lstrip("/")
        asked = Asked(self.command, path, dict(self.headers))
        self.cdn.asked.append(asked)
        fault = self.cdn.next_fault(path, self.command)
        file = self.cdn.root / path
        try:
            if fault.status is not None:
                self._refuse(asked, fault.status, b"out of order")
            elif file.is_file():
                self._send_file(asked, file, fault)
            else:
                self._refuse(asked, HTTPStatus.FORBIDDEN, FORBIDDEN_XML)
        except ConnectionError:
            self.close_connection = True

    def _refuse(self, asked: Asked, status: int, body: bytes) -> None:
        asked.status = status
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _send_file(self, asked: Asked, file: Path, fault: Fault) -> None:
        with file.open("rb") as content:  # stays the same file when another is published meanwhile
            self._send_content(asked, content, fault)

    def _send_content(self, asked: Asked, content: BinaryIO, fault: Fault) -> None:
        stat = os.fstat(content.fileno())
        etag = f'"{hashlib.file_digest(content, "md5").hexdigest()}"'
        if self.headers.get("If-Match", etag) != etag:  # S3's way of resuming
            self._refuse(asked, HTTPStatus.PRECONDITION_FAILED, b"")
            return
        asked.start = self._first_byte(etag, fault)
        asked.status = HTTPStatus.PARTIAL_CONTENT if asked.start else HTTPStatus.OK
        if asked.start and asked.start >= stat.st_size:
            self._refuse(asked, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"")
            return
        self.send_response(asked.status)
        self.send_header("ETag", etag)
        self.send_header("Last-Modified", formatdate(stat.st_mtime, usegmt=True))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(stat.st_size - asked.start))
        if asked.start:
            extent = f"bytes {asked.start}-{stat.st_size - 1}/{stat.st_size}"
            self.send_header("Content-Range", extent)
        self.end_headers()
        if self.command == "GET":
            content.seek(asked.start)
            self._send_body(asked, content, fault)

    def _first_byte(self, etag: str, fault: Fault) -> int:
        """Where the client wants the body to begin, if it may."""
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted is None or fault.ignores_range:
            return 0
        same = self.headers.get("If-Range", etag) == etag
        return int(wanted[1]) if same or fault.ignores_if_range else 0

    def _send_body(self, asked: Asked, content: BinaryIO, fault: Fault) -> None:
        end = fault.breaks_after if fault.breaks_after is not None else sys.maxsize
        while piece := content.read(min(PIECE_BYTES, end - asked.sent)):
            self.wfile.write(piece)
            asked.sent += len(piece)
        if fault.breaks_after is not None:
            self._break(asked, fault)

    def _break(self, asked: Asked, fault: Fault) -> None:
        """End the body early; first see that the client's side has all that was sent."""
        _drain(self.connection)
        if fault.then is not None:
            self.cdn.publish(asked.path, fault.then)
        self.close_connection = True
        if fault.how == "stall":
            self.connection.recv(1)  # returns when the client hangs up
        elif fault.how == "reset":
            # Lingering for no time makes the close a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


def _drain(connection: socket.socket) -> None:
    """Wait until the peer's system has acknowledged every byte; only Linux can tell."""
    if not sys.platform.startswith("linux"):
        return
    import fcntl
    import termios

    waiting = bytearray(4)
    while True:
        fcntl.ioctl(connection, termios.TIOCOUTQ, waiting)
        if not any(waiting) or select.select([connection], [], [], 0.001)[0]:
            return
