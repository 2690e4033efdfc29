"""Crm's ledger and profiles, in memory."""

from __future__ import annotations

from typing import Any

from services.crm.domain.facts import Bought, Cancelled, Delivered, Fact, OrderPlaced, Refunded, ShopOpened
from services.crm.domain.profile import Tally
from shared.kernel.money import Money
from shared.persistence import Transaction
from tests.simulation.database import MemoryConnection


class MemoryLedger:
    """:class:`services.crm.application.ports.Ledger`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection: MemoryConnection = transaction.connection  # type: ignore[assignment]

    def record(self, fact: Fact) -> None:
        facts = self._connection.pending.get("facts")
        if facts is None:
            facts = self._connection.pending["facts"] = []
            self._transaction.before_commit(self._write)
        facts.append(fact)

    def _write(self) -> None:
        for fact in self._connection.pending["facts"]:
            match fact:
                case ShopOpened():
                    self._opened(fact)
                case OrderPlaced():
                    self._order(fact.order_id, placed_at=fact.at)
                case Delivered():
                    self._order(fact.order_id, delivered_at=fact.at, parts=fact.store_order_ids)
                case Cancelled():
                    self._order(fact.order_id, cancelled_at=fact.at)
                case Bought():
                    if self._add("store_orders", fact.store_order_id, fact):
                        self._count(fact, fact.paid, orders=1)
                case Refunded():
                    if self._add("refunds", fact.refund_key, fact):
                        self._count(fact, fact.amount, refunds=1)

    def _opened(self, fact: ShopOpened) -> None:
        kept = self._connection.rows("shops").get(fact.shop_id)
        if kept is None or kept < (fact.at, fact.owner_id):
            self._connection.put("shops", fact.shop_id, (fact.at, fact.owner_id))

    def _order(self, order_id: str, **facts: Any) -> None:
        known = self._connection.rows("orders").get(order_id, {})
        self._connection.put("orders", order_id, {**facts, **known})

    def _add(self, table: str, key: str, fact: Fact) -> bool:
        if key in self._connection.rows(table):
            return False
        self._connection.put(table, key, fact)
        return True

    def _count(self, fact: Bought | Refunded, money: Money, orders: int = 0, refunds: int = 0) -> None:
        key = fact.shop_id, fact.customer_id, money.currency
        known = self._connection.rows("tallies").get(
            key, {"orders": 0, "refunds": 0, "paid": 0, "refunded": 0, "seen": ()}
        )
        self._connection.put(
            "tallies",
            key,
            {
                "orders": known["orders"] + orders,
                "refunds": known["refunds"] + refunds,
                "paid": known["paid"] + money.amount * orders,
                "refunded": known["refunded"] + money.amount * refunds,
                "seen": (*known["seen"], fact.at) if orders else known["seen"],
            },
        )


class MemoryProfiles:
    """The tallies of :class:`services.crm.application.ports.Profiles`."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def owner_of(self, shop_id: str) -> str | None:
        kept = self._connection.rows("shops").get(shop_id)
        return None if kept is None else kept[1]

    def tallies(self, shop_id: str, customer_id: str) -> list[Tally]:
        found = [
            Tally(
                shop_id=shop_id,
                customer_id=customer_id,
                order_count=row["orders"],
                refund_count=row["refunds"],
                spend=Money(row["paid"] - row["refunded"], currency),
                refunded=Money(row["refunded"], currency),
                first_seen=min(row["seen"]),
                last_seen=max(row["seen"]),
            )
            for (shop, customer, currency), row in self._connection.rows("tallies").items()
            if (shop, customer) == (shop_id, customer_id) and row["orders"]
        ]
        return sorted(found, key=lambda tally: (-tally.order_count, tally.spend.currency))

    def endings(self, shop_id: str, customer_id: str) -> tuple[int, int]:
        orders = self._connection.rows("orders")
        mine = [
            bought
            for bought in self._connection.rows("store_orders").values()
            if (bought.shop_id, bought.customer_id) == (shop_id, customer_id)
        ]
        delivered = sum(one.store_order_id in orders.get(one.order_id, {}).get("parts", ()) for one in mine)
        return delivered, sum("cancelled_at" in orders.get(one.order_id, {}) for one in mine)
