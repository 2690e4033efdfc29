"""What must be true when a day is over, whatever happened in it: each with the evidence for its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from linli.day.audit import Audit
from linli.day.figures import amount
from linli.day.quiet import Databases, missing, subscriptions
from linli.day.replay import Outcome

SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Finding:
    name: str
    holds: bool
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything that a check may look at."""

    outcome: Outcome
    audit: Audit
    databases: Databases


Check = Callable[[Case], Finding]


_MISSED_OF_WHAT_ENDED = (
    "SELECT line ->> 'listing_id', sum((line ->> 'quantity')::integer) FROM refund AS r"
    " JOIN store_order AS s USING (store_order_id), jsonb_array_elements(r.lines) AS line"
    " WHERE NOT r.restock AND s.status IN ('rejected', 'cancelled') GROUP BY 1"
)


def check_all(case: Case, more: Sequence[Check] = ()) -> list[Finding]:
    """Every invariant and ``more``, in the order in which a reader cares; what cannot be checked is false."""
    findings: list[Finding] = []
    for check in (*CHECKS, *more):
        try:
            findings.append(check(case))
        except Exception as error:  # a check that dies must not hide the others
            findings.append(
                Finding(
                    name=check.__name__.replace("_", " "), holds=False, evidence=f"not checked: {error!r}"
                )
            )
    return findings


def every_paid_order_is_delivered_or_refunded(case: Case) -> Finding:
    paid = {name: order for name, order in case.audit.orders.items() if order.get("paid_at")}
    open_ends = [
        f"{name} is {order['status']} with {amount(order['refunded'])} of {amount(order['total'])} refunded"
        for name, order in paid.items()
        if order["status"] not in {"delivered", "completed"} and not _is_given_back(order)
    ]
    stuck = case.databases.value(
        "ordering",
        "SELECT count(*) FROM orders WHERE paid_at IS NOT NULL"
        " AND status NOT IN ('delivered', 'completed', 'cancelled')",
    )
    delivered = sum(order["status"] in {"delivered", "completed"} for order in paid.values())
    evidence = f"{len(paid)} paid: {delivered} delivered, {len(paid) - delivered} refunded"
    return Finding(
        name="every paid order delivered or refunded",
        holds=not open_ends and not stuck and not case.audit.unanswered,
        evidence=_with(evidence, [*open_ends, *case.audit.unanswered], f"{stuck} stuck in the database"),
    )


def _is_given_back(order: Mapping[str, object]) -> bool:
    """Cancelled, and every part of it refunded to the last cent."""
    parts = order["store_orders"]
    return (
        order["status"] == "cancelled"
        and isinstance(parts, list)
        and all(amount(part["refunded"]) == amount(part["paid"]) for part in parts)
    )


def no_stock_is_negative_or_still_held(case: Case) -> Finding:
    levels = case.databases.rows(
        "storefront",
        "SELECT count(*), coalesce(min(stock), 0), coalesce(sum(reserved), 0), coalesce(sum(short), 0)"
        " FROM stock_level",
    )[0]
    held = case.databases.value(
        "storefront", "SELECT count(*) FROM reservation WHERE status IN ('held', 'unknown')"
    )
    count, lowest, reserved, short = levels
    return Finding(
        name="no stock negative or still held",
        holds=lowest >= 0 and reserved == 0 and short == 0 and held == 0,
        evidence=f"{count} listings, lowest stock {lowest}, units held {reserved}, reservations open {held}",
    )


def stock_is_what_came_minus_what_was_sold(case: Case) -> Finding:
    """Unit by unit: a sale done twice, or a return lost, shows here.

    What a shop missed when it packed is not on its shelf either, although nobody got it.
    """
    names = {listing_id: name for name, listing_id in case.outcome.cast.listing_ids.items()}
    sold = {
        names[listing_id]: int(units)
        for listing_id, units in case.databases.rows("ordering", _MISSED_OF_WHAT_ENDED)
    }
    for order in case.audit.orders.values():
        if not order.get("paid_at"):
            continue
        for part in order["store_orders"]:
            if part["status"] in {"rejected", "cancelled"}:
                continue
            for line in part["lines"]:
                name = names[line["listing_id"]]
                sold[name] = sold.get(name, 0) + int(line["quantity"])
    wrong = [
        f"{x.listing}: {x.stock} came, {sold.get(x.listing, 0)} sold, {case.audit.stock.get(x.listing)} left"
        for x in case.outcome.day.listings
        if case.audit.stock.get(x.listing) != x.stock - sold.get(x.listing, 0)
    ]
    return Finding(
        name="stock left = stock that came − units sold",
        holds=not wrong,
        evidence=_with(f"{len(case.audit.stock)} listings, {sum(sold.values())} units sold", wrong),
    )


