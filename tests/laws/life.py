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
from services.ordering.domain.delivery_fee import DeliveryFeeRule
from services.ordering.domain.lines import Line
from services.ordering.domain.order import Order
from services.ordering.domain.places import Slot
from services.ordering.domain.quote import Quote
from services.ordering.domain.refund import Refund
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
        self._trip: Letter | None = None
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
    def trip(self) -> Mapping[str, Any] | None:
        """What dispatch told of the trip, once there was one."""
        return None if self._trip is None else self._trip.data

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

    def courier_arrived(self, random: Random) -> None:
        """dispatch tells commission of the trip, once."""
        if self._trip is None:
            data = {
                "order_id": self.order_id,
                "courier_id": self.courier_id,
                "completed_at": "2026-01-06T10:00:00.000Z",
                "pickups": random.choice((1, 2, 3)),
                "distance_m": random.randrange(12_000),
            }
            self._trip = Letter(event_id=f"{self.name}-trip", type="DeliveryCompleted", data=data)
            self.undelivered.append(self._trip)

    def collect_letters(self) -> None:
        self.undelivered += self.backend.new_letters()
