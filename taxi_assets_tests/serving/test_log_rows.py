"""The quotes of a batch go into the log as rows: the same as if each had been put by itself."""

import os
import sys
from datetime import datetime
from pathlib import Path

import httpx
import orjson
import pyarrow as pa
import pytest

from serving.log_queue import LogQueue
from serving.log_records import pieces_of
from serving.prediction_log import PredictionLog
from taxi_assets.domain.served import QUOTE_LOG
from taxi_assets_tests.serving.records import (
    files,
    log_settings,
    logged,
    numbers,
    put_all,
    quote,
    until,
)
from taxi_assets_tests.serving.services import TRIP, ListLog


def rows_of(*numbers: int, **values: object) -> pa.RecordBatch:
    records = [quote(number, **values) for number in numbers]
    return pa.RecordBatch.from_pylist(records, schema=QUOTE_LOG.arrow)


def test_a_ride_of_a_batch_is_logged_as_one_by_itself(
    client: httpx.Client, shared_log: ListLog
) -> None:
    alone = client.post("/v1/quotes", json=TRIP).json()["request_id"]
    batch = client.post("/v1/quotes/batch", json={"trips": [TRIP, TRIP]}).json()
    ids = [item["quote"]["request_id"] for item in batch["items"]]
    own = {"request_id", "at", "latency_ms"}

    records = {each["request_id"]: each for each in shared_log.records if "pickup_at" in each}

    expected = {name: value for name, value in records[alone].items() if name not in own}
    for name in ids:
        found = records[name]
        assert found.keys() == records[alone].keys()
        assert {key: value for key, value in found.items() if key not in own} == expected


def test_rows_are_written_by_month_and_printed_as_records_are(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    may = {"pickup_at": datetime(2025, 5, 31, 23, 59), "key_id": "desk"}
    rows = pa.Table.from_batches([rows_of(1, 2), rows_of(3, **may)]).combine_chunks()
    log = PredictionLog(log_settings(tmp_path / "rows", log_stdout=True))
    log.start()
    log.put_rows(rows.to_batches()[0])
    log.stop()
    printed = capsysbinary.readouterr().out
    other = PredictionLog(log_settings(tmp_path / "records", log_stdout=True))
    other.start()
    put_all(other, [quote(1), quote(2), quote(3, **may)])
    other.stop()

    lines = [orjson.loads(line) for line in printed.splitlines()]
    assert lines == [orjson.loads(x) for x in capsysbinary.readouterr().out.splitlines()]
    assert logged(tmp_path / "rows").equals(logged(tmp_path / "records"))
    months = [path.parent.name for path in files(tmp_path / "rows")]
    assert months == ["month=2025-03", "month=2025-05"]
    assert (log.written, log.printed, log.waiting, log.dropped) == (3, 3, 0, 0)


def test_rows_beyond_the_capacity_make_room_for_themselves(tmp_path: Path) -> None:
    root = tmp_path / "served"
    root.write_bytes(b"a file where a folder should be")
    log = PredictionLog(log_settings(root, log_capacity=1_000))

    for first in range(0, 3_500, 700):
        log.put_rows(rows_of(*range(first, first + 700)))
    assert (log.waiting, log.dropped) == (1_000, 2_500)
    log.start()
    until(lambda: log.failed_batches)
    root.unlink()
    log.stop()

    assert numbers(logged(root)) == list(range(2_500, 3_500))


def test_records_and_rows_share_the_capacity() -> None:
    queue = LogQueue(4)
    put_all(queue, [quote(1), quote(2)])

    queue.put_pieces(pieces_of(rows_of(3, 4, 5)))
    queue.put(quote(6))

    assert (len(queue), queue.dropped) == (4, 2)


def test_what_is_abandoned_is_counted_once() -> None:
    queue = LogQueue(10)
    queue.put(quote(1))
    queue.put_pieces(pieces_of(rows_of(2, 3)))

    queue.abandon()

    assert (len(queue), queue.dropped) == (0, 3)
    assert queue.take_encoded(10) == []


def test_a_reader_who_stalls_costs_lines_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    log = PredictionLog(log_settings(tmp_path, log_stdout=True, log_capacity=2_000))
    with open(writer, "w") as stalled:
        monkeypatch.setattr(sys, "stdout", stalled)
        log.start()
        for first in range(0, 5_000, 500):
            log.put_rows(rows_of(*range(first, first + 500)))
            put_all(log, [quote(first + 10_000)])
            until(lambda: not log.waiting)
        until(lambda: log.failed_lines)
        log.stop(within_s=1)
        found = (log.written, log.dropped, log.printed + log.failed_lines < 5_010)
        os.close(reader)  # the write that waits fails, and its thread ends

    assert found == (5_010, 0, True)
    assert logged(tmp_path).num_rows == 5_010
    assert log.last_error
