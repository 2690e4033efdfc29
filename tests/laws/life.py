"""The life of one order, one random step after another, through the use cases of ordering and commission.

Every step draws from the ``Random`` it is given, so a life can be led by a seed or by Hypothesis, which
shrinks it. A command may be refused: then nothing may have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from services.commission.application import bookkeeping
from services.commission.application.bookkeeping import Heard
from services.commission.contracts import consumed
from services.commission.domain.ledger import Cause
from services.ordering.application import placing
from services.ordering.application.ports import Hold, Rules, UnitOfWork
from services.ordering.domain.commands import (
    Actor,
    PlaceOrder,
    ProviderNotice,
)
from services.ordering.domain.delivery import Split, delivery_id_of
from services.ordering.domain.delivery_fee import DeliveryFeeRule
from services.ordering.domain.lines import Line
from services.ordering.domain.order import Order
from services.ordering.domain.places import Slot
from services.ordering.domain.quote import Quote
from services.ordering.domain.refund import Refund
from services.ordering.domain.store_order import StoreOrder
from shared.kernel.errors import Refusal
from shared.kernel.money import Money
from tests.laws.backends import Backend, Letter
from tests.laws.drawn import CURRENCY, CUSTOMER, drawn
from tests.laws.still_world import StillWorld
from tests.laws.till import METHOD, Till

Act = Callable[["Life", Random], None]
OPERATOR = Actor(account_id="operator", role="operator")
BUYER = Actor(account_id=CUSTOMER, role="customer")
COURIERS = ("courier-1", "courier-2")
RULES = Rules(
    quote_validity=timedelta(minutes=10),
    payment_window=timedelta(minutes=15),
    hold_grace=timedelta(minutes=15),
    after_sale_window=timedelta(hours=48),
    delivery_fee=DeliveryFeeRule(base=0, per_extra_pickup=0, included_m=0, per_km=0),
    accept_within=timedelta(minutes=45),
    answer_within=timedelta(minutes=10),
    cash_maximum=10**9,
)


class KindPeers:
    """Stock, slot and coupons are there for everybody."""

    def hold(self, quote: Quote, order_id: str, expires_at: object) -> Hold:
        return Hold(zone_id="zone", slot=Slot())


class Life:
    """``name`` tells the life apart from all others; ``steps`` says what it has been through."""

    def __init__(self, name: str, backend: Backend, world: StillWorld, random: Random) -> None:
        self.name, self.backend, self.world = name, backend, world
        self.till = Till(name)
        self.providers = {METHOD: self.till}
        self.steps: list[str] = []
        self.undelivered: list[Letter] = []
        self.delivered_letters: list[Letter] = []
        self.notices: list[ProviderNotice] = []
        self._numbers = 0
        self._trips: dict[str, Mapping[str, Any]] = {}
        self.split: Split | None = None
        self.second_courier_id = ""
        self.courier_id = random.choice(COURIERS)
        self.cases: list[tuple[str, Actor]] = []
        self.unanswered: list[tuple[str, Actor]] = []
        self.rejected: list[str] = []
        self.appealed: list[str] = []
        self.substitutions: list[str] = []
        begin = drawn(random, name, world.now())
        self.plan = begin.plan
        self.links = {link.link_id: link for link in begin.links}
        self.unheard: set[str] = set()
        self.proven: set[Line] = set()
        self.refunded_at_the_door = 0
        self.handed_back: set[str] = set()
        backend.prepare(begin.plan, begin.links, world)
        self.order_id = f"{name}-order"
        with backend.ordering.single() as work:
            work.quotes.add(begin.quote)
        placing.place(
            PlaceOrder(
                actor=BUYER,
                order_id=self.order_id,
                quote_id=begin.quote.quote_id,
                tip=random.choice((None, None, Money(1, CURRENCY), Money(random.randrange(3000), CURRENCY))),
            ),
            transactions=backend.ordering,
            peers=KindPeers(),  # type: ignore[arg-type]
            clock=world,
            rules=RULES,
        )
        self.collect_letters()

    # -- what is known -----------------------------------------------------------------------------

    @property
    def order(self) -> Order:
        with self.backend.ordering.single() as work:
            found = work.orders.find(self.order_id)
        assert found is not None
        return found

    @property
    def refunds(self) -> Sequence[Refund]:
        with self.backend.ordering.single() as work:
            return work.orders.refunds_of(self.order_id)

    @property
    def trips(self) -> Sequence[Mapping[str, Any]]:
        """What dispatch told of each trip, once it was over, the first of them first."""
        return tuple(self._trips.values())

    def delivery_id(self, second: bool = False) -> str:
        if not second:
            return delivery_id_of(self.order_id)
        return self.split.trip_id if self.split is not None else ""

    def courier_of(self, second: bool) -> str:
        return self.second_courier_id if second else self.courier_id

    def parts_of(self, second: bool) -> list[StoreOrder]:
        """What goes on of what that trip was to bring."""
        moved = self.split.store_order_ids if self.split is not None else ()
        return [s for s in self.order.stores if s.is_live and (s.store_order_id in moved) is second]

    @property
    def has_unheard_notices(self) -> bool:
        return bool(self.unheard)

    # -- what may happen ---------------------------------------------------------------------------

    def do(self, act: Act, random: Random) -> str:
        """Let ``act`` happen; what is refused must leave the order as it was."""
        before = self.order
        label = act.__name__.lstrip("_")
        try:
            act(self, random)
        except Refusal as refusal:
            label = f"{label}: {refusal.code}"
            assert self.order == before, f"{label}, and yet the order changed"
        self.steps.append(label)
        self.collect_letters()
        return label

    def number(self) -> str:
        self._numbers += 1
        return f"{self.name}-{self._numbers}"

    def tell(self, change: Callable[[UnitOfWork], None]) -> None:
        """A message of dispatch, taken in by ordering."""
        with self.backend.ordering.begin() as work:
            change(work)

    def record(self, letters: list[Letter]) -> None:
        """Commission hears ``letters`` in one batch."""
        told = [letter for letter in letters if letter.type in consumed._FACTS]
        if told:
            with self.backend.books() as books:
                bookkeeping.record(
                    [
                        Heard(
                            facts=consumed.order_facts(letter.type, letter.data),
                            cause=Cause(
                                event_id=letter.event_id, type=letter.type, occurred_at=self.world.now()
                            ),
                        )
                        for letter in told
                    ],
                    books=books,
                    clock=self.world,
                )

    def courier_arrived(
        self,
        random: Random,
        *,
        second: bool = False,
        pickups: int | None = None,
        type: str = "DeliveryCompleted",
    ) -> None:
        """dispatch tells commission of a trip, once in each way."""
        delivery_id = self.delivery_id(second)
        if delivery_id not in self._trips:
            self._trips[delivery_id] = {
                "order_id": self.order_id,
                "delivery_id": delivery_id,
                "courier_id": self.courier_of(second),
                "completed_at": f"2026-01-06T10:{30 if self._trips else 0:02}:00.000Z",
                "pickups": pickups or random.choice((1, 2, 3)),
                "distance_m": random.randrange(12_000),
            }
        letter = Letter(
            event_id=f"{self.name}-{type}-{delivery_id}", type=type, data=self._trips[delivery_id]
        )
        known = {each.event_id for each in (*self.undelivered, *self.delivered_letters)}
        if letter.event_id not in known:
            self.undelivered.append(letter)

    def collect_letters(self) -> None:
        self.undelivered += self.backend.new_letters()
