"""`taxi-assets up`: supervision with small stand-ins, and once with the real programs."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx
import pytest
from dagster._daemon.types import DaemonHeartbeat

from taxi_assets.commands.daemon import is_alive
from taxi_assets.commands.ports import Ports, require_free
from taxi_assets.commands.program import Service
from taxi_assets.commands.supervisor import Patience, Supervisor
from taxi_assets.commands.up import (
    NAMES,
    api_environment,
    chosen_names,
    mlflow_environment,
    only_daemon,
    server_elsewhere,
)
from taxi_assets.domain.errors import ServiceFailed, UsageError
from taxi_assets.settings import Settings
from taxi_assets_tests.homes import PROGRAM, REPOSITORY, Home, invoke

QUICK = Patience(healthy_s=20, pauses_s=(0.05, 0.1), steady_s=60, grace_s=5)
FOREVER = "import time; print('here', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + FOREVER
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {FOREVER!r}])"
START_S = 90


class Watched:
    """A supervisor of stand-ins, and what it and they have said."""

    def __init__(self, mark: str, patience: Patience = QUICK, **scripts: str) -> None:
        self.said: list[str] = []
        self.heard: list[tuple[str, str]] = []
        environment = {**os.environ, "STAND_IN": mark}
        services = [
            Service(name, [sys.executable, "-c", script], environment, self._has_spoken(name))
            for name, script in scripts.items()
        ]
        self.supervisor = Supervisor(
            services, self.said.append, lambda name, line: self.heard.append((name, line)), patience
        )

    def _has_spoken(self, name: str) -> Callable[[float], bool]:
        return lambda _: any(speaker == name for speaker, _ in self.heard)


@pytest.fixture
def mark(tmp_path: Path) -> Iterable[str]:
    """A value that the environment of every process of a test holds; none may be left."""
    yield str(tmp_path)
    assert processes(f"STAND_IN={tmp_path}") == []


def processes(mark: str) -> list[int]:
    """The processes that have this in their environment."""
    wanted, found = mark.encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "environ").read_bytes()
        except OSError:  # it has ended, or is somebody else's
            continue
        if wanted in told.split(b"\0") and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def signal_us(number: signal.Signals = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_once_all_were_healthy(mark: str, number: signal.Signals) -> None:
    watched = Watched(mark, one=FOREVER, two=FOREVER)

    watched.supervisor.run(lambda: signal_us(number))

    assert set(watched.heard) == {("one", "here"), ("two", "here")}
    assert watched.said == []


def test_what_a_program_has_started_ends_with_it(mark: str) -> None:
    watched = Watched(mark, parent=PARENT)

    watched.supervisor.run(signal_us)

    assert processes(f"STAND_IN={mark}") == []


def test_one_that_does_not_listen_is_killed(mark: str) -> None:
    watched = Watched(mark, Patience(grace_s=0.5), stubborn=STUBBORN)

    started = time.monotonic()
    watched.supervisor.run(signal_us)

    assert time.monotonic() - started < 10


def test_a_second_signal_does_not_wait(mark: str) -> None:
    watched = Watched(mark, Patience(grace_s=60), stubborn=STUBBORN)
    again = threading.Timer(1.5, signal_us)
    again.start()

    started = time.monotonic()
    watched.supervisor.run(signal_us)

    assert time.monotonic() - started < 30


def test_one_that_dies_is_started_again(mark: str, tmp_path: Path) -> None:
    once = tmp_path / "once"
    script = (
        f"import pathlib; p = pathlib.Path({str(once)!r}); there = p.exists(); p.touch();"
        "there or exit(3)\n" + FOREVER
    )
    watched = Watched(mark, shaky=script, sound=FOREVER)

    watched.supervisor.run(signal_us)

    assert watched.said == ["shaky ended with exit code 3; it is started again in 0.05 s."]


def test_one_that_keeps_dying_ends_all_and_is_named_with_its_last_words(mark: str) -> None:
    watched = Watched(mark, shaky="print('no room'); exit(3)", sound=FOREVER)

    with pytest.raises(ServiceFailed) as failed:
        watched.supervisor.run(lambda: None)

    assert str(failed.value) == (
        "shaky ended 3 times, now with exit code 3 (its last words: no room): mend that, or leave "
        "it out with --without shaky."
    )
    assert len(watched.said) == 2


def test_one_that_was_killed_is_started_again(mark: str) -> None:
    suicide = "import os, signal; print('here', flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    watched = Watched(mark, shaky=suicide)

    with pytest.raises(ServiceFailed, match="with signal SIGKILL"):
        watched.supervisor.run(lambda: None)


def test_one_that_is_never_healthy_ends_all(mark: str) -> None:
    watched = Watched(mark, Patience(healthy_s=0.5, grace_s=5), mute="import time; time.sleep(600)")

    with pytest.raises(ServiceFailed, match=r"mute was not healthy after 0.5 s .*--without mute"):
        watched.supervisor.run(lambda: None)


def test_a_program_that_is_not_there_is_no_reason_to_leave_others_running(mark: str) -> None:
    sound = Service("sound", [sys.executable, "-c", FOREVER], {"STAND_IN": mark}, lambda _: True)
    missing = Service("missing", ["/nowhere/at-all"], {}, lambda _: True)
    both = Supervisor([sound, missing], lambda _: None, lambda *_: None, QUICK)

    with pytest.raises(FileNotFoundError):
        both.run(lambda: None)


KILLED = """
import os, sys
from taxi_assets_tests.test_cli_up import FOREVER, PARENT, Watched
Watched(os.environ["STAND_IN"], one=PARENT, two=FOREVER).supervisor.run(
    lambda: print("ready", flush=True)
)
"""


def test_nothing_is_left_when_the_supervisor_itself_is_killed(mark: str) -> None:
    environment = {**os.environ, "STAND_IN": mark, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        running = processes(f"STAND_IN={mark}")
        process.kill()

    assert len(running) >= 4  # itself, its guard, a parent, two that wait
    deadline = time.monotonic() + 20
    while processes(f"STAND_IN={mark}") and time.monotonic() < deadline:
        time.sleep(0.1)


def test_a_port_that_is_taken_is_refused_with_what_wanted_it_and_how_to_change_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(UsageError) as refused:
            require_free(Ports(api=port).listed()[2:3])

    assert str(refused.value) == (
        f"Port {port}, which the API wants, is taken: stop what listens there, choose another with "
        "--api-port or SERVING_PORT, or leave it out with --without api."
    )


def test_a_port_that_two_want_is_refused(unused_port: int) -> None:
    ports = Ports(unused_port, unused_port, unused_port, unused_port).listed()

    with pytest.raises(UsageError, match=r"is wanted by Dagster and by MLflow.*--mlflow-port"):
        require_free(ports)


def test_the_command_refuses_a_taken_port_before_it_starts_anything(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = invoke({"TAXI_HOME": str(tmp_path / "taxi")}, "up", "--console-port", port)

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert f"Error: Port {port}" in result.stderr
    assert not (tmp_path / "taxi").exists()


def test_a_second_daemon_over_the_same_instance_is_refused_and_the_first_ends_its_signs(
    tmp_path: Path,
) -> None:
    home = Home.at(tmp_path)

    with home.instance() as instance:
        with only_daemon(tmp_path / "dagster", instance):
            instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "SENSOR", "one", []))
            alive = is_alive(instance)
            told = ("up", "--without", "ui,mlflow,api,console")
            done = subprocess.run(
                [*PROGRAM, *told], env=home.process_environment(), capture_output=True, check=False
            )
        ended = is_alive(instance)

    assert (alive, ended) == (True, False)
    assert done.returncode == 1
    assert b"leave the daemon out with --without daemon" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        ("mlfow", "There is no 'mlfow' to leave out: choose of ui, daemon, mlflow, api, console."),
        ("ui,daemon,mlflow,api,console", "Nothing is left to start"),
    ],
)
def test_leaving_out_what_makes_no_sense_is_refused(
    tmp_path: Path, without: str, sentence: str
) -> None:
    result = invoke({"TAXI_HOME": str(tmp_path / "taxi")}, "up", "--without", without)

    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in result.stderr


def test_a_setting_of_the_service_is_refused_by_its_name(tmp_path: Path) -> None:
    told = {"TAXI_HOME": str(tmp_path / "taxi"), "SERVING_PORT": "0"}

    for command in ("up", "serve"):
        result = invoke(told, command)

        assert result.exit_code == 1
        assert "Error: SERVING_PORT: " in result.stderr


def test_it_explains_itself_with_examples() -> None:
    result = invoke({}, "up", "--help")

    assert "taxi-assets up --without console,mlflow" in result.stdout


@pytest.mark.parametrize(
    ("uri", "elsewhere"),
    [
        ("sqlite:////home/mlflow.db", False),
        ("postgresql+psycopg2://taxi@db/mlflow", False),
        ("http://127.0.0.1:5000", False),
        ("http://localhost:5000/", False),
        ("http://127.0.0.1:5001", True),
        ("https://mlflow.example", True),
    ],
)
def test_a_server_of_mlflow_that_runs_elsewhere_is_not_started_here(
    tmp_path: Path, uri: str, elsewhere: bool
) -> None:
    settings = Settings(home=tmp_path, mlflow_tracking_uri=uri)

    assert server_elsewhere(uri, 5000) is elsewhere
    assert ("mlflow" in chosen_names("", settings, 5000)) is not elsewhere


def test_the_server_shows_the_database_that_runs_write_to(tmp_path: Path) -> None:
    own = Settings(home=tmp_path, mlflow_tracking_uri="")
    named = Settings(home=tmp_path, mlflow_tracking_uri="http://127.0.0.1:5000")

    assert mlflow_environment(own)["MLFLOW_BACKEND_STORE_URI"] == own.tracking_uri
    assert mlflow_environment(named)["MLFLOW_BACKEND_STORE_URI"] == own.tracking_uri


def test_the_service_reads_a_database_it_does_not_know_through_the_server(tmp_path: Path) -> None:
    ports = {port.name: port for port in Ports().listed()}
    own = Settings(home=tmp_path, mlflow_tracking_uri="")
    postgres = Settings(home=tmp_path, mlflow_tracking_uri="postgresql+psycopg2://db/mlflow")

    assert api_environment(own, NAMES, ports) == {}
    assert api_environment(postgres, NAMES, ports) == {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"
    }


@pytest.mark.slow
def test_the_real_five_answer_and_leave_nothing_behind(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    ui, mlflow, api, console = free_ports(4)
    options = {"ui": ui, "mlflow": mlflow, "api": api, "console": console}
    log = tmp_path / "up.log"

    with log.open("w") as out:
        process = subprocess.Popen(
            [*PROGRAM, "up", *(f"--{name}-port={port}" for name, port in options.items())],
            env=home.process_environment(),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_for_line(log, f"http://127.0.0.1:{console}   ", process)
        live = httpx.get(f"http://127.0.0.1:{api}/health/live")
        graph = httpx.get(f"http://127.0.0.1:{ui}/server_info")
        registry = httpx.get(f"http://127.0.0.1:{mlflow}/health")
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(START_S)

    assert (live.json(), graph.status_code, registry.text) == ({"status": "live"}, 200, "OK")
    assert code == 0
    assert all(f"{name:7} | " in log.read_text() for name in NAMES)
    assert "\x1b" not in log.read_text()
    assert processes(f"TAXI_HOME={home.settings.home}") == []


def free_ports(count: int) -> list[int]:
    """Local ports where nobody answers, all different."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return found


def wait_for_line(log: Path, words: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the log holds some words; give up when the process ends or takes too long."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        if words in log.read_text():
            return
        time.sleep(0.2)
    raise AssertionError(f"it did not say {words!r}:\n{log.read_text()[-3_000:]}")


def test_programs_without_an_address_are_shown_in_no_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from taxi_assets.commands.up import DAEMON, addresses
    from taxi_assets.console import print_table

    print_table(addresses([DAEMON], {}))

    assert capsys.readouterr().out == ""
