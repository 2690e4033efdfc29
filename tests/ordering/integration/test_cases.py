"""After-sale cases on a real database: who may do what, what is paid back, and what an order waits for."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from shared.kernel.errors import Refusal
from tests.ordering.integration.conftest import CUSTOMER, OPERATOR, Platform, Wire, merchant, part_of
from tests.ordering.integration.test_fulfilment import completed, pickup_failed, refunds

STRANGER = {"account_id": "customer-2", "role": "customer"}


@pytest.fixture
def delivered(platform: Platform) -> Wire:
    """Three apples and a milk of the first shop, two breads of the second, at the customer's since 10:40."""
    order = platform.paid()
    completed(platform, order)
    platform.clock.advance(timedelta(hours=1))
    return platform.order(order["order_id"])


def line(order: Wire, shop: int, place: int = 0) -> str:
    line_id: str = part_of(order, f"shop-{shop}")["lines"][place]["line_id"]
    return line_id


def open_case(platform: Platform, order: Wire, quantity: int = 1, **changes: Any) -> Wire:
    return platform.service.open_case(
        **{
            "actor": CUSTOMER,
            "case_id": platform.an_id("case"),
            "order_id": order["order_id"],
            "lines": [{"line_id": line(order, 1), "quantity": quantity}],
            "reason": "damaged",
        }
        | changes
    )


def ask(platform: Platform, method: str, case: Wire, actor: Wire, **more: Any) -> Wire:
    answer: Wire = getattr(platform.service, method)(actor=actor, case_id=case["case_id"], **more)
    return answer


def code_of(call: Any) -> str:
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value.code


def late(platform: Platform, order: Wire) -> str:
    """The order's status, long after its after-sale window has closed."""
    platform.service.complete_delivered()
    return str(platform.order(order["order_id"])["status"])


def test_a_shop_that_refunds_pays_back_the_units_and_the_order_is_completed_only_then(
    platform: Platform, delivered: Wire
) -> None:
    case = open_case(platform, delivered, 2)
    assert (case["status"], case["steps"][0]["by"]) == ("open", "customer")
    platform.clock.advance(timedelta(hours=23))
    platform.service.decide_overdue_cases()
    platform.clock.advance(timedelta(minutes=59))
    assert late(platform, delivered) == "delivered"
    answered = ask(platform, "answer_case", case, merchant(1), decision="refund")
    assert (answered["status"], answered["refunded"]["amount"], answered["borne_by"]) == (
        "refunded",
        2500,
        "shop",
    )
    assert ask(platform, "answer_case", case, merchant(1), decision="refund") == answered
    assert refunds(platform) == [("shop-1", 2500)]
    (event,) = platform.published("RefundIssued")
    assert (event["refund_id"], event["borne_by"], event["restock"]) == (answered["refund_id"], "shop", False)
    platform.clock.advance(timedelta(hours=48))
    assert late(platform, delivered) == "completed"


def test_a_silent_shop_pays_back_by_the_clock_and_completion_waited_for_it(
    platform: Platform, delivered: Wire
) -> None:
    platform.clock.advance(timedelta(hours=46, minutes=30))
    case = open_case(platform, delivered)
    platform.clock.advance(timedelta(hours=23))
    platform.service.decide_overdue_cases()
    assert late(platform, delivered) == "delivered"
    platform.clock.advance(timedelta(hours=1))
    platform.service.decide_overdue_cases()
    platform.service.decide_overdue_cases()
    seen = ask(platform, "case", case, CUSTOMER)
    assert (seen["status"], seen["steps"][-1]["by"]) == ("refunded", "clock")
    assert refunds(platform) == [("shop-1", 1250)]
    assert late(platform, delivered) == "completed"
    assert platform.types_published()[-1] == "OrderCompleted"


