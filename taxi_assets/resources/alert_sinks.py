"""Where alerts go: a webhook, mail, the log. What was not taken is raised, never swallowed."""

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from taxi_assets.domain.addresses import MailServer, mail_addresses, mail_server
from taxi_assets.domain.alert_forms import as_log_line, as_mail, as_slack
from taxi_assets.domain.alerts import Alert, Severity
from taxi_assets.domain.errors import Undelivered
from taxi_assets.settings import Settings

TIMEOUT = 5.0  # seconds; a sensor's tick has 60 for all
LOGGER = logging.getLogger("taxi_assets.alerts")
LEVELS = {
    Severity.ERROR: logging.ERROR,
    Severity.WARNING: logging.WARNING,
    Severity.INFO: logging.INFO,
}


class Sink(Protocol):
    """Something that takes alerts."""

    @property
    def name(self) -> str:
        """What it is called in logs."""

    @property
    def place(self) -> str:
        """Where it is, without secrets."""

    def send(self, alert: Alert) -> None:
        """Hand over one alert.

        Raises:
            Undelivered: it was not taken; the message holds no secret.
        """


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook of Slack's, or of what understands the same JSON.

    Attributes:
        url: where to post; whoever knows it can write there.
        timeout: seconds.
    """

    url: str = field(repr=False)
    timeout: float = TIMEOUT
    name: str = "webhook"

    @property
    def place(self) -> str:
        """The host: the rest of the URL is a secret."""
        return urlsplit(self.url).hostname or ""

    def send(self, alert: Alert) -> None:
        """Post the alert; see `Sink`. A redirect is not followed: it would not be posted again."""
        try:
            with (
                _unlogged(self.url),
                httpx.stream(
                    "POST", self.url, json=as_slack(alert), timeout=self.timeout
                ) as answer,
            ):
                status = answer.status_code  # the body is nobody's business, and may be endless
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            # an error's own words may hold the URL
            raise self._undelivered(f"did not answer ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise self._undelivered(f"answered {status}")

    def _undelivered(self, what: str) -> Undelivered:
        return Undelivered(
            f"The webhook at {self.place} {what}: see that it is up and that TAXI_ALERT_WEBHOOK is "
            "the URL it gave you."
        )


@dataclass(frozen=True, slots=True)
class Mail:
    """Mails through a server of the user's.

    Attributes:
        server: takes them.
        sender: address they come from.
        to: addresses they go to.
        timeout: seconds, for each answer of the server.
    """

    server: MailServer
    sender: str
    to: tuple[str, ...]
    timeout: float = TIMEOUT
    name: str = "mail"

    @property
    def place(self) -> str:
        """The server and who gets the mails."""
        return f"{', '.join(self.to)} through {self.server.host}:{self.server.port}"

    def send(self, alert: Alert) -> None:
        """Mail the alert to all; see `Sink`."""
        try:
            with self._connected() as connection:
                refused = connection.send_message(self._message(alert))
        except smtplib.SMTPAuthenticationError as error:
            raise self._undelivered(f"refuses the login ({error.smtp_code})") from None
        except smtplib.SMTPResponseException as error:
            raise self._undelivered(f"refuses ({error.smtp_code})") from None
        except (smtplib.SMTPException, OSError) as error:
            raise self._undelivered(f"did not take a mail ({type(error).__name__})") from None
        if refused:  # no failure: the others would get the mail again and again
            LOGGER.warning("The mail server refuses %s of TAXI_ALERT_TO.", ", ".join(refused))

    def _message(self, alert: Alert) -> EmailMessage:
        message = EmailMessage()
        message["Subject"], text = as_mail(alert)
        message["From"], message["To"] = self.sender, ", ".join(self.to)
        message["Date"] = format_datetime(alert.at)
        message.set_content(text)
        return message

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A session, encrypted where the server can, and logged in where somebody is to be."""
        trusted, server = ssl.create_default_context(), self.server
        reach = (server.host, server.port)
        with (
            smtplib.SMTP_SSL(*reach, timeout=self.timeout, context=trusted)
            if server.tls
            else smtplib.SMTP(*reach, timeout=self.timeout)
        ) as connection:
            connection.ehlo_or_helo_if_needed()
            encrypted = server.tls
            if not encrypted and connection.has_extn("starttls"):
                connection.starttls(context=trusted)
                encrypted = True
            if server.user:
                if not encrypted and not _is_here(server.host):
                    raise self._undelivered("offers no STARTTLS to send the password through")
                connection.login(server.user, server.password)
            yield connection

    def _undelivered(self, what: str) -> Undelivered:
        return Undelivered(
            f"The mail server {self.server.host}:{self.server.port} {what}: correct "
            "TAXI_ALERT_SMTP, TAXI_ALERT_FROM or TAXI_ALERT_TO, or see that it is up."
        )


@dataclass(frozen=True, slots=True)
class Log:
    """The log of whoever sends."""

    log: logging.Logger = LOGGER
    name: str = "log"

    @property
    def place(self) -> str:
        """The logger's name."""
        return self.log.name

    def send(self, alert: Alert) -> None:
        """Log the alert; see `Sink`."""
        self.log.log(LEVELS[alert.severity], "%s", as_log_line(alert))


@dataclass(frozen=True)
class AlertSinks:
    """Every sink that is set beside the log, and where the links of alerts lead.

    A plain object, and no configurable resource: Dagster shows the configuration of those.

    Attributes:
        sinks: webhook and mail, where they are set.
        ui_url: root of the Dagster UI.
    """

    sinks: tuple[Sink, ...] = ()
    ui_url: str = "http://127.0.0.1:3000"

    def with_log(self, log: logging.Logger) -> tuple[Sink, ...]:
        """All, the log first: it is always there."""
        return (Log(log), *self.sinks)

    def run_page(self, run_id: str) -> str:
        """Where the UI shows a run."""
        return f"{self.ui_url}/runs/{run_id}"

    def asset_page(self, fleet: str, asset: str, month: str) -> str:
        """Where the UI shows a month of an asset."""
        return f"{self.ui_url}/assets/{fleet}/{asset}?view=partitions&partition={month}"


def alert_sinks(settings: Settings) -> AlertSinks:
    """The sinks that the settings describe."""
    sinks: list[Sink] = []
    if url := settings.alert_webhook.get_secret_value():
        sinks.append(Webhook(url))
    if server := settings.alert_smtp.get_secret_value():
        to = mail_addresses(settings.alert_to)
        sinks.append(Mail(mail_server(server), settings.alert_from.strip() or to[0], to))
    return AlertSinks(tuple(sinks), settings.ui_url)


@contextmanager
def _unlogged(url: str) -> Iterator[None]:
    """Keep httpx from logging a secret URL: it logs that of every request."""

    def harmless(record: logging.LogRecord) -> bool:
        return url not in record.getMessage()

    logger = logging.getLogger("httpx")
    logger.addFilter(harmless)
    try:
        yield
    finally:
        logger.removeFilter(harmless)


def _is_here(host: str) -> bool:
    """Whether nobody can listen in on the way to a host."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
