from __future__ import annotations

import pytest

from services.storefront.domain.position import Position
from shared.kernel.errors import InvalidInput
from tests.storefront.builders import HERE, LAKE, MEI, Street

NORTH_500 = {"lat": 30.2545, "lon": 120.15}
EAST_2000 = {"lat": 30.25, "lon": 120.1708}
FAR = {"lat": 30.35, "lon": 120.15}


def ids(answer) -> list[str]:
    return [item.get("listing_id", item["shop_id"]) for item in answer["items"]]


@pytest.fixture
def town(street: Street) -> Street:
    street.open_shop("far", name="远山茶庄", category="tea", position=FAR)
    street.open_shop("east", name="东门面包房", category="bakery", position=EAST_2000, delivery_radius_m=1000)
    street.open_shop("north", name="Fresh Fruit 鲜果", category="fruit", position=NORTH_500)
    street.open_shop("here", name="湖边杂货", category="grocery", position=HERE)
    street.list_goods("bread", "east", name="全麦面包")
    street.list_goods("apple", "north", name="红富士苹果 500g")
    street.list_goods("cider", "here", name="苹果醋 100%")
    street.list_goods("old", "here", name="旧苹果")
    street.service.change_listing(actor=MEI, listing_id="old", status="withdrawn")
    return street


def test_shops_come_nearest_first_within_the_radius(town: Street):
    found = town.service.nearby(**HERE, radius_m=3000)
    assert ids(found) == ["here", "north", "east"]
    assert [item["distance_m"] for item in found["items"]] == [
        round(LAKE.distance_m(Position(**item["position"]))) for item in found["items"]
    ]
    assert [item["delivers"] for item in found["items"]] == [True, True, False]
    assert ids(town.service.nearby(**HERE, radius_m=1000)) == ["here", "north"]
    assert "far" in ids(town.service.nearby(**HERE, radius_m=15_000))


def test_a_found_shop_is_shown_as_it_is_alone(town: Street):
    found = town.service.nearby(**HERE)["items"][0]
    del found["distance_m"], found["delivers"]
    assert found == town.service.shop(shop_id="here")


def test_shops_that_wait_or_closed_are_not_found(town: Street):
    town.service.open_shop(actor=MEI, shop_id="new", name="new", category="fruit", position=HERE)
    town.service.change_shop(actor=MEI, shop_id="north", status="closed")
    assert ids(town.service.nearby(**HERE, radius_m=3000)) == ["here", "east"]


def test_shops_are_found_by_category(town: Street):
    assert ids(town.service.nearby(**HERE, category="bakery")) == ["east"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("杂货", ["here"]),
        ("苹果", ["here", "north"]),
        ("红富士", ["north"]),
        ("fresh", ["north"]),
        ("ＦＲＥＳＨ fruit", ["north"]),
        ("fruit", ["north"]),
        ("面", ["east"]),
        ("0%", ["here"]),
        ("旧苹果", []),
        ("%", ["here"]),
        ("_", []),
        ("", ["here", "north", "east"]),
    ],
)
def test_shops_are_found_by_a_few_characters_of_their_own_or_their_goods(
    town: Street, q: str, found: list[str]
):
    assert ids(town.service.nearby(**HERE, q=q)) == found


def test_only_shops_open_at_this_hour_are_found_when_asked_for(town: Street):
    # It is Monday, 18:00 in Hangzhou.
    town.service.change_shop(actor=MEI, shop_id="here", hours={"mon": [["08:00", "18:00"]]})
    town.service.change_shop(actor=MEI, shop_id="north", hours={"mon": [["18:00", "02:00"]]})
    assert ids(town.service.nearby(**HERE, open_now=True)) == ["north", "east"]
    assert ids(town.service.nearby(**HERE)) == ["here", "north", "east"]


def test_pages_go_on_where_the_last_one_ended(street: Street):
    for number in range(7):
        street.open_shop(f"shop-{number}", position={"lat": 30.25 + 0.001 * (number // 3), "lon": 120.15})
    seen: list[str] = []
    cursor = None
    while True:
        page = street.service.nearby(**HERE, limit=2, cursor=cursor)
        seen += ids(page)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"shop-{number}" for number in range(7)]


def test_listings_are_found_where_their_shop_delivers_nearest_shop_first(town: Street):
    found = town.service.search_listings(**HERE, q="苹果")
    assert ids(found) == ["cider", "apple"]
    assert found["items"][1]["shop_name"] == "Fresh Fruit 鲜果"
    assert ids(town.service.search_listings(**HERE, q="面包")) == []
    assert ids(town.service.search_listings(**EAST_2000, q="面包")) == ["bread"]
    first = town.service.search_listings(**HERE, q="苹", limit=1)
    assert ids(town.service.search_listings(**HERE, q="苹", limit=1, cursor=first["next_cursor"])) == [
        "apple"
    ]


def test_a_renamed_listing_is_found_by_its_new_name_alone(town: Street):
    town.service.change_listing(actor=MEI, listing_id="apple", name="香蕉")
    assert ids(town.service.search_listings(**HERE, q="香蕉")) == ["apple"]
    assert ids(town.service.search_listings(**HERE, q="红富士")) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"lat": 91},
        {"lon": "x"},
        {"radius_m": 60_000},
        {"limit": 0},
        {"cursor": "x"},
        {"colour": "red"},
        {"q": "\x00"},
    ],
)
def test_a_search_that_makes_no_sense_is_refused(street: Street, fields):
    with pytest.raises(InvalidInput) as refusal:
        street.service.nearby(**(HERE | fields))
    assert [error["field"] for error in refusal.value.errors] == list(fields)


def test_nearby_asks_the_index_of_places(street: Street):
    with street.database.transaction() as tx:
        tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = tx.connection.exec_driver_sql(
            "EXPLAIN SELECT * FROM shop AS s WHERE s.status = 'open'"
            " AND point(s.lon, s.lat) <@ box(point(120, 30), point(121, 31))"
        ).scalars()
        assert "shop_by_place" in "\n".join(plan)
