"""Sinks of alerts against real servers: up, down, slow, refusing; and no secret anywhere."""

import datetime as dt
import ipaddress
import logging
import ssl
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from taxi_assets.domain.addresses import mail_server
from taxi_assets.domain.alert_words import run_failed, trial
from taxi_assets.domain.alerts import Where
from taxi_assets.domain.errors import Undelivered
from taxi_assets.resources.alert_sinks import Log, Mail, Webhook, alert_sinks
from taxi_assets.settings import Settings
from taxi_assets_tests.resources.alert_receivers import (
    PASSWORD,
    SECRET,
    USER,
    Hook,
    Post,
    free_port,
    hooked,
    posted,
)

WHERE = Where("green", "2025-03", "http://ui/runs/1", dt.datetime(2025, 6, 1, tzinfo=dt.UTC))
ALERT = run_failed(WHERE, "clean_trips", "no room in the Café")
TO = ("bob@example.org", "eve@example.org")
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as hook:
        yield hook


@pytest.fixture
def post() -> Iterator[Post]:
    with posted() as post:
        yield post


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def mail(post: Post, *, scheme: str = "smtp", login: str = "", **more: float) -> Mail:
    server = mail_server(f"{scheme}://{login}{'@' if login else ''}127.0.0.1:{post.port}")
    return Mail(server, "taxi@example.org", TO, **more)


def refusal(sink: Webhook | Mail) -> str:
    with pytest.raises(Undelivered) as caught:
        sink.send(ALERT)
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown
    assert PASSWORD not in shown
    return str(caught.value)


def test_a_webhook_gets_what_slack_understands(hook: Hook) -> None:
    Webhook(hook.url).send(ALERT)

    (told,) = hook.posted
    assert told["text"] == f"{ALERT.title}: {ALERT.link}"
    assert ALERT.reason in told["blocks"][0]["text"]["text"]


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500])
def test_a_webhook_that_refuses_has_not_taken_it(hook: Hook, status: int) -> None:
    hook.status = status

    said = refusal(Webhook(hook.url))

    assert said == (
        f"The webhook at 127.0.0.1 answered {status}: see that it is up and that "
        "TAXI_ALERT_WEBHOOK is the URL it gave you."
    )


def test_a_webhook_that_is_slow_is_not_waited_for(hook: Hook) -> None:
    hook.delay = 0.5

    assert "did not answer (ReadTimeout)" in refusal(Webhook(hook.url, timeout=0.05))


def test_a_webhook_that_is_down_is_told_by_its_host() -> None:
    url = f"http://127.0.0.1:{free_port()}/{SECRET}"

    assert "The webhook at 127.0.0.1 did not answer (ConnectError)" in refusal(Webhook(url))


def test_the_webhooks_secret_is_in_no_log_and_no_repr(
    hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    Webhook(hook.url).send(ALERT)

    assert SECRET not in caplog.text
    assert SECRET not in repr(Webhook(hook.url))
    assert SECRET not in Webhook(hook.url).place


def test_a_mail_says_it_all(post: Post) -> None:
    mail(post).send(ALERT)

    (message,) = post.mails
    assert message["Subject"] == "[taxi-assets error] green 2025-03: clean_trips failed"
    assert message["From"] == "taxi@example.org"
    assert message["To"] == ", ".join(TO)
    assert "No room in the Café." in message.get_content()
    assert ALERT.link in message.get_content()


def test_one_recipient_too_many_does_not_stop_the_others(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.refuses = frozenset(TO[:1])

    mail(post).send(ALERT)

    assert len(post.mails) == 1
    assert "refuses bob@example.org of TAXI_ALERT_TO" in caplog.text


def test_a_mail_that_nobody_gets_is_not_taken(post: Post) -> None:
    post.refuses = frozenset(TO)

    assert "did not take a mail (SMTPRecipientsRefused)" in refusal(mail(post))


def test_a_mail_server_that_is_down_is_told_by_its_host() -> None:
    port = free_port()

    said = refusal(mail(Post(port)))

    assert f"The mail server 127.0.0.1:{port} did not take a mail (ConnectionRefusedError)" in said


def test_a_server_that_never_greets_is_not_waited_for(hook: Hook) -> None:
    port = int(hook.url.split(":")[2].split("/")[0])  # it waits for a request

    assert "did not take a mail (SMTPServerDisconnected)" in refusal(mail(Post(port), timeout=0.1))


def test_a_login_is_made_where_one_is_set() -> None:
    with posted(login=True) as post:
        mail(post, login=f"{USER}:{PASSWORD}").send(ALERT)

        assert len(post.mails) == 1


def test_a_wrong_password_is_told_without_it() -> None:
    with posted(login=True) as post:
        said = refusal(mail(post, login=f"{USER}:{PASSWORD}x"))

    assert "refuses the login (535)" in said


def test_a_server_that_wants_a_login_says_so() -> None:
    with posted(login=True) as post:
        assert "refuses (530)" in refusal(mail(post))


@pytest.mark.parametrize(("scheme", "starttls"), [("smtp", True), ("smtps", False)])
def test_mail_goes_through_tls(
    tls: ssl.SSLContext,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    starttls: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with posted(login=True, tls=tls, starttls=starttls) as post:
        mail(post, scheme=scheme, login=f"{USER}:{PASSWORD}").send(ALERT)

        assert len(post.mails) == 1


@pytest.mark.parametrize(("scheme", "starttls"), [("smtp", True), ("smtps", False)])
def test_a_certificate_of_nobodys_is_refused(
    tls: ssl.SSLContext, scheme: str, starttls: bool
) -> None:
    with posted(tls=tls, starttls=starttls) as post:
        said = refusal(mail(post, scheme=scheme, login=f"{USER}:{PASSWORD}"))

    assert "did not take a mail (SSLCertVerificationError)" in said


def test_a_password_does_not_leave_the_machine_unencrypted(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxi_assets.resources.alert_sinks._is_here", lambda _: False)

    assert "offers no STARTTLS" in refusal(mail(post, login=f"{USER}:{PASSWORD}"))


@pytest.mark.parametrize(("alert", "level"), [(ALERT, logging.ERROR), (trial(WHERE), logging.INFO)])
def test_the_log_has_the_alert_at_its_level(
    caplog: pytest.LogCaptureFixture, alert: object, level: int
) -> None:
    caplog.set_level(logging.INFO)

    Log().send(alert)  # type: ignore[arg-type]

    assert [record.levelno for record in caplog.records] == [level]


def test_by_default_alerts_are_logged_only() -> None:
    sinks = alert_sinks(Settings(alert_webhook="", alert_smtp="", alert_to=""))

    assert [sink.name for sink in sinks.with_log(logging.getLogger())] == ["log"]


def test_the_settings_make_the_sinks() -> None:
    settings = Settings(
        alert_webhook=f"https://hooks.example/{SECRET}",
        alert_smtp=f"smtp://{USER}:{PASSWORD}@mail.example",
        alert_to=", ".join(TO),
        ui_url="https://dagster.example/",
    )

    sinks = alert_sinks(settings)

    assert [sink.place for sink in sinks.sinks] == [
        "hooks.example",
        "bob@example.org, eve@example.org through mail.example:587",
    ]
    assert isinstance(sinks.sinks[1], Mail)
    assert sinks.sinks[1].sender == TO[0]
    assert sinks.run_page("abc") == "https://dagster.example/runs/abc"
    assert SECRET not in repr((settings, sinks))
    assert PASSWORD not in repr((settings, sinks))