def test_a_rejection_may_be_appealed_and_an_operator_says_whose_fault_it_was(
    platform: Platform, delivered: Wire
) -> None:
    case = open_case(platform, delivered)
    assert code_of(lambda: ask(platform, "appeal_case", case, CUSTOMER)) == "wrong-state"
    assert (
        code_of(lambda: ask(platform, "answer_case", case, merchant(1), decision="reject")) == "invalid-input"
    )
    said = ask(platform, "answer_case", case, merchant(1), decision="reject", words="It was whole.")
    assert said["status"] == "rejected"
    appealed = ask(platform, "appeal_case", case, CUSTOMER, words="It was not.")
    assert (appealed["status"], appealed["due_at"]) == ("appealed", None)
    assert (
        code_of(lambda: ask(platform, "answer_case", case, merchant(1), decision="refund")) == "wrong-state"
    )
    queue = platform.service.cases_waiting(actor=OPERATOR)
    assert [item["case_id"] for item in queue["items"]] == [case["case_id"]]
    platform.clock.advance(timedelta(days=30))
    platform.service.decide_overdue_cases()
    assert late(platform, delivered) == "delivered"
    ruled = ask(
        platform,
        "arbitrate_case",
        case,
        OPERATOR,
        decision="refund",
        borne_by="courier",
        return_delivery_fee=True,
        words="The courier dropped it.",
    )
    assert (ruled["status"], ruled["borne_by"], ruled["refunded"]["amount"]) == (
        "refunded",
        "courier",
        1250 + 700,
    )
    assert refunds(platform) == [("shop-1", 1250), (None, 700)]
    assert {event["borne_by"] for event in platform.published("RefundIssued")} == {"courier"}
    assert platform.service.cases_waiting(actor=OPERATOR)["items"] == []
    assert late(platform, delivered) == "completed"
    assert platform.published("AfterSaleCaseClosed")[0]["decided_by"] == "operator"


def test_a_rejection_that_nobody_appeals_stands_and_its_units_stay_decided(
    platform: Platform, delivered: Wire
) -> None:
    case = open_case(platform, delivered, 3)
    ask(platform, "answer_case", case, merchant(1), decision="reject", words="No.")
    assert code_of(lambda: open_case(platform, delivered)) == "units-claimed"
    platform.clock.advance(timedelta(hours=47))
    platform.service.decide_overdue_cases()
    platform.clock.advance(timedelta(hours=1))
    platform.service.decide_overdue_cases()
    assert ask(platform, "case", case, CUSTOMER)["status"] == "dismissed"
    assert refunds(platform) == []
    assert late(platform, delivered) == "completed"


def test_sending_again_moves_no_money_unless_it_fails(platform: Platform, delivered: Wire) -> None:
    case = open_case(platform, delivered)
    ask(platform, "answer_case", case, merchant(1), decision="resend")
    ask(platform, "case_sent_again", case, merchant(1), words="On its way.")
    assert ask(platform, "confirm_case", case, CUSTOMER, arrived=True)["status"] == "resolved"
    again = open_case(platform, delivered)
    ask(platform, "answer_case", again, merchant(1), decision="resend")
    assert refunds(platform) == []
    platform.clock.advance(timedelta(hours=72))
    platform.service.decide_overdue_cases()
    assert ask(platform, "case", again, CUSTOMER)["status"] == "refunded"
    assert refunds(platform) == [("shop-1", 1250)]


def test_what_was_sent_and_did_not_come_is_for_an_operator_and_silence_means_it_came(
    platform: Platform, delivered: Wire
) -> None:
    lost, quiet = open_case(platform, delivered), open_case(platform, delivered)
    for case in (lost, quiet):
        ask(platform, "answer_case", case, merchant(1), decision="resend")
        ask(platform, "case_sent_again", case, merchant(1))
    assert ask(platform, "confirm_case", lost, CUSTOMER, arrived=False)["status"] == "appealed"
    platform.clock.advance(timedelta(hours=72))
    platform.service.decide_overdue_cases()
    assert ask(platform, "case", quiet, CUSTOMER)["status"] == "resolved"
    assert ask(platform, "case", lost, CUSTOMER)["status"] == "appealed"


def test_what_an_operator_has_ruled_holds_when_sending_again_fails(
    platform: Platform, delivered: Wire
) -> None:
    case = open_case(platform, delivered)
    ask(platform, "answer_case", case, merchant(1), decision="reject", words="No.")
    ask(platform, "appeal_case", case, CUSTOMER)
    ruling = {"decision": "resend", "borne_by": "courier", "words": "The courier dropped it."}
    ask(platform, "arbitrate_case", case, OPERATOR, **ruling)
    platform.clock.advance(timedelta(hours=72))
    platform.service.decide_overdue_cases()
    seen = ask(platform, "case", case, CUSTOMER)
    assert (seen["status"], seen["borne_by"]) == ("refunded", "courier")
    assert [event["borne_by"] for event in platform.published("RefundIssued")] == ["courier"]


