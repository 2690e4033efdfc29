"""Ordering's unit of work, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.ordering.adapters.orders_sql import _money_back
from services.ordering.application.ports import Placement, ProviderRefund
from services.ordering.contracts.published import Message, to_message
from services.ordering.domain.errors import OrderIdUsed, OrderNotFound
from services.ordering.domain.history import Step, Subject, take_steps
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.payment import CASH, Charge, Payment, Surplus
from services.ordering.domain.provider_refund import RefundState
from services.ordering.domain.quote import Quote
from services.ordering.domain.refund import Refund
from shared.persistence import Transaction
from tests.simulation.database import MemoryConnection, MemoryDatabase
from tests.simulation.ports.cases import MemoryCases, MemoryPhotos, MemoryReviews, MemoryShoppingLists
from tests.simulation.ports.payments import KeptRefund, MemoryPayments
from tests.simulation.ports.rebookings import MemoryRebookings


@dataclass(frozen=True, kw_only=True)
class KeptQuote:
    quote: Quote
    order_id: str | None = None
    state: str | None = None
    claimed_at: float = 0.0
    refusal: Mapping[str, Any] | None = None

    @property
    def placement(self) -> Placement | None:
        if self.state is None or self.order_id is None:
            return None
        return Placement(
            order_id=self.order_id, quote_id=self.quote.quote_id, state=self.state, refusal=self.refusal
        )


@dataclass(frozen=True, kw_only=True)
class KeptCampaign:
    shop_id: str | None = None
    kind: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    ended: bool = False

    def may_reduce(self, shop_ids: Sequence[str], at: datetime) -> bool:
        if self.ended or self.kind != "full_reduction" or self.starts_at is None or self.ends_at is None:
            return False
        return self.starts_at <= at < self.ends_at and (self.shop_id is None or self.shop_id in shop_ids)


class MemoryQuotes:
    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def add(self, quote: Quote) -> Quote:
        kept = self._connection.rows("quote").get(quote.quote_id)
        if kept is None:
            self._connection.put("quote", quote.quote_id, KeptQuote(quote=quote))
            return quote
        return kept.quote  # type: ignore[no-any-return]

    def add_unless_reduced(self, quote: Quote, at: datetime) -> Quote | None:
        shop_ids = [quoted.shop.shop_id for quoted in quote.shops]
        campaigns = self._connection.rows("campaign").values()
        if any(campaign.may_reduce(shop_ids, at) for campaign in campaigns):
            return None
        return self.add(quote)

    def claim(self, quote_id: str, order_id: str, customer_id: str, now: datetime) -> Quote | None:
        kept = self._connection.rows("quote").get(quote_id)
        if kept is None or kept.quote.customer_id != customer_id or kept.quote.expires_at <= now:
            return None
        mine = kept.order_id == order_id
        free = kept.state is None or (kept.state == "placing" and mine)
        if not free and not (kept.state in {"refused", "released"} and not mine):
            return None
        other = self._by_order(order_id)
        if other is not None and other.quote.quote_id != quote_id:
            raise OrderIdUsed
        self._put(kept, order_id=order_id, state="placing", claimed_at=self._wall(), refusal=None)
        return kept.quote  # type: ignore[no-any-return]

    def get(self, quote_id: str) -> tuple[Quote, Placement | None] | None:
        kept = self._connection.rows("quote").get(quote_id)
        return None if kept is None else (kept.quote, kept.placement)

    def refuse(self, quote_id: str, order_id: str, refusal: Mapping[str, Any]) -> bool:
        kept = self._connection.rows("quote").get(quote_id)
        if kept is None or kept.order_id != order_id or kept.state != "placing":
            return False
        self._put(kept, state="refused", refusal=dict(refusal))
        return True

    def refuse_abandoned(self, patience: timedelta, limit: int) -> Sequence[Placement]:
        before = self._wall() - patience.total_seconds()
        rows = self._connection.rows("quote").values()
        due = [kept for kept in rows if kept.state in {"placing", "refused"} and kept.claimed_at < before]
        due = sorted(due, key=lambda kept: kept.claimed_at)[:limit]
        return [
            placement
            for kept in due
            if (placement := self._put(kept, state="refused", claimed_at=self._wall()).placement)
        ]

    def released(self, order_ids: Sequence[str]) -> None:
        for order_id in order_ids:
            kept = self._by_order(order_id)
            if kept is not None and kept.state == "refused":
                self._put(kept, state="released")

    def forget(self, before: datetime) -> int:
        rows = self._connection.rows("quote").values()
        old = [kept for kept in rows if kept.state is None and kept.quote.expires_at < before]
        for kept in old:
            self._connection.drop("quote", kept.quote.quote_id)
        return len(old)

    def _by_order(self, order_id: str) -> KeptQuote | None:
        rows = self._connection.rows("quote").values()
        return next((kept for kept in rows if kept.order_id == order_id), None)

    def _put(self, kept: KeptQuote, **changes: Any) -> KeptQuote:
        changed = replace(kept, **changes)
        self._connection.put("quote", kept.quote.quote_id, changed)
        return changed

    def _wall(self) -> float:
        return self._connection.database.world.seconds


class MemoryOrders:
    def __init__(self, connection: MemoryConnection, publish: Callable[[Message], None] | None) -> None:
        self._connection = connection
        self._publish = publish

    def add(self, order: Order) -> bool:
        kept = self._connection.rows("quote").get(order.quote_id)
        if kept is None or kept.order_id != order.order_id or kept.state != "placing":
            return False
        self._connection.put("quote", order.quote_id, replace(kept, state="placed"))
        self._put(order)
        for store in order.stores:
            self._connection.put("order_of_store", store.store_order_id, order.order_id)
        self._tell(order)
        return True

    def lock(self, order_id: str) -> Order | None:
        return self.find(order_id)

    def lock_by_store_order(self, store_order_id: str) -> Order | None:
        return self.find(self._connection.rows("order_of_store").get(store_order_id, ""))

    def lock_by_payment(self, payment_id: str) -> tuple[Order, Payment] | None:
        payment = self._connection.rows("payment").get(payment_id)
        order = None if payment is None else self.find(payment.order_id)
        return None if order is None else (order, payment)

    def find(self, order_id: str) -> Order | None:
        kept = self._connection.rows("orders").get(order_id)
        return None if kept is None else _fresh(kept)

    def save(self, order: Order, payment: Payment | None = None) -> None:
        self._save(order, payment, None, None)

    def save_charged(
        self, order: Order, payment: Payment, charge: Charge, surplus: Surplus | None = None
    ) -> bool:
        return self._save(order, payment, charge, surplus)

    def note_courier(
        self,
        order_id: str,
        courier_id: str | None,
        eta: datetime | None,
        rank: int,
        *,
        second: bool = False,
    ) -> None:
        kept = self._connection.rows("orders").get(order_id)
        if kept is None:
            raise OrderNotFound
        delivery = kept.delivery.with_courier(second, courier_id, eta, rank)
        self._connection.put("orders", order_id, replace(kept, delivery=delivery))

    def unpaid_since(self, now: datetime, limit: int) -> Sequence[str]:
        rows = self._connection.rows("orders").values()
        due = [o for o in rows if o.expires_at <= now and o.status is OrderStatus.PENDING_PAYMENT]
        return [order.order_id for order in sorted(due, key=lambda order: order.expires_at)[:limit]]

    def to_complete(self, now: datetime, limit: int) -> Sequence[str]:
        rows = self._connection.rows("orders").values()
        cases = self._connection.rows("after_sale_case").values()
        held = {case.order_id for case in cases if case.is_going_on}
        due = [
            o for o in rows if o.completes_at and o.completes_at <= now and o.status is OrderStatus.DELIVERED
        ]
        due = [order for order in due if order.order_id not in held]
        return [order.order_id for order in sorted(due, key=lambda order: order.completes_at)[:limit]]

    def with_something_due(self, now: datetime, limit: int) -> Sequence[str]:
        orders = self._connection.rows("orders").values()
        due = [(s.next_at, o.order_id) for o in orders for s in o.stores if s.next_at and s.next_at <= now]
        return list(dict.fromkeys(order_id for _, order_id in sorted(due)[:limit]))

    def lock_by_substitution(self, substitution_id: str) -> Order | None:
        for order_id, steps in self._connection.rows("order_history").items():
            if any(s.subject is Subject.SUBSTITUTION and s.subject_id == substitution_id for s in steps):
                return self.find(order_id)
        return None

    def steps_of(self, order_id: str) -> Sequence[Step]:
        return list(self._connection.rows("order_history").get(order_id, ()))

    def refunds_of_command(self, command_id: str) -> Sequence[Refund]:
        rows = self._connection.rows("refund").values()
        return sorted((r for r in rows if r.command_id == command_id), key=lambda refund: refund.refund_id)

    def refunds_of(self, order_id: str) -> Sequence[Refund]:
        rows = self._connection.rows("refund").values()
        found = [refund for refund in rows if refund.order_id == order_id]
        return sorted(found, key=lambda refund: (refund.issued_at, refund.refund_id))

    def _save(
        self, order: Order, payment: Payment | None, charge: Charge | None, surplus: Surplus | None
    ) -> bool:
        connection = self._connection
        saved = charge is None or charge.charge_id not in connection.rows("charge")
        steps = take_steps(order)
        if saved:
            if charge is not None:
                connection.put("charge", charge.charge_id, charge)
            if payment is not None:
                connection.put("payment", payment.payment_id, payment)
            for refund in order.new_refunds:
                self._add("refund", refund.refund_id, refund)
            for queued in _money_back(order, surplus):
                self._queue(queued)
            if steps:
                known = connection.rows("order_history").get(order.order_id, ())
                connection.put("order_history", order.order_id, (*known, *steps))
            self._put(order)
            self._tell(order)
        order.recorded.clear()
        order.new_refunds.clear()
        order.to_hand_back.clear()
        return saved

    def _queue(self, queued: Mapping[str, Any]) -> None:
        payment = self._connection.rows("payment")[queued["payment_id"]]
        charge = self._connection.rows("charge")[queued["charge_id"]]
        refund = ProviderRefund(
            refund_id=queued["provider_refund_id"],
            charge_id=queued["charge_id"],
            payment_id=payment.payment_id,
            charged=charge.amount,
            method=payment.method,
            amount=queued["amount"],
            currency=payment.currency,
            reason=queued["reason"],
            attempt=0,
        )
        kept = KeptRefund(
            refund=refund,
            asked_at=datetime.fromisoformat(queued["asked_at"]),
            next_at=self._connection.database.world.seconds,
            state=RefundState.TO_HAND_BACK if payment.method == CASH else RefundState.PENDING,
        )
        self._add("provider_refund", refund.refund_id, kept)

    def _add(self, table: str, key: str, row: Any) -> None:
        if key in self._connection.rows(table):
            raise ValueError(f"{table} {key} is there already")
        self._connection.put(table, key, row)

    def _put(self, order: Order) -> None:
        self._connection.put("orders", order.order_id, _fresh(order))

    def _tell(self, order: Order) -> None:
        if order.recorded and self._publish is None:
            raise RuntimeError("events are published in a transaction only")
        for event in order.recorded:
            if self._publish is not None:
                self._publish(to_message(event))
        order.recorded.clear()


def _fresh(order: Order) -> Order:
    """The order as it is read from a database: nothing has been done to it yet."""
    return replace(order, recorded=[], new_refunds=[], to_hand_back=[], steps=[], by=None)


class MemoryCampaigns:
    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def launched(
        self, campaign_id: str, shop_id: str | None, kind: str, starts_at: datetime, ends_at: datetime
    ) -> None:
        self._change(campaign_id, shop_id=shop_id, kind=kind, starts_at=starts_at, ends_at=ends_at)

    def ended(self, campaign_id: str) -> None:
        self._change(campaign_id, ended=True)

    def _change(self, campaign_id: str, **facts: Any) -> None:
        known = self._connection.rows("campaign").get(campaign_id, KeptCampaign())
        self._connection.put("campaign", campaign_id, replace(known, **facts))


class MemoryUnitOfWork:
    """:class:`services.ordering.application.ports.UnitOfWork`."""

    def __init__(self, connection: MemoryConnection, transaction: Transaction | None = None) -> None:
        publish = None
        if transaction is not None:

            def publish(message: Message, transaction: Transaction = transaction) -> None:
                transaction.publish(message.type, message.subject, message.data, message.partitionkey)

        self.quotes = MemoryQuotes(connection)
        self.orders = MemoryOrders(connection, publish)
        self.payments = MemoryPayments(connection, publish)
        self.campaigns = MemoryCampaigns(connection)
        self.cases = MemoryCases(connection, publish)
        self.photos = MemoryPhotos(connection)
        self.reviews = MemoryReviews(connection, publish)
        self.lists = MemoryShoppingLists(connection, publish)
        self.rebookings = MemoryRebookings(connection)

    @classmethod
    def over(cls, transaction: Transaction) -> MemoryUnitOfWork:
        return cls(transaction.connection, transaction)  # type: ignore[arg-type]


class MemoryTransactions:
    """:class:`services.ordering.application.ports.Transactions`."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    @contextmanager
    def begin(self) -> Iterator[MemoryUnitOfWork]:
        with self._database.transaction() as transaction:
            yield MemoryUnitOfWork.over(transaction)

    @contextmanager
    def single(self) -> Iterator[MemoryUnitOfWork]:
        with self._database.relaxed() as connection:
            yield MemoryUnitOfWork(connection)

    @contextmanager
    def single_kept(self) -> Iterator[MemoryUnitOfWork]:
        with self._database.read() as connection:
            yield MemoryUnitOfWork(connection)
