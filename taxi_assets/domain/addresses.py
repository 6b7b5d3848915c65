"""Where alerts go, as settings write it. What is wrong is said without the value: it is secret."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from taxi_assets.domain.errors import UsageError

SUBMISSION, SUBMISSIONS = 587, 465  # ports of smtp:// with STARTTLS, and of smtps://
ADDRESS = re.compile(r"[^@\s,<>]+@[^@\s,<>]+")


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server that takes messages.

    Attributes:
        host: name or address.
        port: its port.
        tls: whether it speaks TLS from the first byte; else it is asked for STARTTLS.
        user: who logs in; empty for nobody.
        password: of the user.
    """

    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = field(default="", repr=False)


def http_url(url: str) -> str:
    """Return `url` unchanged if something can be posted to it.

    Raises:
        UsageError: it is no http or https URL with a host.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("it is not a web address: write the whole URL, from https:// on")
    return url


def server_url(url: str) -> str:
    """Return the URL of a server, or nothing, unchanged if all would read it alike.

    Raises:
        UsageError: its password holds characters that end it, or its port is no number.
    """
    login = url.partition("://")[2].rpartition("@")[0]
    if any(sign in login for sign in "@/?#"):
        raise UsageError("write characters like @ and / in the password as %40 and %2F")
    if url and _split(url) is None:
        raise UsageError("it is not the address of a server: see its host and port")
    return url


def mail_server(url: str) -> MailServer:
    """Read smtp://[user[:password]@]host[:port] or smtps://...

    Raises:
        UsageError: it is none.
    """
    parts = _split(url)
    if (
        parts is None
        or parts.scheme not in ("smtp", "smtps")
        or not parts.hostname
        or parts.path not in ("", "/")
        or (parts.password and not parts.username)
    ):
        raise UsageError(
            "it is not a mail server: write smtp://host:587 or smtps://user:password@host:465, "
            "with characters like @ in the password as %40"
        )
    tls = parts.scheme == "smtps"
    return MailServer(
        host=parts.hostname,
        port=parts.port or (SUBMISSIONS if tls else SUBMISSION),
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def mail_addresses(text: str) -> tuple[str, ...]:
    """Read `ada@example.org, bob@example.org`.

    Raises:
        UsageError: one is no address.
    """
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for address in found:
        if not ADDRESS.fullmatch(address):
            raise UsageError(f"'{address}' is not a mail address: write name@host")
    return found


def _split(url: str) -> SplitResult | None:
    """A URL's parts, None where it has none that make sense."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it is what refuses one that is no number
    except ValueError:
        return None
    return None if re.search(r"\s", url) else parts
