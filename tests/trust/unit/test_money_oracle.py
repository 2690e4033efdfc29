"""The oracle names the rule of money that falsified books break, and finds nothing in sound ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.trust.booked_orders import Claim, Discount, Line
from tests.trust.books import Books, Entry
from tests.trust.oracle import Case, judge
from tests.trust.unit.small_books import DELIVERED_AT, NOW, ORDER, PART, small_case

Falsify = Callable[[Books], None]


def broken(case: Case) -> set[str]:
    return {verdict.name for verdict in judge(case) if not verdict.holds}


def looked_at(case: Case, name: str) -> int:
    return next(verdict.looked_at for verdict in judge(case) if verdict.name == name)


def change_line(change: Callable[[Line], Line]) -> Falsify:
    def falsify(books: Books) -> None:
        order = books.orders[ORDER]
        part = order.parts[0]
        lines = (change(part.lines[0]),)
        books.orders[ORDER] = replace(order, parts=(replace(part, lines=lines),))

    return falsify


def change_proposal(**changes: object) -> Falsify:
    def falsify(books: Books) -> None:
        order = books.orders[ORDER]
        part = order.parts[0]
        proposals = (replace(part.proposals[0], **changes),)  # type: ignore[arg-type]
        books.orders[ORDER] = replace(order, parts=(replace(part, proposals=proposals),))

    return falsify


def fell_at_list_price(books: Books) -> None:
    """Both sides agree on the wrong share."""
    change_line(lambda line: replace(line, falls=(replace(line.falls[0], amount=100, discounts=(0,)),)))(
        books
    )
    swap = books.refunds[1]
    books.refunds[1] = replace(swap, lines=(swap.lines[0]._replace(amount=100),), goods=100)


def difference_kept(books: Books) -> None:
    del books.refunds[1]


def price_rose(books: Books) -> None:
    change_line(lambda line: replace(line, falls=(replace(line.falls[0], amount=-84),)))(books)


def lighter_and_as_dear(books: Books) -> None:
    change_line(lambda line: replace(line, falls=(), unit_grams=500, grams=900, refunded_quantity=0))(books)


def change_case(**changes: object) -> Falsify:
    def falsify(books: Books) -> None:
        books.cases[0] = replace(books.cases[0], **changes)  # type: ignore[arg-type]

    return falsify


def claimed_twice(books: Books) -> None:
    claims = (Claim(line_id="line-1", quantity=2, left=2),)
    going_on = replace(books.cases[0], status="open", claims=claims)
    books.cases += [replace(going_on, case_id=f"case-{number}") for number in (2, 3)]


def completed_too_early(books: Books) -> None:
    steps = ((DELIVERED_AT, "open"), (NOW + timedelta(minutes=1), "refunded"))
    books.cases[0] = replace(books.cases[0], steps=steps)


def undelivered_and_completed(books: Books) -> None:
    books.orders[ORDER] = replace(books.orders[ORDER], delivered_at=None)


def move(account: str, to: str, amount: int, kind: str | None = None) -> Falsify:
    """So much more of an account lies on another: still in balance."""

    def falsify(books: Books) -> None:
        like = next(
            entry for entry in books.entries if entry.account == account and kind in {None, entry.kind}
        )
        books.entries += [
            replace(like, transaction_id="more", account=name, amount=signed)
            for name, signed in ((account, amount), (to, -amount))
        ]

    return falsify


def accrual_differs(books: Books) -> None:
    books.accruals[0] = replace(books.accruals[0], amount=67)


def own_goods(books: Books) -> None:
    books.links["link-1"] = replace(books.links["link-1"], owner_id="owner-1")


def attribute(link_id: str | None, by: str | None) -> Falsify:
    def falsify(books: Books) -> None:
        books.attributed["line-1"] = link_id, by

    return falsify


def bound_to_nobody(books: Books) -> None:
    change_line(lambda line: replace(line, promotion_link_id=None))(books)
    attribute("link-1", "bound")(books)


def earned_unasked(books: Books) -> None:
    books.links.clear()


def goodwill_unasked(books: Books) -> None:
    like = books.entries[0]
    books.entries += [
        replace(like, transaction_id="more", account=account, amount=amount, store_order_id=PART)
        for account, amount in (("expense:goodwill", 5), ("liability:orders", -5))
    ]


def seal_broken(books: Books) -> None:
    books.wrong_in_chain.append("seal 3: it does not say what was sealed")


def smuggled_in(books: Books) -> None:
    books.entries.append(replace(books.entries[0], transaction_id="lonely", order_id=None))


def change_statement(**changes: int) -> Falsify:
    def falsify(books: Books) -> None:
        books.statements[0] = replace(books.statements[0], **changes)  # type: ignore[arg-type]

    return falsify


def forgotten_by_statements(books: Books) -> None:
    books.unstated.append("entry 7 of payable:courier:courier-1")


SHOP, RELEASED = "payable:shop:shop-1", "payable:promoter:shop-2"


@pytest.mark.parametrize(
    ("falsify", "name"),
    [
        (fell_at_list_price, "prices-only-fall"),
        (difference_kept, "prices-only-fall"),
        (price_rose, "prices-only-fall"),
        (lighter_and_as_dear, "prices-only-fall"),
        (change_proposal(unit_price=350), "prices-only-fall"),
        (change_proposal(status="declined"), "prices-only-fall"),
        (change_proposal(status="proposed"), "prices-only-fall"),
        (change_case(refunded=400), "cases-are-paid-once"),
        (change_case(borne_by="platform"), "cases-are-paid-once"),
        (change_case(status="dismissed"), "cases-are-paid-once"),
        (change_case(claims=(Claim(line_id="line-1", quantity=2, left=2),)), "cases-are-paid-once"),
        (claimed_twice, "cases-are-paid-once"),
        (completed_too_early, "completion-waits-for-cases"),
        (undelivered_and_completed, "completion-waits-for-cases"),
        (move(SHOP, "revenue:take_rate", 4, "take_rate"), "shops-get-what-is-left"),
        (move("revenue:take_rate", SHOP, 1), "shops-get-what-is-left"),
        (move(RELEASED, "revenue:take_rate", 58), "commissions-follow-refunds"),
        (move(RELEASED, "frozen:promoter:shop-2", 58), "commissions-follow-refunds"),
        (move(SHOP, RELEASED, 9, "distribution_commission"), "commissions-follow-refunds"),
        (accrual_differs, "commissions-follow-refunds"),
        (own_goods, "commissions-follow-refunds"),
        (earned_unasked, "commissions-follow-refunds"),
        (attribute("link-2", "bound"), "commissions-follow-refunds"),
        (attribute(None, None), "commissions-follow-refunds"),
        (bound_to_nobody, "commissions-follow-refunds"),
        (change_line(lambda line: replace(line, promotion_link_id=None)), "commissions-follow-refunds"),
        (move("payable:courier:courier-1", "revenue:delivery_fee", 50, "tip"), "tips-are-the-couriers"),
        (goodwill_unasked, "faults-are-borne"),
        (seal_broken, "chain-holds"),
        (smuggled_in, "chain-holds"),
        (change_statement(closing=500), "statements-add-up"),
        (change_statement(listed=2), "statements-add-up"),
        (change_statement(moved=495), "statements-add-up"),
        (forgotten_by_statements, "statements-add-up"),
    ],
)
def test_falsified_books_break_the_rule_that_names_the_fault(falsify: Falsify, name: str) -> None:
    case = small_case()
    assert broken(case) == set()
    falsify(case.books)
    assert name in broken(case)


def at_the_door() -> Case:
    """The small order, paid in cash: 84 went back before the door, 333 after it, 100 of them by hand."""
    case = small_case()
    books = case.books
    books.orders[ORDER] = replace(books.orders[ORDER], method="cash")
    books.charges[0] = replace(books.charges[0], amount=1_266)
    books.provider_charges.clear()
    books.provider_returns.clear()
    books.returns[:] = [replace(books.returns[0], by_hand=True, sent=True)]
    like = books.entries[0]
    books.entries = [entry for entry in books.entries if entry.account != "cash:provider"]
    books.entries += [
        replace(like, account=account, amount=amount, transaction_id=name)
        for name, account, amount in (
            ("transaction-1", "receivable:cash_on_delivery", 1_350),
            ("transaction-2", "receivable:cash_on_delivery", -417),
            ("door", "cash:courier:courier-1", 1_266),
            ("door", "receivable:cash_on_delivery", -1_266),
            ("door", "receivable:cash_on_delivery", 333),
            ("door", "liability:cash_refunds", -333),
            ("back", "liability:cash_refunds", 333),
            ("back", "cash:platform", -333),
        )
    ]
    return case


def collected_all(books: Books) -> None:
    """As if nothing had been given back before the door."""
    books.entries += [
        replace(entry, amount=84 if entry.account.startswith("cash:courier") else -84)
        for entry in books.entries
        if entry.transaction_id == "door"
        and entry.account in {"cash:courier:courier-1", "receivable:cash_on_delivery"}
        and abs(entry.amount) == 1_266
    ]


def never_handed_back(books: Books) -> None:
    books.returns[0] = replace(books.returns[0], sent=False)


def charged_otherwise(books: Books) -> None:
    books.charges[0] = replace(books.charges[0], amount=1_350)


def test_sound_books_of_an_order_that_is_paid_at_the_door_break_nothing() -> None:
    case = at_the_door()
    assert broken(case) == set()
    assert looked_at(case, "cash-is-what-was-due") == 1


@pytest.mark.parametrize("falsify", [collected_all, never_handed_back, charged_otherwise])
def test_falsified_cash_is_named(falsify: Falsify) -> None:
    case = at_the_door()
    falsify(case.books)
    assert "cash-is-what-was-due" in broken(case)


def made_good() -> Case:
    """The small order, whose case an operator laid on the platform: the sale stands."""
    case = small_case()
    books = case.books
    books.refunds[0] = replace(books.refunds[0], borne_by="platform")
    books.cases[0] = replace(books.cases[0], borne_by="platform")
    books.accruals[0] = replace(books.accruals[0], amount=92)
    booked: list[Entry] = []
    for entry in books.entries:
        # 916 are kept: 45.80 of them are the take rate, 91.60 the commission.
        amount = {583: 916, 29: 46, 58: 92}.get(abs(entry.amount), abs(entry.amount))
        booked.append(replace(entry, amount=amount if entry.amount > 0 else -amount))
    like = next(entry for entry in booked if entry.kind == "sale")
    booked += [
        replace(like, transaction_id="good", account=account, kind="goodwill", amount=amount)
        for account, amount in (("expense:goodwill", 333), ("liability:orders", -333))
    ]
    books.entries = booked
    assert books.stream is not None
    owed = books.stream["event-6"]
    books.stream["event-6"] = replace(owed, data={**owed.data, "amount": {"amount": 778, "currency": "CNY"}})
    return case


def test_sound_books_of_a_fault_that_the_platform_bears_break_nothing() -> None:
    case = made_good()
    assert broken(case) == set()
    assert looked_at(case, "faults-are-borne") == 1


def test_a_fault_of_the_platform_that_the_shop_pays_is_named() -> None:
    case = small_case()
    case.books.refunds[0] = replace(case.books.refunds[0], borne_by="platform")
    assert {"faults-are-borne", "shops-get-what-is-left"} <= broken(case)


def test_what_the_platform_gave_for_goods_goes_back_with_them() -> None:
    case = small_case()
    change_line(lambda line: replace(line, discounts=(Discount("campaign-1", "platform", 200),)))(case.books)
    assert "shops-get-what-is-left" in broken(case)
