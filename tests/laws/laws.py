"""The laws of money, each a check of one life as it stands; the arithmetic is exact and their own.

Numbers are those of the domain rules: 2 (shared once, no negative line), 4 (splitting moves), 5 (refunds
mirror shares, in parts as at once), 7 (one success), 8 (balances follow from entries), 20 (base and margin),
21 (pending, accrued, released), 22 (claw-back), 25 (take rate), 27 (courier pay).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor

from services.commission.application.audit import mismatches
from services.commission.application.ports import AuditedOrder
from services.commission.domain import ledger as accounts
from services.commission.domain.rates import TakeRateBase
from services.ordering.domain.lines import Discount, Line, LinePart
from services.ordering.domain.order import Order
from services.ordering.domain.payment import CASH
from services.ordering.domain.refund import Refund
from services.ordering.domain.store_order import StoreOrder, StoreStatus
from tests.laws.life import Life


class LawBroken(AssertionError):
    """What does not hold, with the steps that led there."""


def check(life: Life) -> None:
    """Every law that holds at any moment; raises :class:`LawBroken`."""
    order = life.order
    _raise(life, [*shares_add_up(order), *refunds_mirror_shares(life, order), *the_till_agrees(life, order)])
    found = life.backend.audited(life.order_id)
    if found is not None:
        _raise(life, list(the_books_follow_from_the_facts(found)))


def check_at_rest(life: Life) -> None:
    """What holds besides once every letter and every refund has arrived."""
    check(life)
    order, found = life.order, life.backend.audited(life.order_id)
    _raise(life, list(money_back_is_sent(life, order)))
    if order.paid_at is None:
        if found is not None and found.ledger:
            _raise(life, [f"nobody paid, and the ledger says {found.ledger}"])
        return
    if found is None:
        raise LawBroken("commission never heard of a paid order")
    _raise(life, [*everybody_holds_what_is_due(life, order, found)])


def _raise(life: Life, broken: list[str]) -> None:
    if broken:
        raise LawBroken("\n".join([*broken[:5], f"after: {', '.join(life.steps)}"]))


# -- the order ---------------------------------------------------------------------------------------


def shares_add_up(order: Order) -> Iterator[str]:
    """Rules 2 and 4: equal sums on all levels, nothing negative."""
    if order.total != sum(store.paid for store in order.stores) + order.delivery_fee + order.tip:
        yield f"the order costs {order.total}, its parts, fee and tip another sum"
    for store in order.stores:
        for line in store.lines:
            taken = sum(discount.amount for discount in line.discounts)
            if line.paid != line.unit_price * line.quantity - taken:
                yield f"{line.line_id} costs {line.paid}, its goods less {taken} another sum"
            if line.paid < 0 or any(discount.amount < 0 for discount in line.discounts):
                yield f"{line.line_id} is negative"
        if store.paid != sum(line.paid for line in store.lines):
            yield f"{store.store_order_id} is not the sum of its lines"
    if not 0 <= order.refunded <= order.total:
        yield f"{order.refunded} of {order.total} went back"


def refunds_mirror_shares(life: Life, order: Order) -> Iterator[str]:
    """Rule 5: what went back for some units is their share, to within a cent, and all of it for all units.

    What was proven of a line holds until the line changes.
    """
    for store in order.stores:
        for line in store.lines:
            if line in life.proven:
                continue
            life.proven.add(line)
            units, back = line.refunded_quantity, line.refunded
            if not 0 <= units <= line.quantity:
                yield f"{units} of {line.quantity} units of {line.line_id} went back"
            elif line.falls and not line.fallen <= back <= line.paid:
                yield f"{back} of {line.paid} went back, of which {line.fallen} since it cost less"
            elif not line.falls and abs(back * line.quantity - line.paid * units) >= line.quantity:
                yield f"{back} of {line.paid} went back for {units} of {line.quantity} of {line.line_id}"
            yield from _parts_are_the_whole(line)


def _parts_are_the_whole(line: Line) -> Iterator[str]:
    """Giving back unit after unit ends where giving back all that is left ends."""
    if not line.left:
        return
    rest, amount, by_campaign = line, 0, [0] * len(line.discounts)
    for _ in range(line.left):
        rest, part = rest.give_back(1)
        amount += part.amount
        by_campaign = [
            sum_ + discount.amount for sum_, discount in zip(by_campaign, part.discounts, strict=True)
        ]
        if part.amount < 0 or any(discount.amount < 0 for discount in part.discounts):
            yield f"a unit of {line.line_id} costs {part.amount}"
    if amount + line.refunded != line.paid:
        yield f"{line.line_id}: {amount} in parts, {line.refunded} before, {line.paid} in all"
    if line.alike == line.left:
        _, at_once = line.give_back(line.left)
        if amount != at_once.amount:
            yield f"{line.line_id}: {amount} in parts, {at_once.amount} at once"
        if by_campaign != [discount.amount for discount in at_once.discounts]:
            yield f"{line.line_id}: discounts {by_campaign} in parts, another sum at once"


# -- the provider ------------------------------------------------------------------------------------


def the_till_agrees(life: Life, order: Order) -> Iterator[str]:
    """Rule 7: no charge is paid back beyond itself."""
    back: dict[str, int] = {}
    for charge_id, amount in life.till.refunds.values():
        back[charge_id] = back.get(charge_id, 0) + amount
    for charge_id, amount in back.items():
        if amount > life.till.charges[charge_id][1]:
            yield f"{amount} of the charge {life.till.charges[charge_id][1]} went back"
    if order.paid_at is not None and order.method != CASH and order.charge_id not in life.till.charges:
        yield f"paid by {order.charge_id}, which the provider does not know"


def money_back_is_sent(life: Life, order: Order) -> Iterator[str]:
    """What the provider keeps is what the order kept, once every notice was heard."""
    heard = {step for step in life.steps if step.startswith(("charge", "tell_again"))}
    if not heard or life.has_unheard_notices:
        return
    paid_here = order.paid_at is not None and order.method != CASH
    wanted = order.total - order.refunded if paid_here else 0
    if life.till.kept != wanted:
        yield f"the provider keeps {life.till.kept}, {wanted} is right"


# -- the books ---------------------------------------------------------------------------------------


def the_books_follow_from_the_facts(found: AuditedOrder) -> Iterator[str]:
    """Rule 8, whatever was heard so far: zero in all, and what the same facts heard at once call for."""
    if sum(found.ledger.values()):
        yield f"the entries sum to {sum(found.ledger.values())}"
    for finding in mismatches(found):
        yield f"{finding.problem}: {finding.expected} expected, {finding.found} found"


def everybody_holds_what_is_due(life: Life, order: Order, found: AuditedOrder) -> Iterator[str]:
    """Captured − refunded = what the parties hold, each to the cent by exact arithmetic of its own."""
    ledger, kept = found.ledger, order.total - order.refunded
    money = sum(amount for account, amount in ledger.items() if account.startswith(accounts.MONEY))
    if money != kept:
        yield f"{kept} was kept, the books say {money}"
    held = -sum(amount for account, amount in ledger.items() if not account.startswith(accounts.MONEY))
    if held != kept:
        yield f"{kept} was kept, the parties hold {held}"
    books, take_rates, made_good = Kept(life.refunds, order), 0, 0
    for store in order.stores:
        if _is_delivered(order, store):
            take = _take_of(life, books, store)
            take_rates += take
            gross = sum(books.paid(line) + books.of_platform(line) for line in store.lines)
            # Commission never exceeds what the sale leaves after the take rate (rule 20).
            commissions = _capped(_commissions_of(life, books, order, store), gross - take)
            due = gross - take - sum(commissions.values())
            there = -ledger.get(accounts.shop_payable(store.shop_id), 0)
            if due != there or there < 0:
                yield f"{store.shop_id} is due {due}, holds {there}"
            made_good += books.made_good(store)
        elif ledger.get(accounts.shop_payable(store.shop_id), 0):
            yield f"{store.shop_id} delivered nothing and holds something"
    if -ledger.get(accounts.TAKE_RATE, 0) != take_rates:
        yield f"take rates are {take_rates}, the books say {-ledger.get(accounts.TAKE_RATE, 0)}"
    if ledger.get(accounts.GOODWILL, 0) != made_good:
        yield f"{made_good} was made good, the books say {ledger.get(accounts.GOODWILL, 0)}"
    yield from _the_courier_is_paid(life, order, ledger)
    if order.method == CASH and order.delivered_at is not None:
        since = order.refunded - life.refunded_at_the_door
        handed = sum(refund.amount for refund in life.refunds if refund.refund_id in life.handed_back)
        owed = -ledger.get(accounts.CASH_REFUNDS, 0)
        if owed != since - handed:
            yield f"{owed} is owed in cash; {since} went back since the door, {handed} of it in hand"


def _the_courier_is_paid(life: Life, order: Order, ledger: Mapping[str, int]) -> Iterator[str]:
    """Rule 27: drop, pickups and metres, and the tip where something was delivered."""
    due = dict.fromkeys((life.courier_id, life.second_courier_id or life.courier_id), 0)
    pay = life.plan.courier_pay
    for trip in life.trips:
        due[trip["courier_id"]] += pay.per_drop + pay.per_extra_pickup * (trip["pickups"] - 1)
        due[trip["courier_id"]] += _half_up(Fraction(trip["distance_m"] * pay.per_km, 1000))
    if order.delivered_at is not None:
        left = tip = order.tip - sum(refund.tip for refund in life.refunds)
        # Each has what its parts make of it, to the cent, and the last of them what is left.
        brought = sum(trip["pickups"] for trip in life.trips)
        for trip in life.trips[:-1]:
            own = floor(Fraction(tip * trip["pickups"], brought))
            due[trip["courier_id"]] += own
            left -= own
        due[life.trips[-1]["courier_id"] if life.trips else life.courier_id] += left
    for courier_id, amount in due.items():
        there = -ledger.get(accounts.courier_payable(courier_id), 0)
        if amount != there:
            yield f"{courier_id} is due {amount}, holds {there}"


def _is_delivered(order: Order, store: StoreOrder) -> bool:
    """One of two couriers may have handed over a part: it is settled when the whole order is delivered."""
    came = store.status in {StoreStatus.DELIVERED, StoreStatus.COMPLETED}
    return came and order.delivered_at is not None


class Kept:
    """What of each line its shop may keep: all but what refunds took back at its own cost."""

    def __init__(self, refunds: Sequence[Refund], order: Order) -> None:
        self._taken: dict[str, list[LinePart]] = {}
        self._made_good: dict[str, int] = {}
        delivered = {store.store_order_id for store in order.stores if _is_delivered(order, store)}
        for refund in refunds:
            if refund.borne_by != "shop" and refund.store_order_id in delivered:
                part = refund.store_order_id or ""
                self._made_good[part] = self._made_good.get(part, 0) + refund.goods
                continue
            for part_of_line in refund.lines:
                self._taken.setdefault(part_of_line.line_id, []).append(part_of_line)

    def made_good(self, store: StoreOrder) -> int:
        return self._made_good.get(store.store_order_id, 0)

    def paid(self, line: Line) -> int:
        return line.paid - sum(part.amount for part in self._of(line))

    def of_platform(self, line: Line) -> int:
        back = [discount for part in self._of(line) for discount in part.discounts]
        return _of_platform(line.discounts) - _of_platform(back)

    def goods(self, line: Line) -> int:
        """What is kept before discounts."""
        back = sum(part.amount + sum(d.amount for d in part.discounts) for part in self._of(line))
        return line.goods - back

    def _of(self, line: Line) -> Sequence[LinePart]:
        return self._taken.get(line.line_id, ())


def _of_platform(discounts: Iterable[Discount]) -> int:
    return sum(discount.amount for discount in discounts if discount.funder == "platform")


def _half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def _take_of(life: Life, books: Kept, store: StoreOrder) -> int:
    """Rule 25: each rate once per part, on what was kept, half up; never more than it sold for."""
    plan, bases, most = life.plan, dict[int, int](), dict[int, int]()
    for line in store.lines:
        rate = plan.take_rate_by_shop.get(
            store.shop_id, plan.take_rate_by_category.get(line.category or "", plan.take_rate_bp)
        )
        worth = books.paid(line) + books.of_platform(line)
        base = {
            TakeRateBase.BEFORE_DISCOUNTS: books.goods(line),
            TakeRateBase.AFTER_SHOP_DISCOUNT: worth,
            TakeRateBase.CUSTOMER_PAID: books.paid(line),
        }[plan.take_rate_base]
        bases[rate] = bases.get(rate, 0) + base
        most[rate] = most.get(rate, 0) + worth
    return sum(min(_half_up(Fraction(base * rate, 10_000)), most[rate]) for rate, base in bases.items())


def _commissions_of(life: Life, books: Kept, order: Order, store: StoreOrder) -> dict[str, int]:
    """Rules 20, 23 and 24: a rate of goods paid and kept; nothing on own goods or own purchases."""
    commissions = {}
    for line in store.lines:
        link = life.links.get(line.promotion_link_id or "")
        if link is None or link.listing_id != line.listing_id:
            continue
        own = link.shop_id == store.shop_id or link.owner_id in {store.merchant_id, order.customer_id}
        asked = life.plan.distribution_bp if link.rate_bp is None else link.rate_bp
        rate = min(asked, life.plan.distribution_max_bp)
        kept = 0 if own else books.paid(line)
        commissions[link.link_id] = _half_up(Fraction(kept * rate, 10_000))
    return commissions


def _capped(commissions: dict[str, int], left: int) -> dict[str, int]:
    capped = {}
    for link_id in sorted(commissions):
        capped[link_id] = min(commissions[link_id], max(left, 0))
        left -= capped[link_id]
    return capped
