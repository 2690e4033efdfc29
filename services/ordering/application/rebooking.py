"""Moving a paid order to another slot (rule 12), so that no capacity is lost whatever dies in between.

The move is written down first. Then the shops' hours are held beside the old ones, then dispatch moves the
delivery, giving its old slot back, and only then the order has the new slot, in one transaction with the
event that lets the shops' old hours go. Each step may be asked again under the move's number; a refusal at
any of them ends the move and gives back what it held. The same call again, or a timer, finishes what was
left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.ordering.application.ports import Transactions, UnitOfWork
from services.ordering.application.slot_ports import SlotDesk
from services.ordering.domain.commands import Actor, RebookOrder
from services.ordering.domain.errors import (
    CommandIdUsed,
    OrderNotFound,
    RebookingPending,
    RebookingRunning,
    WrongState,
)
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.places import Slot
from services.ordering.domain.rebooking import (
    Rebooking,
    RebookingState,
    live_items,
    must_be_rebookable,
    rebook,
)
from services.ordering.domain.seeing import seen_order
from shared.kernel.clock import Clock
from shared.kernel.errors import Refusal, RemoteRefusal

# Wall time after which a timer finishes a move that nobody asks for any more.
PATIENCE = timedelta(seconds=15)
_NOT_REFUSED = {"unavailable", "internal"}
_UNDECIDED = RebookingState.MOVING
_MAY_STILL_MOVE = frozenset({OrderStatus.PAID, OrderStatus.IN_FULFILMENT, OrderStatus.DELIVERED})


@dataclass(frozen=True, kw_only=True)
class Rebooked:
    """The order as it is now, and the move."""

    order: Order
    rebooking: Rebooking


def rebook_order(
    command: RebookOrder, *, transactions: Transactions, desk: SlotDesk, clock: Clock
) -> Rebooked:
    """Move the order; the same ``rebooking_id`` moves it once and gives the same answer, or the same refusal.

    Raises :class:`TooLateToRebook` once something was collected, and what dispatch or a shop refuses with
    (``slot-full``, ``slot-closed``, ``shop-closed``, ``shop-full``).
    """
    with transactions.single() as work:
        order = seen_order(work.orders.find(command.order_id), command.actor)
        known = work.rebookings.find(command.rebooking_id)
    if known is None:
        must_be_rebookable(order, command.slot_id)
        window = None if command.slot_id is None else desk.slot(command.slot_id)
        with transactions.begin() as work:
            order = seen_order(work.orders.lock(command.order_id), command.actor)
            known = work.rebookings.find(command.rebooking_id)
            if known is None:
                must_be_rebookable(order, command.slot_id)
                known = Rebooking(
                    rebooking_id=command.rebooking_id,
                    order_id=order.order_id,
                    number=_next_number(work, order.order_id),
                    slot_id=command.slot_id,
                    window=window,
                    asked_by=command.actor.account_id,
                    role=command.actor.role,
                    asked_at=clock.now(),
                    before=order.slot,
                )
                work.rebookings.add(known)
    if (known.order_id, known.slot_id) != (command.order_id, command.slot_id):
        raise CommandIdUsed
    return _carry_out(known, transactions=transactions, desk=desk, clock=clock)


def rebookings(order_id: str, actor: Actor, *, transactions: Transactions) -> tuple[Rebooking, ...]:
    """Every move of an order, the first one first."""
    with transactions.single() as work:
        seen_order(work.orders.find(order_id), actor)
        return tuple(work.rebookings.of(order_id))


def finish_rebookings(*, transactions: Transactions, desk: SlotDesk, clock: Clock) -> int:
    """Finish what nobody has finished, one way or the other; answers how many moves were."""
    with transactions.single() as work:
        left = work.rebookings.abandoned(PATIENCE, limit=20)
    finished = 0
    for rebooking in left:
        try:
            _carry_out(rebooking, transactions=transactions, desk=desk, clock=clock)
        except RebookingPending:
            continue
        except Refusal:
            pass
        finished += 1
    return finished


def _next_number(work: UnitOfWork, order_id: str) -> int:
    before = work.rebookings.of(order_id)
    if any(one.state is _UNDECIDED for one in before):
        raise RebookingRunning
    return len(before) + 1


def _carry_out(rebooking: Rebooking, *, transactions: Transactions, desk: SlotDesk, clock: Clock) -> Rebooked:
    if rebooking.state is _UNDECIDED:
        with transactions.single() as work:
            order = work.orders.find(rebooking.order_id)
        if order is None:
            raise OrderNotFound
        try:
            if items := live_items(order):
                desk.hold_move(order.order_id, rebooking.number, items, rebooking.window)
            after = desk.move(order.order_id, rebooking.number, rebooking.slot_id)
        except Refusal as refusal:
            if refusal.kind in _NOT_REFUSED:
                raise RebookingPending(cause=refusal.code) from refusal
            rebooking = _decide(rebooking, refusal, transactions=transactions, clock=clock)
        else:
            rebooking = _decide(rebooking, after, transactions=transactions, clock=clock)
    return _answer(rebooking, transactions=transactions, desk=desk)


def _decide(
    rebooking: Rebooking, outcome: Slot | Refusal, *, transactions: Transactions, clock: Clock
) -> Rebooking:
    """Settle a move once; answers it as it was settled, also by somebody else."""
    now = clock.now()
    with transactions.begin() as work:
        order = work.orders.lock(rebooking.order_id)
        known = work.rebookings.lock(rebooking.rebooking_id)
        if order is None or known is None:
            raise OrderNotFound
        if known.state is not _UNDECIDED:
            return known
        if isinstance(outcome, Refusal):
            settled = known.refused(outcome.to_wire(), now)
        elif order.status in _MAY_STILL_MOVE:
            settled = rebook(order, known, outcome, now)
            work.orders.save(order)
        else:
            gone = WrongState(f"The order is {order.status} by now.", status=str(order.status))
            settled = known.refused(gone.to_wire(), now)
        work.rebookings.settle(settled)
    return settled


def _answer(rebooking: Rebooking, *, transactions: Transactions, desk: SlotDesk) -> Rebooked:
    if rebooking.state is RebookingState.REFUSED:
        try:
            desk.drop_move(rebooking.order_id, rebooking.number)
        except Refusal as refusal:
            raise RebookingPending(cause=refusal.code) from refusal
        with transactions.single() as work:
            work.rebookings.released(rebooking.rebooking_id)
    if rebooking.refusal is not None:
        raise RemoteRefusal.from_wire(rebooking.refusal)
    with transactions.single() as work:
        order = work.orders.find(rebooking.order_id)
    if order is None:
        raise OrderNotFound
    return Rebooked(order=order, rebooking=rebooking)
