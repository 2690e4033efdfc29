"""Codes and pictures over HTTP: what proves that goods changed hands, and who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from linli.stack.platform import Platform
from services.dispatch.domain.picture import MOST_BYTES, read_picture
from shared.testing.pictures import WHERE_IT_WAS, a_jpeg
from tests.journeys.people import Neighbourhood, Person, Refused, eventually, open_neighbourhood

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def strict(platform: Platform) -> Iterator[Neighbourhood]:
    """A neighbourhood where everything that changes hands is proved."""
    with open_neighbourhood(platform, pickup_code=True, drop_off_proof=True) as town:
        yield town


def refused(ask: Any, *arguments: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as refusal:
        ask(*arguments)
    return refusal.value.status, refusal.value.code


def ride(town: Neighbourhood, order: Any) -> list[Any]:
    """The courier takes the offer; gives the stops of the order."""
    town.accept_and_pack(order)

    def on_route() -> Any:
        route = town.courier.get("/v1/courier/route")
        for offer in route["offers"]:
            town.courier.post(f"/v1/offers/{offer['offer_id']}/accept")
        return [stop for stop in route["stops"] if stop["order_id"] == order["order_id"]] or None

    return eventually(on_route, 30, "the order to be on the route")


def code_at(stop: Any) -> str:
    return f"/v1/store-orders/{stop['store_order_id']}/pickup-code"


def collect(town: Neighbourhood, stops: list[Any]) -> str:
    """Every part is collected with the code that its shop tells; gives the address of the door."""
    for stop in (one for one in stops if one["kind"] == "pickup"):
        address = f"/v1/stops/{stop['stop_id']}"
        town.courier.post(f"{address}/arrive")
        code = town.merchant_of(stop).get(code_at(stop))["code"]
        done = town.courier.post(f"{address}/complete", {"code": code, "position": stop["position"]})
        assert done["proved_by"] == "code"
    (door,) = [f"/v1/stops/{one['stop_id']}" for one in stops if one["kind"] == "drop_off"]
    town.courier.post(f"{door}/arrive")
    return door


def tracked(person: Person, order: Any) -> Any:
    return person.get(f"/v1/orders/{order['order_id']}/tracking")


def a_wrong(code: str) -> dict[str, str]:
    return {"code": f"{(int(code) + 1) % 10_000:04d}"}


def test_shops_and_the_customer_tell_codes_and_wrong_ones_count(strict: Neighbourhood) -> None:
    town = strict
    order = town.place_and_pay(town.basket(shops=2))
    stops = ride(town, order)
    first = next(stop for stop in stops if stop["kind"] == "pickup")
    address = f"/v1/stops/{first['stop_id']}"
    right = town.merchant_of(first).get(code_at(first))["code"]
    assert refused(town.courier.post, f"{address}/complete", {"code": right}) == (409, "wrong-state")
    town.courier.post(f"{address}/arrive")
    assert refused(town.courier.post, f"{address}/complete", {}) == (422, "proof-missing")
    assert refused(town.courier.post, f"{address}/complete", a_wrong(right)) == (422, "wrong-code")
    others = next(shop.merchant for shop in town.shops if shop.shop_id != first["shop_id"])
    assert refused(others.get, code_at(first))[0] == 404
    assert refused(town.courier.get, code_at(first)) == (403, "role-not-allowed")

    door = collect(town, stops)
    code = tracked(town.customer, order)["drop_off_code"]
    for _ in range(5):
        assert refused(town.courier.post, f"{door}/complete", a_wrong(code)) == (422, "wrong-code")
    assert refused(town.courier.post, f"{door}/complete", {"code": code}) == (429, "too-many-codes")
    # What is shut for codes is not shut for a reason; operators see that nothing was proved.
    given = {"handover": "in-person", "unproved_reason": "no-code"}
    done = town.courier.post(f"{door}/complete", given)
    assert (done["delivery_status"], done["proved_by"]) == ("delivered", "nothing")
    last = tracked(town.operator, order)["stops"][-1]
    assert (last["proved_by"], last["unproved_reason"]) == ("nothing", "no-code")


def test_the_customer_s_code_proves_a_handover(strict: Neighbourhood) -> None:
    order = strict.place_and_pay(strict.basket(shops=1))
    door = collect(strict, ride(strict, order))
    code = tracked(strict.customer, order)["drop_off_code"]
    done = strict.courier.post(f"{door}/complete", {"code": code, "handover": "in-person"})
    assert (done["delivery_status"], done["proved_by"]) == ("delivered", "code")
    assert tracked(strict.customer, order)["drop_off_code"] is None


def test_an_order_is_left_at_the_door_with_a_picture_that_its_customer_sees(strict: Neighbourhood) -> None:
    town = strict
    order = town.place_and_pay(town.basket(shops=1))
    door, photo = collect(town, ride(town, order)), f"/v1/orders/{order['order_id']}/photo"
    left = {"handover": "unattended", "position": town.place_at(-0.001, 0.0013)}
    assert refused(town.courier.post, f"{door}/complete", left) == (422, "proof-missing")
    assert refused(town.customer.get, photo) == (404, "photo-not-found")
    # What it is, its content says, and not its name.
    assert refused(town.courier.send, f"{door}/photo", b"<svg/>", "image/png") == (415, "picture-refused")
    large = a_jpeg(filling=MOST_BYTES // 2)
    assert refused(town.courier.send, f"{door}/photo", large, "image/jpeg") == (413, "picture-too-large")
    assert refused(town.customer.send, f"{door}/photo", a_jpeg(), "image/jpeg")[0] == 403
    kept = town.courier.send(f"{door}/photo", a_jpeg(), "image/jpeg")
    assert (kept["media_type"], kept["width"], kept["height"]) == ("image/jpeg", 64, 48)
    done = town.courier.post(f"{door}/complete", left)
    assert (done["delivery_status"], done["proved_by"]) == ("delivered", "photo")

    for person in (town.customer, town.operator):
        answer = person.fetch(photo)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.content == read_picture(a_jpeg()).content
        assert WHERE_IT_WAS not in answer.content
        assert "no-store" in answer.headers["Cache-Control"]
    assert refused(town.courier.get, photo)[0] == 403
    assert refused(town.register("customer").get, photo) == (404, "photo-not-found")
    last = tracked(town.customer, order)["stops"][-1]
    assert (last["proved_by"], last["handover"]) == ("photo", "unattended")
    assert 0 < last["proved_distance_m"] < 20

    forgotten = town.operator.delete(f"/v1/customers/{town.customer.account_id}/photos")
    assert forgotten == {"forgotten": 1}
    assert refused(town.customer.get, photo) == (404, "photo-not-found")
    assert tracked(town.customer, order)["stops"][-1]["proved_by"] == "photo"
