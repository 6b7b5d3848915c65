"""The prediction log: everything that is put into it is in a file, or counted."""

from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import boto3
import orjson
import pytest
from pyarrow import fs
from pyarrow import parquet as pq

from serving.files import open_filesystem
from serving.prediction_log import PredictionLog
from taxi_assets.domain.served import LOGS
from taxi_assets_tests.serving.records import (
    AT,
    files,
    log_settings,
    logged,
    numbers,
    outcome,
    put_all,
    quote,
    until,
)


def test_a_quote_is_in_a_file_of_its_pick_up_month_as_it_was_put(tmp_path: Path) -> None:
    log = PredictionLog(log_settings(tmp_path))
    log.start()

    log.put(quote(pickup_at=datetime(2025, 4, 1, 0, 30), key_id="desk"))
    until(lambda: log.written)

    (path,) = files(tmp_path)
    (row,) = logged(tmp_path).to_pylist()
    assert path.parent.relative_to(tmp_path).as_posix() == "quote/month=2025-04"
    put = quote(pickup_at=datetime(2025, 4, 1, 0, 30), key_id="desk")
    assert {"kind": "quote", **row} == put
    assert (log.waiting, log.dropped, log.failed_batches, log.last_error) == (0, 0, 0, "")
    log.stop()


def test_the_files_have_the_columns_that_are_documented(tmp_path: Path) -> None:
    log = PredictionLog(log_settings(tmp_path))
    log.start()
    log.put(quote())
    log.put(outcome())
    log.stop()

    schemas = {path.parts[-3]: pq.read_schema(path) for path in files(tmp_path)}

    assert schemas == {kind: table.arrow for kind, table in LOGS.items()}


def test_an_outcome_lies_in_the_month_in_which_it_was_told(tmp_path: Path) -> None:
    log = PredictionLog(log_settings(tmp_path))
    log.start()

    log.put(outcome(at=datetime(2025, 4, 2, tzinfo=UTC)))
    log.stop()

    (path,) = files(tmp_path)
    assert path.parent.relative_to(tmp_path).as_posix() == "outcome/month=2025-04"
    assert logged(tmp_path, "outcome").num_rows == 1


def test_stopping_writes_what_waits(tmp_path: Path) -> None:
    log = PredictionLog(log_settings(tmp_path, log_flush_s=3_600))
    log.start()

    put_all(log, [quote(number) for number in range(1_000)])
    log.stop()

    assert numbers(logged(tmp_path)) == list(range(1_000))
    assert (log.written, log.waiting, log.dropped) == (1_000, 0, 0)


def test_a_full_batch_is_written_before_its_time(tmp_path: Path) -> None:
    log = PredictionLog(log_settings(tmp_path, log_flush_s=3_600, log_rows=500))
    log.start()

    put_all(log, [quote(number) for number in range(1_200)])
    until(lambda: log.written == 1_000)

    assert len(files(tmp_path)) == 2
    assert log.waiting == 200
    log.stop()


def test_threads_that_put_at_once_lose_nothing(tmp_path: Path) -> None:
    log = PredictionLog(log_settings(tmp_path))
    log.start()

    def put(first: int) -> None:
        for number in range(first, first + 2_000):
            log.put(quote(number))

    threads = [Thread(target=put, args=(first,)) for first in (0, 2_000, 4_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.stop()

    assert numbers(logged(tmp_path)) == list(range(6_000))


@pytest.mark.parametrize(
    "flawed",
    [
        {**quote(), "fare_usd": "much"},
        {**quote(), "fare_usd": None},
        {**quote(), "pickup_zone": 2**40},
        {**quote(), "api_key": "secret"},
        {**quote(), "pickup_at": AT},
        {**quote(), "request_id": "\ud800"},
        {key: value for key, value in quote().items() if key != "arm"},
        {**quote(), "kind": "guess"},
        {},
        None,
    ],
)
def test_a_record_that_does_not_fit_is_counted_and_keeps_no_other(
    tmp_path: Path, flawed: dict[str, object]
) -> None:
    log = PredictionLog(log_settings(tmp_path))
    log.start()

    put_all(log, [quote(1), flawed, quote(2)])
    log.stop()

    assert numbers(logged(tmp_path)) == [1, 2]
    assert (log.written, log.refused, log.waiting, log.dropped) == (2, 1, 0, 0)
    assert log.last_error.startswith("1 records refused: ")
    assert "secret" not in log.last_error


def test_every_record_is_a_json_line_too(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    log = PredictionLog(log_settings(tmp_path, log_stdout=True))
    log.start()

    put_all(log, [quote(), outcome()])
    log.stop()

    lines = [orjson.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines] == ["quote", "outcome"]
    told = {"at": "2025-03-14T12:30:00+00:00", "pickup_at": "2025-03-14T08:30:00"}
    assert lines[0] == {**quote(), **told}
    assert log.printed == 2


def test_without_a_root_there_are_json_lines_only(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = PredictionLog(log_settings("", log_stdout=True))
    log.start()

    log.put(quote())
    log.stop()

    assert len(capsysbinary.readouterr().out.splitlines()) == 1
    assert (log.printed, log.written, log.waiting, log.dropped) == (1, 0, 0, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_log_in_s3(
    s3_bucket: str, s3_endpoint: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    root = f"s3://{s3_bucket}/served"
    log = PredictionLog(log_settings(root, s3_endpoint=s3_endpoint))
    log.start()

    put_all(log, [quote(number) for number in range(300)])
    log.stop()

    found = boto3.client("s3", endpoint_url=s3_endpoint).list_objects_v2(Bucket=s3_bucket)
    (key,) = [item["Key"] for item in found["Contents"] if item["Size"]]
    assert key.startswith("served/quote/month=2025-03/")
    assert read(root, s3_endpoint) == list(range(300))


def test_a_log_in_google_cloud_storage(gs_bucket: str) -> None:
    root = f"gs://{gs_bucket}/served"
    log = PredictionLog(log_settings(root))
    log.start()

    put_all(log, [quote(number) for number in range(300)])
    log.stop()

    assert log.last_error == ""
    assert read(root, None) == list(range(300))


def read(root: str, endpoint: str | None) -> list[int]:
    """Numbers of the quotes in a bucket."""
    filesystem, base = open_filesystem(root, endpoint)
    folder = fs.FileSelector(f"{base}/quote/month=2025-03")
    paths = [info.path for info in filesystem.get_file_info(folder) if info.is_file]
    found = [numbers(pq.ParquetFile(filesystem.open_input_file(path)).read()) for path in paths]
    return sorted(number for part in found for number in part)
