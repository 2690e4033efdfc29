"""HTTP at its edges: what cannot be read, versions, problems, pages, health."""

from __future__ import annotations

import io
import logging
import uuid
from typing import Any

import pytest

from services.gateway.domain.accounts import Role
from shared.kernel.errors import RemoteRefusal
from shared.messaging.context import current
from tests.gateway.builders import AN_ID, World

SHOP = {"shop_id": AN_ID, "name": "Lan's Fruit", "category": "fruit", "version": 3}


def quoting(world: World, **options: Any) -> Any:
    return world.ask("POST", "/v1/quotes", role=Role.CUSTOMER, key="k", **options)


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"\xff\xfe", b"{} {}", b"NaN"])
def test_a_body_that_is_not_a_json_object_is_malformed(body: bytes) -> None:
    response = quoting(World(), data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json["code"] == "malformed-request"


def test_another_media_type_is_refused() -> None:
    response = quoting(World(), data=b"a=1", content_type="application/x-www-form-urlencoded")
    assert response.status_code == 415


def test_a_body_over_the_limit_is_refused_unread() -> None:
    stream = io.BytesIO(b"x" * 10)
    response = quoting(
        World(), input_stream=stream, environ_overrides={"CONTENT_LENGTH": str(1024 * 1024 + 1)}
    )
    assert response.status_code == 413
    assert stream.tell() == 0
    assert response.headers["Connection"] == "close"


def test_a_chunked_body_is_read_up_to_the_limit() -> None:
    headers = {"Transfer-Encoding": "chunked"}
    environ = {"wsgi.input_terminated": True}
    small = quoting(World(), input_stream=io.BytesIO(b"[]"), headers=headers, environ_overrides=environ)
    assert small.status_code == 400
    large = quoting(
        World(), input_stream=io.BytesIO(b" " * (1024 * 1024 + 1)), headers=headers, environ_overrides=environ
    )
    assert large.status_code == 413


def test_a_parameter_given_twice_is_refused() -> None:
    response = World().ask("GET", "/v1/shops?lat=1&lat=2&lon=3")
    assert response.status_code == 400
    assert response.json["errors"] == [{"field": "lat", "message": "May be given once."}]


def test_a_list_parameter_may_be_given_several_times() -> None:
    world = World()
    world.rpc.otherwise = {"items": [], "asap": True}
    other = str(uuid.uuid4())
    response = world.ask("GET", f"/v1/slots?lat=30&lon=120&shop_id={AN_ID}&shop_id={other}")
    assert response.status_code == 200
    assert world.rpc.asked[0][2]["shops"] == [{"shop_id": AN_ID}, {"shop_id": other}]


@pytest.mark.parametrize("query", ["小笼包", "%E5%B0%8F%E7%AC%BC%E5%8C%85"])
def test_words_may_come_as_they_are_or_percent_encoded(query: str) -> None:
    world = World()
    world.rpc.otherwise = {"items": []}
    as_bytes = {"QUERY_STRING": f"lat=30&lon=120&q={query}".encode().decode("latin-1")}
    assert world.ask("GET", "/v1/listings", environ_overrides=as_bytes).status_code == 200
    assert world.rpc.asked[0][2]["q"] == "小笼包"


@pytest.mark.parametrize("query", ["%FF", "\xff"])
def test_words_that_are_no_utf_8_are_malformed(query: str) -> None:
    as_bytes = {"QUERY_STRING": f"lat=30&lon=120&q={query}"}
    response = World().ask("GET", "/v1/listings", environ_overrides=as_bytes)
    assert response.status_code == 400
    assert response.json["code"] == "malformed-request"


def test_nothing_is_found_where_there_is_nothing() -> None:
    for path in ("/v1/nowhere", "/v1/orders/not-an-id", "/v1/../etc/passwd", "/docs/..%2fstyle.css", "/%ff"):
        response = World().ask("GET", path, role="customer")
        assert response.status_code == 404
        assert response.json["code"] == "route-not-found"


def test_a_method_that_is_not_answered_says_which_are() -> None:
    response = World().ask("DELETE", "/v1/shops", role="merchant")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"


def test_head_is_get_without_its_body() -> None:
    world = World()
    world.rpc.otherwise = SHOP
    response = world.ask("HEAD", f"/v1/shops/{AN_ID}")
    assert response.status_code == 200
    assert response.data == b""


def test_a_version_is_told_and_spares_sending_the_same_again() -> None:
    world = World()
    world.rpc.otherwise = SHOP
    response = world.ask("GET", f"/v1/shops/{AN_ID}")
    assert response.headers["ETag"] == '"v3"'
    again = world.ask("GET", f"/v1/shops/{AN_ID}", headers={"If-None-Match": '"v3"'})
    assert again.status_code == 304
    assert again.data == b""


def test_a_change_can_be_made_on_condition() -> None:
    world = World()
    world.rpc.answers["storefront", "change_shop"] = lambda version, **_: (
        {**SHOP, "version": 4}
        if version in (None, 3)
        else RemoteRefusal.from_wire({"code": "shop-changed", "kind": "conflict", "detail": "Changed."})
    )

    def change(**headers: str) -> Any:
        return world.ask(
            "PATCH", f"/v1/shops/{AN_ID}", role="merchant", json={"name": "Mei"}, headers=headers
        )

    assert change(**{"If-Match": '"v3"'}).status_code == 200
    assert change().status_code == 200
    for outdated in ('"v2"', '"another"', "3"):
        response = change(**{"If-Match": outdated})
        assert response.status_code == 412
        assert response.json["code"] == "outdated"


def test_a_place_is_changed_as_a_whole() -> None:
    world = World()
    world.rpc.otherwise = SHOP
    body = {"lat": 30.1, "lon": 120.2, "name": "Mei"}
    world.ask("PATCH", f"/v1/shops/{AN_ID}", role="merchant", json=body)
    assert world.rpc.asked[0][2]["position"] == {"lat": 30.1, "lon": 120.2}
    half = world.ask("PATCH", f"/v1/shops/{AN_ID}", role="merchant", json={"lat": 30.1})
    assert half.status_code == 422
    assert half.json["errors"][0]["field"] == "lon"


def test_what_a_service_refuses_passes_through_as_a_problem() -> None:
    world = World()
    world.rpc.otherwise = RemoteRefusal.from_wire(
        {
            "code": "out-of-stock",
            "kind": "refused",
            "detail": "There are 2 left.",
            "errors": [{"field": "lines.0.quantity", "message": "2 left"}],
            "extra": {"left": 2},
        }
    )
    response = world.ask("POST", "/v1/orders", role="customer", key="k", json={"quote_id": AN_ID})
    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    problem = response.json
    assert problem["instance"] == response.headers["X-Correlation-Id"]
    del problem["instance"]
    assert problem == {
        "type": "urn:linli:problem:out-of-stock",
        "title": "Out of stock",
        "status": 422,
        "detail": "There are 2 left.",
        "code": "out-of-stock",
        "errors": [{"field": "lines.0.quantity", "message": "2 left"}],
        "extra": {"left": 2},
    }


def test_a_mistake_of_ours_is_a_500_that_says_nothing_but_its_id(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.rpc.otherwise = ZeroDivisionError("a secret")
    response = world.ask("GET", f"/v1/shops/{AN_ID}")
    assert response.status_code == 500
    assert response.json["code"] == "internal-error"
    assert "secret" not in response.text
    assert "ZeroDivisionError" in caplog.text


def test_the_callers_correlation_id_is_kept_when_it_is_a_uuid() -> None:
    world = World()
    seen = []
    world.rpc.otherwise = lambda **_: seen.append(current().correlation_id) or SHOP
    for own in (AN_ID, AN_ID.replace("-", "").upper()):
        given = world.ask("GET", f"/v1/shops/{AN_ID}", headers={"X-Correlation-Id": own})
        assert given.headers["X-Correlation-Id"] == own
        assert seen.pop() == own
    # It goes into logs and events, which tell of nobody.
    for own in ("no good\tid", "+8613800138000", "mrs.lin", f"{AN_ID}{AN_ID}", AN_ID.replace("-", "", 1)):
        made = world.ask("GET", f"/v1/shops/{AN_ID}", headers={"X-Correlation-Id": own})
        assert made.headers["X-Correlation-Id"] != own
        assert seen.pop() == made.headers["X-Correlation-Id"]


def test_the_access_log_tells_who_asked_what_and_no_secrets(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.rpc.otherwise = {"items": [], "next_cursor": None}
    with caplog.at_level(logging.INFO, logger="linli.access"):
        world.ask("GET", "/v1/shops?lat=30.27&lon=120.15&q=something+private", role="customer")
    (record,) = [r for r in caplog.records if r.name == "linli.access"]
    assert (record.method, record.path, record.route, record.status) == (
        "GET",
        "/v1/shops",
        "shops_nearby",
        200,
    )
    assert len(record.account_id) == 36
    assert "private" not in str(record.__dict__)


def test_the_notification_of_a_provider_passes_as_it_came() -> None:
    world = World()
    world.rpc.otherwise = {"accepted": True}
    body = b'{"type":  "payment.succeeded" }'
    headers = {"webhook-id": "m1", "webhook-timestamp": "1", "webhook-signature": "v1,abc", "x-other": "no"}
    response = world.ask("POST", "/v1/payment-notifications/sandbox", data=body, headers=headers)
    assert response.status_code == 200
    ((service, method, arguments),) = world.rpc.asked
    assert (service, method) == ("ordering", "payment_notification")
    assert arguments == {
        "provider": "sandbox",
        "headers": {"webhook-id": "m1", "webhook-timestamp": "1", "webhook-signature": "v1,abc"},
        "body": body.decode(),
    }


def test_one_service_that_does_not_answer_does_not_hide_the_others_dead_letters() -> None:
    world = World()
    letter = {"id": 7, "reason": "poison", "attempts": 5, "parked_at": "2026-01-05T08:00:00.000Z"}
    world.rpc.answers["ordering", "dead_letters"] = {"items": [letter], "next_cursor": None}
    world.rpc.otherwise = RemoteRefusal.from_wire({"code": "unavailable", "kind": "unavailable"})
    response = world.ask("GET", "/v1/dead-letters", role="operator")
    assert response.json["items"] == [{"service": "ordering", **letter}]
    assert "crm" in response.json["unanswered"]


def test_dead_letters_are_paged_over_all_services() -> None:
    world = World()
    parked = {"storefront": [1, 4], "ordering": [], "dispatch": [2, 3, 9], "crm": [5]}

    def of(service: str) -> Any:
        def letters(limit: int, cursor: str | None, **_: Any) -> dict[str, Any]:
            later = [number for number in parked.get(service, []) if number > int(cursor or 0)]
            more = later[limit - 1] if len(later) > limit else None
            return {"items": [{"id": n} for n in later[:limit]], "next_cursor": more and str(more)}

        return letters

    for service in ("storefront", "ordering", "dispatch", "commission", "crm", "campaigns"):
        world.rpc.answers[service, "dead_letters"] = of(service)
    for limit in (1, 2, 3, 4, 50):
        seen, cursor = [], ""
        while cursor is not None:
            path = f"/v1/dead-letters?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
            page = world.ask("GET", path, role="operator").json
            assert len(page["items"]) <= limit
            seen += [(letter["service"], letter["id"]) for letter in page["items"]]
            cursor = page["next_cursor"]
        assert seen == [(service, number) for service, numbers in parked.items() for number in numbers]


def test_health_and_pages() -> None:
    world = World()
    assert world.ask("GET", "/health/live").json == {"status": "live"}
    assert world.ask("GET", "/health/ready").status_code == 200
    world.pulse.database = False
    assert world.ask("GET", "/health/ready").status_code == 503
    world.pulse.up["ordering"] = False
    front = world.ask("GET", "/")
    assert "Ordering does not answer." in front.text
    assert 'href="/docs"' in front.text
    assert world.ask("GET", "/docs").content_type.startswith("text/html")
    for file in ("style.css", "docs.js"):
        assert world.ask("GET", f"/docs/{file}").status_code == 200
    assert world.ask("GET", "/docs/index.html").status_code == 404


def test_the_pages_need_nothing_from_elsewhere() -> None:
    world = World()
    for path in ("/", "/docs", "/docs/style.css", "/docs/docs.js"):
        response = world.ask("GET", path)
        assert "http:" not in response.text
        assert "https:" not in response.text
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
