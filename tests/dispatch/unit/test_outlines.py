"""Outlines: which are taken, what lies within them, and who has a place that several cover."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.outline import Outline
from services.dispatch.domain.places import Area, Position
from services.dispatch.domain.zone import Zone, zone_of_place

SQUARE = [(0, 0), (2, 0), (2, 2), (0, 2), (0, 0)]
# A street that bends: the notch in the north belongs to somebody else.
BEND = [(0, 0), (4, 0), (4, 3), (3, 3), (3, 1), (1, 1), (1, 3), (0, 3), (0, 0)]


def ring_of(count: int) -> list[tuple[float, float]]:
    corners = [(math.cos(2 * math.pi * n / count), math.sin(2 * math.pi * n / count)) for n in range(count)]
    return [*corners, corners[0]]


@pytest.mark.parametrize(
    "ring",
    [SQUARE, SQUARE[::-1], BEND, ring_of(3), ring_of(499), [(0, 0), (2, 0), (4, 0), (2, 3), (0, 0)]],
    ids=["square", "the other way round", "bend", "fewest", "most", "a corner on a straight edge"],
)
def test_an_outline_is_taken_as_it_was_drawn(ring: list[tuple[float, float]]) -> None:
    outline = Outline.drawn(ring)
    assert outline.to_wire() == {"type": "Polygon", "coordinates": [[list(point) for point in ring]]}


@pytest.mark.parametrize(
    ("ring", "says"),
    [
        ([(0, 0), (1, 0), (0, 0)], "4 to 500 points; this has 3"),
        (ring_of(500), "4 to 500 points; this has 501"),
        (SQUARE[:-1], "is closed"),
        ([(0, 0), (2, 0), (2, 0), (2, 2), (0, 0)], "Point 3 of the outline is the one in front of it"),
        ([(0, 0), (2, 2), (2, 0), (0, 2), (0, 0)], "edges 1 and 3 touch or cross"),
        ([(0, 0), (4, 0), (4, 2), (2, 0), (0, 2), (0, 0)], "edges 1 and 3 touch or cross"),
        ([(0, 0), (2, 2), (4, 0), (4, 4), (2, 2), (0, 4), (0, 0)], "touch or cross"),
        ([(0, 0), (4, 0), (2, 0), (2, 2), (0, 0)], "edges 1 and 2 touch or cross"),
        ([(0, 0), (1, 0), (2, 0), (0, 0)], "touch or cross"),
        ([(30.2, 120.1), (30.3, 120.1), (30.3, 120.2), (30.2, 120.1)], "the longitude comes first"),
        ([(0, 0), (181, 0), (0, 1), (0, 0)], "not on the globe"),
        ([(0, 0, 5), (1, 0, 5), (0, 1, 5), (0, 0, 5)], "a longitude and a latitude"),
    ],
)
def test_an_outline_is_refused_with_a_sentence(ring: list[tuple[float, float]], says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("(", r"\(")):
        Outline.drawn(ring)


@pytest.mark.parametrize(
    ("lon", "lat", "within"),
    [
        (0.5, 2, True), (3.5, 2, True), (2, 0.5, True), (2, 2, False), (2, 1, False), (2, 3, False),
        (-0.1, 1, False), (4.1, 1, False), (0, 0, True), (0, 2, True), (4, 1, False), (2, 0, True),
        (1, 2, False), (3, 2, True), (0.5, 3, False),
    ],
)  # fmt: skip
def test_what_lies_within_a_bend(lon: float, lat: float, within: bool) -> None:
    place = Position(lat=lat, lon=lon)
    assert Outline.drawn(BEND).contains(place) is within
    assert Outline.drawn(BEND[::-1]).contains(place) is within


STEPS = st.integers(0, 40).map(lambda step: step / 10)
PLACES = st.builds(Position, lat=STEPS, lon=STEPS)


@given(PLACES)
def test_a_rectangle_drawn_as_an_outline_is_the_same_zone(place: Position) -> None:
    outline = Outline.drawn([(1, 1), (3, 1), (3, 2.5), (1, 2.5), (1, 1)])
    area = Area(south=1, west=1, north=2.5, east=3)
    assert outline.box == area
    assert outline.size == pytest.approx(area.size)
    assert outline.contains(place) is area.contains(place)


@given(st.lists(st.tuples(STEPS, STEPS), min_size=1, max_size=4, unique_by=lambda point: point[0]), PLACES)
def test_of_two_neighbours_exactly_one_has_what_lies_between_them(
    border: list[tuple[float, float]], place: Position
) -> None:
    inner = sorted(point for point in border if 0 < point[0] < 4 and 0 < point[1] < 4)
    line = [(0.0, 2.0), *inner, (4.0, 2.0)]
    south = Outline.drawn([(0, 0), (4, 0), *line[::-1], (0, 0)])
    north = Outline.drawn([*line, (4, 4), (0, 4), line[0]])
    whole = Area(south=0, west=0, north=4, east=4)
    assert south.contains(place) + north.contains(place) == whole.contains(place)
    assert south.size + north.size == pytest.approx(whole.size)


@given(st.lists(st.floats(0.1, 1.0), min_size=3, max_size=12), PLACES)
def test_within_is_what_the_outline_winds_around(radii: list[float], place: Position) -> None:
    around = [2 * math.pi * number / len(radii) for number in range(len(radii))]
    ring = [(2 + r * math.cos(a), 2 + r * math.sin(a)) for a, r in zip(around, radii, strict=True)]
    outline = Outline(corners=tuple(ring))
    angle = 0.0
    for (ax, ay), (bx, by) in pairwise([*ring, ring[0]]):
        before, after = (ax - place.lon, ay - place.lat), (bx - place.lon, by - place.lat)
        cross, dot = before[0] * after[1] - before[1] * after[0], before[0] * after[0] + before[1] * after[1]
        if abs(cross) < 1e-9 and dot <= 0:
            return  # On the edge, where angles say nothing.
        angle += math.atan2(cross, dot)
    assert outline.contains(place) is (abs(angle) > 1)


def a_zone(zone_id: str, ring: list[tuple[float, float]] | None = None, side: float = 4) -> Zone:
    outline = Outline.drawn(ring) if ring else None
    area = outline.box if outline else Area(south=0, west=0, north=side, east=side)
    return Zone(zone_id=zone_id, name=zone_id, area=area, outline=outline)


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [
        (0.5, 2, "bend"),
        (2, 2, "town"),
        (3.9, 3.9, "town"),
        (0.5, 0.5, "square"),
        (5, 5, None),
    ],
)
def test_the_smallest_zone_has_the_place(lon: float, lat: float, expected: str | None) -> None:
    square = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    zones = [a_zone("town"), a_zone("bend", BEND), a_zone("square", square)]
    found = zone_of_place(zones, Position(lat=lat, lon=lon))
    assert (found.zone_id if found else None) == expected


def test_of_equal_zones_the_first_by_id_has_the_place() -> None:
    zones = [a_zone("b"), a_zone("a", [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)])]
    found = zone_of_place(zones, Position(lat=1, lon=1))
    assert found is not None
    assert found.zone_id == "a"
