"""What is not MLflow, or is ill, is named in one sentence and never taken for news."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.mlflow_database import MlflowDatabase
from serving.mlflow_rest import MlflowServer
from serving.models import Wanted
from serving.settings import Settings
from taxi_assets.domain.errors import RegistryError, RegistryUnreachable
from taxi_assets_tests.mlflow_proxy import ANSWERS, Proxy, proxy_before
from taxi_assets_tests.model_roots import identity

VERSION = Wanted("taxi-fare-green", "1", "2025-03", identity(1))


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with proxy_before() as running:
        yield running


def ask(url: str, into: Path) -> list[RegistryError]:
    """What a server's errors are to a source."""
    source = MlflowServer(url, Settings())
    errors = []
    for question in (lambda: source.wanted("green"), lambda: source.fetch(VERSION, into)):
        with pytest.raises(RegistryError) as caught:
            question()
        errors.append(caught.value)
    source.close()
    return errors


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_is_not_mlflow_is_named(proxy: Proxy, kind: str, tmp_path: Path) -> None:
    proxy.spoilt["* /"] = kind

    errors = ask(proxy.url, tmp_path)

    assert {type(error) for error in errors} == {RegistryUnreachable}
    assert all(proxy.url in str(error) and "\n" not in str(error) for error in errors)
    assert list(tmp_path.iterdir()) == [] or (tmp_path / "manifest.json").stat().st_size == 0


def test_a_server_that_does_not_listen_is_named(unused_port: int, tmp_path: Path) -> None:
    errors = ask(f"http://127.0.0.1:{unused_port}", tmp_path)

    assert all("does not answer (ConnectError" in str(error) for error in errors)


def test_a_server_that_stays_silent_is_given_up(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("serving.mlflow_rest.READ_S", 0.2)
    proxy.spoilt["* /"] = "silence"

    errors = ask(proxy.url, tmp_path)

    assert all("does not answer (ReadTimeout" in str(error) for error in errors)


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_wants_a_password_says_so(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    monkeypatch.setitem(ANSWERS, "refusal", (status, b"Please log in."))
    proxy.spoilt["* /"] = "refusal"

    errors = ask(proxy.url, tmp_path)

    assert all("set MLFLOW_TRACKING_USERNAME" in str(error) for error in errors)
    assert {type(error) for error in errors} == {RegistryError}


def test_an_answer_about_another_model_is_not_taken(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, "another", (200, b'{"registered_model": {"name": "other"}}'))
    proxy.spoilt["* /"] = "another"

    with pytest.raises(RegistryUnreachable, match="it answered with another model"):
        MlflowServer(proxy.url, Settings()).wanted("green")


def test_a_file_without_end_is_not_taken(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("serving.stores.MOST_BYTES", 100)
    place = b'{"artifact_uri": "mlflow-artifacts:/1/models/m-1/artifacts"}'
    monkeypatch.setitem(ANSWERS, "place", (200, place))
    monkeypatch.setitem(ANSWERS, "much", (200, b" " * 101))
    proxy.spoilt["GET get-download-uri"] = "place"
    proxy.spoilt["GET mlflow-artifacts"] = "much"

    with pytest.raises(RegistryError, match=r"manifest\.json is no file of a model"):
        MlflowServer(proxy.url, Settings()).fetch(VERSION, tmp_path)


def test_a_file_that_drips_is_given_up(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("serving.mlflow_rest.FETCH_S", -1.0)
    monkeypatch.setitem(
        ANSWERS, "place", (200, b'{"artifact_uri": "mlflow-artifacts:/1/artifacts"}')
    )
    monkeypatch.setitem(ANSWERS, "some", (200, b"{"))
    proxy.spoilt["GET get-download-uri"] = "place"
    proxy.spoilt["GET mlflow-artifacts"] = "some"

    with pytest.raises(RegistryUnreachable, match=r"sends manifest\.json too slowly"):
        MlflowServer(proxy.url, Settings()).fetch(VERSION, tmp_path)


def test_a_model_kept_apart_from_its_version_is_looked_up(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(ANSWERS, "version", (200, b'{"artifact_uri": "models:/m-1"}'))
    place = f'{{"model": {{"info": {{"artifact_uri": "{tmp_path.as_uri()}/none"}}}}}}'
    monkeypatch.setitem(ANSWERS, "logged", (200, place.encode()))
    proxy.spoilt["GET get-download-uri"] = "version"
    proxy.spoilt["GET logged-models/m-1"] = "logged"

    with pytest.raises(RegistryError, match=r"There is no manifest\.json in file:///.*/none/art"):
        MlflowServer(proxy.url, Settings()).fetch(VERSION, tmp_path)


@pytest.mark.parametrize(
    ("told", "header"),
    [
        ({"mlflow_username": "ada", "mlflow_password": "secret"}, "Basic YWRhOnNlY3JldA=="),
        ({"mlflow_token": "secret"}, "Bearer secret"),
        ({}, None),
    ],
)
def test_the_server_is_asked_with_the_credentials_of_the_settings(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, told: dict[str, str], header: str | None
) -> None:
    seen = []
    settings = Settings(**told)
    source = MlflowServer(proxy.url, settings)
    send = httpx.Client.send

    def watched(client: httpx.Client, request: httpx.Request, **more: object) -> httpx.Response:
        answer = send(client, request, **more)  # type: ignore[arg-type]
        seen.append(answer.request.headers.get("Authorization"))
        return answer

    monkeypatch.setattr(httpx.Client, "send", watched)
    proxy.spoilt["* /"] = "500"
    with pytest.raises(RegistryUnreachable):
        source.wanted("green")

    assert seen == [header]
    assert "secret" not in repr(settings)


def test_a_password_in_the_url_stays_out_of_messages(unused_port: int, tmp_path: Path) -> None:
    errors = ask(f"http://ada:secret@127.0.0.1:{unused_port}", tmp_path)

    assert all("secret" not in str(error) for error in errors)


def test_a_database_that_nobody_has_made_yet_names_no_champion(tmp_path: Path) -> None:
    source = MlflowDatabase(tmp_path / "mlflow.db")

    assert source.wanted("green") == {}
    assert not (tmp_path / "mlflow.db").exists()
    source.close()


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough" * 100])
def test_a_file_that_is_no_registry_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mlflow.db").write_bytes(content)

    with pytest.raises(RegistryUnreachable, match="cannot be read as MLflow's database"):
        MlflowDatabase(tmp_path / "mlflow.db").wanted("green")
