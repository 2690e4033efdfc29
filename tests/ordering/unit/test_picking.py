"""Missing, substituted and weighed goods (rules 14 to 16), and the clock's part in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.ordering.contracts import views
from services.ordering.domain import acceptance, events, picking
from services.ordering.domain.delivery_fee import DeliveryFeeRule, FreeDelivery
from services.ordering.domain.errors import (
    NotToBeSubstituted,
    NotWeighed,
    PriceWouldRise,
    RefundExceedsLine,
    SubstitutionOpen,
    TooLateToCancel,
    WrongState,
)
from services.ordering.domain.history import CLOCK
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.store_order import StoreStatus
from services.ordering.domain.substitution import Substitute, SubstitutionStatus
from tests.ordering import builders as b

SOON, LATE = b.NOON + timedelta(minutes=5), b.NOON + timedelta(minutes=11)
BY = b.NOON + timedelta(minutes=10)
PART, LINE = b.STORE_ORDERS[0], b.LINES[0]


def paid(if_missing: str = "substitute", **line: Any) -> Order:
    """Three apples of 12.50, of which a shop and the platform took something off, beside milk and bread."""
    first, second = b.the_stores()
    apples = replace(first.lines[0], if_missing=if_missing, **line)
    first = replace(first, lines=(apples, first.lines[1]), accept_within=timedelta(minutes=30))
    return b.a_paid_order(stores=(first, replace(second, accept_within=timedelta(minutes=30))))


def propose(order: Order, price: int, quantity: int = 1, name: str = b.SUBSTITUTION) -> None:
    picking.propose(
        order,
        substitution_id=name,
        store_order_id=PART,
        line_id=LINE,
        quantity=quantity,
        substitute=Substitute(listing_id="pears", name="pears", unit_price=price),
        decide_by=BY,
        at=SOON,
    )


def refunds(order: Order) -> list[tuple[str, int, bool, list[int]]]:
    told = [event.refund for event in order.recorded if isinstance(event, events.RefundIssued)]
    return [(r.reason, r.amount, r.restock, [line.quantity for line in r.lines]) for r in told]


def proposal(order: Order) -> SubstitutionStatus:
    return picking.find(order, b.SUBSTITUTION)[1].status


def test_missing_units_are_paid_back_at_once_and_not_put_on_a_shelf() -> None:
    order = paid("refund")
    picking.miss(order, refund_id="r", store_order_id=PART, line_id=LINE, quantity=1, at=SOON)
    assert refunds(order) == [("missing", 1067, False, [1])]
    assert order.store(PART).status is StoreStatus.PLACED


def test_a_part_of_which_everything_is_missing_drops_out_and_its_sibling_goes_on() -> None:
    order = paid("refund")
    for line in order.store(PART).lines:
        picking.miss(
            order,
            refund_id=line.line_id,
            store_order_id=PART,
            line_id=line.line_id,
            quantity=line.quantity,
            at=SOON,
        )
    assert [store.status for store in order.stores] == [StoreStatus.REJECTED, StoreStatus.PLACED]
    assert order.status is OrderStatus.PAID


def test_a_dearer_substitute_costs_no_more_than_was_paid() -> None:
    order = paid()
    before = order.total - order.refunded
    propose(order, 2000)
    picking.answer(order, b.SUBSTITUTION, accepted=True, by="customer", at=SOON)
    assert proposal(order) is SubstitutionStatus.ACCEPTED
    assert refunds(order) == []
    assert order.total - order.refunded == before


def test_a_cheaper_substitute_gives_the_difference_back_as_it_was_shared() -> None:
    order = paid()
    propose(order, 1000)
    picking.answer(order, b.SUBSTITUTION, accepted=True, by="customer", at=SOON)
    (refund,) = [event.refund for event in order.recorded if isinstance(event, events.RefundIssued)]
    (part,) = refund.lines
    assert (refund.reason, part.quantity, refund.restock) == ("substituted", 0, False)
    # 2.50 less of the 12.50 of which 10.67 was paid, by the shop 0.85 and by the platform 0.98.
    assert part.amount + sum(discount.amount for discount in part.discounts) == 250
    assert (part.amount, [discount.amount for discount in part.discounts]) == (214, [17, 19])


def test_a_declined_substitute_is_money_back() -> None:
    order = paid()
    propose(order, 1000, quantity=2)
    picking.answer(order, b.SUBSTITUTION, accepted=False, by="customer", at=SOON)
    assert refunds(order) == [("missing", 2134, False, [2])]


@pytest.mark.parametrize(
    ("rule", "price", "outcome"),
    [
        ("substitute", 1249, SubstitutionStatus.ACCEPTED),
        ("substitute", 1250, SubstitutionStatus.ACCEPTED),
        ("substitute", 1251, SubstitutionStatus.DECLINED),
        ("call", 1000, SubstitutionStatus.DECLINED),
        ("call", 1250, SubstitutionStatus.DECLINED),
    ],
)
def test_when_nobody_answers_the_rule_of_the_line_decides(
    rule: str, price: int, outcome: SubstitutionStatus
) -> None:
    order = paid(rule)
    propose(order, price)
    order.by = CLOCK
    picking.answer_late(order, BY - timedelta(seconds=1))
    assert proposal(order) is SubstitutionStatus.PROPOSED
    picking.answer_late(order, BY)
    assert proposal(order) is outcome
    told = order.recorded[-1] if outcome is SubstitutionStatus.ACCEPTED else None
    assert told is None or isinstance(told, events.SubstitutionAnswered | events.RefundIssued)
    assert picking.find(order, b.SUBSTITUTION)[1].decided_by == "clock"


def test_an_answer_counts_once_and_only_in_time() -> None:
    order = paid()
    propose(order, 1000)
    picking.answer(order, b.SUBSTITUTION, accepted=True, by="customer", at=SOON)
    told = len(order.recorded)
    picking.answer(order, b.SUBSTITUTION, accepted=True, by="customer", at=LATE)
    assert len(order.recorded) == told
    with pytest.raises(WrongState):
        picking.answer(order, b.SUBSTITUTION, accepted=False, by="customer", at=SOON)
    late = paid()
    propose(late, 1000)
    with pytest.raises(WrongState):
        picking.answer(late, b.SUBSTITUTION, accepted=True, by="customer", at=BY)


def test_a_line_to_be_refunded_is_not_substituted() -> None:
    with pytest.raises(NotToBeSubstituted):
        propose(paid("refund"), 1000)


def test_units_are_proposed_once() -> None:
    order = paid()
    propose(order, 1000, quantity=2)
    with pytest.raises(RefundExceedsLine):
        propose(order, 1000, quantity=2, name="another")
    with pytest.raises(RefundExceedsLine):
        picking.miss(order, refund_id="r", store_order_id=PART, line_id=LINE, quantity=2, at=SOON)


def test_a_proposal_for_what_went_back_meanwhile_is_void() -> None:
    order = paid()
    propose(order, 1000)
    order.cancel("changed-my-mind", SOON)
    order.recorded.clear()
    picking.answer_late(order, BY)
    assert proposal(order) is SubstitutionStatus.VOID
    assert refunds(order) == []


def test_nothing_is_ready_before_the_customer_has_answered() -> None:
    order = paid()
    propose(order, 1000)
    with pytest.raises(SubstitutionOpen):
        picking.require_decided(order.store(PART))


def test_what_comes_in_the_place_of_goods_goes_back_as_itself() -> None:
    order = paid()
    propose(order, 1000)
    picking.answer(order, b.SUBSTITUTION, accepted=True, by="customer", at=SOON)
    order.recorded.clear()
    order.reject(PART, "too-busy", LATE)
    (refund,) = [event.refund for event in order.recorded if isinstance(event, events.RefundIssued)]
    assert [(part.listing_id, part.quantity, part.substitution_id) for part in refund.lines] == [
        (b.LISTINGS[0], 2, None),
        ("pears", 1, b.SUBSTITUTION),
        (b.LISTINGS[1], 1, None),
    ]
    assert order.store(PART).refunded == order.store(PART).paid


def test_goods_that_are_lighter_cost_less_and_heavier_ones_what_was_paid() -> None:
    order = paid("refund", unit_grams=500)
    picking.weigh(order, PART, {LINE: 1600}, SOON)
    assert refunds(order) == []
    picking.weigh(order, PART, {LINE: 1350}, SOON)
    (refund,) = [event.refund for event in order.recorded if isinstance(event, events.RefundIssued)]
    (part,) = refund.lines
    # A tenth less: of 37.50, of the 32.01 that were paid, of the shop's 2.54, of the platform's 2.95.
    assert part.amount + sum(discount.amount for discount in part.discounts) == 375
    assert (refund.reason, part.quantity, part.amount) == ("weighed", 0, 321)
    told = len(order.recorded)
    picking.weigh(order, PART, {LINE: 1350}, LATE)
    assert len(order.recorded) == told
    with pytest.raises(PriceWouldRise):
        picking.weigh(order, PART, {LINE: 1400}, LATE)


def test_what_is_not_sold_by_weight_is_not_weighed() -> None:
    with pytest.raises(NotWeighed):
        picking.weigh(paid(), PART, {LINE: 400}, SOON)


def test_a_weighed_line_that_is_returned_gives_back_the_rest_and_no_more() -> None:
    order = paid("refund", unit_grams=500)
    picking.weigh(order, PART, {LINE: 1350}, SOON)
    order.refund(
        refund_id="r",
        store_order_id=PART,
        lines={LINE: 3},
        reason="spoilt",
        return_delivery_fee=False,
        at=LATE,
    )
    assert order.store(PART).line(LINE).refunded == order.store(PART).line(LINE).paid


def test_a_silent_shop_is_reminded_and_then_rejected_while_its_sibling_lives_on() -> None:
    order = paid()
    order.accept(b.STORE_ORDERS[1], SOON, SOON)
    order.recorded.clear()
    order.by = CLOCK
    acceptance.press(order, b.NOON + timedelta(minutes=14))
    assert order.recorded == []
    for _ in range(2):
        acceptance.press(order, b.NOON + timedelta(minutes=15))
        assert [type(event).__name__ for event in order.recorded] == ["StoreOrderReminded"]
    for _ in range(2):
        acceptance.press(order, b.NOON + timedelta(minutes=30))
    assert order.store(PART).status is StoreStatus.REJECTED
    assert order.store(PART).reason == "no-answer"
    assert order.status is OrderStatus.IN_FULFILMENT
    assert [reason for reason, *_ in refunds(order)] == ["no-answer"]


def test_after_a_rejection_the_rest_is_cancelled_free_of_charge_until_the_first_pickup() -> None:
    """Rule 14."""
    order = paid()
    order.reject(PART, "sold-out", SOON)
    order.cancel("changed-my-mind", LATE)
    assert order.refunded == order.total
    late = paid()
    late.reject(PART, "sold-out", SOON)
    late.picked_up(b.STORE_ORDERS[1], LATE)
    with pytest.raises(TooLateToCancel):
        late.cancel("changed-my-mind", LATE)


def test_a_delivery_that_was_free_stays_free_and_the_platform_bears_it() -> None:
    """Rule 14: what remains falls under the threshold, and no fee is charged afterwards."""
    order = b.a_paid_order(delivery_fee=0, free_delivery=FreeDelivery(threshold=9000, waived=700))
    assert views.order(order)["free_delivery"]["borne_by"] is None
    total = order.total
    order.reject(b.STORE_ORDERS[1], "sold-out", SOON)
    shown = views.order(order)
    assert shown["delivery_fee"]["amount"] == 0
    assert shown["free_delivery"] == {
        "threshold": {"amount": 9000, "currency": "CNY"},
        "waived": {"amount": 700, "currency": "CNY"},
        "borne_by": "platform",
    }
    assert order.total == total
    assert order.refunded == order.store(b.STORE_ORDERS[1]).paid


def test_the_rule_of_the_fee_says_what_it_waives() -> None:
    rule = DeliveryFeeRule(base=500, per_extra_pickup=200, included_m=3000, per_km=100, free_from=5000)
    place = b.an_order().drop_off.position
    assert (rule.fee([place], place, 4999), rule.free([place], place, 4999)) == (500, None)
    assert rule.fee([place] * 2, place, 5000) == 0
    assert rule.free([place] * 2, place, 5000) == FreeDelivery(threshold=5000, waived=700)


def test_lines_of_a_list_stay_together_over_all_shops() -> None:
    """Rule 17."""
    first, second = b.the_stores()
    named = [replace(line, list_name=name) for line, name in zip(
        (*first.lines, *second.lines), ("for grandma", None, "for grandma", "for me"), strict=True
    )]  # fmt: skip
    order = b.a_paid_order(
        stores=(replace(first, lines=tuple(named[:2])), replace(second, lines=tuple(named[2:])))
    )
    shown = views.order(order)["lists"]
    assert [(item["name"], item["line_ids"]) for item in shown] == [
        ("for grandma", [b.LINES[0], b.LINES[2]]),
        ("for me", [b.LINES[3]]),
    ]
    assert shown[0]["paid"]["amount"] == named[0].paid + named[2].paid
