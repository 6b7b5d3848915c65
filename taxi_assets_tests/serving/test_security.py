"""Keys, limits, sizes and headers; slow, large and vanished clients on a real server."""

import hashlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving import wire
from serving.app import create_app
from serving.problems import MOST_FAULTS
from serving.security import HEADERS
from taxi_assets_tests.serving.services import (
    TRIP,
    ListLog,
    problem_of,
    running,
    serving,
    settings_of,
)

KEY = "a key of Ada's"
KEYS = (
    f"bob:{hashlib.sha256(b'another').hexdigest()}",
    f"ada:{hashlib.sha256(KEY.encode()).hexdigest()}",
)


@pytest.fixture(scope="module")
def key_log() -> ListLog:
    return ListLog()


@pytest.fixture(scope="module")
def keyed(root: Path, cache: Path, key_log: ListLog) -> Iterator[httpx.Client]:
    """A client of a service that wants keys."""
    with running(settings_of(root, cache, api_keys=KEYS), key_log) as client:
        yield client


def test_without_a_key_nothing_is_quoted(keyed: httpx.Client) -> None:
    answer = keyed.post("/v1/quotes", json=TRIP)

    problem_of(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"X-API-Key": hashlib.sha256(KEY.encode()).hexdigest()},
        {"X-API-Key": "x" * 5_000},
    ],
)
@pytest.mark.parametrize("path", ["/v1/quotes", "/predict", "/v1/quotes/batch", "/v1/outcomes"])
def test_a_wrong_key_is_refused(keyed: httpx.Client, path: str, headers: dict[str, str]) -> None:
    problem_of(keyed.post(path, json=TRIP, headers=headers), 403)


@pytest.mark.parametrize("value", ["Basic YTpi", "Bearer", KEY])
def test_an_authorization_that_holds_no_key_is_none(keyed: httpx.Client, value: str) -> None:
    answer = keyed.post("/v1/quotes", json=TRIP, headers={"Authorization": value})

    problem_of(answer, 401)


