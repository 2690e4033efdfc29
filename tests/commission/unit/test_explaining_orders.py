"""The explanation of an order: a tree whose sums are checked, and which says so when they do not add up."""

from __future__ import annotations

from dataclasses import replace

from services.commission.application.bookkeeping import _posting
from services.commission.application.explaining_orders import explain_order
from services.commission.application.ports import AuditedOrder, EntryRow, OpenOrder
from services.commission.contracts import consumed
from services.commission.domain.explanation import Branch, Explanation
from services.commission.domain.facts import OrderFacts
from services.commission.domain.ledger import Cause, Sheet, difference
from services.commission.domain.settlement import goal_of
from shared.messaging.envelope import Event
from tests.commission.builders import NOON, Order, a_plan, an_order


class Books:
    """The books of one order, kept in lists."""

    def __init__(self, order: Order, *events: Event) -> None:
        self.facts = OrderFacts(order_id=order.order_id)
        self.rows: list[EntryRow] = []
        self._posted = Sheet()
        for event in events:
            self._hear(event)

    def _hear(self, event: Event) -> None:
        told = consumed.order_facts(event.type, event.data)
        self.facts = replace(
            self.facts,
            currency=self.facts.currency or told.currency,
            paid=self.facts.paid or told.paid,
            delivered=self.facts.delivered or told.delivered,
            trip=self.facts.trip or told.trip,
            earlier_trips=self.facts.earlier_trips | told.earlier_trips,
            refunds=self.facts.refunds | told.refunds,
            completed_at=self.facts.completed_at or told.completed_at,
        )
        goal = goal_of(self.facts, a_plan()).sheet
        entries = difference(goal, self._posted)
        self._posted = goal
        if not entries:
            return
        order = OpenOrder(facts=self.facts, plan=a_plan(), plan_version=1, fresh=False)
        cause = Cause(event_id=event.id, type=event.type, occurred_at=NOON)
        posting = _posting(order, cause, entries, NOON)
        for heading in goal.figures:
            goal.figures[heading] = replace(goal.figures[heading], last=posting.transaction_id)
        for entry in entries:
            self.rows.append(
                EntryRow(
                    entry_id=len(self.rows) + 1,
                    transaction_id=posting.transaction_id,
                    event_type=event.type,
                    occurred_at=NOON,
                    posted_at=NOON,
                    amount=entry.amount,
                    currency="CNY",
                    order_id=self.facts.order_id,
                    rate_plan=1,
                    base=entry.base,
                    note=entry.note,
                    reverses=entry.reverses,
                    **entry.heading._asdict(),
                )
            )

    def explain(self, shops: list[str] | None = None) -> Explanation:
        sums: dict[str, int] = {}
        for row in self.rows:
            sums[row.account] = sums.get(row.account, 0) + row.amount
        book = AuditedOrder(facts=self.facts, plan=a_plan(), ledger=sums)
        return explain_order(book, self.rows, shops)


def delivered(*more: Event, order: Order | None = None) -> Books:
    order = order or an_order()
    return Books(order, order.paid(), order.delivered(), order.trip(), *more)


def branch(told: Explanation, *path: str) -> Branch:
    found = Branch("", branches=told.branches)
    for step in path:
        found = next(each for each in found.branches if each.what.startswith(step))
    return found


def test_every_cent_of_an_order_is_somewhere() -> None:
    told = delivered().explain()
    assert told.adds_up, [check for check in told.checks if not check.holds]
    amounts = {each.what: each.amount for each in told.branches}
    assert amounts == {
        "Paid by the customer": 8000,
        "Shop fruit": 5510,
        "Shop bakery": 1710,
        "Courier courier-1": 651,
        "The platform": 380 + 700 - 300 - 651,
        "Still held for the order": 0,
        "Held where the money is": 8000,
    }
    kept = sum(
        amount or 0
        for what, amount in amounts.items()
        if what not in {"Paid by the customer", "Held where the money is"}
    )
    assert kept == 8000


