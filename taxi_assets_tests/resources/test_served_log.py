"""Reading what the service has logged, wherever it lies, stray files included."""

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.prediction_log import PredictionLog
from taxi_assets.domain.errors import LakeUnreachable
from taxi_assets.resources.served_log import ServedLog
from taxi_assets_tests.serving.records import files, log_settings, numbers, put_all, quote

MARCH = "quote/month=2025-03"


def write(root: str, endpoint: str | None = None, count: int = 300) -> None:
    """Log some quotes as the service does."""
    log = PredictionLog(log_settings(root, s3_endpoint=endpoint, log_rows=100))
    log.start()
    put_all(log, [quote(number) for number in range(count)])
    log.stop()
    assert (log.written, log.last_error) == (count, "")


@pytest.fixture(params=["folder", "s3", "gs"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str | None]:
    """Root and S3 endpoint of a log."""
    if request.param == "folder":
        return str(tmp_path), None
    if request.param == "gs":
        return f"gs://{request.getfixturevalue('gs_bucket')}/served", None
    bucket = request.getfixturevalue("s3_bucket")
    return f"s3://{bucket}/served", request.getfixturevalue("s3_endpoint")


def test_what_the_service_logged_is_read_back(place: tuple[str, str | None]) -> None:
    write(*place)

    found = ServedLog(root=place[0], s3_endpoint=place[1]).read("quote", ["2025-02", "2025-03"])

    assert numbers(found.rows) == list(range(300))
    assert (found.files, found.faults) == (3, {})


def test_a_month_without_a_log_has_no_rows(tmp_path: Path) -> None:
    found = ServedLog(root=str(tmp_path / "nothing")).read("quote", ["2025-03"])

    assert (found.rows.num_rows, found.files, found.faults) == (0, 0, {})


def damaged(content: bytes) -> bytes:
    middle = len(content) // 3
    return content[:middle] + bytes(200) + content[middle + 200 :]


def other_columns(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pq.read_table(pa.BufferReader(content)).drop(["arm"]), sink)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda content: content[: len(content) // 2], "(?i)parquet"),
        (lambda _: b"", "(?i)parquet|size is 0"),
        (lambda _: b"a note that somebody left here", "(?i)parquet"),
        (damaged, "."),
        (other_columns, "other columns"),
    ],
)
def test_a_file_that_is_no_log_is_named_and_hides_no_other(
    tmp_path: Path, spoil: Callable[[bytes], bytes], reason: str
) -> None:
    write(str(tmp_path))
    odd = files(tmp_path)[1]
    odd.write_bytes(spoil(odd.read_bytes()))

    found = ServedLog(root=str(tmp_path)).read("quote", ["2025-03"])

    ((name, why),) = found.faults.items()
    assert name == f"{MARCH}/{odd.name}"
    assert re.search(reason, why)
    assert found.rows.num_rows == 200


def test_a_log_that_cannot_be_reached_is_no_empty_log(s3_bucket: str, unused_port: int) -> None:
    log = ServedLog(root="s3://served/log", s3_endpoint=f"http://127.0.0.1:{unused_port}")

    with pytest.raises(LakeUnreachable, match="served/log"):
        log.read("quote", ["2025-03"])
