"""After-sale cases: opened by customers, answered by shops, decided by operators, or by the clock.

Whatever moves a case locks its order first, so cases of one order, refunds and completion never cross.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.ordering.application.ports import Rules, Transactions, UnitOfWork
from services.ordering.domain.case import MOST_PHOTOS, Case, CaseStatus, Party
from services.ordering.domain.case_commands import (
    AnswerCase,
    ArbitrateCase,
    ConfirmCase,
    Decision,
    KeepPicture,
    MoveCase,
    OpenCase,
)
from services.ordering.domain.claims import CaseRules, give_way, open_case, refund_case, require_free
from services.ordering.domain.commands import Actor
from services.ordering.domain.errors import (
    CaseNotFound,
    CommandIdUsed,
    NotForThisRole,
    OrderNotFound,
    TooManyPhotos,
    WrongState,
)
from services.ordering.domain.order import Order
from shared.kernel.clock import Clock
from shared.kernel.picture import Picture, read_picture

C = CaseStatus
_AT_ONCE = 100


def open_(command: OpenCase, *, transactions: Transactions, clock: Clock, rules: Rules) -> Case:
    """Open a case about goods that arrived; the same ``case_id`` is the same case."""
    with transactions.begin() as work:
        order = work.orders.lock(command.order_id)
        if order is None or order.customer_id != command.actor.account_id:
            raise OrderNotFound
        known = work.cases.find(command.case_id)
        if known is not None:
            if known.order_id != order.order_id:
                raise CommandIdUsed
            return known
        case = open_case(
            order,
            work.cases.of_order(order.order_id),
            case_id=command.case_id,
            lines=command.lines,
            reason=command.reason,
            words=command.words,
            at=clock.now(),
            rules=rules.cases,
        )
        work.cases.add(case)
    return case


def answer(command: AnswerCase, *, transactions: Transactions, clock: Clock, rules: Rules) -> Case:
    """The shop refunds, promises to send again, or says no; who has said no may still give in."""

    def decide(order: Order, case: Case, at: datetime) -> None:
        if case.status is C.APPEALED:
            raise WrongState("An operator decides this case now.", status=str(case.status))
        _decide(command.decision, case, order, Party.SHOP, at, command.words, rules.cases, fee=False)

    goal = _GOALS[command.decision, Party.SHOP]
    return _move(command.case_id, _for_shop(command.actor), transactions, clock, decide, goal, Party.SHOP)


def sent_again(command: MoveCase, *, transactions: Transactions, clock: Clock, rules: Rules) -> Case:
    """The shop has sent the goods again; the customer is to say that they came."""

    def decide(_: Order, case: Case, at: datetime) -> None:
        due_at = at + rules.cases.confirm_within
        case.become(C.RESENT, by=Party.SHOP, at=at, due_at=due_at, words=command.words)

    return _move(command.case_id, _for_shop(command.actor), transactions, clock, decide, C.RESENT, Party.SHOP)


def confirm(command: ConfirmCase, *, transactions: Transactions, clock: Clock) -> Case:
    """What was sent again has come; or it has not, and an operator is to decide."""
    goal = C.RESOLVED if command.arrived else C.APPEALED

    def decide(_: Order, case: Case, at: datetime) -> None:
        if case.status is not C.RESENT:
            raise WrongState("Nothing was sent again.", status=str(case.status))
        case.become(goal, by=Party.CUSTOMER, at=at, words=command.words)

    return _move(
        command.case_id, _for_customer(command.actor), transactions, clock, decide, goal, Party.CUSTOMER
    )


def appeal(command: MoveCase, *, transactions: Transactions, clock: Clock) -> Case:
    """The customer does not accept the shop's no: an operator is to decide."""

    def decide(_: Order, case: Case, at: datetime) -> None:
        if case.status is not C.REJECTED:
            raise WrongState("Only a rejection may be appealed, and not for long.", status=str(case.status))
        case.become(C.APPEALED, by=Party.CUSTOMER, at=at, words=command.words)

    return _move(
        command.case_id, _for_customer(command.actor), transactions, clock, decide, C.APPEALED, Party.CUSTOMER
    )


def withdraw(command: MoveCase, *, transactions: Transactions, clock: Clock) -> Case:
    def decide(_: Order, case: Case, at: datetime) -> None:
        case.become(C.WITHDRAWN, by=Party.CUSTOMER, at=at, words=command.words)

    return _move(
        command.case_id,
        _for_customer(command.actor),
        transactions,
        clock,
        decide,
        C.WITHDRAWN,
        Party.CUSTOMER,
    )


def arbitrate(command: ArbitrateCase, *, transactions: Transactions, clock: Clock, rules: Rules) -> Case:
    """An operator decides an appeal: a refund at the cost of whose fault it was, sending again, or no."""

    def decide(order: Order, case: Case, at: datetime) -> None:
        if case.status is not C.APPEALED:
            raise WrongState("Operators decide appeals; reopen the case first.", status=str(case.status))
        case.fault = command.borne_by
        _decide(
            command.decision,
            case,
            order,
            Party.OPERATOR,
            at,
            command.words,
            rules.cases,
            fee=command.return_delivery_fee,
        )

    goal = _GOALS[command.decision, Party.OPERATOR]
    allowed = _for_operator(command.actor)
    return _move(command.case_id, allowed, transactions, clock, decide, goal, Party.OPERATOR)


