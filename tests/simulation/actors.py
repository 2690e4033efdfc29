"""People: customers, merchants, couriers and an operator, who do what they like when the seed says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.dispatch.domain.offer import OfferStatus
from services.ordering.domain.order import Order
from services.ordering.domain.store_order import StoreOrder, StoreStatus
from shared.kernel.clock import to_wire
from shared.kernel.errors import Refusal
from tests.simulation.platform import Platform
from tests.simulation.roster import Roster
from tests.simulation.scheduler import Process
from tests.simulation.splitter import Splitter
from tests.simulation.town import OPERATOR, Town

Wire = dict[str, Any]

_PATIENCE = (0.5, 1.0, 5.0, 20.0, 40.0, 40.0)
_WHY_NOT = ("customer-absent", "accident", "shop-closed", "lost", "wrong-address")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody knows of a request of theirs: ``ok``, ``refused`` or, after the last try, ``unknown``."""

    key: str
    method: str
    request: Wire
    outcome: str
    answer: Any = None


class People:
    """Everybody, over the platform's gateway; ``log`` is what they were told."""

    def __init__(self, platform: Platform, town: Town, outside: Process) -> None:
        self.platform, self.town = platform, town
        self.world = platform.world
        self.chance = platform.world.chance
        self.log: list[Said] = []
        self.busy = 0
        self._outside = outside
        self._count = 0

    def start(self) -> None:
        # Some days everybody comes at once and wants the same.
        rush = self.chance.random() < 0.25
        for number in range(4 if rush else self.chance.randint(2, 3)):
            self._go(lambda name=f"customer-{number}": self._visit(name, rush=rush))
        for shop_id in self.town.shops:
            self._always(lambda shop_id=shop_id: self._mind(shop_id), 20.0)
        for courier_id in self.town.couriers:
            self._always(lambda courier_id=courier_id: self._ride(courier_id), 12.0)
        if self.chance.random() < 0.3:
            self._go(self._meddle)
        if self.chance.random() < 0.3:
            roster = Roster(self)
            self._go(roster.keep)
        splitter = Splitter(self)
        if splitter.is_at_work:
            self._always(splitter.look, 15.0)

    # -- asking --------------------------------------------------------------------------------------

    def ask(self, actor: Wire, service: str, method: str, key: str = "", tries: int = 6, **more: Any) -> Said:
        """Ask, with the same key as often as patience lasts, until there is an answer."""
        self._count += 1
        key = key or f"key-{self._count}"
        request = {"actor": actor, **more}
        answer: Wire = {}
        for wait in _PATIENCE[:tries]:
            try:
                answer = self.platform.wire.call(
                    "gateway",
                    "request",
                    deadline=10.0,
                    account=actor["account_id"],
                    key=key,
                    call=[service, method, request],
                )
            except Refusal as refusal:
                answer = {"refusal": {"code": refusal.code, "kind": "unavailable"}}
            if "result" in answer:
                return self._said(key, method, request, "ok", answer["result"])
            if answer["refusal"]["kind"] not in {"unavailable", "internal"}:
                return self._said(key, method, request, "refused", answer["refusal"]["code"])
            self.world.pause(wait)
        return self._said(key, method, request, "unknown", answer["refusal"]["code"])

    def _said(self, key: str, method: str, request: Wire, outcome: str, answer: Any) -> Said:
        said = Said(key=key, method=method, request=request, outcome=outcome, answer=answer)
        self.log.append(said)
        shown = answer if isinstance(answer, str) else ""
        self.world.note(f"{request['actor']['account_id']}: {method} {key} {outcome} {shown}")
        return said

    def _go(self, work: Callable[[], None]) -> None:
        self.busy += 1

        def do() -> None:
            work()
            self.busy -= 1

        self.world.spawn(self._outside, "somebody", do)

    def _always(self, work: Callable[[], None], seconds: float) -> None:
        def do() -> None:
            while True:
                self.world.pause(seconds * (0.5 + self.chance.random()))
                work()

        self.world.spawn(self._outside, "somebody", do)

    def _dice(self, probability: float) -> bool:
        return self.chance.random() < probability

    # -- customers -----------------------------------------------------------------------------------

    def _visit(self, name: str, *, rush: bool) -> None:
        me = {"account_id": name, "role": "customer"}
        for number in range(self.chance.randint(1, 2 if rush else 3)):
            self.world.pause(self.chance.random() * (0.2 if rush else 200))
            self._order(me, f"{name}-{number}", rush=rush)

    def _order(self, me: Wire, tag: str, *, rush: bool) -> None:
        # Who finds the shelf empty looks for something else.
        if not any(self._quote(me, f"quote-{tag}", rush=rush) for _ in range(3)):
            return
        order_id = f"order-{tag}"
        wanted = {"order_id": order_id, "quote_id": f"quote-{tag}"}
        if self._dice(0.1):
            rival = wanted if self._dice(0.5) else wanted | {"order_id": f"order-{tag}-b"}
            self._go(lambda: self._rival(me, rival))
        placed = self.ask(me, "ordering", "place", tries=self.chance.choice((1, 6)), **wanted)
        if placed.outcome == "refused" or (placed.outcome == "unknown" and self._dice(0.5)):
            return
        if self._dice(0.05):
            return
        if self._dice(0.25):
            self._go(lambda: self._think_better(me, order_id))
        if self._dice(0.2):
            self._go(lambda: self._complain(order_id))
        if self._dice(0.3):
            self._go(lambda: self._another_time(me, order_id))
        self._pay(me, order_id)

    def _quote(self, me: Wire, quote_id: str, *, rush: bool) -> bool:
        quote = self.ask(
            me,
            "ordering",
            "quote",
            quote_id=quote_id,
            lines=self.town.basket(self.chance, wanted_by_all=rush),
            drop_off=self.town.door(self.chance),
            slot_id=self.town.slot_id if self._dice(0.3) else "asap",
            coupon_codes=self.town.codes(self.chance),
        )
        return quote.outcome == "ok"

    def _rival(self, me: Wire, wanted: Wire) -> None:
        self.ask(me, "ordering", "place", **wanted)

    def _pay(self, me: Wire, order_id: str) -> None:
        scenarios = ("success",) * 6 + ("double_success", "late_success", "failure", "failure")
        for number in range(3):
            scenario = self.chance.choice(scenarios)
            paid = self.ask(
                me,
                "ordering",
                "pay",
                order_id=order_id,
                payment_id=f"payment-{order_id}-{number}",
                scenario=scenario,
            )
            if scenario == "success" and not self._dice(0.1):
                return
            if paid.outcome == "refused":
                return
            self.world.pause(self.chance.choice((0.1, 30.0)))

    def _think_better(self, me: Wire, order_id: str) -> None:
        self.world.pause(self.chance.choice((0.1, 20.0, 170.0, 400.0)) * self.chance.random())
        self.ask(me, "ordering", "cancel", order_id=order_id, reason="changed-my-mind")

    def _another_time(self, me: Wire, order_id: str) -> None:
        """Somebody is not at home after all, or is earlier, and may ask twice at once."""
        for _ in range(self.chance.randint(1, 3)):
            self.world.pause(self.chance.random() * self.chance.choice((5.0, 60.0, 300.0)))
            wanted = {
                "rebooking_id": f"rebooking-{self._next()}",
                "order_id": order_id,
                "slot_id": self.chance.choice((self.town.slot_id, self.town.later_slot_id, "asap")),
            }
            if self._dice(0.3):
                self._go(lambda wanted=wanted: self.ask(me, "ordering", "rebook", **wanted))  # type: ignore[misc]
            self.ask(me, "ordering", "rebook", tries=self.chance.choice((1, 4)), **wanted)

    def _complain(self, order_id: str) -> None:
        """Later somebody asks the operator for money back, of the whole order or of a part."""
        self.world.pause(30 + self.chance.random() * 900)
        for _ in range(self.chance.randint(1, 2)):
            self.ask(
                OPERATOR,
                "ordering",
                "refund",
                refund_id=f"refund-{self._next()}",
                order_id=order_id,
                reason="complaint",
                return_delivery_fee=self._dice(0.5),
            )

    def _hear_of_it(self, order_id: str) -> None:
        """Nobody was at home: somebody chooses another time, or would rather have the money."""
        self.world.pause(self.chance.random() * 400)
        now = self.world.now()
        wish = self.chance.choice(
            (
                {},
                {"give_up": True},
                {"starts_at": to_wire(now), "ends_at": to_wire(now + timedelta(minutes=15))},
            )
        )
        self.ask(OPERATOR, "dispatch", "second_try", order_id=order_id, **wish)

    def _next(self) -> int:
        self._count += 1
        return self._count

    # -- merchants -----------------------------------------------------------------------------------

    def _mind(self, shop_id: str) -> None:
        """Look at the shop's part of each order, and do something about one."""
        merchant = {"account_id": self.town.shops[shop_id], "role": "merchant"}
        for order in list(self._orders().values()):
            if order.paid_at is None:
                continue
            for store in order.stores:
                if store.shop_id == shop_id and self._dice(0.7):
                    self._act(merchant, order, store)

    def _act(self, merchant: Wire, order: Order, store: StoreOrder) -> None:
        named = {"store_order_id": store.store_order_id}
        if store.status is StoreStatus.PLACED:
            if self._dice(0.12):
                self.ask(merchant, "ordering", "reject", reason="sold-out", **named)
            else:
                ready_at = to_wire(self.world.now() + timedelta(minutes=self.chance.randint(1, 6)))
                self.ask(merchant, "ordering", "accept", ready_at=ready_at, **named)
        elif store.status is StoreStatus.ACCEPTED and self._dice(0.5):
            self.ask(merchant, "ordering", "ready", **named)
        elif store.is_live and self._dice(0.04):
            self._give_back(merchant, store)

    def _give_back(self, merchant: Wire, store: StoreOrder) -> None:
        left = [line for line in store.lines if line.left]
        lines = None
        if left and not self._dice(0.2):
            line = self.chance.choice(left)
            lines = [{"line_id": line.line_id, "quantity": self.chance.randint(1, line.left)}]
        self.ask(
            merchant,
            "ordering",
            "refund",
            refund_id=f"refund-{self._next()}",
            store_order_id=store.store_order_id,
            lines=lines,
            reason="missing",
        )

    def _orders(self) -> Mapping[str, Order]:
        return self._table("ordering", "orders")

    def _table(self, service: str, name: str) -> Mapping[str, Any]:
        """Looked at past the wire, where only the looking matters and not how."""
        return self.platform.databases[service].tables.get(name, {})

    # -- couriers ------------------------------------------------------------------------------------

    def _ride(self, courier_id: str) -> None:
        me = {"account_id": courier_id, "role": "courier"}
        courier = self._table("dispatch", "courier")[courier_id]
        if not courier.shift:
            self.town.go_on_shift(self, courier_id, f"shift-{courier_id}-{self._next()}")
            return
        asked = any(
            offer.courier_id == courier_id and offer.status is OfferStatus.OPEN
            for offer in self._table("dispatch", "offer").values()
        )
        if not courier.route and not asked and self._dice(0.9):
            return
        route = self._look(me)
        for offer in route.get("offers", ()):
            answer = "accept_offer" if self._dice(0.85) else "decline_offer"
            if not self._dice(0.1):
                self.ask(me, "dispatch", answer, offer_id=offer["offer_id"])
        if route.get("stops"):
            self._make(me, route["stops"][0])
        elif self.world.troubled and self._dice(0.02):
            self.ask(me, "dispatch", "end_shift")

    def _look(self, me: Wire) -> Wire:
        try:
            if self._dice(0.3):
                position = self.town.place(self.chance)
                self.platform.wire.call("dispatch", "position", actor=me, position=position)
            seen: Wire = self.platform.wire.call("dispatch", "route", actor=me)
            return seen
        except Refusal:
            return {}

    def _make(self, me: Wire, stop: Wire) -> None:
        named = {"stop_id": stop["stop_id"]}
        if stop["status"] == "pending":
            self.ask(me, "dispatch", "arrive", **named)
        elif self.world.troubled and self._dice(0.08):
            self.ask(me, "dispatch", "fail", reason=self.chance.choice(_WHY_NOT), **named)
            if stop["kind"] == "drop_off" and self._dice(0.7):
                self._go(lambda: self._hear_of_it(stop["order_id"]))
        else:
            self.ask(me, "dispatch", "complete", proof={"code": "1234"}, **named)

    # -- the operator --------------------------------------------------------------------------------

    def _meddle(self) -> None:
        """Things change while people shop: prices, a campaign's end, a count of what is on the shelf."""
        self.world.pause(self.chance.random() * 600)
        listing_id = self.chance.choice(sorted(self.town.listings))
        merchant = {"account_id": self.town.shops[self.town.listings[listing_id]], "role": "merchant"}
        match self.chance.randrange(3):
            case 0:
                price = {"amount": self.chance.randint(100, 3000), "currency": "CNY"}
                self.ask(merchant, "storefront", "change_listing", listing_id=listing_id, price=price)
            case 1:
                self.ask(OPERATOR, "campaigns", "end", campaign_id="coupon")
            case _:
                count = {"listing_id": listing_id, "stock": self.chance.randint(0, 9)}
                self.ask(merchant, "storefront", "set_stock", command_id=f"count-{self._next()}", **count)
