"""The money of orders: where it is taken from, and where it goes back to.

What a provider took lies with the provider. What is paid at the door is due from the customer until the
courier who delivers has collected it, and is in that courier's hands then. Refunds before that lower what is
due; those after it are owed to the customer until somebody has handed them back. Only sums matter: so facts
may come in any order.
"""

from __future__ import annotations

from services.commission.domain import ledger
from services.commission.domain.facts import OrderFacts, Paid
from services.commission.domain.ledger import Kind, Sheet


def book_money(facts: OrderFacts, paid: Paid, sheet: Sheet) -> None:
    """The payment of an order, and what went back of it."""
    account = ledger.CASH_ON_DELIVERY if paid.is_cash else ledger.CASH
    sheet.move(paid.total, debit=account, credit=ledger.ORDERS, kind=Kind.PAYMENT)
    for refund in facts.refunds.values():
        sheet.move(
            refund.amount,
            debit=ledger.ORDERS,
            credit=account,
            kind=Kind.REFUND,
            store_order_id=refund.store_order_id,
        )
    if paid.is_cash and facts.delivered is not None:
        _book_collection(facts, paid, facts.delivered.collected, sheet)


def _book_collection(facts: OrderFacts, paid: Paid, collected: int, sheet: Sheet) -> None:
    collector = ledger.courier_cash(_courier(facts))
    sheet.move(collected, debit=collector, credit=ledger.CASH_ON_DELIVERY, kind=Kind.CASH_COLLECTED)
    # What was given back beforehand was never collected; the rest is owed until it is handed back.
    given_back_since = facts.refunded - (paid.total - collected)
    sheet.move(given_back_since, debit=ledger.CASH_ON_DELIVERY, credit=ledger.CASH_REFUNDS, kind=Kind.REFUND)
    for back in facts.handed_back.values():
        giver = ledger.CASH_HELD if back.courier_id is None else ledger.courier_cash(back.courier_id)
        sheet.move(back.amount, debit=ledger.CASH_REFUNDS, credit=giver, kind=Kind.CASH_HANDED_BACK)


def book_tip(facts: OrderFacts, paid: Paid, sheet: Sheet) -> None:
    """The tip is the courier's who delivers, less what came back of it.

    Couriers who shared an order share it by the parts that each handed over.
    """
    kept = paid.tip - sum(refund.tip for refund in facts.refunds.values())
    if facts.delivered is None or not kept:
        return
    for courier_id, amount in tips(facts, kept):
        sheet.move(amount, debit=ledger.ORDERS, credit=ledger.courier_payable(courier_id), kind=Kind.TIP)


def tips(facts: OrderFacts, kept: int) -> list[tuple[str, int]]:
    """What each trip has of the tip; what does not divide goes to the one that was handed over last."""
    trips = facts.trips
    if len(trips) < 2:
        return [(_courier(facts), kept)]
    *earlier, last = trips
    parts = sum(trip.pickups for trip in trips)
    shares = [(trip.courier_id, kept * trip.pickups // parts if parts else 0) for trip in earlier]
    return [*shares, (last.courier_id, kept - sum(amount for _, amount in shares))]


def _courier(facts: OrderFacts) -> str:
    """Who delivered, as ordering told it, or dispatch before ordering did."""
    if facts.delivered is not None and facts.delivered.courier_id is not None:
        return facts.delivered.courier_id
    return facts.trip.courier_id if facts.trip is not None else ""
