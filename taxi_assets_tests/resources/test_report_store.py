"""Where reports are kept: the same in a folder and in buckets."""

import json
from pathlib import Path

import boto3
import pytest

from taxi_assets.domain.errors import DataError, LakeUnreachable
from taxi_assets.reports.page import GOOD, NOTABLE, Report, silent
from taxi_assets.resources.report_store import ReportStore

RECORD = {
    "fleet": "green",
    "month": "2025-01",
    "table": "raw_trips",
    "data_version": "0123" * 16,
    "passed": True,
}


@pytest.fixture(params=["local", "s3", "gs"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ReportStore:
    if request.param == "local":
        return ReportStore(root=str(tmp_path / "reports"))
    bucket = request.getfixturevalue(f"{request.param}_bucket")
    endpoint = request.getfixturevalue("s3_endpoint") if request.param == "s3" else None
    return ReportStore(root=f"{request.param}://{bucket}/reports", s3_endpoint=endpoint)


def report(month: str = "2025-01", state: str = GOOD) -> Report:
    return Report("data_profile", "green", month, f"{month} is {state}.", state)


def test_a_report_is_kept_as_a_page_for_people_and_as_json(store: ReportStore) -> None:
    where = store.write(report())

    page = store.storage.read("green/2025-01/data_profile.html")
    assert where.endswith("/reports/green/2025-01/data_profile.html")
    assert page == report().html().encode()
    assert store.summary("green", "2025-01", "data_profile") == report().summary()


def test_what_was_never_reported_is_none(store: ReportStore) -> None:
    assert store.summary("green", "2025-01", "data_profile") is None
    assert store.summaries("green") == []
    assert store.quality("green") == {}


def test_the_index_follows_every_report(store: ReportStore) -> None:
    store.write(report("2025-01"))
    store.write(report("2025-02", NOTABLE))
    store.write(silent("drift_report", "green", "2025-02", "Nothing to compare."))
    store.write_quality(RECORD)
    where = store.write_index("green")

    page = (store.storage.read("green/index.html") or b"").decode()
    assert where.endswith("/reports/green/index.html")
    assert "2025-02 is notable." in page
    assert "2025-02/drift_report.html" in page
    assert "2025-01/quality/raw_trips-012301230123.json" in page
    assert [told["month"] for told in store.summaries("green")] == ["2025-01", "2025-02", "2025-02"]


def test_a_report_made_again_takes_the_place_of_the_first(store: ReportStore) -> None:
    store.write(report(state=NOTABLE))
    store.write(report(state=GOOD))

    (told,) = store.summaries("green")
    assert told["state"] == GOOD


def test_validation_records_of_two_versions_of_a_table_stand_side_by_side(
    store: ReportStore,
) -> None:
    store.write_quality(RECORD)
    store.write_quality({**RECORD, "data_version": "4567" * 16})

    found = store.quality("green")["2025-01"]
    first = json.loads(store.storage.read(f"green/{found[0].path}") or b"")
    names = [each.path.rpartition("-")[2] for each in found]
    assert names == ["012301230123.json", "456745674567.json"]
    assert first == RECORD


def test_a_browser_is_told_that_a_page_in_a_bucket_is_one(s3_bucket: str, s3_endpoint: str) -> None:
    ReportStore(root=f"s3://{s3_bucket}/reports", s3_endpoint=s3_endpoint).write(report())

    client = boto3.client("s3", endpoint_url=s3_endpoint)
    found = client.head_object(Bucket=s3_bucket, Key="reports/green/2025-01/data_profile.html")
    assert found["ContentType"] == "text/html; charset=utf-8"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(LakeUnreachable, match="file/reports did not do as asked"):
        ReportStore(root=str(tmp_path / "file" / "reports")).write(report())


@pytest.mark.parametrize("content", [b"{half", b"[]", b"{}"])
def test_a_file_that_is_no_report_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    store = ReportStore(root=str(tmp_path))
    store.storage.write("green/2025-01/data_profile.json", content)

    with pytest.raises(
        DataError, match=r"2025-01/data_profile\.json is not a report's JSON .* remove"
    ):
        store.write_index("green")


def test_numbers_of_an_earlier_release_are_followed(tmp_path: Path) -> None:
    store = ReportStore(root=str(tmp_path))
    told = {**report().summary(), "numbers": [{"name": "n", "label": "Trips", "value": 1.0}]}
    store.storage.write("green/2025-01/data_profile.json", json.dumps(told).encode())

    where = store.write_index("green")

    assert "Data: Trips" in Path(where).read_text("utf-8")
