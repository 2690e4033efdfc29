from __future__ import annotations

from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storefront.domain.position import EARTH_RADIUS_M, Position
from services.storefront.domain.text import fragments, normalise, probes, words

lats, lons = st.floats(-80, 80), st.floats(-170, 170)
places = st.builds(lambda lat, lon: Position(lat=lat, lon=lon), lats, lons)


def test_a_quarter_of_the_earth_is_a_quarter_of_its_circle():
    pole, equator = Position(lat=90, lon=0), Position(lat=0, lon=120)
    assert pole.distance_m(equator) == pytest.approx(EARTH_RADIUS_M * pi / 2)


@given(here=places, there=places)
def test_distance_is_the_same_both_ways(here, there):
    assert here.distance_m(there) == pytest.approx(there.distance_m(here), abs=1e-6)
    assert here.distance_m(here) == 0


@given(here=places, radius=st.floats(1, 50_000), north=st.floats(-0.45, 0.45), east=st.floats(-3, 3))
def test_whatever_is_within_the_radius_is_within_the_box(here, radius, north, east):
    there = Position(lat=here.lat + north, lon=here.lon + east)
    box = here.box(radius)
    if here.distance_m(there) < radius * 0.999999:
        assert box.south <= there.lat <= box.north
        assert box.west <= there.lon <= box.east


@pytest.mark.parametrize(("lat", "lon"), [(91, 0), (-91, 0), (0, 181), (float("nan"), 0)])
def test_a_place_is_on_the_earth(lat, lon):
    with pytest.raises(ValueError, match="earth"):
        Position(lat=lat, lon=lon)


def test_width_case_and_spacing_make_no_difference():
    assert normalise("  ＦＲＥＳＨ　Fruit ") == "fresh fruit"
    assert words("Fresh  fresh 苹果") == ("fresh", "苹果")


@given(name=st.text(max_size=20), start=st.integers(0, 20), length=st.integers(1, 20))
def test_the_fragments_of_a_name_hold_the_probes_of_every_part_of_it(name, start, length):
    comparable = normalise(name)
    part = comparable[start : start + length]
    if words(part) == tuple(part.split()):
        assert probes(part) <= fragments(comparable)


def test_one_character_is_probed_alone_and_more_by_their_pairs():
    assert probes("苹") == {"苹"}
    assert probes("红富士 abc") == {"红富", "富士", "ab", "bc"}
