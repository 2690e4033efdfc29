"""Invariants of distribution: whose sale a promoted line is, and what that earns."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

from tests.trust.booked_orders import BookedOrder, Part, of_orders
from tests.trust.books import Books
from tests.trust.oracle.case import Case, Verdict, verdict
from tests.trust.oracle.exact import Kept, delivered, half_up

_FROZEN, _RELEASED = "frozen:promoter:", "payable:promoter:"


def commissions_follow_refunds(case: Case) -> Verdict:
    """A promoter earns its rate of what the customer kept, to the cent: frozen until the order is completed,
    released then, and nothing on its own goods.
    """
    books = case.books
    refunds = of_orders(books.refunds)
    booked: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for entry in books.entries:
        for prefix in (_FROZEN, _RELEASED):
            if entry.account.startswith(prefix):
                booked[entry.store_order_id or "", entry.link_id or ""][prefix] -= entry.amount
    accrued = {(one.store_order_id, one.link_id): one for one in books.accruals}
    clawed_back = 0
    wrong = list(_wrongly_attributed(books))
    for order in books.orders.values():
        for part in order.parts:
            if not delivered(part) or order.order_id not in books.plan_of:
                continue
            own = refunds.get(order.order_id, [])
            kept = Kept(part, own)
            take = kept.take(books, order.order_id, part.shop_id)
            whole = commissions_of(books, order, part, Kept(part, []), 0)
            for link_id, due in commissions_of(books, order, part, kept, take).items():
                clawed_back += due < whole[link_id]
                there = booked.pop((part.store_order_id, link_id), Counter())
                is_over = order.status == "completed"
                wanted = (0, due) if is_over else (due, 0)
                found = there[_FROZEN], there[_RELEASED]
                if found != wanted:
                    wrong.append(
                        f"order {order.order_id}: link {link_id} earns {wanted} on {part.store_order_id}"
                        f" (frozen, released), booked {found}"
                    )
                known = accrued.get((part.store_order_id, link_id))
                if due and (known is None or known.amount != due):
                    wrong.append(
                        f"order {order.order_id}: link {link_id} earned {due}, its promoter sees {known}"
                    )
    wrong += [
        f"part {name}: link {link_id} earned {dict(sums)} unasked"
        for (name, link_id), sums in booked.items()
        if any(sums.values())
    ]
    return verdict(
        "commissions-follow-refunds", len(accrued), wrong, f"{clawed_back} clawed back, in part or whole"
    )


def _wrongly_attributed(books: Books) -> Iterator[str]:
    """The link in the order comes first; only who bought through a promoter before is bound to it."""
    seen: dict[tuple[str, str], datetime] = {}
    lines = [
        (order, line)
        for order in books.orders.values()
        for part in order.parts
        for line in part.lines
        if order.paid_at is not None
    ]
    for order, line in lines:
        link_id, by = books.attributed.get(line.line_id, (None, None))
        if by == "link" and link_id in books.links and order.paid_at is not None:
            key = order.customer_id, books.links[link_id].shop_id
            seen[key] = min(seen.get(key, order.paid_at), order.paid_at)
    for order, line in lines:
        link_id, by = books.attributed.get(line.line_id, (None, None))
        own = line.promotion_link_id
        if own in books.links and link_id != own and order.order_id in books.plan_of:
            yield f"order {order.order_id}: line {line.line_id} came by {own}, and is a sale of {link_id}"
        if own is None and by == "link":
            yield f"order {order.order_id}: line {line.line_id} came by no link, and is a sale of {link_id}"
        if by == "bound" and order.paid_at is not None and link_id in books.links:
            since = seen.get((order.customer_id, books.links[link_id].shop_id))
            if since is None or since > order.paid_at:
                yield f"order {order.order_id}: its customer was never bound to the promoter of {link_id}"


def commissions_of(books: Books, order: BookedOrder, part: Part, kept: Kept, take: int) -> dict[str, int]:
    """By link, what it earns on a part: out of what the take rate leaves, one link after the other."""
    plan = books.plans[books.plan_of[order.order_id]]
    bases: Counter[str] = Counter()
    for line in part.lines:
        link = books.links.get(books.attributed.get(line.line_id, (None, None))[0] or "")
        if link is not None and link.listing_id == line.listing_id:
            bases[link.link_id] += kept.paid[line.line_id]
    left = kept.gross - take
    earned = {}
    for link_id, base in sorted(bases.items()):
        link = books.links[link_id]
        own = link.shop_id == part.shop_id or link.owner_id in {part.merchant_id, order.customer_id}
        asked = plan.distribution_bp if link.rate_bp is None else max(link.rate_bp, plan.distribution_min_bp)
        wanted = 0 if own else half_up(base, min(asked, plan.distribution_max_bp))
        earned[link_id] = max(min(wanted, left), 0)
        left -= earned[link_id]
    return earned


CHECKS = (commissions_follow_refunds,)
