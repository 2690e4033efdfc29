"""Invariants of who earns what of an order, each figure by the oracle's own arithmetic from facts alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.trust.booked_orders import of_orders
from tests.trust.books import Entry
from tests.trust.oracle.case import DONE, Case, Verdict, verdict
from tests.trust.oracle.commissions import commissions_of
from tests.trust.oracle.exact import Kept, delivered
from tests.trust.oracle.trips import handed_over, shared_by_parts


def shops_get_what_is_left(case: Case) -> Verdict:
    """Take rate on the base that the plan names, once per part; the rest less commissions is the shop's."""
    books = case.books
    refunds = of_orders(books.refunds)
    booked: Counter[tuple[str, str]] = Counter()
    for entry in books.entries:
        if entry.account.startswith("payable:shop:") or entry.account == "revenue:take_rate":
            booked[entry.store_order_id or "", entry.account.split(":")[0]] -= entry.amount
    looked = 0
    wrong: list[str] = []
    for order in books.orders.values():
        for part in order.parts:
            name = part.store_order_id
            there = booked[name, "payable"], booked[name, "revenue"]
            if not delivered(part) or order.order_id not in books.plan_of:
                due = 0, 0
            else:
                looked += 1
                kept = Kept(part, refunds.get(order.order_id, []))
                take = kept.take(books, order.order_id, part.shop_id)
                commissions = sum(commissions_of(books, order, part, kept, take).values())
                due = kept.gross - take - commissions, take
            if there != due:
                wrong.append(
                    f"order {order.order_id}: part {name} leaves shop and platform {due}, booked {there}"
                )
    return verdict("shops-get-what-is-left", looked, wrong)


def tips_are_the_couriers(case: Case) -> Verdict:
    """A tip is the courier's who delivered, of two by parts; where nothing came the customer's."""
    back: Counter[str] = Counter()
    for refund in case.books.refunds:
        back[refund.order_id] += refund.tip
    booked: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in case.books.entries:
        if entry.kind == "tip" and entry.account != "liability:orders":
            booked[entry.order_id or ""][entry.account] -= entry.amount
    brought = handed_over(case.books)
    tipped = [order for order in case.books.orders.values() if order.tip and order.paid_at is not None]

    def wrong() -> Iterator[str]:
        for order in tipped:
            delivery = case.books.deliveries.get(order.order_id)
            due: Counter[str] = Counter()
            trips = brought.get(order.order_id, [])
            if order.status in DONE and len(trips) > 1:
                for courier_id, amount in shared_by_parts(trips, order.tip - back[order.order_id]):
                    due[f"payable:courier:{courier_id}"] += amount
            elif order.status in DONE and (trips or delivery is not None):
                who = trips[0]["courier_id"] if trips else delivery.courier_id if delivery else None
                due[f"payable:courier:{who}"] = order.tip - back[order.order_id]
            there = {account: amount for account, amount in booked[order.order_id].items() if amount}
            if there != {account: amount for account, amount in due.items() if amount}:
                yield f"order {order.order_id}: its tip of {order.tip} is due as {dict(due)}, booked {there}"
            if order.status == "cancelled" and back[order.order_id] != order.tip:
                yield f"order {order.order_id} was cancelled, and {back[order.order_id]} of its tip is back"

    return verdict("tips-are-the-couriers", len(tipped), wrong())


def cash_is_what_was_due(case: Case) -> Verdict:
    """At the door the courier takes what was not refunded before; the rest is owed until handed back."""
    books = case.books
    refunds = of_orders(books.refunds)
    charged = {charge.charge_id: charge.amount for charge in books.charges}
    handed: Counter[str] = Counter()
    for back in books.returns:
        if back.by_hand and back.sent:
            handed[back.charge_id] += back.amount
    by_order: dict[str, list[Entry]] = defaultdict(list)
    for entry in books.entries:
        by_order[entry.order_id or ""].append(entry)
    paid = [order for order in books.orders.values() if order.is_cash and order.paid_at is not None]

    def wrong() -> Iterator[str]:
        for order in paid:
            sums: Counter[str] = Counter()
            for entry in by_order[order.order_id]:
                sums[entry.account] += entry.amount
            own = refunds.get(order.order_id, [])
            at_door = 0
            if order.delivered_at is not None:
                before = [
                    r.amount for r in own if r.issued_at is not None and r.issued_at <= order.delivered_at
                ]
                at_door = order.total - sum(before)
                taken = charged.get(order.charge_id or "")
                if taken != at_door:
                    yield f"order {order.order_id}: {taken} was collected, not {at_door}"
            given = handed[order.charge_id or ""]
            held = sum(amount for account, amount in sums.items() if account.startswith("cash:"))
            owed = -sums["liability:cash_refunds"]
            since = order.total - order.refunded - at_door if order.delivered_at is not None else 0
            due = (at_door - given, -since - given) if order.delivered_at is not None else (0, 0)
            if (held, owed) != due:
                yield f"order {order.order_id}: {(held, owed)} held and owed in cash, {due} is right"
            if sums["receivable:cash_on_delivery"] and (order.status in DONE or order.status == "cancelled"):
                yield f"order {order.order_id}: {sums['receivable:cash_on_delivery']} is still due at a door"
        for order in books.orders.values():
            if not order.is_cash and any("cash:courier" in e.account for e in by_order[order.order_id]):
                yield f"order {order.order_id} was paid elsewhere, and a courier collected"

    return verdict("cash-is-what-was-due", len(paid), wrong())


def faults_are_borne(case: Case) -> Verdict:
    """What a shop is not to blame for the platform makes good, and the sale stands."""
    refunds = of_orders(case.books.refunds)
    booked: Counter[str] = Counter()
    for entry in case.books.entries:
        if entry.account == "expense:goodwill":
            booked[entry.store_order_id or ""] += entry.amount
    looked = 0
    wrong: list[str] = []
    for order in case.books.orders.values():
        own = refunds.get(order.order_id, [])
        for part in order.parts:
            due = Kept(part, own).made_good if delivered(part) else 0
            looked += due > 0
            if booked[part.store_order_id] != due:
                wrong.append(
                    f"order {order.order_id}: {due} of {part.store_order_id} is to be made good,"
                    f" booked {booked[part.store_order_id]}"
                )
    return verdict("faults-are-borne", looked, wrong)


def chain_holds(case: Case) -> Verdict:
    """Every seal follows from the one before, and debits are credits over all accounts."""
    sums: Counter[str] = Counter()
    for entry in case.books.entries:
        sums[entry.currency] += entry.amount
    wrong = [*case.books.wrong_in_chain]
    wrong += [f"the trial balance is {amount} {currency}" for currency, amount in sums.items() if amount]
    return verdict("chain-holds", case.books.sealed, wrong)


def statements_add_up(case: Case) -> Verdict:
    """A statement is the sum of its lines, and a payee's movements are all in its statements."""

    def wrong() -> Iterator[str]:
        for one in case.books.statements:
            if one.opening + one.earned - one.paid_out != one.closing:
                yield f"statement {one.statement_id} does not close on its sum"
            if one.lines != one.listed or one.moved != one.earned - one.paid_out:
                yield f"statement {one.statement_id} is not its lines"
        yield from (f"{entry} is in no statement" for entry in case.books.unstated)

    return verdict("statements-add-up", len(case.books.statements), wrong())


CHECKS = (
    shops_get_what_is_left,
    tips_are_the_couriers,
    cash_is_what_was_due,
    faults_are_borne,
    chain_holds,
    statements_add_up,
)