@pytest.mark.parametrize(
    "headers",
    [{"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}, {"authorization": f"bearer {KEY}"}],
)
def test_a_known_key_is_answered_and_only_its_id_logged(
    keyed: httpx.Client, key_log: ListLog, headers: dict[str, str]
) -> None:
    answer = keyed.post("/v1/quotes", json=TRIP, headers=headers)

    assert answer.status_code == 200
    assert key_log.records[-1]["key_id"] == "ada"
    assert KEY not in str(key_log.records)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/openapi.json"])
def test_health_and_description_want_no_key(keyed: httpx.Client, path: str) -> None:
    assert keyed.get(path).status_code == 200


def test_what_wants_a_key_says_so_in_the_openapi(keyed: httpx.Client, client: httpx.Client) -> None:
    assert keyed.get("/openapi.json").json()["security"] == [{"key": []}, {"bearer": []}]
    assert "security" not in client.get("/openapi.json").json()


def test_who_asks_too_often_is_told_when_to_ask_again(root: Path, cache: Path) -> None:
    with running(settings_of(root, cache, rate_limit="3/hour", api_keys=KEYS)) as client:
        statuses = [
            client.post("/v1/quotes", json=TRIP, headers={"X-API-Key": KEY}).status_code
            for _ in range(3)
        ]
        refused = client.post("/v1/quotes", json=TRIP, headers={"X-API-Key": KEY})
        other = client.post("/v1/quotes", json=TRIP, headers={"X-API-Key": "another"})
        health = client.get("/health/live")

    assert statuses == [200, 200, 200]
    assert "3 per 1 hour" in problem_of(refused, 429).detail
    assert 1 <= int(refused.headers["retry-after"]) <= 3_600
    assert (other.status_code, health.status_code) == (200, 200)


def test_a_body_that_is_announced_as_too_large_is_refused_before_it_comes(
    client: httpx.Client,
) -> None:
    head = "POST /v1/quotes HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"

    with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as caller:
        caller.settimeout(wire.PATIENCE_S / 2)
        caller.sendall(f"{head}Content-Length: 100000000\r\n\r\n{{".encode())
        answer = caller.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_of_a_thousand_wrong_fields_a_few_are_listed(client: httpx.Client) -> None:
    body = {str(number): 0 for number in range(1_000)}

    answer = client.post("/v1/quotes", json=body)

    problem = problem_of(answer, 422)
    assert len(problem.errors) == MOST_FAULTS
    assert f"({len(body) + 2} more)" in problem.detail
    assert len(answer.content) < 10_000


@pytest.mark.parametrize("path", ["/v1/quotes", "/v1/quotes/batch"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_ten_megabytes_is_refused(client: httpx.Client, path: str, chunked: bool) -> None:
    body = b" " * 10_000_000
    content: Any = (body[start : start + 100_000] for start in range(0, len(body), 100_000))

    answer = client.post(
        path,
        content=content if chunked else body,
        headers={"Content-Type": "application/json", "Connection": "close"},
    )

    most = "4,000,000" if path.endswith("batch") else "64,000"
    assert f"{most} bytes" in problem_of(answer, 413).detail


def test_every_answer_has_the_security_headers(client: httpx.Client) -> None:
    answers = [
        client.post("/v1/quotes", json=TRIP),
        client.post("/v1/quotes", json={}),
        client.get("/nothing"),
        client.get("/health/live"),
    ]

    for answer in answers:
        assert {name.decode(): value.decode() for name, value in HEADERS}.items() <= dict(
            answer.headers
        ).items()
        assert "server" not in answer.headers or answer.headers["server"] == "uvicorn"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("told", ["abc-123_X.y:z", "0", "a" * 64])
def test_a_sane_request_id_comes_back(client: httpx.Client, told: str) -> None:
    answer = client.post("/v1/quotes", json=TRIP, headers={"X-Request-ID": told})

    assert answer.headers["x-request-id"] == answer.json()["request_id"] == told


@pytest.mark.parametrize("told", ["", "a b", "a" * 65, "<script>", "-x", "é".encode(), b"a\tb"])
def test_another_request_id_is_replaced(client: httpx.Client, told: str | bytes) -> None:
    answer = client.post("/v1/quotes", json=TRIP, headers={"X-Request-ID": told})

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_other_pages_may_ask_only_where_the_settings_let_them(root: Path, cache: Path) -> None:
    origin = "https://rides.example"
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    with running(settings_of(root, cache, cors_origins=(origin,))) as client:
        allowed = client.options("/v1/quotes", headers=asks)
        other = client.options("/v1/quotes", headers={**asks, "Origin": "https://evil.example"})

    assert allowed.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-origin" not in other.headers


def test_a_fault_of_ours_is_told_without_its_trace(
    root: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings_of(root, cache), log=FailingLog())

    with serving(app) as client:
        answer = client.post("/v1/outcomes", json={"request_id": "x", "fare_usd": 1.0})

    detail = problem_of(answer, 500).detail
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "request id" in detail
    assert "a secret of the code" in caplog.text  # it is in the log


class FailingLog(ListLog):
    """Breaks its promise."""

    def put(self, _: Any) -> None:
        raise RuntimeError("a secret of the code")


def raw(client: httpx.Client, sent: bytes, *, end: bool = False) -> bytes:
    """What the server answers to bytes on a bare connection."""
    with socket.create_connection((client.base_url.host, client.base_url.port), 20) as connection:
        connection.sendall(sent)
        if end:
            connection.shutdown(socket.SHUT_WR)
        return connection.recv(65_536)


HEAD = b"POST /v1/quotes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def test_a_body_that_does_not_come_is_given_up(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PATIENCE_S", 0.05)

    answer = raw(client, HEAD + b"Content-Length: 100\r\n\r\n{")

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"did not arrive within" in answer


def test_a_client_who_leaves_in_the_middle_harms_nobody(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port), 20) as connection:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")

    assert client.post("/v1/quotes", json=TRIP).status_code == 200
    assert "failed" not in caplog.text


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        HEAD + b"Content-Length: -5\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_refused(client: httpx.Client, sent: bytes) -> None:
    assert raw(client, sent, end=True)[:12] in {b"HTTP/1.1 400", b""}
    assert client.get("/health/live").status_code == 200


def test_requests_may_come_one_behind_the_other(client: httpx.Client) -> None:
    one = HEAD + b"Content-Length: 2\r\n\r\n{}"

    answers = raw(client, one + one.replace(b"Host: x", b"Host: x\r\nConnection: close"))

    assert answers.count(b"HTTP/1.1 422") >= 1


@pytest.fixture(scope="module")
def with_page(root: Path, cache: Path) -> Iterator[httpx.Client]:
    with running(settings_of(root, cache, page=True)) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/quotes", "POST"),
        ("OPTIONS", "/v1/quotes/batch", "POST"),
        ("POST", "/v1/zones", "GET, HEAD"),
        ("DELETE", "/health/live", "GET, HEAD"),
    ],
)
def test_another_method_is_told_which_are_taken_beside_the_page(
    with_page: httpx.Client, method: str, path: str, allowed: str
) -> None:
    answer = with_page.request(method, path)

    problem_of(answer, 405)
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/v1/zones", "/metrics", "/"])
def test_a_head_is_answered_as_a_get_without_the_body(with_page: httpx.Client, path: str) -> None:
    head, got = with_page.head(path), with_page.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert got.content


def test_the_page_is_served_and_no_source_of_ours(with_page: httpx.Client) -> None:
    assert with_page.get("/main.js").status_code == 200
    problem_of(with_page.get("/__init__.py"), 404)
