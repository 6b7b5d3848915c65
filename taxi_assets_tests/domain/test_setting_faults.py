"""A wrong setting is named as whoever set it knows it."""

import pytest

from taxi_assets.domain.setting_faults import setting_faults


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (("home",), "TAXI_HOME: it is no folder"),
        (("TAXI_S3_ENDPOINT",), "TAXI_S3_ENDPOINT: it is no folder"),
        (("mlflow_tracking_uri",), "MLFLOW_TRACKING_URI: it is no folder"),
        (("OTEL_EXPORTER_OTLP_ENDPOINT",), "OTEL_EXPORTER_OTLP_ENDPOINT: it is no folder"),
        (("fleets", 1), "TAXI_FLEETS_1: it is no folder"),
        ((), "it is no folder"),
    ],
)
def test_a_fault_is_told_under_the_name_of_its_variable(
    where: tuple[int | str, ...], said: str
) -> None:
    fault = {"loc": where, "msg": "Value error, it is no folder."}

    assert setting_faults([fault], "TAXI_") == [said]


@pytest.mark.parametrize(
    ("kind", "message", "said"),
    [
        ("literal_error", "Input should be 'a' or 'b'", "'c' should be 'a' or 'b'"),
        (
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
            "'c' should be a valid integer",
        ),
        ("string_type", "Input should be a valid string", "Input should be a valid string"),
    ],
)
def test_what_was_set_is_told_unless_it_may_be_a_secret(kind: str, message: str, said: str) -> None:
    fault = {"loc": ("retrain",), "msg": message, "type": kind, "input": "c"}

    assert setting_faults([fault], "TAXI_") == [f"TAXI_RETRAIN: {said}"]


def test_every_fault_is_told_in_its_order() -> None:
    faults = [{"loc": ("port",), "msg": "too low"}, {"loc": ("log",), "msg": "no place"}]

    assert setting_faults(faults, "SERVING_") == ["SERVING_PORT: too low", "SERVING_LOG: no place"]
