"""Invariants of money, order by order: a ledger whose sum is zero has proved nothing yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.trust.booked_orders import of_orders
from tests.trust.oracle.case import DONE, Case, Verdict, verdict
from tests.trust.oracle.exact import Kept, units_left

CLEARING = "liability:orders"


def charged_once(case: Case) -> Verdict:
    """A paid order has one captured charge of its total; all other money of its payments has gone back.

    What is collected at a door is no provider's.
    """
    books = case.books
    captured: dict[str, list[int]] = defaultdict(list)
    order_of = {charge.charge_id: charge.order_id for charge in books.charges}
    kept_by_provider: Counter[str] = Counter()
    for charge in books.charges:
        if charge.captured:
            captured[charge.order_id].append(charge.amount)
    for charge in books.provider_charges:
        kept_by_provider[order_of.get(charge.charge_id, "")] += charge.amount
    for back in books.provider_returns:
        kept_by_provider[order_of.get(back.charge_id, "")] -= back.amount

    def wrong() -> Iterator[str]:
        for order in books.orders.values():
            amounts = captured.get(order.order_id, [])
            by_provider = order.paid_at is not None and not order.is_cash
            due = [order.total] if by_provider else []
            if amounts != due and not (order.is_cash and len(amounts) == (order.delivered_at is not None)):
                yield f"order {order.order_id} of {order.total} was charged {amounts}"
            kept = order.total - order.refunded if by_provider else 0
            if kept_by_provider[order.order_id] != kept:
                yield (
                    f"order {order.order_id}: the customer is {kept_by_provider[order.order_id]} poorer,"
                    f" not {kept}"
                )
        for order_id in captured.keys() - books.orders.keys():
            yield f"order {order_id} was charged and does not exist"

    return verdict("charged-once", len(books.orders), wrong())


def provider_agrees(case: Case) -> Verdict:
    """The provider's charges and refunds are ours, to the unit."""
    books = case.books
    collected = {order.charge_id for order in books.orders.values() if order.is_cash}
    ours = {(c.charge_id, c.payment_id, c.amount) for c in books.charges if c.charge_id not in collected}
    theirs = {(c.charge_id, c.payment_id, c.amount) for c in books.provider_charges}
    back = {(r.refund_id, r.charge_id, r.amount) for r in books.returns if not r.by_hand}
    back_there = {(r.refund_id, r.charge_id, r.amount) for r in books.provider_returns}
    wrong = [f"charge {one} is in our books alone" for one in sorted(ours - theirs)]
    wrong += [f"charge {one} is in the provider's books alone" for one in sorted(theirs - ours)]
    wrong += [f"refund {one} is in our books alone" for one in sorted(back - back_there)]
    wrong += [f"refund {one} is in the provider's books alone" for one in sorted(back_there - back)]
    wrong += [f"refund {r.refund_id} was never sent" for r in books.returns if not (r.sent or r.by_hand)]
    return verdict("provider-agrees", len(theirs) + len(back_there), wrong)


def shares_are_exact(case: Case) -> Verdict:
    """Lines make their parts, parts the order, discounts what campaigns gave; refunds follow the shares."""
    books = case.books
    given: Counter[str] = Counter()
    for taken in books.taken:
        given[taken.order_id] += taken.amount
    refunds = of_orders(books.refunds)

    def wrong() -> Iterator[str]:
        for order in books.orders.values():
            if sum(part.paid for part in order.parts) + order.delivery_fee + order.tip != order.total:
                yield f"order {order.order_id}: the parts do not make its total of {order.total}"
            if given[order.order_id] != order.discount:
                yield (
                    f"order {order.order_id}: {order.discount} taken off, campaigns gave"
                    f" {given[order.order_id]}"
                )
            own = refunds.get(order.order_id, [])
            back = sum(r.goods + r.delivery_fee + r.tip for r in own)
            if order.paid_at is not None and back != order.refunded:
                yield f"order {order.order_id}: refunds do not make the {order.refunded} that went back"
            units: Counter[str] = Counter()
            amounts: Counter[str] = Counter()
            for refund in own:
                if refund.goods != sum(line.amount for line in refund.lines):
                    yield f"order {order.order_id}: refund {refund.refund_id} is not its lines"
                for gone in refund.lines:
                    units[gone.line_id] += gone.quantity
                    amounts[gone.line_id] += gone.amount
            for part in order.parts:
                if sum(line.paid for line in part.lines) != part.paid:
                    yield f"order {order.order_id}: the lines of {part.store_order_id} do not make its price"
                for line in part.lines:
                    back, amount = units[line.line_id], amounts[line.line_id]
                    if back != line.refunded_quantity:
                        yield f"order {order.order_id}: line {line.line_id} went back {back} times"
                    due = sum(fall.amount for fall in line.falls) + sum(units_left(line)[:back])
                    if amount != due:
                        yield (
                            f"order {order.order_id}: {back} of {line.quantity} units of line"
                            f" {line.line_id} for {line.paid} gave back {amount}, not {due}"
                        )

    return verdict("shares-are-exact", len(books.orders), wrong())


def discounts_are_what_was_promised(case: Case) -> Verdict:
    """A reduction takes off exactly what its campaign says: no unit is lost between its shares."""
    books = case.books

    def wrong() -> Iterator[str]:
        for taken in books.taken:
            campaign = books.campaigns.get(taken.campaign_id)
            if campaign is None:
                yield f"order {taken.order_id}: campaign {taken.campaign_id} is not there"
            elif campaign.off is not None and taken.amount != campaign.off:
                yield (
                    f"order {taken.order_id}: campaign {taken.campaign_id} promised {campaign.off}"
                    f" and gave {taken.amount}"
                )

    return verdict("discounts-are-what-was-promised", len(books.taken), wrong())