def reopen(command: MoveCase, *, transactions: Transactions, clock: Clock) -> Case:
    """An operator takes up a case that was closed without money. An order that is completed stays so."""

    def decide(_: Order, case: Case, at: datetime) -> None:
        case.require(C.APPEALED)
        if case.is_going_on:
            raise WrongState("This case is not closed.", status=str(case.status))
        case.become(C.APPEALED, by=Party.OPERATOR, at=at, words=command.words)

    allowed = _for_operator(command.actor)
    return _move(
        command.case_id, allowed, transactions, clock, decide, C.APPEALED, Party.OPERATOR, again=True
    )


def keep_picture(command: KeepPicture, *, transactions: Transactions, clock: Clock) -> Picture:
    """Keep a picture of what is wrong, while the case goes on; the same ``photo_id`` is the same picture.

    Raises PictureRefused and PictureTooLarge for what is none, or too much of one.
    """
    picture = read_picture(command.content)
    with transactions.begin() as work:
        _, case = _lock(work, command.owner_id, _for_customer(command.actor))
        if command.photo_id not in case.photo_ids:
            if not case.is_going_on:
                raise WrongState("This case is closed.", status=str(case.status))
            if len(case.photo_ids) >= MOST_PHOTOS:
                raise TooManyPhotos(f"{MOST_PHOTOS} pictures are enough.")
            case.photo_ids = (*case.photo_ids, command.photo_id)
            work.photos.keep(case.case_id, command.photo_id, case.customer_id, picture, clock.now())
            work.cases.save(case)
    return picture


def decide_overdue(*, transactions: Transactions, clock: Clock) -> int:
    """Do what time does to cases whose turn was missed; answers how many there were.

    A silent shop pays back, and so does one that did not send again in time (at the cost of whose fault an
    operator has said it was); a customer who does not
    appeal lets the rejection stand, and one who says nothing has got what was sent.
    """
    with transactions.single() as work:
        due = work.cases.due(clock.now(), _AT_ONCE)
    decided = 0
    for case_id in due:
        with transactions.begin() as work:
            order, case = _lock(work, case_id, lambda _: True)
            at = clock.now()
            if case.due_at is None or at < case.due_at:
                continue
            match case.status:
                case C.OPEN | C.RESENDING:
                    refund_case(case, order, by=Party.CLOCK, at=at)
                    work.orders.save(order)
                case C.REJECTED:
                    case.become(C.DISMISSED, by=Party.CLOCK, at=at)
                case C.RESENT:
                    case.become(C.RESOLVED, by=Party.CLOCK, at=at)
            work.cases.save(case)
            decided += 1
    return decided


def count_refunds(work: UnitOfWork, order: Order, at: datetime) -> None:
    """New refunds of ``order`` that no case asked for count against its cases. To be called before saving."""
    if order.delivered_at is not None and order.new_refunds:
        for case in give_way(work.cases.of_order(order.order_id), order, at):
            work.cases.save(case)


# -- pieces ----------------------------------------------------------------------------------------

_GOALS = {
    (Decision.REFUND, Party.SHOP): C.REFUNDED,
    (Decision.RESEND, Party.SHOP): C.RESENDING,
    (Decision.REJECT, Party.SHOP): C.REJECTED,
    (Decision.REFUND, Party.OPERATOR): C.REFUNDED,
    (Decision.RESEND, Party.OPERATOR): C.RESENDING,
    (Decision.REJECT, Party.OPERATOR): C.DISMISSED,
}

_Allowed = Callable[[Case], bool]


def _decide(
    decision: Decision,
    case: Case,
    order: Order,
    by: Party,
    at: datetime,
    words: str | None,
    rules: CaseRules,
    *,
    fee: bool,
) -> None:
    if decision is Decision.REFUND:
        refund_case(case, order, by=by, at=at, words=words, return_delivery_fee=fee)
        return
    goal = _GOALS[decision, by]
    waits = {C.RESENDING: rules.resend_within, C.REJECTED: rules.appeal_within}
    due_at = at + waits[goal] if goal in waits else None
    case.become(goal, by=by, at=at, due_at=due_at, words=words)


def _move(
    case_id: str,
    allowed: _Allowed,
    transactions: Transactions,
    clock: Clock,
    decide: Callable[[Order, Case, datetime], None],
    goal: CaseStatus,
    by: Party,
    *,
    again: bool = False,
) -> Case:
    with transactions.begin() as work:
        order, case = _lock(work, case_id, allowed)
        is_overtaken = case.status is C.OVERTAKEN and goal is C.REFUNDED
        if case.was_moved(goal, by) or is_overtaken:
            return case
        if again:
            case.require(goal)
            _require_free(work, order, case)
        decide(order, case, clock.now())
        if order.new_refunds:
            work.orders.save(order)
        work.cases.save(case)
    return case


def _require_free(work: UnitOfWork, order: Order, case: Case) -> None:
    require_free(case, order.store(case.store_order_id), work.cases.of_order(order.order_id))


def _lock(work: UnitOfWork, case_id: str, allowed: _Allowed) -> tuple[Order, Case]:
    """The case, which nobody else moves until the transaction ends, with its order."""
    found = work.cases.find(case_id)
    if found is None or not allowed(found):
        raise CaseNotFound
    order = work.orders.lock(found.order_id)
    case = work.cases.find(case_id)
    if order is None or case is None:
        raise CaseNotFound
    return order, case


def _for_customer(actor: Actor) -> _Allowed:
    return lambda case: case.customer_id == actor.account_id


def _for_shop(actor: Actor) -> _Allowed:
    return lambda case: case.merchant_id == actor.account_id


def _for_operator(actor: Actor) -> _Allowed:
    if not actor.is_operator:
        raise NotForThisRole("Only operators decide appeals.")
    return lambda _: True
