"""The services that ordering asks, in memory: they keep the promises of the real ones and no more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from shared.kernel.errors import Conflict, DeadlineExceeded, NotFound, Refusal, Refused, RemoteRefusal
from shared.kernel.money import Money, share_capped
from shared.messaging.rpc import DEADLINE_SECONDS, Request

Wire = dict[str, Any]


class FakeOutOfStock(Refused):
    code = "out-of-stock"


class FakePriceChanged(Refused):
    code = "price-changed"


class FakeSlotFull(Refused):
    code = "slot-full"


class FakeShopFull(Refused):
    code = "shop-full"


class FakeShopClosed(Refused):
    code = "shop-closed"


class FakeGoodsOnBoard(Conflict):
    code = "goods-on-board"


class FakeReleased(Conflict):
    code = "released-before"


class FakeStorefront:
    """Two shops; stock is reserved per order, all or none."""

    def __init__(self) -> None:
        self.shops: dict[str, Wire] = {}
        self.listings: dict[str, Wire] = {}
        self.reserved: dict[str, dict[str, int]] = {}
        self.released: set[str] = set()
        self.expiries: dict[str, str] = {}
        self.closed: set[str] = set()
        self.sizes: dict[str, Wire] = {}
        self.hours_full = False
        self.moves: dict[tuple[str, int], str] = {}
        self._lock = threading.Lock()

    def open(self, shop_id: str, merchant_id: str, lat: float = 30.27, lon: float = 120.15) -> None:
        self.shops[shop_id] = {
            "shop_id": shop_id,
            "name": f"name of {shop_id}",
            "category": "food",
            "position": {"lat": lat, "lon": lon},
            "preparation_minutes": 10,
            "merchant_id": merchant_id,
        }

    def list(
        self, listing_id: str, shop_id: str, price: int, stock: int = 100, unit_grams: int | None = None
    ) -> None:
        self.listings[listing_id] = {
            "shop_id": shop_id,
            "price": price,
            "stock": stock,
            "unit_grams": unit_grams,
            "withdrawn": False,
        }

    def available(self, listing_id: str) -> int:
        taken = sum(lines.get(listing_id, 0) for lines in self.reserved.values())
        return int(self.listings[listing_id]["stock"]) - taken

    def price(self, lines: list[Wire], drop_off: Wire, window: Wire | None = None) -> Wire:
        priced = []
        for line in lines:
            if line["listing_id"] not in self.listings:
                raise NotFound("There is no such listing.")
            listing = self.listings[line["listing_id"]]
            priced.append(
                {
                    "listing_id": line["listing_id"],
                    "shop_id": listing["shop_id"],
                    "name": line["listing_id"],
                    "unit": "份",
                    "category": "food",
                    "quantity": line["quantity"],
                    "unit_price": {"amount": listing["price"], "currency": "CNY"},
                    "available": self.available(line["listing_id"]),
                    "sourced": False,
                    "unit_grams": listing["unit_grams"],
                    **({"size": self.sizes[line["listing_id"]]} if line["listing_id"] in self.sizes else {}),
                }
            )
        shops = [self.shops[shop_id] for shop_id in dict.fromkeys(line["shop_id"] for line in priced)]
        if window is None and any(shop["shop_id"] in self.closed for shop in shops):
            basket = {line["shop_id"]: line["quantity"] for line in priced}
            raise FakeShopClosed(basket=basket)
        return {"currency": "CNY", "shops": shops, "lines": priced}

    def listing(self, listing_id: str) -> Wire:
        if listing_id not in self.listings:
            raise NotFound("There is no such listing.")
        listing = self.listings[listing_id]
        return {
            "listing_id": listing_id,
            "shop_id": listing["shop_id"],
            "name": f"{listing_id} of today",
            "price": {"amount": listing["price"], "currency": "CNY"},
            "unit": "份",
            "category": "food",
            "sourced": False,
            "status": "withdrawn" if listing["withdrawn"] else "published",
            "available": self.available(listing_id),
        }

    def reserve(
        self,
        order_id: str,
        expires_at: str,
        lines: list[Wire],
        expected: list[Wire],
        preparation: Wire | None = None,
    ) -> Wire:
        with self._lock:
            if order_id in self.released:
                raise FakeReleased
            if order_id in self.reserved:
                return {"reserved": True}
            for item in expected:
                if self.listings[item["listing_id"]]["price"] != item["unit_price"]["amount"]:
                    raise FakePriceChanged
            for line in lines:
                if self.available(line["listing_id"]) < line["quantity"]:
                    raise FakeOutOfStock(errors=[{"field": line["listing_id"], "message": "sold out"}])
            self.reserved[order_id] = {line["listing_id"]: line["quantity"] for line in lines}
            self.expiries[order_id] = expires_at
            return {"reserved": True}

    def release(self, order_id: str, reason: str) -> Wire:
        with self._lock:
            self.released.add(order_id)
            self.reserved.pop(order_id, None)
            return {"released": True}

    def obstacles(self, shops: list[Wire], windows: list[Wire]) -> Wire:
        closed = [
            {"shop_id": shop["shop_id"], "name": shop["shop_id"], "reason": "closed", "opens_at": None}
            for shop in shops
            if shop["shop_id"] in self.closed
        ]
        return {"windows": [[] for _ in windows], "soon": closed}

    def hold_move(self, order_id: str, number: int, preparation: Wire) -> Wire:
        with self._lock:
            if self.moves.get((order_id, number)) == "dropped":
                raise FakeReleased
            if (order_id, number) not in self.moves and self.hours_full:
                raise FakeShopFull
            self.moves[order_id, number] = "held"
            return {"held": True}

    def drop_move(self, order_id: str, number: int) -> Wire:
        with self._lock:
            self.moves[order_id, number] = "dropped"
            return {"dropped": True}


class FakeDispatch:
    """One zone; a slot has so many places."""

    def __init__(self) -> None:
        self.capacity = 1000
        self.slot_of: dict[str, str | None] = {}
        self.taken: dict[str, int] = {}
        self.moved: dict[str, tuple[int, Refusal | None]] = {}
        self.on_board: set[str] = set()
        self.held: dict[str, list[Wire]] = {}
        self.released: set[str] = set()

    def hold(self, order_id: str, slot_id: str, drop_off: Wire, pickups: list[Wire], expires_at: str) -> Wire:
        if order_id in self.released:
            raise FakeReleased
        if order_id not in self.held and len(self.held) >= self.capacity:
            raise FakeSlotFull
        if order_id not in self.held and slot_id != "asap":
            self.slot_of[order_id] = slot_id
            self.taken[slot_id] = self.taken.get(slot_id, 0) + 1
        self.held[order_id] = pickups
        window = {"slot_id": slot_id, "starts_at": expires_at, "ends_at": expires_at}
        return {
            "zone_id": "zone-1",
            "slot": None if slot_id == "asap" else window,
            "promised_at": "2026-01-05T11:00:00.000Z",
        }

    def slot(self, slot_id: str) -> Wire:
        return {
            "slot_id": slot_id,
            "zone_id": "zone-1",
            "starts_at": "2026-01-05T12:00:00.000Z",
            "ends_at": "2026-01-05T14:00:00.000Z",
            "cutoff_at": "2026-01-05T11:30:00.000Z",
            "capacity": self.capacity,
            "left": self.capacity - self.taken.get(slot_id, 0),
        }

    def slots_today(self, lat: float, lon: float) -> Wire:
        return {"items": [self.slot("slot-1") | {"state": "free"}], "paused": False, "zone_id": "zone-1"}

    def rebook(self, order_id: str, number: int, slot_id: str | None) -> Wire:
        last, refusal = self.moved.get(order_id, (0, None))
        if number > last:
            refusal = None
            if order_id in self.on_board:
                refusal = FakeGoodsOnBoard()
            elif slot_id is not None and self.taken.get(slot_id, 0) >= self.capacity:
                refusal = FakeSlotFull()
            self.moved[order_id] = number, refusal
            if refusal is None:
                before = self.slot_of.get(order_id)
                if before is not None:
                    self.taken[before] -= 1
                if slot_id is not None:
                    self.taken[slot_id] = self.taken.get(slot_id, 0) + 1
                self.slot_of[order_id] = slot_id
        if refusal is not None:
            raise refusal
        return {
            "zone_id": "zone-1",
            "slot": None if slot_id is None else self.slot(slot_id),
            "promised_at": "2026-01-05T14:00:00.000Z",
        }

    def release_hold(self, order_id: str, reason: str) -> Wire:
        self.released.add(order_id)
        self.held.pop(order_id, None)
        return {"released": True}


class FakeCampaigns:
    """One coupon of the platform: so much off the whole basket."""

    def __init__(self, off: int = 1000, uses: int = 1000) -> None:
        self.off, self.uses = off, uses
        self.redeemed: dict[str, list[Wire]] = {}
        self.released: set[str] = set()
        self.asked = 0
        self.tells_shares = True

    def evaluate(self, customer_id: str, coupon_codes: list[str], shops: list[Wire]) -> Wire:
        self.asked += 1
        if "WELCOME" not in coupon_codes:
            return {"discounts": [], "refused": [{"code": c, "reason": "unknown"} for c in coupon_codes]}
        lines = [line for shop in shops for line in shop["lines"]]
        goods = [line["goods"]["amount"] for line in lines]
        off = min(self.off, sum(goods))
        shares = share_capped(off, goods, goods)
        discount = {
            "campaign_id": "welcome",
            "name": "Welcome",
            "funder": "platform",
            "shop_id": None,
            "amount": Money(off, "CNY").to_wire(),
            "line_shares": [
                {"line_id": line["line_id"], "amount": Money(share, "CNY").to_wire()}
                for line, share in zip(lines, shares, strict=True)
            ]
            if self.tells_shares
            else [],
        }
        return {"discounts": [discount], "refused": []}

    def redeem(self, order_id: str, customer_id: str, discounts: list[Wire], expires_at: str) -> Wire:
        if order_id in self.released:
            raise FakeReleased
        if order_id not in self.redeemed and len(self.redeemed) >= self.uses:
            raise Refused("The coupon is used up.")
        self.redeemed[order_id] = discounts
        return {"redeemed": True}

    def release(self, order_id: str, reason: str) -> Wire:
        self.released.add(order_id)
        self.redeemed.pop(order_id, None)
        return {"released": True}


class FakeCommission:
    def __init__(self) -> None:
        self.links: dict[str, Wire] = {}

    def promotion_link(self, code: str) -> Wire:
        if code not in self.links:
            raise NotFound
        return self.links[code]


def undisturbed(service: str, method: str) -> None:
    """Nothing happens ahead of a request."""


class FakeRpc:
    """Carries requests to the fakes. What is in ``mute`` answers too late, after it has done its work if
    ``works_when_mute``; ``before`` is called ahead of every request."""

    def __init__(self) -> None:
        self.storefront = FakeStorefront()
        self.dispatch = FakeDispatch()
        self.campaigns = FakeCampaigns()
        self.commission = FakeCommission()
        self.mute: set[tuple[str, str]] = set()
        self.works_when_mute = True
        self.log: list[tuple[str, str]] = []
        self.before: Callable[[str, str], None] = undisturbed

    def call(
        self, service: str, method: str, /, *, deadline: float = DEADLINE_SECONDS, **arguments: Any
    ) -> Any:
        self.before(service, method)
        self.log.append((service, method))
        if (service, method) in self.mute:
            if self.works_when_mute:
                getattr(getattr(self, service), method)(**arguments)
            raise DeadlineExceeded
        try:
            return getattr(getattr(self, service), method)(**arguments)
        except Refusal as refusal:
            raise RemoteRefusal.from_wire(refusal.to_wire()) from refusal

    def gather(self, requests: Sequence[Request], *, deadline: float = DEADLINE_SECONDS) -> list[Any]:
        answers: list[Any] = []
        for service, method, arguments in requests:
            try:
                answers.append(self.call(service, method, **arguments))
            except Refusal as refusal:
                answers.append(refusal)
        return answers
