"""A gateway that is not one: the main line in memory, so that the people of a day can be tested alone.

It knows one zone, gives each paid order to the courier on shift with the fewest stops, and can be told to
fail now and then, the way a platform does whose parts are being killed.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from urllib.parse import parse_qs, urlsplit

from shared.kernel.clock import Clock, to_wire


class No(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


class FakeGateway:
    def __init__(self, clock: Clock, *, trouble: float = 0.0) -> None:
        self.clock = clock
        self.trouble = trouble
        self.luck = random.Random(4)
        self.numbers: Iterator[int] = count(1)
        self.accounts: dict[str, dict] = {
            "operator@example.org": {"account_id": "operator", "role": "operator"}
        }
        self.tokens: dict[str, str] = {}
        self.kept: dict[str, tuple[int, object]] = {}
        self.effects: Counter[str] = Counter()
        self.shops: dict[str, dict] = {}
        self.listings: dict[str, dict] = {}
        self.quotes: dict[str, dict] = {}
        self.orders: dict[str, dict] = {}
        self.parts: dict[str, dict] = {}
        self.shifts: dict[str, dict] = {}
        self.offers: dict[str, dict] = {}
        self.stops: dict[str, dict] = {}
        self.positions: Counter[str] = Counter()
        self.seen_at: set[tuple[float, float]] = set()
        self.wait_place: dict | None = None
        self.server: asyncio.Server | None = None
        self.base_url = ""

    async def __aenter__(self) -> FakeGateway:
        self.server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.server is not None
        self.server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {k.lower(): v for k, v in (x.split(": ", 1) for x in head[1:] if x)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = head[0].split(" ")
                luck = self.luck.random()
                if luck < self.trouble / 3:
                    break
                status, answer = (
                    (503, {"code": "unavailable"})
                    if luck < self.trouble * 2 / 3
                    else self._answer(method, target, headers, body)
                )
                if self.luck.random() < self.trouble / 3:
                    break
                self._send(writer, status, answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _send(self, writer: asyncio.StreamWriter, status: int, answer: object) -> None:
        content = b"" if status == 204 else json.dumps(answer).encode()
        if status != 204 and self.luck.random() < 0.5:
            framing = b"Transfer-Encoding: chunked\r\n\r\n"
            content = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
        else:
            framing = b"Content-Length: %d\r\n\r\n" % len(content)
        writer.write(b"HTTP/1.1 %d Said\r\n%b%b" % (status, framing, content))

    def _answer(self, method: str, target: str, headers: dict, body: bytes) -> tuple[int, object]:
        key = headers.get("idempotency-key")
        if key in self.kept:
            return self.kept[key]
        url = urlsplit(target)
        path = url.path.removeprefix("/v1/").split("/")
        who = self.tokens.get(headers.get("authorization", "").removeprefix("Bearer "))
        handler: Callable[..., object] = getattr(self, f"{method.lower()}_{path[0]}".replace("-", "_"))
        try:
            if who is None and path[0] not in {"accounts", "tokens"}:
                raise No(401, "token-invalid")
            given = json.loads(body) if body else {}
            given |= {name: values[0] for name, values in parse_qs(url.query).items()}
            status, answer = 201 if method == "POST" else 200, handler(who, path[1:], given)
        except No as no:
            status, answer = no.status, {"code": no.code, "detail": no.code}
        if key is not None:
            self.kept[key] = status, answer
        return status, answer

    def _new(self, kind: str) -> str:
        return f"{kind}-{next(self.numbers)}"

    def post_accounts(self, _who: str, _path: list[str], given: dict) -> object:
        if given["email"] in self.accounts:
            raise No(409, "account-exists")
        self.accounts[given["email"]] = {**given, "account_id": self._new("account")}
        return {**self.accounts[given["email"]], "tokens": self.post_tokens("", [], given)}

    def post_tokens(self, _who: str, _path: list[str], given: dict) -> dict:
        token = self._new("token")
        self.tokens[token] = self.accounts[given["email"]]["account_id"]
        return {"access_token": token}

    def post_zones(self, _who: str, _path: list[str], given: dict) -> object:
        self.effects["zone"] += 1
        return {"zone_id": "zone"}

    def post_shops(self, who: str, path: list[str], given: dict) -> object:
        if not path:
            shop_id = self._new("shop")
            self.shops[shop_id] = {"owner": who, "status": "pending"}
            return {"shop_id": shop_id}
        if path[1] == "approve":
            self.shops[path[0]]["status"] = "open"
            return {}
        listing_id = self._new("listing")
        self.listings[listing_id] = {**given, "shop_id": path[0]}
        return {"listing_id": listing_id}

    def post_couriers(self, who: str, path: list[str], given: dict) -> object:
        assert who == "operator"
        return {}

    def post_quotes(self, who: str, _path: list[str], given: dict) -> object:
        quote_id = self._new("quote")
        self.quotes[quote_id] = {**given, "customer": who}
        return {"quote_id": quote_id}

    def post_orders(self, who: str, path: list[str], given: dict) -> object:
        if not path:
            return self._place(who, given)
        order = self.orders[path[0]]
        if path[1] == "payments":
            if order["status"] == "pending_payment":
                failed = given["scenario"] == "failure"
                order["payment_status"] = "failed" if failed else "pending"
                if not failed:
                    order["looks_until_paid"] = 2
            return {"payment_id": self._new("payment")}
        if any(self.parts[x]["status"] in {"picked_up", "delivered"} for x in order["parts"]):
            raise No(409, "already-picked-up")
        self._end(order, "cancelled")
        return {}

    def _place(self, who: str, given: dict) -> object:
        quote = self.quotes[given["quote_id"]]
        order_id = self._new("order")
        shops = {self.listings[line["listing_id"]]["shop_id"] for line in quote["lines"]}
        order = {
            "order_id": order_id,
            "customer": who,
            "status": "pending_payment",
            "drop_off": quote["drop_off"],
            "total": {"amount": 1000, "currency": "CNY"},
            "refunded": {"amount": 0, "currency": "CNY"},
            "parts": [],
        }
        for shop_id in sorted(shops):
            part_id = self._new("part")
            self.parts[part_id] = {
                "store_order_id": part_id,
                "order_id": order_id,
                "shop_id": shop_id,
                "status": "awaiting_payment",
                "lines": [
                    {
                        "line_id": "line-1",
                        "quantity": 1,
                        "unit_price": {"amount": 500, "currency": "CNY"},
                    }
                ],
            }
            order["parts"].append(part_id)
        self.orders[order_id] = order
        self.effects[f"placed by {who}"] += 1
        return self.get_orders(who, [order_id], {})

    def get_orders(self, who: str, path: list[str], _given: dict) -> object:
        order = self.orders[path[0]]
        assert order["customer"] == who
        if order["status"] == "pending_payment" and order.get("looks_until_paid"):
            order["looks_until_paid"] -= 1
            if not order["looks_until_paid"]:
                order |= {"status": "paid", "paid_at": to_wire(self.clock.now())}
                for part in order["parts"]:
                    self.parts[part]["status"] = "placed"
        return {**order, "store_orders": [self.parts[part] for part in order["parts"]]}

    def get_store_orders(self, who: str, path: list[str], _given: dict) -> object:
        return self.parts[path[0]]

    def post_store_orders(self, who: str, path: list[str], given: dict) -> object:
        part, order = self.parts[path[0]], self.orders[self.parts[path[0]]["order_id"]]
        assert self.shops[part["shop_id"]]["owner"] == who
        after = {"accept": "accepted", "reject": "rejected", "ready": "ready", "refunds": part["status"]}
        if part["status"] in {"cancelled", "rejected"}:
            raise No(409, "wrong-state")
        if path[1] == "substitutions":
            self.effects[f"offered for {given['line_id']} of {path[0]}"] += 1
            return {"substitution_id": self._new("substitution")}
        part["status"] = after[path[1]]
        self.effects[f"{path[1]} {path[0]}"] += 1
        states = {self.parts[x]["status"] for x in order["parts"]}
        if states <= {"rejected", "cancelled"}:
            self._end(order, "cancelled")
        elif states <= {"accepted", "ready", "rejected"} and path[1] in {"accept", "reject"}:
            self._offer(order)
        return part

    def post_substitutions(self, _who: str, path: list[str], _given: dict) -> object:
        self.effects[f"{path[1]} {path[0]}"] += 1
        return {}

    def _offer(self, order: dict) -> None:
        on = [x for x in self.shifts.values() if x["on"]]
        if not on:
            return
        best = min(on, key=lambda shift: len(shift["stops"]))
        offer_id = self._new("offer")
        self.offers[offer_id] = {
            "offer_id": offer_id,
            "courier_id": best["who"],
            "order_id": order["order_id"],
        }

    def _end(self, order: dict, status: str) -> None:
        order["status"] = status
        for part in order["parts"]:
            if self.parts[part]["status"] != "rejected":
                self.parts[part]["status"] = status
        for shift in self.shifts.values():
            shift["stops"] = [x for x in shift["stops"] if self.stops[x]["order_id"] != order["order_id"]]

    def post_courier(self, who: str, path: list[str], given: dict) -> object:
        assert path == ["shift"]
        assert datetime.fromisoformat(given["ends_at"]) > datetime(2020, 1, 1, tzinfo=UTC)
        self.effects[f"shift of {who}"] += 1
        self.shifts[who] = {"who": who, "on": True, "stops": []}
        for order in self.orders.values():
            if order["status"] == "paid" and not any(
                x["order_id"] == order["order_id"] for x in self.offers.values()
            ):
                self._offer(order)
        return {}

    def delete_courier(self, who: str, path: list[str], _given: dict) -> object:
        self.shifts[who]["on"] = False
        return {}

    def put_courier(self, who: str, path: list[str], given: dict) -> object:
        assert path == ["position"]
        self.positions[who] += 1
        self.seen_at.add((given["lat"], given["lon"]))
        return {}

    def get_courier(self, who: str, path: list[str], _given: dict) -> object:
        stops = [self.stops[x] for x in self.shifts[who]["stops"]]
        offers = [x for x in self.offers.values() if x["courier_id"] == who]
        return {"offers": offers, "stops": stops, "wait_at": self._wait_at(who)}

    def _wait_at(self, who: str) -> object:
        asked = any(x["courier_id"] == who for x in self.offers.values())
        if self.wait_place is None or asked or self.shifts[who]["stops"]:
            return None
        return {"shop_id": "shop", "position": self.wait_place, "since": "2026-01-05T00:00:00Z"}

    def get_dispatch(self, who: str, path: list[str], given: dict) -> object:
        assert given["zone_id"] == "zone"
        couriers = [
            {"courier_id": name, "wait_at": self._wait_at(name)}
            for name, shift in self.shifts.items()
            if shift["on"]
        ]
        return {"offers": list(self.offers.values()), "deliveries": [], "couriers": couriers}

    def post_offers(self, who: str, path: list[str], _given: dict) -> object:
        order = self.orders[self.offers.pop(path[0])["order_id"]]
        for part in order["parts"]:
            if self.parts[part]["status"] in {"accepted", "ready"}:
                self._stop(who, order, "pickup", part)
        self._stop(who, order, "drop_off", None)
        return {}

    def _stop(self, who: str, order: dict, kind: str, part: str | None) -> None:
        stop_id = self._new("stop")
        self.stops[stop_id] = {
            "stop_id": stop_id,
            "kind": kind,
            "order_id": order["order_id"],
            "store_order_id": part,
            "position": {"lat": order["drop_off"]["lat"], "lon": order["drop_off"]["lon"]},
            "status": "pending",
        }
        self.shifts[who]["stops"].append(stop_id)

    def post_stops(self, who: str, path: list[str], _given: dict) -> object:
        if path[0] not in self.shifts[who]["stops"]:
            raise No(404, "stop-not-found")
        stop = self.stops[path[0]]
        if path[1] == "arrive":
            stop["status"] = "arrived"
            return {}
        order = self.orders[stop["order_id"]]
        self.effects[f"complete {path[0]}"] += 1
        if stop["kind"] == "pickup":
            assert self.parts[stop["store_order_id"]]["status"] == "ready"
            self.parts[stop["store_order_id"]]["status"] = "picked_up"
        else:
            self._end(order, "delivered")
        stop["status"] = "done"
        self.shifts[who]["stops"] = [x for x in self.shifts[who]["stops"] if x != path[0]]
        return {}
