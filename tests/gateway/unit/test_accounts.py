"""Registering, signing in, refreshing, signing out: over HTTP, on fakes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.builders import World

LAN = {"email": "Lan@Example.org", "password": "correct horse battery", "name": "Lan", "role": "customer"}


def registered(world: World, key: str = "k1", **changes: Any) -> Any:
    return world.ask("POST", "/v1/accounts", json=LAN | changes, key=key)


def with_token(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_who_registers_is_signed_in() -> None:
    world = World()
    response = registered(world)
    assert response.status_code == 201
    account = response.json
    assert account["email"] == "lan@example.org"
    assert account["role"] == "customer"
    assert account["tokens"]["expires_in"] == 600
    assert "password" not in response.text
    me = world.ask("GET", "/v1/me", headers=with_token(account["tokens"]["access_token"]))
    assert me.status_code == 200
    assert me.json["account_id"] == account["account_id"]
    assert world.store.published == [account["account_id"]]


def test_a_repeated_registration_gives_the_same_account_and_fresh_tokens() -> None:
    world = World()
    first, second = registered(world), registered(world)
    assert second.status_code == 201
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json["account_id"] == first.json["account_id"]
    assert second.json["tokens"]["refresh_token"] != first.json["tokens"]["refresh_token"]
    assert world.store.published == [first.json["account_id"]]


@pytest.mark.parametrize("change", [{"password": "another password"}, {"name": "Mei"}, {"role": "courier"}])
def test_a_repeated_registration_that_differs_is_refused(change: dict[str, str]) -> None:
    world = World()
    registered(world)
    response = registered(world, **change)
    assert response.status_code == 422
    assert response.json["code"] == "idempotency-key-reused"


def test_an_identity_belongs_to_one_account() -> None:
    world = World()
    registered(world)
    response = registered(world, key="k2")
    assert response.status_code == 409
    assert response.json["code"] == "account-exists"


@pytest.mark.parametrize("role", ["operator", "analyst", "nobody"])
def test_only_customers_merchants_and_couriers_register_themselves(role: str) -> None:
    response = registered(World(), role=role)
    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == "role"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nowhere"}, "email"),
        ({"email": "lan @example.org"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "", "phone": "12"}, "phone"),
        ({"password": "short"}, "password"),
        ({"password": "aaaaaaaaaaaa"}, "password"),
        ({"password": 12345678}, "password"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
    ],
)
def test_a_wrong_field_of_a_registration_is_named(change: dict[str, Any], field: str) -> None:
    response = registered(World(), **change)
    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == field


def test_a_phone_number_identifies_too() -> None:
    world = World()
    body = {key: value for key, value in LAN.items() if key != "email"} | {"phone": "+86 (571) 5555-0100"}
    assert world.ask("POST", "/v1/accounts", json=body, key="k").status_code == 201
    response = world.ask(
        "POST", "/v1/tokens", json={"phone": "+86 571 5555 0100", "password": LAN["password"]}
    )
    assert response.status_code == 200


def test_signing_in_needs_the_right_password_and_does_not_say_which_was_wrong() -> None:
    world = World()
    registered(world)
    right = world.ask("POST", "/v1/tokens", json={"email": "LAN@example.org", "password": LAN["password"]})
    assert right.status_code == 200
    assert right.json["role"] == "customer"
    wrong = world.ask("POST", "/v1/tokens", json={"email": "lan@example.org", "password": "guess guess"})
    unknown = world.ask("POST", "/v1/tokens", json={"email": "mei@example.org", "password": "guess guess"})
    assert wrong.status_code == unknown.status_code == 401
    differing = {"instance"}
    assert {k: v for k, v in wrong.json.items() if k not in differing} == {
        k: v for k, v in unknown.json.items() if k not in differing
    }


def refreshed(world: World, token: str) -> Any:
    return world.ask("POST", "/v1/tokens/refresh", json={"refresh_token": token})


def test_a_refresh_token_is_good_for_one_use_and_a_second_closes_the_session() -> None:
    world = World()
    first = registered(world).json["tokens"]
    second = refreshed(world, first["refresh_token"])
    assert second.status_code == 200
    assert refreshed(world, second.json["refresh_token"]).status_code == 200
    reused = refreshed(world, first["refresh_token"])
    assert reused.status_code == 401
    assert reused.json["code"] == "refresh-token-reused"
    # The whole family is closed: the newest refresh token and the access tokens with it.
    third = refreshed(world, second.json["refresh_token"])
    assert third.status_code == 401
    me = world.ask("GET", "/v1/me", headers=with_token(second.json["access_token"]))
    assert me.status_code == 401


def test_an_unknown_refresh_token_is_refused() -> None:
    response = refreshed(World(), "llr_made_up")
    assert response.status_code == 401
    assert response.json["code"] == "refresh-token-invalid"


def test_who_signs_out_is_out() -> None:
    world = World()
    tokens = registered(world).json["tokens"]
    gone = world.ask("DELETE", "/v1/tokens", headers=with_token(tokens["access_token"]))
    assert gone.status_code == 204
    assert gone.data == b""
    assert world.ask("GET", "/v1/me", headers=with_token(tokens["access_token"])).status_code == 401
    assert refreshed(world, tokens["refresh_token"]).status_code == 401
