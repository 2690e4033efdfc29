"""Zones with outlines, on a real database."""

from __future__ import annotations

from typing import Any

import pytest

from services.dispatch.domain.errors import OutOfZone, ZoneExists
from services.dispatch.domain.places import Position
from shared.kernel.errors import InvalidInput
from tests.dispatch.builders import ZONE_ID, place
from tests.dispatch.world import OPERATOR, World

# The western half of the lake's rectangle, cut off along a slope.
WEST = {
    "type": "Polygon",
    "coordinates": [[[120.0, 30.0], [120.2, 30.0], [120.1, 30.5], [120.0, 30.5], [120.0, 30.0]]],
}
IN_THE_WEST, IN_ITS_BOX_ALONE = Position(lat=30.25, lon=120.12), Position(lat=30.45, lon=120.18)


def open_zone(world: World, zone_id: str = "west", **border: Any) -> Any:
    return world.call("open_zone", actor=OPERATOR, zone_id=zone_id, name="West", **border)


def test_an_order_belongs_to_the_smallest_zone_whose_outline_covers_its_door(world: World) -> None:
    world.open_zone()
    opened = open_zone(world, outline=WEST)
    assert opened["outline"] == WEST
    assert opened["area"] == {"south": 30.0, "west": 120.0, "north": 30.5, "east": 120.2}
    assert [zone["outline"] for zone in world.call("zones")["items"]] == [None, WEST]
    for number, (door, zone_id) in enumerate(
        [(IN_THE_WEST, "west"), (IN_ITS_BOX_ALONE, ZONE_ID), (place(20_000), ZONE_ID)]
    ):
        assert world.hold(f"asap-{number}", door=door)["zone_id"] == zone_id
    world.call("slots", lat=IN_THE_WEST.lat, lon=IN_THE_WEST.lon)


def test_a_place_in_the_box_around_an_outline_alone_is_out_of_the_zone(world: World) -> None:
    open_zone(world, outline=WEST)
    world.hold("order-1", door=IN_THE_WEST)
    with pytest.raises(OutOfZone):
        world.hold("order-2", door=IN_ITS_BOX_ALONE)
    with pytest.raises(OutOfZone):
        world.call("slots", lat=IN_ITS_BOX_ALONE.lat, lon=IN_ITS_BOX_ALONE.lon)


def test_opening_a_zone_with_an_outline_may_be_asked_again(world: World) -> None:
    assert open_zone(world, outline=WEST) == open_zone(world, outline=WEST)
    with pytest.raises(ZoneExists):
        open_zone(world, area={"south": 30.0, "west": 120.0, "north": 30.5, "east": 120.2})


@pytest.mark.parametrize(
    ("border", "field", "says"),
    [
        ({}, "area", "an area or an outline"),
        (
            {"outline": WEST, "area": {"south": 30.0, "west": 120.0, "north": 30.5, "east": 120.2}},
            "area",
            "not both",
        ),
        ({"outline": {"type": "MultiPolygon", "coordinates": []}}, "outline.type", "Polygon"),
        (
            {"outline": WEST | {"coordinates": WEST["coordinates"] * 2}},
            "outline.coordinates",
            "without holes",
        ),
        (
            {"outline": WEST | {"coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}},
            "outline.coordinates",
            "touch or cross",
        ),
    ],
    ids=["neither", "both", "several polygons", "a hole", "crossing itself"],
)
def test_a_border_is_refused_with_a_sentence(
    world: World, border: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_zone(world, **border)
    assert any(error["field"] == field and says in error["message"] for error in refused.value.errors)
    assert world.scalar("SELECT count(*) FROM zone") == 0
