"""Reading dispatch's books: who has what, what was decided by hand, and what its rows went through."""

from __future__ import annotations

from linli.day.quiet import Databases
from tests.trust.books import Books, ByHand, Delivery
from tests.trust.history import read_history


def read_dispatch(books: Books, databases: Databases) -> None:
    books.deliveries = {
        row[0]: Delivery(
            order_id=row[0],
            status=row[1],
            courier_id=row[2],
            slot_id=row[3],
            slot_taken=row[4],
            kept_by_payment=row[5],
            delivery_id=row[6],
            split_from=row[7],
        )
        for row in databases.rows(
            "dispatch",
            "SELECT order_id, status, courier_id, slot_id, slot_taken,"
            " paid_at IS NOT NULL AND told ->> 'released' IS NOT NULL, delivery_id, split_from FROM delivery",
        )
    }
    books.by_hand = [
        ByHand(order_id=a, kind=b, from_courier_id=c, to_courier_id=d, reason=e)
        for a, b, c, d, e in databases.rows(
            "dispatch",
            "SELECT order_id, kind, from_courier_id, to_courier_id, reason FROM override ORDER BY at",
        )
    ]
    books.recorded_plans = dict(
        databases.rows("dispatch", "SELECT zone_id, max(plan_version) FROM plan_record GROUP BY zone_id")
    )
    books.couriers_away = [
        f"courier {courier_id} is {'lent' if lent else 'on a break'}"
        for courier_id, lent in databases.rows(
            "dispatch",
            "SELECT courier_id, loan IS NOT NULL AND loan <> 'null' FROM courier"
            " WHERE (loan IS NOT NULL AND loan <> 'null') OR shift ->> 'break_asked_at' IS NOT NULL",
        )
    ]
    books.history = read_history(databases)
