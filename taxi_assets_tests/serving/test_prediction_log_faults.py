"""What the prediction log does when its sink, its disk or its own process fails."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from serving.log_queue import LogQueue
from serving.log_records import encode
from serving.prediction_log import PredictionLog, longer
from taxi_assets_tests.serving.records import (
    log_settings,
    logged,
    numbers,
    outcome,
    put_all,
    quote,
    until,
)


def test_a_sink_that_comes_back_gets_all_that_waited(tmp_path: Path) -> None:
    root = tmp_path / "served"
    root.write_bytes(b"a file where a folder should be")
    log = PredictionLog(log_settings(root, log_rows=100))
    log.start()

    put_all(log, [quote(number) for number in range(1_000)])
    until(lambda: log.failed_batches)
    assert (log.waiting, log.written) == (1_000, 0)
    assert "were not written" in log.last_error
    root.unlink()
    until(lambda: log.written == 1_000)
    log.stop()

    assert numbers(logged(root)) == list(range(1_000))
    assert (log.waiting, log.dropped) == (0, 0)


def test_an_s3_service_that_comes_back_gets_all_that_waited(
    s3_bucket: str, unused_port: int
) -> None:
    endpoint = f"http://127.0.0.1:{unused_port}"
    log = PredictionLog(log_settings("s3://served/log", s3_endpoint=endpoint))
    log.start()

    put_all(log, [quote(number) for number in range(300)])
    until(lambda: log.failed_batches)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=unused_port, verbose=False)
    server.start()
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="served")
    until(lambda: log.written == 300)
    log.stop()

    stored = client.list_objects_v2(Bucket="served")["Contents"]
    server.stop()
    assert [item["Key"][:26] for item in stored if item["Size"]] == ["log/quote/month=2025-03/20"]
    assert (log.waiting, log.dropped) == (0, 0)


def test_beyond_the_capacity_the_oldest_are_dropped_and_counted(tmp_path: Path) -> None:
    root = tmp_path / "served"
    root.write_bytes(b"a file where a folder should be")
    log = PredictionLog(log_settings(root, log_capacity=1_000))

    for number in range(1_450):
        log.put(quote(number))
    log.start()
    until(lambda: log.failed_batches)
    root.unlink()
    until(lambda: log.waiting == 0)
    log.stop()

    assert log.dropped + log.written == 1_450
    assert log.dropped == 450
    assert numbers(logged(root)) == list(range(450, 1_450))


def test_an_outcome_is_dropped_no_sooner_than_an_older_quote() -> None:
    queue = LogQueue(4)
    put_all(queue, [quote(1), quote(2), outcome(1)])
    queue.keep(encode(queue.take_new(3)))
    queue.give_back(queue.take_encoded(3))

    put_all(queue, [quote(3), quote(4)])

    kept = [row for piece in queue.take_encoded(9) for row in piece.rows["request_id"].to_pylist()]
    assert kept == ["request-2", "request-1"]
    assert (queue.dropped, len(queue)) == (1, 4)


def test_what_cannot_be_written_in_time_is_counted_at_the_end(tmp_path: Path) -> None:
    root = tmp_path / "served"
    root.write_bytes(b"a file where a folder should be")
    log = PredictionLog(log_settings(root))
    log.start()
    put_all(log, [quote(number) for number in range(10)])

    log.stop(within_s=1)

    assert (log.written, log.waiting, log.dropped) == (0, 0, 10)


def test_lines_that_nobody_reads_are_counted_and_stop_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log = PredictionLog(log_settings(tmp_path, log_stdout=True))
    with open(writer, "w", buffering=1) as broken:
        monkeypatch.setattr(sys, "stdout", broken)
        log.start()
        log.put(quote())
        log.stop()
        os.dup2(os.open(os.devnull, os.O_WRONLY), writer)  # so that closing can flush

    assert (log.failed_lines, log.printed, log.written) == (1, 0, 1)
    assert "Broken pipe" in log.last_error


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    ran = subprocess.run(mount, capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {ran.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_holds_no_half_file_and_gets_the_rest_once_there_is_room(
    small_disk: Path,
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(os.urandom(200 << 10))
    log = PredictionLog(log_settings(small_disk / "served", log_rows=1_000))
    log.start()

    put_all(
        log,
        [quote(number, request_id=f"{os.urandom(32).hex()}-{number}") for number in range(2_000)],
    )
    until(lambda: log.failed_batches)
    assert "No space left" in log.last_error
    assert list((small_disk / "served" / ".incoming").iterdir()) == []
    assert logged(small_disk / "served").num_rows == log.written
    ballast.unlink()
    until(lambda: log.waiting == 0)
    log.stop()

    assert numbers(logged(small_disk / "served")) == list(range(2_000))
    assert log.dropped == 0


WRITER = """
import os, signal, sys
from serving import files
from serving.prediction_log import PredictionLog, longer
from taxi_assets_tests.serving.records import log_settings, put_all, quote

root, point, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
done = getattr(os, point)
left = [count]

def die(*arguments):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return done(*arguments)

setattr(os, point, die)
log = PredictionLog(log_settings(root, log_rows=100))
log.start()
put_all(log, [quote(number) for number in range(1_000)])
log.stop()
"""


@pytest.mark.parametrize("point", ["fsync", "replace"])
def test_a_killed_process_leaves_whole_files_only(tmp_path: Path, point: str) -> None:
    root = tmp_path / "served"
    # a file's own sync and its folder's: the fifth call is amid the third file
    command = [sys.executable, "-c", WRITER, str(root), point, "4" if point == "fsync" else "2"]

    ran = subprocess.run(command, check=False)

    assert ran.returncode == -signal.SIGKILL
    assert numbers(logged(root)) == list(range(200))
    assert len(list((root / ".incoming").iterdir())) == 1


def test_what_a_killed_process_left_is_cleared_away_after_a_day(tmp_path: Path) -> None:
    recent, old = (tmp_path / ".incoming" / name for name in ("recent", "old"))
    recent.parent.mkdir()
    for path in (recent, old):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    log = PredictionLog(log_settings(tmp_path))
    log.start()

    log.put(quote())
    log.stop()

    assert recent.exists()
    assert not old.exists()


def test_a_failing_sink_is_left_alone_longer_each_time_up_to_half_a_minute() -> None:
    waits = [0.0]
    for _ in range(9):
        waits.append(longer(waits[-1]))

    assert waits == [0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30]
