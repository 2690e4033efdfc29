"""The oracle names what is wrong with leases, offers, reassignments, loans and slots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.trust.books import Books, ByHand, Delivery, Published, Told
from tests.trust.history import Change
from tests.trust.oracle import judge
from tests.trust.oracle.desk import Leases, leases_in
from tests.trust.unit.small_books import COURIER, ORDER, small_case
from tests.trust.unit.small_history import NEXT_DOOR, ZONE

Falsify = Callable[[Books], None]


def broken(books: Books) -> set[str]:
    return {verdict.name for verdict in judge(replace(small_case(), books=books)) if not verdict.holds}


def find(books: Books, table: str, tx: int) -> Change:
    return next(step for step in books.history if (step.table, step.tx) == (table, tx))


def rewrite(table: str, tx: int, before: dict[str, Any] | None = None, **after: object) -> Falsify:
    """Another change in the place of one."""

    def falsify(books: Books) -> None:
        step = find(books, table, tx)
        was = None if step.before is None else {**step.before, **(before or {})}
        books.history[books.history.index(step)] = replace(step, before=was, after={**step.after, **after})

    return falsify


def again(table: str, tx: int, at: int, before: dict[str, Any] | None = None, **after: object) -> Falsify:
    """A change like one that there was, in a later transaction."""

    def falsify(books: Books) -> None:
        step = find(books, table, tx)
        was = None if step.before is None else {**step.before, **(before or {})}
        place = next((n for n, one in enumerate(books.history) if one.tx > at), len(books.history))
        books.history.insert(place, replace(step, tx=at, before=was, after={**step.after, **after}))

    return falsify


def forget(table: str, tx: int) -> Falsify:
    return lambda books: books.history.remove(find(books, table, tx))


def planned_by_the_first(books: Books) -> None:
    """The planner that lost the zone keeps its plan over a connection of its own."""
    step = find(books, "zone_plan", 9)
    books.history[books.history.index(step)] = replace(step, backend=1)


def planned_late(books: Books) -> None:
    step = find(books, "zone_plan", 9)
    late = step.began + timedelta(seconds=60)
    books.history[books.history.index(step)] = replace(step, began=late)


def tell(books: Books, type_: str, subject: str = "d-1", **data: Any) -> None:
    sequence = 1 + sum(one.subject == subject for one in books.outbox.values())
    event_id = f"told-{len(books.outbox)}"
    books.outbox[event_id] = Published(source="dispatch", type=type_, subject=subject, sequence=sequence)
    assert books.stream is not None
    books.stream[event_id] = Told(source="dispatch", type=type_, data={"order_id": ORDER, **data})


def told(type_: str, **data: Any) -> Falsify:
    return lambda books: tell(books, type_, **data)


def capacities_out_of_order(books: Books) -> None:
    for version in (2, 1):
        tell(books, "SlotCapacityChanged", "slot-1", slot_id="slot-1", version=version)


def by_hand(kind: str, reason: str = "busy", **who: str | None) -> Falsify:
    couriers = {"from_courier_id": None, "to_courier_id": None} | who
    return lambda books: books.by_hand.append(ByHand(order_id=ORDER, kind=kind, reason=reason, **couriers))


def courier_at_a_break(books: Books) -> None:
    books.couriers_away.append(f"courier {COURIER} is on a break")


def recorded_but_never_kept(books: Books) -> None:
    books.recorded_plans[ZONE] = 2


def slot_lost_by_its_order(books: Books) -> None:
    books.deliveries[ORDER] = Delivery(order_id=ORDER, status="delivered", courier_id=COURIER)


CASES: list[tuple[Falsify, str]] = [
    (rewrite("zone_plan", 8, token=0), "zones-have-one-planner"),
    (rewrite("zone_plan", 8, token=5), "zones-have-one-planner"),
    (rewrite("zone_plan", 9, before={"plan_version": 2}), "zones-have-one-planner"),
    (rewrite("zone_plan", 9, before={"holder": None}), "zones-have-one-planner"),
    (rewrite("zone_plan", 9, plan_version=3), "zones-have-one-planner"),
    (planned_by_the_first, "zones-have-one-planner"),
    (planned_late, "zones-have-one-planner"),
    (recorded_but_never_kept, "zones-have-one-planner"),
    (forget("zone_plan", 9), "offers-come-from-plans"),
    (rewrite("offer", 9, plan_version=2), "offers-come-from-plans"),
    (again("zone_pause", 11, 8), "offers-come-from-plans"),
    (forget("zone_pause", 12), "offers-come-from-plans"),
    (again("courier", 13, 8, courier_id=COURIER, zone_id=NEXT_DOOR), "offers-come-from-plans"),
    (again("offer", 9, 9, offer_id="offer-2", courier_id="courier-2"), "one-question-at-a-time"),
    (again("offer", 9, 9, offer_id="offer-2", order_ids=["order-2"]), "one-question-at-a-time"),
    (again("offer", 10, 11, before={"status": "accepted"}, status="expired"), "one-question-at-a-time"),
    (forget("offer", 10), "one-question-at-a-time"),
    (told("CourierAssigned", courier_id="courier-2", plan_version=2), "one-hand-at-a-time"),
    (told("CourierUnassigned", courier_id="courier-2", reason="courier-silent"), "one-hand-at-a-time"),
    (told("CourierUnassigned", courier_id=COURIER, reason=""), "one-hand-at-a-time"),
    (told("CourierUnassigned", courier_id=COURIER, reason="operator"), "one-hand-at-a-time"),
    (told("PickupCompleted", courier_id="courier-2"), "one-hand-at-a-time"),
    (rewrite("offer", 10, status="declined"), "nobody-is-given-unasked"),
    (rewrite("offer", 10, plan_version=4), "nobody-is-given-unasked"),
    (by_hand("assign", to_courier_id="courier-2"), "nobody-is-given-unasked"),
    (by_hand("take_back", from_courier_id=COURIER), "nobody-is-given-unasked"),
    (told("CourierAssigned", courier_id="courier-2", plan_version=0), "nobody-is-given-unasked"),
    (told("CourierUnassigned", courier_id=COURIER, reason="operator"), "nobody-is-given-unasked"),
    (forget("loan", 15), "loans-come-home"),
    (forget("loan", 14), "loans-come-home"),
    (rewrite("courier", 14, zone_id="zone-3"), "loans-come-home"),
    (again("loan", 14, 14, loan_id="loan-2"), "loans-come-home"),
    (again("loan", 15, 16, before={"status": "returned"}, status="lent"), "loans-come-home"),
    (courier_at_a_break, "loans-come-home"),
    (rewrite("slot", 18, capacity=1), "slots-keep-their-word"),
    (rewrite("slot", 18, taken=-1), "slots-keep-their-word"),
    (rewrite("slot", 19, taken=2), "slots-keep-their-word"),
    (rewrite("slot", 18, version=0), "slots-keep-their-word"),
    (slot_lost_by_its_order, "slots-keep-their-word"),
    (capacities_out_of_order, "slots-keep-their-word"),
]


@pytest.mark.parametrize(("falsify", "name"), CASES, ids=[f"{n}-{name}" for n, (_, name) in enumerate(CASES)])
def test_falsified_books_of_dispatch_break_the_invariant_that_names_the_fault(
    falsify: Falsify, name: str
) -> None:
    books = small_case().books
    falsify(books)
    assert name in broken(books)


def test_an_order_that_is_handed_on_by_an_operator_breaks_nothing() -> None:
    books = small_case().books
    assert books.stream is not None
    del books.outbox["event-5"], books.stream["event-5"]
    tell(books, "CourierUnassigned", courier_id=COURIER, reason="transferred")
    tell(books, "CourierAssigned", courier_id="courier-2", plan_version=0, reason="transferred")
    by_hand("transfer", from_courier_id=COURIER, to_courier_id="courier-2")(books)
    tell(books, "DeliveryCompleted", courier_id="courier-2")
    books.deliveries[ORDER] = replace(books.deliveries[ORDER], courier_id="courier-2")
    # Who brings it is paid, and tipped.
    books.entries = [
        replace(entry, account=entry.account.replace(COURIER, "courier-2")) for entry in books.entries
    ]
    paid = books.stream["event-8"]
    books.stream["event-8"] = replace(
        paid, data={**paid.data, "payee": {"kind": "courier", "id": "courier-2"}}
    )
    assert broken(books) == set()


def test_a_payment_that_comes_after_the_hold_may_fill_a_slot_beyond_its_room() -> None:
    books = small_case().books
    rewrite("slot", 18, capacity=1)(books)
    books.deliveries[ORDER] = replace(books.deliveries[ORDER], kept_by_payment=True)
    assert broken(books) == set()


def test_takeovers_are_counted_and_plans_and_leases_too() -> None:
    assert leases_in(small_case().books.history) == Leases(plans=1, leases=2, takeovers=1, taken_away=0)