def no_refund_is_still_on_its_way(case: Case) -> Finding:
    waiting = case.databases.value(
        "ordering", "SELECT count(*) FROM provider_refund WHERE method <> 'cash' AND state <> 'confirmed'"
    )
    sent, total = case.databases.rows(
        "ordering",
        "SELECT count(*), coalesce(sum(amount), 0) FROM provider_refund"
        " WHERE method <> 'cash' AND state = 'confirmed'",
    )[0]
    issued = case.databases.value(
        "ordering",
        "SELECT coalesce(sum(r.goods + r.delivery_fee + r.tip), 0) FROM refund r JOIN orders USING (order_id)"
        " WHERE payment_method IS DISTINCT FROM 'cash'",
    )
    surplus = case.databases.value(
        "ordering", "SELECT coalesce(sum(amount), 0) FROM charge WHERE NOT captured"
    )
    return Finding(
        name="money that was promised back has gone back",
        holds=waiting == 0 and total == issued + surplus,
        evidence=f"{sent} refunds of {total} confirmed for {issued} issued and {surplus} paid twice or too"
        f" late; {waiting} waiting",
    )


def the_ledger_sums_to_zero(case: Case) -> Finding:
    sums = case.databases.rows(
        "commission", "SELECT currency, count(*), sum(amount) FROM ledger_entry GROUP BY currency"
    )
    uneven = case.databases.rows(
        "commission",
        "SELECT transaction_id FROM ledger_entry GROUP BY transaction_id, currency HAVING sum(amount) <> 0",
    )
    shown = ", ".join(f"{count} entries sum to {total} {currency}" for currency, count, total in sums)
    return Finding(
        name="the ledger sums to zero",
        holds=all(total == 0 for _, _, total in sums) and not uneven,
        evidence=f"{shown or 'no entries'}; {len(uneven)} transactions out of balance",
    )


def every_order_balances_in_the_ledger(case: Case) -> Finding:
    """The provider's cash of an order is what was captured less what went back; nothing stays unsettled."""
    rows = case.databases.rows(
        "commission",
        "SELECT order_id, sum(amount) FILTER (WHERE account = 'cash:provider'),"
        " sum(amount) FILTER (WHERE account = 'liability:orders') FROM ledger_entry"
        " WHERE order_id IS NOT NULL GROUP BY order_id",
    )
    books = {order_id: (int(cash or 0), int(owed or 0)) for order_id, cash, owed in rows}
    wrong: list[str] = []
    for name, order in case.audit.orders.items():
        cash, owed = books.get(str(order["order_id"]), (0, 0))
        kept = amount(order["total"]) - amount(order["refunded"]) if order.get("paid_at") else 0
        if cash != kept:
            wrong.append(f"{name}: the ledger has {cash}, the order says {kept}")
        elif owed:
            wrong.append(f"{name}: {owed} not settled")
    return Finding(
        name="per order, captured − refunded = what was shared out",
        holds=not wrong,
        evidence=_with(f"{len(books)} orders in the ledger", wrong),
    )


