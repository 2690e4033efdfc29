"""An order over many shops: one payment, one delivery, one status; every part with a life of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.ordering.domain import delivering, events, history
from services.ordering.domain.delivery import Delivery, Handover, delivery_id_of
from services.ordering.domain.delivery_fee import FreeDelivery
from services.ordering.domain.errors import (
    NothingToRefund,
    OrderNotPayable,
    StoreOrderNotFound,
    TooLateToCancel,
    WrongState,
)
from services.ordering.domain.giving_back import (
    give_back,
    give_back_delivery_fee,
    give_back_tip,
    give_back_whole,
)
from services.ordering.domain.history import By, Step, Subject
from services.ordering.domain.lines import LinePart
from services.ordering.domain.order_status import OrderStatus, order_status
from services.ordering.domain.payment import CASH
from services.ordering.domain.places import DropOff, Slot
from services.ordering.domain.refund import Refund, fault_of
from services.ordering.domain.store_order import BEFORE_PICKUP, GONE, StoreOrder, StoreStatus, require_known
from shared.kernel.ids import derived_id

GIVEN_BACK = "everything-given-back"


@dataclass(kw_only=True)
class Order:
    """The aggregate. Methods change it and record what has happened in ``recorded`` and ``new_refunds``,
    and every move in ``steps``, as done by ``by`` where that is not whom one would expect.

    Amounts are minor units of ``currency``; total = Σ store orders' paid + delivery fee + tip, at all times.
    An order paid in ``cash`` is paid when its customer confirms it; its money is collected at the door.
    """

    order_id: str
    quote_id: str
    customer_id: str
    currency: str
    delivery_fee: int
    zone_id: str
    slot: Slot
    drop_off: DropOff
    placed_at: datetime
    expires_at: datetime
    stores: tuple[StoreOrder, ...]
    paid_at: datetime | None = None
    payment_id: str | None = None
    charge_id: str | None = None
    payment_status: str | None = None
    delivery_fee_refunded: int = 0
    tip: int = 0
    tip_refunded: int = 0
    method: str | None = None
    delivered_at: datetime | None = None
    completes_at: datetime | None = None
    reason: str | None = None
    delivery: Delivery = field(default_factory=Delivery)
    recorded: list[events.Event] = field(default_factory=list)
    new_refunds: list[Refund] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    by: By | None = None
    free_delivery: FreeDelivery | None = None
    to_hand_back: list[Refund] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen_status = self.status

    @property
    def status(self) -> OrderStatus:
        return order_status(store.status for store in self.stores)

    @property
    def goods(self) -> int:
        return sum(store.goods for store in self.stores)

    @property
    def discount(self) -> int:
        return sum(store.discount for store in self.stores)

    @property
    def total(self) -> int:
        return sum(store.paid for store in self.stores) + self.delivery_fee + self.tip

    @property
    def refunded(self) -> int:
        """What went back to the customer of what was paid."""
        if self.paid_at is None:
            return 0
        return sum(store.refunded for store in self.stores) + self.delivery_fee_refunded + self.tip_refunded

    @property
    def to_collect(self) -> int:
        """What a courier still has to take at the door."""
        waits = self.method == CASH and self.delivered_at is None
        return self.total - self.refunded if waits else 0

    @property
    def amounts(self) -> events.Amounts:
        return events.Amounts(
            currency=self.currency,
            goods=self.goods,
            discount=self.discount,
            delivery_fee=self.delivery_fee,
            total=self.total,
            tip=self.tip,
        )

    def store(self, store_order_id: str) -> StoreOrder:
        """The part named; raises :class:`StoreOrderNotFound`."""
        for store in self.stores:
            if store.store_order_id == store_order_id:
                return store
        raise StoreOrderNotFound

    # -- paying ------------------------------------------------------------------------------------

    def record_placed(self) -> None:
        self.recorded.append(events.placed(self))

    def is_payable(self, at: datetime) -> bool:
        return self.status is OrderStatus.PENDING_PAYMENT and at < self.expires_at

    def require_payable(self, at: datetime) -> None:
        if not self.is_payable(at):
            raise OrderNotPayable(status=str(self.status))

    def pay(self, payment_id: str, charge_id: str | None, at: datetime, method: str | None = None) -> None:
        """The provider has the money, or it is to be paid at the door: the order splits into its parts."""
        for store in self.stores:
            accept_by = None if store.accept_within is None else at + store.accept_within
            self.move(store, StoreStatus.PLACED, at, accept_by=accept_by)
        self.payment_id, self.charge_id, self.paid_at, self.method = payment_id, charge_id, at, method
        self.payment_status = "due" if method == CASH else "succeeded"
        self.recorded.append(
            events.OrderPaid(
                order_id=self.order_id,
                customer_id=self.customer_id,
                payment_id=payment_id,
                paid_at=at,
                zone_id=self.zone_id,
                amounts=self.amounts,
                store_orders=self.stores,
                method=method,
            )
        )
        self.recorded += [events.split(self, store, at) for store in self.stores]

    def expire(self, at: datetime) -> None:
        """Nobody paid in time."""
        for store in self.stores:
            self.move(store, StoreStatus.EXPIRED, at)
        self.recorded.append(
            events.OrderExpired(order_id=self.order_id, customer_id=self.customer_id, expired_at=at)
        )

    # -- the shops ---------------------------------------------------------------------------------

    def accept(self, store_order_id: str, ready_at: datetime, at: datetime) -> None:
        store = self.store(store_order_id)
        self.move(store, StoreStatus.ACCEPTED, at, ready_at=ready_at)
        self.tell(events.StoreOrderAccepted, store, accepted_at=at, ready_at=ready_at)

    def ready(self, store_order_id: str, at: datetime) -> None:
        store = self.store(store_order_id)
        self.move(store, StoreStatus.READY, at, ready_at=at)
        self.tell(events.StoreOrderReady, store, ready_at=at)

    def reject(self, store_order_id: str, reason: str, at: datetime) -> None:
        """The shop drops out: its part goes back at once, its siblings go on. It may until its pickup."""
        store = self.store(store_order_id)
        if store.status is StoreStatus.PICKED_UP:
            raise WrongState("A courier has the goods already.", status=str(store.status))
        self._drop_out(store, reason, at)
        give_back_whole(self, self.store(store_order_id), reason, at, restock=True)
        self._cancel_if_nothing_is_left(at, derived_id("refund", "delivery-fee", self.order_id))

    # -- cancelling and refunding ------------------------------------------------------------------

    def cancel(self, reason: str, at: datetime) -> None:
        """The customer withdraws, free of charge until the first pickup."""
        if self.status not in {OrderStatus.PENDING_PAYMENT, OrderStatus.PAID, OrderStatus.IN_FULFILMENT}:
            raise WrongState(f"An order that is {self.status} cannot be cancelled.", status=str(self.status))
        stays = {StoreStatus.PICKED_UP, StoreStatus.DELIVERED, StoreStatus.COMPLETED}
        if any(store.status in stays for store in self.stores):
            raise TooLateToCancel
        self._cancel_all(reason, at, restock=True, return_delivery_fee=True)

    def refund(
        self,
        *,
        refund_id: str,
        store_order_id: str | None,
        lines: dict[str, int] | None,
        reason: str,
        return_delivery_fee: bool,
        at: datetime,
        on_shelf: bool = True,
    ) -> None:
        """Pay back lines (all that is left, unless named), of one store order or of the whole order.

        What is given back in whole before its pickup is dropped from the delivery as well. The goods are on
        the shelf then, unless they are missing there.
        """
        if self.paid_at is None:
            raise WrongState("An order that was not paid cannot be refunded.", status=str(self.status))
        stores = self.stores if store_order_id is None else (self.store(store_order_id),)
        require_known(lines, stores)
        issued = len(self.new_refunds)
        dropped = []
        for store in stores:
            after, parts = store.give_back(lines)
            if not parts:
                continue
            single = store_order_id is not None
            one = refund_id if single else derived_id("refund", refund_id, store.store_order_id)
            keep = on_shelf and store.status in BEFORE_PICKUP
            give_back(self, one, refund_id, after, parts, reason, at, restock=keep)
            if after.is_given_back and after.status in BEFORE_PICKUP:
                dropped.append(after)
        if return_delivery_fee:
            give_back_delivery_fee(self, refund_id, reason, at)
        if len(self.new_refunds) == issued:
            raise NothingToRefund
        for store in dropped:
            self._drop_out(store, reason, at)
        if dropped:
            self._cancel_if_nothing_is_left(at, refund_id)

    # -- the delivery ------------------------------------------------------------------------------

    def picked_up(self, store_order_id: str, at: datetime) -> None:
        """A courier has the goods; what is already further on, or gone, stays so."""
        store = self.store(store_order_id)
        if store.picked_up_at is None or at < store.picked_up_at:
            store = replace(store, picked_up_at=at)
        if store.status in BEFORE_PICKUP:
            self.move(store, StoreStatus.PICKED_UP, at)
        else:
            self.put(store)

    def deliver(
        self,
        delivery_id: str,
        courier_id: str,
        at: datetime,
        completes_at: datetime,
        refunds: Iterable[Refund] = (),
        pickups: int | None = None,
    ) -> None:
        """Everything that is still part of the order has reached the customer.

        ``refunds`` are those of a cash order so far: what was issued after ``at`` had been collected before.
        Where ``pickups`` is less than what goes on, the rest is still to be told of.
        """
        handover = Handover(
            delivery_id=delivery_id,
            is_second=delivery_id != delivery_id_of(self.order_id),
            courier_id=courier_id,
            at=at,
            completes_at=completes_at,
            pickups=pickups,
        )
        delivering.deliver(self, handover, refunds)

    def fail_pickup(self, store_order_id: str, reason: str, at: datetime) -> None:
        """A shop's part was not collected, or is not brought although it was: it is paid back, even if the
        handover was heard of first."""
        store = self.store(store_order_id)
        if store.status in GONE:
            return
        if store.status in BEFORE_PICKUP or store.status is StoreStatus.PICKED_UP:
            self._drop_out(store, reason, at)
        restocks = fault_of(reason).restock
        give_back_whole(self, self.store(store_order_id), reason, at, restock=restocks)
        self._cancel_if_nothing_is_left(at, derived_id("refund", "delivery-fee", self.order_id))

    def fail_delivery(self, reason: str, at: datetime) -> None:
        """The delivery will not happen: the goods go back, and the fee unless the customer is at fault.

        Where the money was to be collected at the door, nothing was, and nothing is owed.
        """
        self.delivery = self.delivery.with_failure(reason, at)
        if self.status not in {OrderStatus.PAID, OrderStatus.IN_FULFILMENT}:
            return
        fault = fault_of(reason)
        self._cancel_all(
            f"delivery-failed: {reason}",
            at,
            restock=fault.restock,
            return_delivery_fee=fault.return_delivery_fee or self.method == CASH,
        )

    def complete(self, at: datetime) -> None:
        """The after-sale window has closed."""
        for store in self.stores:
            if store.is_live:
                self.move(store, StoreStatus.COMPLETED, at)
        self.recorded.append(
            events.OrderCompleted(order_id=self.order_id, customer_id=self.customer_id, completed_at=at)
        )

    # -- pieces of the above -----------------------------------------------------------------------

    def put(self, changed: StoreOrder) -> None:
        self.stores = tuple(
            changed if store.store_order_id == changed.store_order_id else store for store in self.stores
        )

    def move(
        self, store: StoreOrder, status: StoreStatus, at: datetime, reason: str | None = None, **changes: Any
    ) -> None:
        if reason is not None:
            changes["reason"] = reason
        self.put(store.become(status, **changes))
        moved = (Subject.STORE_ORDER, store.store_order_id, store.store_order_id)
        history.note(self, *moved, before=store.status, after=status, at=at, reason=reason)

    def tell(self, kind: Callable[..., events.Event], store: StoreOrder, **what: Any) -> None:
        """Record what has happened in one part."""
        named = {"order_id": self.order_id, "store_order_id": store.store_order_id, "shop_id": store.shop_id}
        self.recorded.append(kind(**named, **what))

    def _drop_out(self, store: StoreOrder, reason: str, at: datetime) -> None:
        self.move(store, StoreStatus.REJECTED, at, reason)
        self.tell(
            events.StoreOrderRejected, store, customer_id=self.customer_id, rejected_at=at, reason=reason
        )

    def _cancel_all(self, reason: str, at: datetime, *, restock: bool, return_delivery_fee: bool) -> None:
        was_paid = self.paid_at is not None
        for store in self.stores:
            if store.is_live:
                self.move(store, StoreStatus.CANCELLED, at, reason)
                if was_paid:
                    give_back_whole(self, self.store(store.store_order_id), reason, at, restock=restock)
        if was_paid and return_delivery_fee:
            give_back_delivery_fee(self, derived_id("refund", "delivery-fee", self.order_id), reason, at)
        if was_paid:
            give_back_tip(self, reason, at)
        self._record_cancelled(reason, at)

    def _cancel_if_nothing_is_left(self, at: datetime, command_id: str) -> None:
        if any(store.is_live for store in self.stores):
            delivering.deliver_what_waited(self)
            return
        give_back_delivery_fee(self, command_id, GIVEN_BACK, at)
        give_back_tip(self, GIVEN_BACK, at)
        self._record_cancelled(GIVEN_BACK, at)

    def _record_cancelled(self, reason: str, at: datetime) -> None:
        self.reason, self.delivery = reason, replace(self.delivery, waits=None)
        self.recorded.append(
            events.OrderCancelled(
                order_id=self.order_id,
                customer_id=self.customer_id,
                cancelled_at=at,
                reason=reason,
                was_paid=self.paid_at is not None,
            )
        )

    def lower(self, store: StoreOrder, part: LinePart, refund_id: str, reason: str, at: datetime) -> None:
        """Replace a part by ``store``, of which a price has fallen, and pay back the difference."""
        self.put(store)
        if part.amount or any(discount.amount for discount in part.discounts):
            give_back(self, refund_id, refund_id, store, (part,), reason, at, restock=False)
