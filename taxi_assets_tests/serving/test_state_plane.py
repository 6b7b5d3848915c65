"""The projection, at points whose degrees are published or were computed by PROJ."""

import numpy as np
import pytest

from serving.state_plane import NEW_YORK_LONG_ISLAND, US_SURVEY_FOOT_M, Lambert


def test_the_false_origin_is_where_the_standard_has_it() -> None:
    ((longitude, latitude),) = NEW_YORK_LONG_ISLAND.to_degrees(np.array([[984_250.0, 0.0]]))

    assert (longitude, latitude) == pytest.approx((-74.0, 40.0 + 10.0 / 60.0), abs=1e-12)


@pytest.mark.parametrize(
    ("feet", "degrees"),  # PROJ 9, EPSG:2263 to EPSG:4269, from corner to corner of the city
    [
        ((984_250.0, 200_000.0), (-74.0, 40.7156304981)),
        ((913_175.0, 121_008.0), (-74.2555566529, 40.4985291720)),
        ((1_067_382.0, 272_844.0), (-73.6992170268, 40.9151750494)),
        ((1_000_000.0, 150_000.0), (-73.9433018112, 40.5783773492)),
        ((987_654.321, 211_098.765), (-73.9877139852, 40.7460932338)),
    ],
)
def test_points_of_the_city_are_where_proj_puts_them(
    feet: tuple[float, float], degrees: tuple[float, float]
) -> None:
    (found,) = NEW_YORK_LONG_ISLAND.to_degrees(np.array([feet]))

    assert tuple(found) == pytest.approx(degrees, abs=1e-9)


def test_the_formulas_give_the_guidance_notes_own_example() -> None:
    # EPSG guidance note 7-2, Lambert Conic Conformal (2SP): NAD27 / Texas South Central
    texas = Lambert(
        axis_m=6_378_206.400,
        flattening=1.0 / 294.97870,
        origin=(-99.0, 27.0 + 50.0 / 60.0),
        parallels=(28.0 + 23.0 / 60.0, 30.0 + 17.0 / 60.0),
        false_m=(2_000_000.0 * US_SURVEY_FOOT_M, 0.0),
        unit_m=US_SURVEY_FOOT_M,
    )

    (found,) = texas.to_degrees(np.array([[2_963_503.91, 254_759.80]]))

    assert tuple(found) == pytest.approx((-96.0, 28.5), abs=1e-7)
