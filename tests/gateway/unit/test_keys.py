"""Idempotency keys over HTTP, on fakes; the same on PostgreSQL is in the integration tests."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.entrypoints.bounded import BoundedRpc
from shared.kernel.errors import DeadlineExceeded, RemoteRefusal, Unavailable
from tests.gateway.builders import AN_ID, World
from tests.gateway.fakes import FakeRpc

ANOTHER_ID = "019b8d02-0000-7000-8000-0000000000c2"


def placing(
    world: World, *, key: str = "k1", name: str = "lan", quote_id: str = AN_ID, **options: Any
) -> Any:
    return world.ask(
        "POST", "/v1/orders", role="customer", name=name, key=key, json={"quote_id": quote_id}, **options
    )


def a_world() -> World:
    world = World()
    world.rpc.answers["ordering", "place"] = lambda order_id, **_: {"order_id": order_id, "status": "placed"}
    return world


def test_a_replay_gives_the_first_answer_and_asks_nobody() -> None:
    world = a_world()
    first, second = placing(world), placing(world)
    assert first.status_code == second.status_code == 201
    assert second.data == first.data
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"] == f"/v1/orders/{first.json['order_id']}"
    assert len(world.rpc.asked) == 1


def test_the_same_key_with_another_body_is_refused() -> None:
    world = a_world()
    placing(world)
    response = placing(world, quote_id=ANOTHER_ID)
    assert response.status_code == 422
    assert response.json["code"] == "idempotency-key-reused"


def test_the_same_key_on_another_order_is_refused() -> None:
    world = World()
    world.rpc.otherwise = lambda **arguments: {
        "payment_id": arguments["payment_id"],
        "order_id": arguments["order_id"],
        "status": "pending",
        "amount": {"amount": 1, "currency": "CNY"},
    }
    body = {"method": "sandbox"}
    first = world.ask("POST", f"/v1/orders/{AN_ID}/payments", role="customer", key="k", json=body)
    assert first.status_code == 201
    second = world.ask("POST", f"/v1/orders/{ANOTHER_ID}/payments", role="customer", key="k", json=body)
    assert second.status_code == 422


def test_fields_in_another_order_are_the_same_request() -> None:
    world = World()
    world.rpc.otherwise = {"shop_id": AN_ID, "name": "Lan", "category": "fruit"}
    for text in (
        '{"name":"Lan","category":"fruit","lat":30.1,"lon":120.1}',
        '{ "lon": 120.1, "lat": 30.1, "category": "fruit", "name": "Lan" }',
    ):
        response = world.ask(
            "POST", "/v1/shops", role="merchant", key="k", data=text, content_type="application/json"
        )
        assert response.status_code == 201
    assert response.headers["Idempotency-Replayed"] == "true"


def test_keys_belong_to_accounts_and_ids_belong_to_keys() -> None:
    world = a_world()
    lan, mei = placing(world, name="lan"), placing(world, name="mei")
    assert lan.json["order_id"] != mei.json["order_id"]
    # Even when every record is lost, the same key asks for the same order again.
    world.records.records.clear()
    assert placing(world, name="lan").json["order_id"] == lan.json["order_id"]


def test_a_refusal_is_kept_like_any_answer() -> None:
    world = World()
    world.rpc.otherwise = RemoteRefusal.from_wire(
        {"code": "out-of-stock", "kind": "refused", "detail": "No."}
    )
    first = placing(world)
    world.rpc.otherwise = {"order_id": AN_ID, "status": "placed"}
    second = placing(world)
    assert first.status_code == second.status_code == 422
    assert second.content_type == "application/problem+json"
    assert second.json["code"] == "out-of-stock"
    assert len(world.rpc.asked) == 1


@pytest.mark.parametrize("passing", [DeadlineExceeded("late"), Unavailable("down"), ZeroDivisionError()])
def test_what_passes_is_not_kept(passing: Exception) -> None:
    world = World()
    world.rpc.otherwise = passing
    assert placing(world).status_code in (500, 503)
    world.rpc.otherwise = {"order_id": AN_ID, "status": "placed"}
    assert placing(world).status_code == 201


def test_while_the_first_runs_the_second_is_told_to_wait() -> None:
    world = World()
    answers = []

    def place(**_: Any) -> dict[str, Any]:
        answers.append(placing(world))
        return {"order_id": AN_ID, "status": "placed"}

    world.rpc.answers["ordering", "place"] = place
    assert placing(world).status_code == 201
    (meanwhile,) = answers
    assert meanwhile.status_code == 409
    assert meanwhile.json["code"] == "request-still-running"
    assert meanwhile.headers["Retry-After"] == "1"


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "ü"])
def test_a_key_has_to_be_plain_text(key: str) -> None:
    response = placing(World(), headers={"Idempotency-Key": key}, key=None)  # type: ignore[arg-type]
    assert response.status_code == 400
    assert response.json["errors"][0]["field"] == "Idempotency-Key"


def test_a_quoted_key_is_the_same_key() -> None:
    world = a_world()
    first = placing(world, key="abc")
    second = placing(world, key='"abc"')
    assert second.headers["Idempotency-Replayed"] == "true"
    assert first.json == second.json


def test_a_request_that_is_wrong_does_not_use_up_its_key() -> None:
    world = a_world()
    assert placing(world, quote_id="nonsense").status_code == 422
    assert placing(world).status_code == 201


def test_a_service_that_hangs_takes_only_its_own_share() -> None:
    inner = FakeRpc()
    rpc = BoundedRpc(inner, most=2)
    refused = []

    def hang(**_: Any) -> str:
        if len(inner.asked) < 3:
            try:
                rpc.call("ordering", "orders")
            except Unavailable as refusal:
                refused.append(refusal)
        rpc.call("storefront", "shop")
        return "done"

    inner.answers["ordering", "orders"] = hang
    rpc.call("ordering", "orders")
    assert [refusal.code for refusal in refused] == ["busy"]
    rpc.call("ordering", "orders")