def statements_add_up(case: Case) -> Finding:
    """A shop's statement: its lines, its total by kind, its balance and the orders behind it agree."""
    wrong: list[str] = []
    sold = _kept_by_shop(case)
    booked = dict(
        case.databases.rows("commission", "SELECT account, -sum(amount) FROM ledger_entry GROUP BY account")
    )
    for shop, statement in case.audit.statements.items():
        shop_id = case.outcome.cast.shop_ids[shop]
        opening, closing = amount(statement["opening"]), amount(statement["closing"])
        by_kind = {kind: amount(value) for kind, value in statement["total_by_kind"].items()}
        payable = amount(case.audit.balances[shop]["payable"])
        lines = sum(amount(line["amount"]) for line in statement["lines"])
        if opening + sum(by_kind.values()) != closing:
            wrong.append(f"{shop}: {opening} and {by_kind} do not make {closing}")
        elif not statement.get("next_cursor") and opening + lines != closing:
            wrong.append(f"{shop}: the lines make {lines}, the statement {closing}")
        elif not closing == payable == _booked_for(shop_id, booked):
            wrong.append(f"{shop}: the statement says {closing}, the balance {payable}")
        elif by_kind.get("sale", 0) != sold.get(shop_id, 0):
            wrong.append(f"{shop}: {by_kind.get('sale', 0)} for orders that come to {sold.get(shop_id, 0)}")
    return Finding(
        name="statements add up",
        holds=bool(case.audit.statements) and not wrong,
        evidence=_with(f"{len(case.audit.statements)} shops, sales {sum(sold.values())}", wrong),
    )


def _booked_for(shop_id: str, booked: Mapping[str, int]) -> int:
    """What a shop has earned by its sales and by promoting others' goods."""
    return sum(int(booked.get(f"payable:{party}:{shop_id}", 0)) for party in ("shop", "promoter"))


def _kept_by_shop(case: Case) -> dict[str, int]:
    """Per shop, what customers paid for delivered goods and did not get back."""
    kept: dict[str, int] = {}
    for order in case.audit.orders.values():
        for part in order["store_orders"]:
            if part["status"] in {"delivered", "completed"}:
                shop_id = str(part["shop_id"])
                kept[shop_id] = kept.get(shop_id, 0) + amount(part["paid"]) - amount(part["refunded"])
    return kept


def no_outbox_row_is_unsent(case: Case) -> Finding:
    counts = _per_service(case, "SELECT count(*) FROM outbox WHERE sent_at IS NULL")
    sent = sum(_per_service(case, "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL").values())
    wrong = [f"{service}: {count}" for service, count in counts.items() if count]
    return Finding(
        name="no outbox row unsent", holds=not wrong, evidence=_with(f"{sent} events sent", wrong, "unsent")
    )


def every_event_reached_every_subscriber(case: Case) -> Finding:
    wanted = [x for x in subscriptions() if {x.service, x.source} <= set(case.databases.urls)]
    lost = {x.name: len(missing(case.databases, x)) for x in wanted}
    done = sum(_per_service(case, "SELECT count(*) FROM inbox").values())
    wrong = [f"{name}: {count} not done" for name, count in lost.items() if count]
    return Finding(
        name="every event done by every subscriber",
        holds=bool(wanted) and not wrong,
        evidence=_with(f"{len(wanted)} subscriptions, {done} effects", wrong),
    )


def there_is_no_dead_letter(case: Case) -> Finding:
    parked = _per_service(case, "SELECT count(*) FROM parked")
    retries = _per_service(case, "SELECT count(*) FROM inbox_retry")
    wrong = [f"{service}: {count} parked" for service, count in parked.items() if count]
    wrong += [f"{service}: {count} waiting for a retry" for service, count in retries.items() if count]
    wrong += [f"{letter.get('subscription')}: {letter.get('reason')}" for letter in case.audit.dead_letters]
    return Finding(
        name="no dead letter, nothing parked or retried", holds=not wrong, evidence=_with("none", wrong)
    )


def nothing_happened_twice(case: Case) -> Finding:
    """Each order of the day was placed, charged and delivered at most once."""
    placed: dict[str, int] = {}
    for _, subject in case.databases.rows(
        "ordering", "SELECT id, subject FROM outbox WHERE type IN ('OrderPaid', 'OrderDelivered')"
    ):
        placed[subject] = placed.get(subject, 0) + 1
    wrong: list[str] = []
    for event in ("OrderPlaced", "OrderPaid", "OrderDelivered", "OrderCancelled", "OrderExpired"):
        twice = case.databases.rows(
            "ordering",
            "SELECT subject FROM outbox WHERE type = %s GROUP BY subject HAVING count(*) > 1",
            event,
        )
        wrong += [f"{event} twice for {row[0]}" for row in twice]
    if "dispatch" in case.databases.urls:
        twice = case.databases.rows(
            "dispatch",
            "SELECT data::json ->> 'order_id' FROM outbox WHERE type IN ('DeliveryCompleted',"
            " 'DeliveryFailed') GROUP BY 1 HAVING count(*) > 1",
        )
        wrong += [f"its delivery ended twice: {row[0]}" for row in twice]
    ours = {record.order_id for record in case.outcome.records.values() if record.order_id}
    return Finding(
        name="nothing happened twice",
        holds=not wrong,
        evidence=_with(f"{len(placed)} paid orders in the journal of events, {len(ours)} of this day", wrong),
    )


