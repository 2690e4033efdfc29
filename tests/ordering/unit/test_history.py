"""The history of an order, and the written table of who brings a part into which state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from linli.catalogue.states import states_page
from linli.documents import DOCS
from services.ordering.domain import substitution
from services.ordering.domain.errors import WrongState
from services.ordering.domain.history import DISPATCH, MOVES, By, Step, Subject, first_step, take_steps
from services.ordering.domain.order import Order
from services.ordering.domain.store_order import StoreStatus
from services.ordering.domain.substitution import SubstitutionStatus
from tests.ordering import builders as b
from tests.ordering.unit.test_picking import paid as with_apples
from tests.ordering.unit.test_picking import propose

FIRST, SECOND = b.STORE_ORDERS
LATER = b.NOON + timedelta(minutes=20)


def accepted(order: Order) -> None:
    order.accept(FIRST, LATER, LATER)


def ready(order: Order) -> None:
    accepted(order)
    order.ready(FIRST, LATER)


def delivered(order: Order) -> None:
    order.deliver("delivery", b.COURIER, LATER, LATER)


def completed(order: Order) -> None:
    delivered(order)
    order.complete(LATER)


LIVES: dict[str, Callable[[Order], None]] = {
    "accepted": accepted,
    "ready": ready,
    "picked_up": lambda order: order.picked_up(FIRST, LATER),
    "delivered": delivered,
    "completed": completed,
    "rejected": lambda order: order.reject(FIRST, "sold-out", LATER),
    "cancelled": lambda order: order.cancel("late", LATER),
}


def moves(steps: list[Step]) -> list[tuple[str, str | None, str]]:
    return [(str(step.subject), step.before, step.after) for step in steps]


def test_the_table_of_moves_names_every_state_that_can_be_come_into() -> None:
    assert set(MOVES) == {str(status) for status in StoreStatus} - {"awaiting_payment"}


@pytest.mark.parametrize("state", LIVES)
def test_a_part_comes_into_a_state_by_whom_the_table_says_and_is_told_so(state: str) -> None:
    order = b.a_paid_order()
    take_steps(order)
    LIVES[state](order)
    step = [step for step in order.steps if step.after == state][-1]
    assert step.by.role == MOVES[state].by[0]
    event = MOVES[state].event
    assert event is None or event in {type(told).__name__ for told in order.recorded}


def test_expired_and_placed_are_in_the_table_too() -> None:
    order = b.an_order()
    order.expire(LATER)
    assert {step.by.role for step in order.steps} == {MOVES["expired"].by[0]}
    order = b.an_order()
    order.pay(b.PAYMENT, b.CHARGE, b.NOON)
    assert {step.by.role for step in order.steps} == {MOVES["placed"].by[0]}


def test_an_order_moves_after_its_parts_for_the_same_reason() -> None:
    order = b.a_paid_order()
    take_steps(order)
    order.by = By(role="customer", account_id=b.CUSTOMER)
    order.cancel("changed-my-mind", LATER)
    steps = take_steps(order)
    assert moves(steps) == [
        ("store_order", "placed", "cancelled"),
        ("store_order", "placed", "cancelled"),
        ("order", "paid", "cancelled"),
    ]
    assert {(step.at, step.by.account_id, step.reason) for step in steps} == {
        (LATER, b.CUSTOMER, "changed-my-mind")
    }
    assert take_steps(order) == []


def test_an_order_that_returns_to_a_state_says_so_again() -> None:
    """One shop accepts and is rejected later: then the order waits for its shops as before."""
    order = b.a_paid_order()
    take_steps(order)
    order.accept(FIRST, LATER, LATER)
    assert moves(take_steps(order))[-1] == ("order", "paid", "in_fulfilment")
    order.by = DISPATCH
    order.fail_pickup(FIRST, "shop-closed", LATER)
    assert moves(take_steps(order))[-1] == ("order", "in_fulfilment", "paid")


def test_every_history_begins_with_the_customer() -> None:
    step = first_step(b.an_order())
    assert (step.after, step.by.role, step.at) == ("pending_payment", "customer", b.NOON)


def test_what_is_refused_leaves_no_step() -> None:
    order = b.a_paid_order()
    order.deliver("delivery", b.COURIER, LATER, LATER)
    take_steps(order)
    with pytest.raises(WrongState):
        order.accept(FIRST, LATER, LATER)
    order.fail_delivery("lost", LATER)
    order.picked_up(FIRST, LATER)
    assert order.steps == []


def test_a_substitution_is_part_of_the_history() -> None:
    order = with_apples()
    take_steps(order)
    propose(order, 1000)
    (step,) = take_steps(order)
    assert (step.subject, step.subject_id, step.before, step.after) == (
        Subject.SUBSTITUTION,
        b.SUBSTITUTION,
        None,
        "proposed",
    )


SUBSTITUTION_MOVES = {("proposed", "accepted"), ("proposed", "declined"), ("proposed", "void")}


@pytest.mark.parametrize(("start", "goal"), list(product(SubstitutionStatus, SubstitutionStatus)))
def test_a_substitution_moves_as_the_table_says(start: SubstitutionStatus, goal: SubstitutionStatus) -> None:
    assert set(substitution.MAY_BECOME) == set(SubstitutionStatus)
    one = substitution.Substitution(
        substitution_id="s",
        line_id="l",
        quantity=1,
        replaced_price=1,
        substitute=substitution.Substitute(listing_id=None, name="n", unit_price=1),
        proposed_at=b.NOON,
        decide_by=LATER,
        status=start,
    )
    if (start.value, goal.value) in SUBSTITUTION_MOVES:
        assert one.become(goal, "customer", LATER).status is goal
    else:
        with pytest.raises(WrongState):
            one.become(goal, "customer", LATER)


def test_the_page_of_states_is_what_the_code_says() -> None:
    page: Path = DOCS / "states.md"
    assert page.read_text(encoding="utf-8") == states_page(), "run `make docs`"
