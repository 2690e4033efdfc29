"""What a shop finds while it picks an order: units are missing, something else could do, goods are weighed.

Functions over an order, which keeps its rules: whatever becomes cheaper is paid back at once, nothing is ever
charged again (rules 15 and 16).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from services.ordering.domain import events, history
from services.ordering.domain.errors import (
    NotToBeSubstituted,
    NotWeighed,
    RefundExceedsLine,
    SubstituteUnfit,
    SubstitutionNotFound,
    SubstitutionOpen,
    WrongState,
)
from services.ordering.domain.history import Subject
from services.ordering.domain.lines import Line
from services.ordering.domain.order import Order
from services.ordering.domain.store_order import BEFORE_PICKUP, StoreOrder, StoreStatus
from services.ordering.domain.substitution import Substitute, Substitution, SubstitutionStatus, by_rule
from shared.kernel.ids import derived_id

MISSING, SUBSTITUTED, WEIGHED = "missing", "substituted", "weighed"
WHILE_PICKING = frozenset({StoreStatus.PLACED, StoreStatus.ACCEPTED})


def miss(
    order: Order, *, refund_id: str, store_order_id: str, line_id: str, quantity: int, at: datetime
) -> None:
    """Units are not there and nothing comes in their place: they are paid back, and not put on a shelf."""
    store = order.store(store_order_id)
    _require(store, BEFORE_PICKUP)
    _require_as_ordered(store, store.line(line_id), quantity)
    order.refund(
        refund_id=refund_id,
        store_order_id=store_order_id,
        lines={line_id: quantity},
        reason=MISSING,
        return_delivery_fee=False,
        at=at,
        on_shelf=False,
    )


def require_substitutable(store: StoreOrder, line_id: str, quantity: int) -> Line:
    """The line, so many units of which may be proposed to be something else now; raises why not."""
    _require(store, WHILE_PICKING)
    line = store.line(line_id)
    if line.if_missing == "refund":
        raise NotToBeSubstituted
    if line.grams is not None:
        raise SubstituteUnfit("What was weighed is there.")
    _require_as_ordered(store, line, quantity)
    return line


def propose(
    order: Order,
    *,
    substitution_id: str,
    store_order_id: str,
    line_id: str,
    quantity: int,
    substitute: Substitute,
    decide_by: datetime,
    at: datetime,
) -> None:
    """The shop offers something else for missing units; its customer answers until ``decide_by``."""
    store = order.store(store_order_id)
    line = require_substitutable(store, line_id, quantity)
    if substitute.listing_id == line.listing_id:
        raise SubstituteUnfit("What is missing cannot replace itself.")
    proposal = Substitution(
        substitution_id=substitution_id,
        line_id=line_id,
        quantity=quantity,
        replaced_price=line.unit_price,
        substitute=substitute,
        proposed_at=at,
        decide_by=decide_by,
    )
    order.put(replace(store, substitutions=(*store.substitutions, proposal)))
    order.tell(
        events.SubstitutionProposed,
        store,
        customer_id=order.customer_id,
        currency=order.currency,
        proposal=proposal,
        listing_id=line.listing_id,
    )
    history.note(
        order,
        Subject.SUBSTITUTION,
        substitution_id,
        store_order_id,
        before=None,
        after=proposal.status,
        at=at,
    )


def answer(order: Order, substitution_id: str, *, accepted: bool, by: str, at: datetime) -> None:
    """The customer takes the substitute or wants the money; the same answer again changes nothing."""
    store, proposal = find(order, substitution_id)
    status = SubstitutionStatus.ACCEPTED if accepted else SubstitutionStatus.DECLINED
    if proposal.status is status:
        return
    if proposal.is_open and at >= proposal.decide_by:
        raise WrongState("The time to answer is over.", status=str(proposal.status))
    _decide(order, store, proposal, status, by, at)


def answer_late(order: Order, at: datetime) -> None:
    """Let the customers' rules decide about every proposal of ``order`` whose time is over."""
    for store in order.stores:
        for proposal in store.substitutions:
            if proposal.is_open and proposal.decide_by <= at:
                rule = by_rule(store.line(proposal.line_id).if_missing, proposal)
                _decide(order, order.store(store.store_order_id), proposal, rule, history.CLOCK.role, at)


