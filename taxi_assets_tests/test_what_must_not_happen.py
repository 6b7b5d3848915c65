"""Sources that mix, passwords that show, files that only look whole."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxi_assets.assets.raw import check_file
from taxi_assets.definitions import build_definitions
from taxi_assets.domain.errors import BadFile
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.secrets import without_password
from taxi_assets.domain.trips import schema_faults
from taxi_assets.settings import Settings
from taxi_assets.simulator import simulate
from taxi_assets_tests.homes import NO_MODELS, Home

GREEN, MONTH = FLEETS["green"], "2025-01"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home.at(tmp_path, min_train_months=NO_MODELS)
    home.simulate([MONTH], rows=1_000)
    return home


def test_a_home_keeps_to_the_source_it_began_with(home: Home, tmp_path: Path) -> None:
    home.run(MONTH)
    other = tmp_path / "another-city"
    simulate(other, fleet=GREEN, months=["2025-02"], rows=1_000)

    result = home.invoke("run", "--months", "2025-02", TAXI_TLC_URL=other.as_uri())

    assert result.exit_code == 1
    assert "would mix with it: choose another TAXI_HOME" in result.stderr
    assert home.landing.current("green/2025-02") is None


def test_a_refused_demo_leaves_no_made_up_trips_behind(home: Home) -> None:
    home.run(MONTH)

    result = home.invoke("demo", "--months", MONTH, "--source", "simulated")

    assert result.exit_code == 1
    assert "would mix with it" in result.stderr
    assert not home.settings.simulated_tree.exists()


def test_a_file_with_a_broken_page_is_refused_before_it_lands(home: Home) -> None:
    file = home.file(MONTH)
    metadata = pq.read_metadata(file)
    fares = metadata.schema.names.index("fare_amount")
    column = metadata.row_group(0).column(fares)
    content = bytearray(file.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    file.write_bytes(content)

    with pytest.raises(BadFile, match="was not landed: its data cannot be read"):
        check_file(file, fleet=GREEN, month=MONTH)


def test_a_column_that_stands_twice_but_for_case_is_named() -> None:
    columns = [pa.field(column.source, column.type) for column in GREEN.columns]
    schema = pa.schema([*columns, pa.field("Fare_Amount", pa.float64())])

    _, wrong = schema_faults(schema, GREEN)

    assert wrong == ["column fare_amount stands 2 times"]


def test_the_ui_is_shown_the_variable_and_not_the_password_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalog = "postgresql+psycopg2://taxi:hunter2@127.0.0.1/taxi"
    monkeypatch.setenv("TAXI_CATALOG_URI", catalog)

    resources = build_definitions(Settings(catalog_uri=catalog)).resources or {}

    shown = repr([vars(resource) for resource in resources.values()])
    assert "hunter2" not in shown
    assert "TAXI_CATALOG_URI" in shown


def test_a_message_loses_user_and_password() -> None:
    said = "Client error '404' for url 'http://u:hunter2@127.0.0.1:8977/health'"

    assert without_password(said) == "Client error '404' for url 'http://127.0.0.1:8977/health'"