def captured_is_shared_out(case: Case) -> Verdict:
    """Per order: captured − refunded = shops + couriers + promoters + platform, part by part."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    sales: Counter[str] = Counter()
    ridden: Counter[str] = Counter()
    refunds = of_orders(case.books.refunds)
    for entry in case.books.entries:
        if entry.order_id is None:
            continue
        sums[entry.order_id][_party(entry.account)] += entry.amount
        if entry.kind == "courier_pay" and entry.account.startswith("payable:courier:"):
            ridden[entry.order_id] -= entry.amount
        if entry.kind == "sale" and entry.account.startswith("payable:shop:"):
            sales[entry.store_order_id or ""] -= entry.amount

    def wrong() -> Iterator[str]:
        for order in case.books.orders.values():
            booked = sums.get(order.order_id, Counter())
            kept = order.total - order.refunded if order.paid_at is not None else 0
            if booked["cash"] != kept:
                yield f"order {order.order_id}: the ledger has {booked['cash']} in cash, it kept {kept}"
            over = order.status in DONE or order.status == "cancelled"
            shared = -(booked["shops"] + booked["couriers"] + booked["promoters"] + booked["platform"])
            if over and shared != kept:
                yield f"order {order.order_id}: {kept} to share out, {dict(booked)}"
            for part in order.parts:
                # Where the shop is not to blame its sale stands, and the platform bears the refund.
                made_good = Kept(part, refunds.get(order.order_id, [])).made_good
                due = part.paid - part.refunded + made_good if part.status in DONE else 0
                if sales[part.store_order_id] != due:
                    yield (
                        f"order {order.order_id}: part {part.store_order_id} sold for {due},"
                        f" booked {sales[part.store_order_id]}"
                    )
            # A tip is not what the platform pays.
            if order.status in DONE and not ridden[order.order_id]:
                yield f"order {order.order_id}: its courier got nothing"
        for order_id in sums.keys() - case.books.orders.keys():
            yield f"order {order_id} is in the ledger alone"

    return verdict("captured-is-shared-out", len(case.books.orders), wrong())


def ledger_balances(case: Case) -> Verdict:
    sums: Counter[tuple[str, str]] = Counter()
    for entry in case.books.entries:
        sums[entry.transaction_id, entry.currency] += entry.amount
    wrong = [
        f"transaction {name}: {amount} {currency}" for (name, currency), amount in sums.items() if amount
    ]
    return verdict("ledger-balances", len(sums), wrong)


def clearing_is_empty(case: Case) -> Verdict:
    """Nothing of an order that is over stays in the clearing account."""
    held: Counter[str] = Counter()
    for entry in case.books.entries:
        if entry.account == CLEARING and entry.order_id is not None:
            held[entry.order_id] -= entry.amount
    over = [o for o in case.books.orders.values() if o.status in DONE or o.status == "cancelled"]
    wrong = [f"order {o.order_id}: {held[o.order_id]} still held" for o in over if held[o.order_id]]
    return verdict("clearing-is-empty", len(over), wrong)


def ledger_follows_facts(case: Case) -> Verdict:
    """Every order derived anew from what commission knows of it."""
    return verdict("ledger-follows-facts", len(case.books.orders), case.books.wrong_in_ledger)


def coupons_within_budget(case: Case) -> Verdict:
    books = case.books
    counted: Counter[str] = Counter()
    uses: Counter[str] = Counter()
    of_customer: Counter[tuple[str, str]] = Counter()
    for taken in books.taken:
        counted[taken.campaign_id] += taken.counted
        uses[taken.campaign_id] += taken.uses
        of_customer[taken.campaign_id, taken.customer_id or ""] += taken.uses

    def wrong() -> Iterator[str]:
        for name, campaign in books.campaigns.items():
            if (campaign.spent, campaign.uses) != (counted[name], uses[name]):
                yield (
                    f"campaign {name} says {campaign.spent} in {campaign.uses} uses,"
                    f" orders took {counted[name]} in {uses[name]}"
                )
            if counted[name] > campaign.budget:
                yield f"campaign {name} gave {counted[name]} of {campaign.budget}"
            if campaign.total_limit is not None and uses[name] > campaign.total_limit:
                yield f"campaign {name} was used {uses[name]} of {campaign.total_limit} times"
        for (name, customer), count in of_customer.items():
            limit = books.campaigns[name].per_customer_limit if name in books.campaigns else 0
            if limit is not None and count > limit:
                yield f"campaign {name} was used {count} of {limit} times by {customer}"

    worn_out = sum(c.budget - c.spent < 501 for c in books.campaigns.values())
    return verdict("coupons-within-budget", len(books.taken), wrong(), f"{worn_out} campaigns ran out")


CHECKS = (
    charged_once,
    provider_agrees,
    shares_are_exact,
    discounts_are_what_was_promised,
    captured_is_shared_out,
    ledger_balances,
    clearing_is_empty,
    ledger_follows_facts,
    coupons_within_budget,
)


def _party(account: str) -> str:
    for prefix, party in (
        ("cash:", "cash"),
        ("receivable:cash_on_delivery", "cash"),
        ("liability:cash_refunds", "cash"),
        ("liability:", "clearing"),
        ("payable:shop:", "shops"),
        ("payable:courier:", "couriers"),
        ("payable:promoter:", "promoters"),
        ("frozen:promoter:", "promoters"),
        ("revenue:", "platform"),
        ("expense:", "platform"),
    ):
        if account.startswith(prefix):
            return party
    return account
