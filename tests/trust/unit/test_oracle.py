"""The oracle finds nothing in sound books, and names the invariant that falsified ones break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.trust.booked_orders import Back
from tests.trust.books import Books, Delivery, Entry, Level, Parked, Published, Returned, Told
from tests.trust.fault import Injected
from tests.trust.oracle import CHECKS, Case, judge
from tests.trust.unit.small_books import NOW, ORDER, PART, SHOP, small_case

Falsify = Callable[[Books], None]


def broken(case: Case) -> set[str]:
    return {verdict.name for verdict in judge(case) if not verdict.holds}


def test_sound_books_break_nothing() -> None:
    assert [verdict for verdict in judge(small_case()) if not verdict.holds] == []


def test_every_invariant_has_a_name_of_its_own_and_looks_at_something() -> None:
    verdicts = judge(small_case())
    assert len({verdict.name for verdict in verdicts}) == len(CHECKS)
    blind = {verdict.name for verdict in verdicts if not verdict.looked_at}
    assert blind == {"parked-is-what-was-injected", "cash-is-what-was-due", "faults-are-borne"}


def change_order(**changes: object) -> Falsify:
    def falsify(books: Books) -> None:
        books.orders[ORDER] = replace(books.orders[ORDER], **changes)  # type: ignore[arg-type]

    return falsify


def change_line(**changes: object) -> Falsify:
    def falsify(books: Books) -> None:
        part = books.orders[ORDER].parts[0]
        line = replace(part.lines[0], **changes)  # type: ignore[arg-type]
        books.orders[ORDER] = replace(books.orders[ORDER], parts=(replace(part, lines=(line,)),))

    return falsify


def forget_order(books: Books) -> None:
    books.orders.clear()


def forget_refund(books: Books) -> None:
    books.refunds.clear()


def charge_again(books: Books) -> None:
    books.charges.append(replace(books.charges[0], charge_id="charge-2"))


def charge_unknown_to_us(books: Books) -> None:
    books.provider_charges.append(replace(books.provider_charges[0], charge_id="charge-2"))


def provider_gave_back_twice(books: Books) -> None:
    books.provider_returns.append(Returned(refund_id="back-2", charge_id="charge-1", amount=333))


def refund_unsent(books: Books) -> None:
    books.returns[0] = replace(books.returns[0], sent=False)


def refund_rounded_by_itself(books: Books) -> None:
    books.refunds[0] = replace(books.refunds[0], lines=(Back("line-1", 1, 334),), goods=334)


def refund_paid_twice(books: Books) -> None:
    books.refunds.append(replace(books.refunds[0], refund_id="refund-9"))


def sale_booked_twice(books: Books) -> None:
    books.entries += [
        replace(entry, transaction_id="again") for entry in books.entries if entry.kind == "sale"
    ]


def sale_not_booked(books: Books) -> None:
    books.entries = [entry for entry in books.entries if entry.kind != "sale"]


def one_sided(books: Books) -> None:
    books.entries.append(
        Entry(
            transaction_id="lonely",
            order_id=ORDER,
            store_order_id=None,
            account="frozen:promoter:x",
            kind="odd",
            currency="CNY",
            amount=1,
        )
    )


def courier_unpaid(books: Books) -> None:
    books.entries = [entry for entry in books.entries if entry.kind != "courier_pay"]


def audit_complains(books: Books) -> None:
    books.wrong_in_ledger.append(f"{ORDER}: wrong")


def coupon_overdrawn(books: Books) -> None:
    books.campaigns["campaign-1"] = replace(books.campaigns["campaign-1"], budget=199)


def coupon_miscounted(books: Books) -> None:
    books.campaigns["campaign-1"] = replace(books.campaigns["campaign-1"], spent=0)


def coupon_used_too_often(books: Books) -> None:
    books.campaigns["campaign-1"] = replace(books.campaigns["campaign-1"], per_customer_limit=0)


def coupon_gives_less(books: Books) -> None:
    books.campaigns["campaign-1"] = replace(books.campaigns["campaign-1"], off=201)


def stock(level: Level) -> Falsify:
    def falsify(books: Books) -> None:
        books.levels["listing-1"] = level

    return falsify


def hold_forgotten(books: Books) -> None:
    books.open_reservations.append(ORDER)


def lost_by_subscriber(books: Books) -> None:
    books.inbox["crm.from.ordering"].discard("event-3")


def phantom_effect(books: Books) -> None:
    books.inbox["crm.from.ordering"].add("event-99")


def lost_by_stream(books: Books) -> None:
    assert books.stream is not None
    del books.stream["event-4"]


def phantom_in_stream(books: Books) -> None:
    assert books.stream is not None
    books.stream["event-99"] = Told(source="crm", type="Odd")


def unsent(books: Books) -> None:
    books.outbox["event-4"] = replace(books.outbox["event-4"], sent=False)


def paid_twice(books: Books) -> None:
    books.outbox["event-9"] = Published(source="ordering", type="OrderPaid", subject=ORDER, sequence=3)
    assert books.stream is not None
    books.stream["event-9"] = Told(source="ordering", type="Odd")


def numbered_with_a_gap(books: Books) -> None:
    books.outbox["event-2"] = replace(books.outbox["event-2"], sequence=3)


def second_courier(books: Books) -> None:
    books.outbox["event-9"] = Published(source="dispatch", type="CourierAssigned", subject="d-1", sequence=3)
    assert books.stream is not None
    books.stream["event-9"] = Told(source="dispatch", type="CourierAssigned", data={"order_id": ORDER})


def brought_by_another(books: Books) -> None:
    books.deliveries[ORDER] = Delivery(order_id=ORDER, status="delivered", courier_id="courier-2")


def parked_unasked(books: Books) -> None:
    books.parked.append(Parked(subscription="crm.from.ordering", event_id="event-77", reason="boom"))


def unroutable(books: Books) -> None:
    books.depths["unrouted"] = 1


def tally_lost(books: Books) -> None:
    books.tallies.clear()


def settlement_lost(books: Books) -> None:
    assert books.stream is not None
    books.stream["event-6"] = Told(source="commission", type="Odd")


@pytest.mark.parametrize(
    ("falsify", "name"),
    [
        (forget_order, "acknowledged-is-there"),
        (forget_refund, "acknowledged-is-there"),
        (change_order(quote_id="quote-2"), "nothing-unasked"),
        (refund_paid_twice, "one-effect-per-key"),
        (change_order(status="paid", paid_at=NOW - timedelta(minutes=61)), "paid-orders-end-in-time"),
        (change_order(status="cancelled"), "paid-orders-end-in-time"),
        (change_order(status="expired"), "paid-orders-end-in-time"),
        (paid_twice, "nothing-happened-twice"),
        (numbered_with_a_gap, "nothing-happened-twice"),
        (second_courier, "one-courier-per-delivery"),
        (brought_by_another, "one-courier-per-delivery"),
        (charge_again, "charged-once"),
        (change_order(paid_at=None), "charged-once"),
        (provider_gave_back_twice, "charged-once"),
        (charge_again, "provider-agrees"),
        (charge_unknown_to_us, "provider-agrees"),
        (refund_unsent, "provider-agrees"),
        (refund_rounded_by_itself, "shares-are-exact"),
        (change_line(paid=999), "shares-are-exact"),
        (change_order(discount=201), "shares-are-exact"),
        (change_order(total=1_301), "shares-are-exact"),
        (sale_booked_twice, "captured-is-shared-out"),
        (sale_not_booked, "captured-is-shared-out"),
        (courier_unpaid, "captured-is-shared-out"),
        (one_sided, "ledger-balances"),
        (sale_not_booked, "clearing-is-empty"),
        (audit_complains, "ledger-follows-facts"),
        (coupon_overdrawn, "coupons-within-budget"),
        (coupon_miscounted, "coupons-within-budget"),
        (coupon_used_too_often, "coupons-within-budget"),
        (coupon_gives_less, "discounts-are-what-was-promised"),
        (stock(Level(stock=8)), "stock-adds-up"),
        (stock(Level(stock=-1)), "stock-adds-up"),
        (stock(Level(stock=7, reserved=1)), "stock-adds-up"),
        (hold_forgotten, "stock-adds-up"),
        (lost_by_subscriber, "outbox-equals-inbox"),
        (phantom_effect, "outbox-equals-inbox"),
        (lost_by_stream, "outbox-equals-stream"),
        (phantom_in_stream, "outbox-equals-stream"),
        (unsent, "outbox-equals-stream"),
        (parked_unasked, "parked-is-what-was-injected"),
        (unroutable, "nothing-is-unroutable"),
        (tally_lost, "balances-follow-from-stream"),
        (settlement_lost, "balances-follow-from-stream"),
        (sale_booked_twice, "balances-follow-from-stream"),
    ],
)
def test_falsified_books_break_the_invariant_that_names_the_fault(falsify: Falsify, name: str) -> None:
    case = small_case()
    falsify(case.books)
    assert name in broken(case)


def test_a_ledger_that_sums_to_zero_hides_neither_loss_nor_doubling() -> None:
    for falsify in (sale_booked_twice, sale_not_booked):
        case = small_case()
        falsify(case.books)
        assert "ledger-balances" not in broken(case)
        assert "captured-is-shared-out" in broken(case)


def test_an_order_that_was_refused_must_not_exist() -> None:
    case = small_case()
    case.wishes[1].outcome = "refused"
    assert "nothing-unasked" in broken(case)


def test_an_unknown_order_may_exist_or_not_but_never_half() -> None:
    case = small_case()
    case.wishes[1].outcome = "unknown"
    assert broken(case) == set()
    case.books.entries = [entry for entry in case.books.entries if entry.kind != "payment"]
    assert "captured-is-shared-out" in broken(case)


def test_the_same_key_answered_otherwise_is_named() -> None:
    for again in ({"order_id": "order-2"}, {"status": "refused: out-of-stock"}):
        case = small_case()
        case.wishes[1].again.append(again)
        assert broken(case) == {"one-effect-per-key"}


def test_a_state_that_went_on_may_refuse_what_it_took_before() -> None:
    case = small_case()
    case.wishes[3].call = "POST /v1/store-orders/{id}/ready"
    case.wishes[3].again.append({"status": "refused: wrong-state"})
    assert broken(case) == set()


def test_an_order_under_way_has_until_its_deadline() -> None:
    case = small_case()
    change_order(status="in_fulfilment", paid_at=NOW - timedelta(minutes=59))(case.books)
    assert "paid-orders-end-in-time" not in broken(case)


def test_an_injected_message_must_be_parked_and_only_it() -> None:
    poison = Injected(subscription="crm.from.ordering", event_id=None, body="no event")
    case = replace(small_case(), injected=[poison])
    assert broken(case) == {"parked-is-what-was-injected"}
    case.books.parked.append(Parked(subscription="crm.from.ordering", event_id=None, body="no event at all"))
    assert broken(case) == set()


def test_what_did_not_come_to_rest_is_named() -> None:
    assert broken(replace(small_case(), left_undone={"ordering: unsent": 3})) == {"all-is-quiet"}


def test_a_check_that_dies_does_not_hold_and_hides_no_other() -> None:
    case = small_case()
    case.books.taken = None  # type: ignore[assignment]
    found = broken(case)
    assert {"shares-are-exact", "coupons-within-budget"} <= found
    assert "stock-adds-up" not in found


def test_a_part_that_sold_for_something_else_is_named() -> None:
    case = small_case()
    part = case.books.orders[ORDER].parts[0]
    assert (part.store_order_id, part.shop_id) == (PART, SHOP)
    change_order(parts=(replace(part, refunded=0),))(case.books)
    assert "captured-is-shared-out" in broken(case)
