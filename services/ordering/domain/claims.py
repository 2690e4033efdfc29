"""Cases and the units of an order: no unit is claimed twice, and what is paid back is exactly its share.

All of it happens while the order is locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.ordering.domain import case_events
from services.ordering.domain.bearing import lay_on
from services.ordering.domain.case import HOLDS_UNITS, Case, CaseStatus, Claim, Party, Step
from services.ordering.domain.errors import (
    AfterSaleWindowClosed,
    NothingToRefund,
    OneShopACase,
    RefundExceedsLine,
    UnitsClaimed,
)
from services.ordering.domain.order import Order
from services.ordering.domain.store_order import StoreOrder, StoreStatus


@dataclass(frozen=True, kw_only=True)
class CaseRules:
    """How long whoever is to move a case has for it."""

    shop_answers_within: timedelta = timedelta(hours=24)
    appeal_within: timedelta = timedelta(hours=48)
    resend_within: timedelta = timedelta(hours=72)
    confirm_within: timedelta = timedelta(hours=72)


def open_case(
    order: Order,
    others: Iterable[Case],
    *,
    case_id: str,
    lines: Mapping[str, int],
    reason: str,
    words: str | None,
    at: datetime,
    rules: CaseRules,
) -> Case:
    """A case about ``lines`` (quantities by line id) of a delivered order, whose ``others`` are known.

    Raises :class:`AfterSaleWindowClosed` before the receipt and after the window, :class:`OneShopACase`,
    :class:`RefundExceedsLine` for more than there is, :class:`UnitsClaimed` for what another case is about.
    """
    if order.completes_at is None or at >= order.completes_at:
        raise AfterSaleWindowClosed
    store = _store_of(order, lines)
    if store.status is not StoreStatus.DELIVERED:
        raise AfterSaleWindowClosed("This part of the order did not arrive.", status=str(store.status))
    due_at = at + rules.shop_answers_within
    case = Case(
        case_id=case_id,
        order_id=order.order_id,
        store_order_id=store.store_order_id,
        shop_id=store.shop_id,
        merchant_id=store.merchant_id,
        customer_id=order.customer_id,
        currency=order.currency,
        reason=reason,
        claims=tuple(
            Claim(
                line_id=line.line_id,
                listing_id=line.listing_id,
                name=line.name,
                quantity=lines[line.line_id],
                left=lines[line.line_id],
            )
            for line in store.lines
            if line.line_id in lines
        ),
        opened_at=at,
        status=CaseStatus.OPEN,
        due_at=due_at,
        steps=(Step(at=at, by=Party.CUSTOMER, status=CaseStatus.OPEN, words=words),),
    )
    require_free(case, store, others)
    case.recorded.append(case_events.opened(case))
    return case


def require_free(case: Case, store: StoreOrder, others: Iterable[Case]) -> None:
    """Raises unless all units of ``case`` are there and none of ``others`` is about them."""
    if not case.claimed:
        raise NothingToRefund
    held = held_units(other for other in others if other.case_id != case.case_id)
    for line in store.lines:
        wanted = case.claimed.get(line.line_id, 0)
        if wanted > line.left:
            message = f"{line.left} of {line.quantity} were not paid back yet."
            raise RefundExceedsLine(message, errors=_at(line.line_id, message))
        free = max(line.left - held.get(line.line_id, 0), 0)
        if wanted > free:
            message = f"Other cases are about all but {free} of {line.quantity}."
            raise UnitsClaimed(message, errors=_at(line.line_id, message))


def held_units(cases: Iterable[Case]) -> dict[str, int]:
    """Units by line that no further case may be about."""
    held: dict[str, int] = {}
    for case in cases:
        if case.status in HOLDS_UNITS:
            for line_id, units in case.claimed.items():
                held[line_id] = held.get(line_id, 0) + units
    return held


def refund_case(
    case: Case,
    order: Order,
    *,
    by: Party,
    at: datetime,
    words: str | None = None,
    return_delivery_fee: bool = False,
) -> None:
    """Pay back what the case is still about, once: exactly the stored shares of its lines and quantities,
    at the cost of whose fault it was.

    When nothing of it is left, the case is overtaken. Raises :class:`WrongState`.
    """
    case.require(CaseStatus.REFUNDED)
    line_left = {line.line_id: line.left for line in order.store(case.store_order_id).lines}
    case.give_way({c.line_id: max(c.left - line_left[c.line_id], 0) for c in case.claims}, at)
    if case.status is CaseStatus.OVERTAKEN:
        return
    order.refund(
        refund_id=case.refund_id,
        store_order_id=case.store_order_id,
        lines=case.claimed,
        reason=case.reason,
        return_delivery_fee=return_delivery_fee,
        at=at,
    )
    lay_on(order, case.fault)
    case.pay_back(sum(refund.amount for refund in order.new_refunds), by=by, at=at, words=words)


def give_way(cases: Sequence[Case], order: Order, at: datetime) -> list[Case]:
    """Let new refunds of ``order`` that no case asked for count against its cases, the oldest first.

    So nobody is paid twice for what the shop has already made good. What was dismissed gives way last, when
    there are no other units left. Answers the cases that changed.
    """
    taken: dict[str, int] = {}
    for refund in order.new_refunds:
        for part in refund.lines:
            taken[part.line_id] = taken.get(part.line_id, 0) + part.quantity
    changed = []
    cases = sorted(cases, key=lambda case: (case.opened_at, case.case_id))
    for case in cases:
        used = case.give_way(taken, at) if case.is_going_on else {}
        if used:
            changed.append(case)
            taken = {line_id: units - used.get(line_id, 0) for line_id, units in taken.items()}
    left = {line.line_id: line.left for store in order.stores for line in store.lines}
    for case in cases:
        held = held_units(cases)
        excess = {line_id: units - left[line_id] for line_id, units in held.items()}
        if case.status is CaseStatus.DISMISSED and case.give_way(excess, at):
            changed.append(case)
    return changed


def _store_of(order: Order, lines: Mapping[str, int]) -> StoreOrder:
    if not lines:
        raise NothingToRefund("A case names at least one line.")
    places = {line.line_id: store for store in order.stores for line in store.lines}
    for line_id in lines:
        if line_id not in places:
            raise RefundExceedsLine(errors=_at(line_id, "There is no such line."))
    stores = {places[line_id].store_order_id: places[line_id] for line_id in lines}
    if len(stores) > 1:
        raise OneShopACase
    return next(iter(stores.values()))


def _at(line_id: str, message: str) -> list[dict[str, str]]:
    return [{"field": f"lines.{line_id}", "message": message}]