def test_an_operator_reopens_after_completion_and_the_order_stays_completed(
    platform: Platform, delivered: Wire
) -> None:
    case = open_case(platform, delivered)
    ask(platform, "withdraw_case", case, CUSTOMER)
    platform.clock.advance(timedelta(hours=48))
    assert late(platform, delivered) == "completed"
    assert code_of(lambda: ask(platform, "reopen_case", case, merchant(1))) == "not-for-this-role"
    ask(platform, "reopen_case", case, OPERATOR, words="There is a picture now.")
    ruled = ask(
        platform, "arbitrate_case", case, OPERATOR, decision="refund", borne_by="platform", words="Ours."
    )
    assert ruled["status"] == "refunded"
    assert late(platform, delivered) == "completed"
    assert platform.types_published().count("OrderCompleted") == 1


def test_a_refund_elsewhere_counts_against_the_case(platform: Platform, delivered: Wire) -> None:
    case = open_case(platform, delivered, 2)
    for number, left in ((1, 1), (2, 0)):
        platform.service.refund(
            actor=merchant(1),
            refund_id=f"refund-{number}",
            store_order_id=part_of(delivered, "shop-1")["store_order_id"],
            lines=[{"line_id": line(delivered, 1), "quantity": 1}],
            reason="bruised",
        )
        assert ask(platform, "case", case, CUSTOMER)["lines"][0]["left"] == left
    seen = ask(platform, "case", case, CUSTOMER)
    assert (seen["status"], seen["steps"][-1]["by"], seen["refunded"]["amount"]) == (
        "overtaken",
        "elsewhere",
        0,
    )
    platform.clock.advance(timedelta(days=3))
    platform.service.decide_overdue_cases()
    assert refunds(platform) == [("shop-1", 1250)] * 2
    assert late(platform, delivered) == "completed"


def test_a_part_that_turns_out_not_to_be_collected_overtakes_its_case(
    platform: Platform, delivered: Wire
) -> None:
    case = open_case(platform, delivered, 3)
    pickup_failed(platform, delivered, 1)
    assert ask(platform, "case", case, CUSTOMER)["status"] == "overtaken"
    assert refunds(platform) == [("shop-1", 4430)]


def test_opening_twice_is_one_case_and_another_orders_id_is_refused(
    platform: Platform, delivered: Wire
) -> None:
    case = open_case(platform, delivered, case_id="case-x")
    assert open_case(platform, delivered, case_id="case-x", quantity=3) == case
    other = platform.paid()
    completed(platform, other)
    assert code_of(lambda: open_case(platform, other, case_id="case-x")) == "command-id-used"
    assert len(platform.published("AfterSaleCaseOpened")) == 1


def test_the_window_starts_at_the_receipt_and_closes(platform: Platform) -> None:
    order = platform.paid()
    assert code_of(lambda: open_case(platform, order)) == "after-sale-window-closed"
    completed(platform, order)
    platform.clock.advance(timedelta(hours=48, minutes=39))
    open_case(platform, order)
    platform.clock.advance(timedelta(minutes=1))
    assert code_of(lambda: open_case(platform, order)) == "after-sale-window-closed"


def test_two_cases_that_race_for_the_last_unit_do_not_both_get_it(
    platform: Platform, delivered: Wire
) -> None:
    open_case(platform, delivered, 2)
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def race(number: int) -> None:
        barrier.wait()
        try:
            outcomes.append(open_case(platform, delivered, case_id=f"race-{number}")["status"])
        except Refusal as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=race, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["open", "units-claimed"]


def test_the_shop_and_the_clock_decide_a_case_once_between_them(platform: Platform, delivered: Wire) -> None:
    case = open_case(platform, delivered)
    platform.clock.advance(timedelta(hours=24))
    barrier = threading.Barrier(2)
    refused: list[str] = []

    def shop() -> None:
        barrier.wait()
        try:
            ask(platform, "answer_case", case, merchant(1), decision="refund")
        except Refusal as refusal:
            refused.append(refusal.code)

    def clock() -> None:
        barrier.wait()
        platform.service.decide_overdue_cases()

    threads = [threading.Thread(target=each) for each in (shop, clock)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused in ([], ["wrong-state"])
    assert refunds(platform) == [("shop-1", 1250)]


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "other"},
        {"reason": "bad mood"},
        {"lines": []},
        {"lines": [{"line_id": "x", "quantity": 0}]},
        {"lines": [{"line_id": "x", "quantity": 1}, {"line_id": "x", "quantity": 1}]},
    ],
)
def test_a_case_that_says_nothing_is_not_opened(
    platform: Platform, delivered: Wire, changes: dict[str, Any]
) -> None:
    assert code_of(lambda: open_case(platform, delivered, **changes)) == "invalid-input"
