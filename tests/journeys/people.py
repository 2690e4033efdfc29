"""The people of a journey, each with an account, asking the platform over HTTP and nothing else."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

import httpx

from linli.stack.platform import Platform
from shared.kernel.clock import to_wire

Found = TypeVar("Found")

_NUMBERS = count(random.randrange(900))


class Refused(AssertionError):
    """An answer that is not a success, where the test did not ask for one."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        try:
            self.problem: Mapping[str, Any] = answer.json()
        except ValueError:
            self.problem = {"detail": answer.text[:300]}
        self.code = str(self.problem.get("code", ""))
        super().__init__(f"{answer.request.method} {answer.request.url.path}: {self.status} {self.problem}")


class Person:
    """Somebody signed in; every POST is a new wish unless it is given a key."""

    def __init__(self, http: httpx.Client, account_id: str, token: str) -> None:
        self.account_id = account_id
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> Any:
        return self._done(self._http.get(path, params=query, headers=self._headers))

    def post(self, path: str, body: Mapping[str, Any] | None = None, key: str | None = None) -> Any:
        headers = self._headers | {"Idempotency-Key": key or str(uuid.uuid4())}
        return self._done(self._http.post(path, json=body or {}, headers=headers))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._done(self._http.put(path, json=body, headers=self._headers))

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._done(self._http.patch(path, json=body, headers=self._headers))

    def send(self, path: str, content: bytes, media_type: str) -> Any:
        """What is no JSON, with PUT."""
        headers = self._headers | {"Content-Type": media_type}
        return self._done(self._http.put(path, content=content, headers=headers))

    def fetch(self, path: str) -> httpx.Response:
        """What is no JSON, with what is said about it."""
        answer = self._http.get(path, headers=self._headers)
        if not answer.is_success:
            raise Refused(answer)
        return answer

    def get_text(self, path: str, **query: Any) -> str:
        """What is text, and no JSON."""
        answer = self._http.get(path, params=query, headers=self._headers)
        if not answer.is_success:
            raise Refused(answer)
        return answer.text

    def post_text(self, path: str, content: str, media_type: str, **query: Any) -> Any:
        headers = self._headers | {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": media_type}
        return self._done(self._http.post(path, content=content.encode(), params=query, headers=headers))

    def delete(self, path: str) -> Any:
        return self._done(self._http.delete(path, headers=self._headers))

    @staticmethod
    def _done(answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json() if answer.content else None
        raise Refused(answer)


@dataclass(frozen=True, kw_only=True)
class ShopOfTown:
    shop_id: str
    merchant: Person
    listing_ids: list[str]


@dataclass(kw_only=True)
class Neighbourhood:
    platform: Platform
    http: httpx.Client
    zone_id: str
    lat: float
    operator: Person
    customer: Person
    courier: Person
    shops: list[ShopOfTown] = field(default_factory=list)

    def register(self, role: str) -> Person:
        return register(self.http, role)

    def place_at(self, north: float, east: float) -> dict[str, float]:
        """So many degrees from the middle of this neighbourhood."""
        return {"lat": round(self.lat + north, 6), "lon": round(121.44 + east, 6)}

    def in_minutes(self, minutes: float) -> str:
        """That many minutes from now on the platform's clock."""
        return to_wire(self.platform.clock.now() + timedelta(minutes=minutes))

    def basket(self, shops: int = 3, quantity: int = 2) -> dict[str, Any]:
        return {
            "lines": [
                {"listing_id": shop.listing_ids[0], "quantity": quantity} for shop in self.shops[:shops]
            ],
            "drop_off": {**self.place_at(-0.001, 0.0012), "address": "3 Plum Lane", "contact": "Wang"},
            "slot_id": "asap",
        }

    def place(self, basket: Mapping[str, Any] | None = None, customer: Person | None = None) -> Any:
        customer = customer or self.customer
        quote = customer.post("/v1/quotes", basket or self.basket())
        return customer.post("/v1/orders", {"quote_id": quote["quote_id"]})

    def pay(self, order: Mapping[str, Any], scenario: str = "success") -> Any:
        body = {"method": "sandbox", "scenario": scenario}
        return self.customer.post(f"/v1/orders/{order['order_id']}/payments", body)

    def order(self, order: Mapping[str, Any]) -> Any:
        return self.customer.get(f"/v1/orders/{order['order_id']}")

    def until_status(self, order: Mapping[str, Any], *statuses: str, patience: float = 30.0) -> Any:
        def reached() -> Any:
            seen = self.order(order)
            return seen if seen["status"] in statuses else None

        return eventually(reached, patience, f"order {order['order_id']} to be {' or '.join(statuses)}")

    def place_and_pay(self, basket: Mapping[str, Any] | None = None) -> Any:
        order = self.place(basket)
        self.pay(order)
        return self.until_status(order, "paid", "in_fulfilment")

    def merchant_of(self, part: Mapping[str, Any]) -> Person:
        return next(shop.merchant for shop in self.shops if shop.shop_id == part["shop_id"])

    def accept_and_pack(self, order: Mapping[str, Any]) -> None:
        """Every shop of the order accepts its part and has it ready at once."""
        for part in order["store_orders"]:
            merchant, path = self.merchant_of(part), f"/v1/store-orders/{part['store_order_id']}"
            merchant.post(f"{path}/accept", {"ready_at": self.in_minutes(0)})
            merchant.post(f"{path}/ready")

    def deliver(self, order: Mapping[str, Any]) -> list[str]:
        """The courier takes the offer and goes to every stop; gives the kinds of the stops in their order."""
        visited: list[str] = []
        until = time.monotonic() + 60
        while self.order(order)["status"] not in {"delivered", "completed"}:
            assert time.monotonic() < until, f"not delivered; visited {visited}"
            route = self.courier.get("/v1/courier/route")
            for offer in route["offers"]:
                self.courier.post(f"/v1/offers/{offer['offer_id']}/accept")
            for stop in route["stops"]:
                if stop["status"] in {"pending", "arrived"}:
                    self.courier.post(f"/v1/stops/{stop['stop_id']}/arrive")
                    self.courier.post(f"/v1/stops/{stop['stop_id']}/complete", {"proof": {"code": "7"}})
                    visited.append(stop["kind"])
            time.sleep(0.1)
        return visited

    def ledger_of(self, order: Mapping[str, Any]) -> dict[str, int]:
        """Account to balance, as far as the order moved it."""
        sums: dict[str, int] = {}
        found = self.operator.get("/v1/ledger/entries", order_id=order["order_id"], limit=200)
        for entry in found["items"]:
            sums[entry["account"]] = sums.get(entry["account"], 0) + entry["amount"]["amount"]
        return sums


def register(http: httpx.Client, role: str) -> Person:
    name = f"{role}.{uuid.uuid4().hex[:12]}"
    body = {"email": f"{name}@journeys.example.org", "password": f"pw-{name}", "name": name, "role": role}
    answer = http.post("/v1/accounts", json=body, headers={"Idempotency-Key": name})
    if not answer.is_success:
        raise Refused(answer)
    made = answer.json()
    return Person(http, made["account_id"], made["tokens"]["access_token"])


@contextmanager
def open_neighbourhood(
    platform: Platform, stock: int = 50, **settings: float | bool
) -> Iterator[Neighbourhood]:
    with httpx.Client(base_url=platform.base_url, timeout=20) as http:
        email, password = platform.operator
        session = http.post("/v1/tokens", json={"email": email, "password": password})
        if not session.is_success:
            raise Refused(session)
        operator = Person(http, session.json()["account_id"], session.json()["access_token"])
        # Far from every other neighbourhood of the same platform.
        lat = -60.0 + 0.1 * next(_NUMBERS)
        area = {"south": lat - 0.02, "west": 121.42, "north": lat + 0.02, "east": 121.46}
        body = {"name": "Plum Lane", "area": area, "settings": {"offer_seconds": 600.0, **settings}}
        zone = operator.post("/v1/zones", body)
        town = Neighbourhood(
            platform=platform,
            http=http,
            zone_id=zone["zone_id"],
            lat=lat,
            operator=operator,
            customer=register(http, "customer"),
            courier=register(http, "courier"),
        )
        for number, category in enumerate(("fruit", "bakery", "vegetables")):
            place = town.place_at(0.001 * number, 0.0)
            town.shops.append(_open_shop(http, operator, number, category, place, stock))
        operator.post(f"/v1/couriers/{town.courier.account_id}/approve")
        body = {
            "zone_id": town.zone_id,
            "ends_at": town.in_minutes(24 * 60),
            "position": town.place_at(0.0, 0.0),
        }
        town.courier.post("/v1/courier/shift", body)
        yield town


def _open_shop(
    http: httpx.Client,
    operator: Person,
    number: int,
    category: str,
    place: Mapping[str, float],
    stock: int,
) -> ShopOfTown:
    merchant = register(http, "merchant")
    body = {
        "name": f"Shop {number}",
        "category": category,
        **place,
        "delivery_radius_m": 5000,
    }
    shop = merchant.post("/v1/shops", body)
    operator.post(f"/v1/shops/{shop['shop_id']}/approve")
    ids = []
    for item in range(2):
        goods = {
            "name": f"Goods {number}-{item}",
            "category": category,
            "price": {"amount": 1000 + 333 * number + 7 * item, "currency": "CNY"},
            "stock": stock,
        }
        ids.append(merchant.post(f"/v1/shops/{shop['shop_id']}/listings", goods)["listing_id"])
    return ShopOfTown(shop_id=shop["shop_id"], merchant=merchant, listing_ids=ids)


def eventually(look: Callable[[], Found | None], patience: float, what: str) -> Found:
    """What `look` finds, looking again until it does; fails when `patience` seconds have passed."""
    until = time.monotonic() + patience
    pause = 0.02
    while True:
        found = look()
        if found is not None:
            return found
        assert time.monotonic() < until, f"waited {patience:g} s for {what}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)