def test_money_at_the_door_is_somewhere_as_well_with_the_tip_and_what_is_handed_back() -> None:
    order = an_order(method="cash", tip=300)
    first, second = (order.refund(part) for part in order.parts)
    books = Books(
        order,
        order.paid(),
        first,
        order.delivered(order.parts[1], collected=order.total - 5500),
        order.trip(),
        second,
    )
    told = books.explain()
    assert told.adds_up, [check for check in told.checks if not check.holds]
    assert branch(told, "Paid by the customer", "Tip").amount == 300
    assert branch(told, "Courier courier-1", "Tip of the customer").amount == 300
    held = branch(told, "Held where the money is")
    assert held.amount == order.total - 5500 - 1800
    assert {each.account for each in held.branches} == {
        "receivable:cash_on_delivery",
        "cash:courier:courier-1",
        "liability:cash_refunds",
    }


def test_a_payment_is_told_by_shop_by_line_and_by_who_bears_the_discounts() -> None:
    told = delivered().explain()
    paid = branch(told, "Paid by the customer")
    assert [each.amount for each in paid.branches] == [5500, 1800, 700]
    line = branch(told, "Paid by the customer", "Goods of shop fruit", "Line")
    assert line.why == "60.00 less 2.00 that the shop bears and 3.00 that the platform bears"
    assert branch(told, "Paid by the customer", "Goods of shop bakery", "Line").why == "18.00, no discount"


def test_rule_25_an_amount_says_its_rate_its_base_and_its_plan() -> None:
    told = delivered().explain()
    take = branch(told, "Shop bakery", "Take rate")
    assert take.amount == -90
    assert take.why == "5.00 % of 18.00 CNY: goods after the shop's discounts: 1 800 x 5 % = 90 (rate plan 1)"
    assert take.entry_id is not None
    courier = branch(told, "Courier courier-1", "Courier pay")
    assert courier.why is not None
    assert "3 140 m x 80 / 1 000 m = 651 (rate plan 1)" in courier.why


def test_a_refund_is_told_with_what_it_took_back_from_whom() -> None:
    order = an_order()
    bread = order.parts[1]
    books = delivered(order.refund(bread, {bread.lines[0].line_id: (600, 0)}), order=order)
    told = books.explain()
    assert told.adds_up
    assert branch(told, "Given back to the customer").amount == -600
    take = branch(told, "Shop bakery", "Take rate")
    assert take.amount == -60
    assert [each.amount for each in take.branches] == [-90, 30]
    assert take.branches[1].what.startswith("after RefundIssued, takes back from transaction ")


def test_it_says_so_when_the_ledger_is_not_what_the_facts_call_for() -> None:
    books = delivered()
    number = next(n for n, row in enumerate(books.rows) if row.account == "payable:shop:fruit")
    books.rows[number] = replace(books.rows[number], amount=books.rows[number].amount - 1)
    told = books.explain()
    assert not told.adds_up
    assert {check.what for check in told.checks if not check.holds} == {
        "paid less given back is what all parties have",
        "payable:shop:fruit is what the facts call for",
    }


def test_it_says_so_when_a_take_rate_is_not_its_rate_of_its_base() -> None:
    books = delivered()
    for number, row in enumerate(books.rows):
        if row.kind == "take_rate":
            books.rows[number] = replace(row, base=(row.base or 0) + 2000)
    wrong = [check for check in books.explain().checks if not check.holds]
    assert wrong
    assert all("is its rate of its base" in check.what for check in wrong)


def test_a_shop_is_told_of_its_own_part_alone() -> None:
    order = an_order()
    bread = order.parts[1]
    books = delivered(order.refund(bread, {bread.lines[0].line_id: (600, 0)}), order=order)
    told = books.explain(["bakery"])
    assert [each.what.split(",")[0] for each in told.branches] == ["Goods of shop bakery", "Shop bakery"]
    assert told.branches[0].amount == 1200
    assert told.branches[1].amount == 1200 - 60
    assert told.adds_up
    assert "fruit" not in repr(told)


def test_nothing_is_told_of_an_order_whose_payment_is_not_known() -> None:
    order = an_order()
    told = Books(order, order.delivered()).explain()
    assert [each.what for each in told.branches] == ["Nothing is booked before the payment is known."]


def test_what_was_paid_beyond_goods_and_delivery_is_shown() -> None:
    books = delivered()
    assert books.facts.paid is not None
    books.facts = replace(books.facts, paid=replace(books.facts.paid, total=8300))
    assert branch(books.explain(), "Paid by the customer", "Beyond goods, delivery and tip").amount == 300