_TRIPS = (
    "SELECT data::json ->> 'order_id', data::json ->> 'delivery_id', data::json ->> 'courier_id'"
    " FROM outbox WHERE type IN ('TripCompleted', 'DeliveryCompleted')"
)
_PAID_COURIERS = (
    "SELECT order_id, account FROM ledger_entry WHERE kind = 'courier_pay' AND order_id IS NOT NULL"
    " AND starts_with(account, 'payable:courier:') GROUP BY 1, 2 HAVING sum(amount) <> 0"
)


def every_trip_is_one_couriers_and_paid(case: Case) -> Finding:
    """An order is split once at most and never where its money is collected at the door; each part is
    collected once, each trip has one courier, and whoever handed something over is paid for it."""
    wrong: list[str] = []
    split: set[str] = set()
    trips: dict[str, dict[str, set[str]]] = {}
    if {"dispatch", "commission"} <= set(case.databases.urls):
        for (order_id,) in case.databases.rows(
            "dispatch", "SELECT data::json ->> 'order_id' FROM outbox WHERE type = 'DeliverySplit'"
        ):
            if order_id in split:
                wrong.append(f"split twice: {order_id}")
            split.add(order_id)
        for (part,) in case.databases.rows(
            "dispatch",
            "SELECT data::json ->> 'store_order_id' FROM outbox WHERE type = 'PickupCompleted'"
            " GROUP BY 1 HAVING count(*) > 1",
        ):
            wrong.append(f"collected twice: {part}")
        for order_id, trip, courier_id in case.databases.rows("dispatch", _TRIPS):
            trips.setdefault(order_id, {}).setdefault(trip, set()).add(courier_id)
        paid: dict[str, set[str]] = {}
        for order_id, account in case.databases.rows("commission", _PAID_COURIERS):
            paid.setdefault(order_id, set()).add(account.removeprefix("payable:courier:"))
        for order_id, own in trips.items():
            couriers = set[str]().union(*own.values())
            if len(own) > (2 if order_id in split else 1) or any(len(each) > 1 for each in own.values()):
                wrong.append(f"{order_id} came by {[sorted(each) for each in own.values()]}")
            elif paid.get(order_id, set()) != couriers:
                wrong.append(f"{order_id} was brought by {sorted(couriers)}, who are not who was paid")
        for (order_id,) in case.databases.rows(
            "ordering", "SELECT order_id FROM orders WHERE payment_method = 'cash'"
        ):
            if order_id in split:
                wrong.append(f"split, and paid at the door: {order_id}")
    return Finding(
        name="every trip is one courier's, and paid",
        holds=not wrong,
        evidence=_with(f"{sum(map(len, trips.values()))} trips, {len(split)} orders split", wrong),
    )


CHECKS: tuple[Check, ...] = (
    every_paid_order_is_delivered_or_refunded,
    no_stock_is_negative_or_still_held,
    stock_is_what_came_minus_what_was_sold,
    no_refund_is_still_on_its_way,
    the_ledger_sums_to_zero,
    every_order_balances_in_the_ledger,
    statements_add_up,
    no_outbox_row_is_unsent,
    every_event_reached_every_subscriber,
    there_is_no_dead_letter,
    nothing_happened_twice,
    every_trip_is_one_couriers_and_paid,
)


def _per_service(case: Case, sql: str) -> dict[str, int]:
    return {service: int(case.databases.value(service, sql)) for service in case.databases.urls}


def _with(evidence: str, wrong: Iterable[str], what: str = "wrong") -> str:
    listed = list(wrong)
    if not listed:
        return evidence
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return f"{evidence}; {what}: {'; '.join(listed[:SHOWN])}{more}"
