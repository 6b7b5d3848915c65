"""A web server and a mail server on loopback, as ill as a test wants them."""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

SECRET = "T0KEN-9f2c"
USER, PASSWORD = "ada", "hunter2"


@dataclass
class Hook:
    """An incoming webhook.

    Attributes:
        url: where to post.
        status: what it answers.
        delay: seconds before it does.
        posted: what it was sent.
    """

    url: str = ""
    status: int = 200
    delay: float = 0.0
    posted: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def hooked() -> Iterator[Hook]:
    """A webhook that is up."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(hook.delay)
            if hook.status < 300:
                hook.posted.append(json.loads(body))
            self.send_response(hook.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/services/{SECRET}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hook
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Post:
    """A mail server that keeps what it is sent.

    Attributes:
        port: where it listens.
        refuses: recipients it does not know.
        mails: what it took.
    """

    port: int = 0
    refuses: frozenset[str] = frozenset()
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.refuses:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def posted(
    *, login: bool = False, tls: ssl.SSLContext | None = None, starttls: bool = False
) -> Iterator[Post]:
    """A mail server that is up.

    Args:
        login: whether it takes mails of the user only.
        tls: its certificate.
        starttls: whether TLS begins when asked for, not at once.
    """
    post = Post()

    def knows(server: object, session: object, envelope: object, way: str, data: Any) -> AuthResult:
        known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)

    told: dict[str, Any] = {"ssl_context": tls} if tls and not starttls else {}
    if starttls:
        told |= {"tls_context": tls, "require_starttls": True}
    if login:
        told |= {"authenticator": knows, "auth_required": True, "auth_require_tls": starttls}
    controller = Controller(post, hostname="127.0.0.1", port=free_port(), **told)
    controller.start()
    post.port = controller.port
    yield post
    controller.stop()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