def weigh(order: Order, store_order_id: str, grams: Mapping[str, int], at: datetime) -> None:
    """The shop says what lines weigh, all units that are left together; what is lighter costs less.

    What is heavier costs what was paid. Raises PriceWouldRise for a line that was lighter before.
    """
    store = order.store(store_order_id)
    _require(store, BEFORE_PICKUP)
    for line_id, weight in sorted(grams.items()):
        line = store.line(line_id)
        if line.unit_grams is None or line.substituted or not line.left or _open_units(store, line):
            raise NotWeighed(errors=[{"field": f"lines.{line_id}", "message": NotWeighed.title}])
        if line.grams != weight:
            _weigh(order, store, line, line.unit_grams, weight, at)
            store = order.store(store_order_id)


def require_decided(store: StoreOrder) -> None:
    """Raises :class:`SubstitutionOpen` while the shop does not know yet what it packs."""
    if any(proposal.is_open for proposal in store.substitutions):
        raise SubstitutionOpen


def find(order: Order, substitution_id: str) -> tuple[StoreOrder, Substitution]:
    """The proposal and the part it belongs to; raises :class:`SubstitutionNotFound`."""
    for store in order.stores:
        for proposal in store.substitutions:
            if proposal.substitution_id == substitution_id:
                return store, proposal
    raise SubstitutionNotFound


def _weigh(order: Order, store: StoreOrder, line: Line, unit_grams: int, grams: int, at: datetime) -> None:
    estimated = unit_grams * line.left
    costs = min(grams, estimated) * line.unit_price // unit_grams
    after, part = replace(line, grams=grams), None
    if costs < line.unit_price * line.left or line.falls:
        after, part = after.fall_to(costs)
    changed = store.with_line(after)
    if part is None:
        order.put(changed)
    else:
        refund_id = derived_id("refund", WEIGHED, store.store_order_id, line.line_id, str(grams))
        order.lower(changed, part, refund_id, WEIGHED, at)
    order.tell(
        events.LineWeighed,
        store,
        line_id=line.line_id,
        listing_id=line.listing_id,
        weighed_at=at,
        grams=grams,
        estimated_grams=estimated,
    )


def _decide(
    order: Order, store: StoreOrder, proposal: Substitution, status: SubstitutionStatus, by: str, at: datetime
) -> None:
    line = store.line(proposal.line_id)
    if line.as_ordered < proposal.quantity or not store.is_live:
        status = SubstitutionStatus.VOID
    decided = proposal.become(status, by, at)
    _put_decided(order, store, proposal, decided, line.listing_id, at)
    store = order.store(store.store_order_id)
    refund_id = derived_id("refund", "substitution", proposal.substitution_id)
    if status is SubstitutionStatus.ACCEPTED:
        after, part = line.substitute(
            proposal.quantity,
            proposal.substitute.unit_price,
            substitution_id=proposal.substitution_id,
            listing_id=proposal.substitute.listing_id,
        )
        order.lower(store.with_line(after), part, refund_id, SUBSTITUTED, at)
    elif status is SubstitutionStatus.DECLINED:
        order.refund(
            refund_id=refund_id,
            store_order_id=store.store_order_id,
            lines={line.line_id: proposal.quantity},
            reason=MISSING,
            return_delivery_fee=False,
            at=at,
            on_shelf=False,
        )


def _put_decided(
    order: Order, store: StoreOrder, before: Substitution, after: Substitution, listing_id: str, at: datetime
) -> None:
    answers = tuple(
        after if one.substitution_id == after.substitution_id else one for one in store.substitutions
    )
    order.put(replace(store, substitutions=answers))
    order.tell(
        events.SubstitutionAnswered,
        store,
        customer_id=order.customer_id,
        proposal=after,
        listing_id=listing_id,
    )
    history.note(
        order,
        Subject.SUBSTITUTION,
        after.substitution_id,
        store.store_order_id,
        before=before.status,
        after=after.status,
        at=at,
    )


def _require(store: StoreOrder, states: frozenset[StoreStatus]) -> None:
    if store.status not in states:
        raise WrongState(f"A store order that is {store.status} is not picked.", status=str(store.status))


def _open_units(store: StoreOrder, line: Line) -> int:
    return sum(one.quantity for one in store.substitutions if one.is_open and one.line_id == line.line_id)


def _require_as_ordered(store: StoreOrder, line: Line, quantity: int) -> None:
    there = line.as_ordered - _open_units(store, line)
    if not 1 <= quantity <= there:
        message = f"{there} of {line.quantity} could be missing, not {quantity}."
        raise RefundExceedsLine(message, errors=[{"field": "quantity", "message": message}])
