"""What holds for every route of the table, whatever it does."""

from __future__ import annotations

import pytest

from services.gateway.domain.accounts import Role
from services.gateway.entrypoints.routes import ALL
from services.gateway.entrypoints.routing import ANYONE, Key, Route, Router
from shared.kernel.errors import DeadlineExceeded, RemoteRefusal
from tests.gateway.builders import AN_ID, CLOSED, DOCUMENTED, World, a_role_of, example, path_of, query_of

# What the gateway answers by itself.
_OWN = {"register", "sign_in", "refresh", "sign_out", "me", "read_events"}
_ASKING = [route for route in DOCUMENTED if route.name not in _OWN]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def a_world(route: Route) -> World:
    world = World()
    answer = example(route.answer(), everything=True) if route.answer else {}
    picture = {"media_type": route.gives[0], "content": "AAAA"} if route.gives else {"order_id": AN_ID}
    world.rpc.otherwise = {
        **picture,
        **answer,
        "secret": "not for anyone",
        "items": answer.get("items", []),
    }
    return world


@pytest.mark.parametrize("route", _ASKING, ids=named)
def test_a_right_request_is_answered_with_what_the_schema_names_and_nothing_else(route: Route) -> None:
    world = a_world(route)
    response = world.send(route, a_role_of(route))
    assert response.status_code == (route.status if route.answer or route.gives else 204), response.text
    assert "secret" not in response.text
    if route.answer:
        assert set(response.json) <= set(route.answer().fields)
        assert response.content_type == "application/json"
    elif route.gives:
        assert (response.content_type, response.data) == (route.gives[0], b"\0\0\0")


@pytest.mark.parametrize("route", CLOSED, ids=named)
def test_a_closed_route_is_closed_to_who_is_not_signed_in(route: Route) -> None:
    world = a_world(route)
    response = world.send(route, None)
    assert response.status_code == 401
    assert response.json["code"] == "unauthenticated"
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert world.rpc.asked == []


@pytest.mark.parametrize("role", Role, ids=str)
@pytest.mark.parametrize("route", CLOSED, ids=named)
def test_a_route_is_open_to_its_roles_alone(route: Route, role: Role) -> None:
    world = a_world(route)
    response = world.send(route, role)
    if role in route.roles:
        assert response.status_code < 300 or route.name == "me", response.text
    else:
        assert response.status_code == 403
        assert response.json["code"] == "role-not-allowed"
        assert world.rpc.asked == []


@pytest.mark.parametrize("route", [r for r in CLOSED if r.name not in _OWN], ids=named)
def test_a_service_is_told_who_asks_on_every_closed_route(route: Route) -> None:
    world = a_world(route)
    role = a_role_of(route)
    world.send(route, role, name="lan")
    assert world.rpc.asked
    for _, method, arguments in world.rpc.asked:
        assert arguments["actor"]["role"] == role, method
        assert len(arguments["actor"]["account_id"]) == 36


@pytest.mark.parametrize(
    "route", [r for r in _ASKING if "{" in r.path and "provider" not in r.path], ids=named
)
def test_what_another_may_not_see_is_not_there(route: Route) -> None:
    world = World()
    world.rpc.otherwise = RemoteRefusal.from_wire(
        {"code": "order-not-found", "kind": "not_found", "detail": "There is no such order."}
    )
    response = world.send(route, a_role_of(route), name="somebody else")
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"
    assert response.json["code"] == "order-not-found"


@pytest.mark.parametrize("route", [r for r in _ASKING if r.name != "dead_letters"], ids=named)
def test_a_service_that_does_not_answer_in_time_is_a_503(route: Route) -> None:
    world = World()
    world.rpc.otherwise = DeadlineExceeded("ordering did not answer in time.", service="ordering")
    response = world.send(route, a_role_of(route))
    assert response.status_code == 503
    assert response.json["code"] == "deadline-exceeded"
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("route", [r for r in DOCUMENTED if not r.raw_body], ids=named)
def test_an_unknown_parameter_of_the_address_is_refused(route: Route) -> None:
    response = a_world(route).send(route, a_role_of(route), query_string=query_of(route) | {"surprise": "1"})
    assert response.status_code == 422
    assert [error["field"] for error in response.json["errors"]] == ["surprise"]


@pytest.mark.parametrize("route", [r for r in DOCUMENTED if r.body], ids=named)
def test_an_unknown_field_of_the_body_is_refused(route: Route) -> None:
    body = example(route.body())  # type: ignore[misc]
    response = a_world(route).send(route, a_role_of(route), json=body | {"surprise": 1})
    assert response.status_code == 422
    assert [error["field"] for error in response.json["errors"]] == ["surprise"]


_NEEDED = [
    (route, field)
    for route in DOCUMENTED
    if route.body
    for field in route.body().fields
    if route.body().fields[field].required
]


@pytest.mark.parametrize(
    ("route", "field"), _NEEDED, ids=lambda part: part if isinstance(part, str) else named(part)
)
def test_a_needed_field_that_is_missing_is_named(route: Route, field: str) -> None:
    body = example(route.body())  # type: ignore[misc]
    del body[field]
    response = a_world(route).send(route, a_role_of(route), json=body)
    assert response.status_code == 422
    assert response.json["code"] == "invalid-input"
    assert field in [error["field"] for error in response.json["errors"]]


@pytest.mark.parametrize("route", [r for r in DOCUMENTED if r.query], ids=named)
def test_a_wrong_parameter_of_the_address_is_named(route: Route) -> None:
    schema = route.query().fields  # type: ignore[misc]
    field = "limit" if "limit" in schema else next(iter(schema))
    wrong = query_of(route) | {field: "x" * 600}
    response = a_world(route).send(route, a_role_of(route), query_string=wrong)
    assert response.status_code == 422
    assert any(error["field"].startswith(field) for error in response.json["errors"])


@pytest.mark.parametrize("route", [r for r in ALL if r.key is not Key.NONE], ids=named)
def test_a_call_that_creates_or_pays_needs_an_idempotency_key(route: Route) -> None:
    world = a_world(route)
    response = world.send(route, a_role_of(route), key=None)
    assert response.status_code == 400
    assert response.json["code"] == "idempotency-key-missing"
    assert world.rpc.asked == []


def test_every_post_that_makes_something_takes_a_key() -> None:
    for route in ALL:
        if route.method == "POST" and route.status == 201:
            assert route.key is not Key.NONE, route.name


def test_names_are_unique_and_every_open_route_is_open_on_purpose() -> None:
    names = [route.name for route in ALL]
    assert len(names) == len(set(names))
    open_routes = {route.name for route in ALL if route.roles is ANYONE}
    assert open_routes == {
        "register",
        "sign_in",
        "refresh",
        "shops_nearby",
        "shop",
        "reviews_of_shop",
        "photo_of_review",
        "listings_of_shop",
        "search_listings",
        "listing",
        "slots",
        "zones",
        "promotion_link",
        "follow_promotion_link",
        "virtual_storefront",
        "promoters_page",
        "promoters_page_file",
        "payment_notification",
        "front_page",
        "docs_page",
        "page_file",
        "openapi",
        "live",
        "ready",
    }


@pytest.mark.parametrize("route", ALL, ids=named)
def test_an_address_leads_to_its_route_whichever_way_it_is_found(route: Route) -> None:
    router = Router(ALL)
    path = path_of(route)
    found, values = router.find(route.method, path)
    # A slash at the end is left to the library.
    found_by_library, values_of_library = router.find(route.method, path.rstrip("/") + "/")
    assert found is found_by_library is route
    assert values == values_of_library
