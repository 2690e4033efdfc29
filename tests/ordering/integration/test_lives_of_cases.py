"""Random lives of cases through the service, on PostgreSQL: whatever is done, the laws hold."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from shared.kernel.errors import Refusal
from tests.ordering.integration.conftest import CUSTOMER, OPERATOR, Platform, Wire, merchant, part_of
from tests.ordering.integration.test_fulfilment import completed

GOING_ON = {"open", "rejected", "appealed", "resending", "resent"}


class Life:
    """One order of many apples and some milk, some cases about it, and what was asked of them."""

    def __init__(self, platform: Platform, seed: int) -> None:
        self.platform, self.chance, self.ids = platform, random.Random(seed), count()
        lines = [{"listing_id": "apples", "quantity": 11}, {"listing_id": "milk", "quantity": 7}]
        order = platform.paid(coupon_codes=["WELCOME"], lines=lines)
        completed(platform, order)
        self.order_id = order["order_id"]
        self.part = part_of(order, "shop-1")
        self.refused = self.done = 0

    def act(self) -> None:
        service, chance = self.platform.service, self.chance
        known = service.cases(actor=CUSTOMER)["items"]
        alive = [case for case in known if case["status"] in GOING_ON]
        cases = [case["case_id"] for case in (alive if chance.random() < 0.8 else known)]
        case = {"case_id": chance.choice(cases)} if cases else {"case_id": "none"}
        answer = {"decision": chance.choice(["refund", "resend", "reject"]), "words": "So it is."}
        some = [
            {"line_id": line["line_id"], "quantity": chance.randint(1, 2)}
            for line in self.part["lines"]
            if chance.random() < 0.6
        ]
        fault = chance.choice(["shop", "platform", "courier"])
        acts: list[tuple[str, dict[str, Any]]] = [
            ("open_case", {"actor": CUSTOMER, "case_id": f"case-{next(self.ids)}", "lines": some}),
            ("answer_case", {"actor": merchant(1), **case, **answer}),
            ("case_sent_again", {"actor": merchant(1), **case}),
            ("confirm_case", {"actor": CUSTOMER, **case, "arrived": chance.random() < 0.5}),
            ("appeal_case", {"actor": CUSTOMER, **case}),
            ("withdraw_case", {"actor": CUSTOMER, **case}),
            ("arbitrate_case", {"actor": OPERATOR, **case, **answer, "borne_by": fault}),
            ("reopen_case", {"actor": OPERATOR, **case}),
            ("refund", {"actor": merchant(1), "refund_id": f"refund-{next(self.ids)}", "lines": some}),
        ]
        method, request = chance.choices(acts, weights=(4, 3, 2, 2, 3, 1, 3, 1, 1))[0]
        if method == "open_case":
            request |= {"order_id": self.order_id, "reason": "quality"}
        elif method == "refund":
            request |= {"store_order_id": self.part["store_order_id"], "reason": "bruised"}
        try:
            getattr(service, method)(**request)
            self.done += 1
        except Refusal:
            self.refused += 1

    def pass_time(self) -> None:
        self.platform.clock.advance(timedelta(minutes=self.chance.choice([1, 30, 300, 1500])))
        self.platform.service.decide_overdue_cases()
        self.platform.service.complete_delivered()

    def check(self) -> None:
        order = self.platform.order(self.order_id)
        cases = self.platform.service.cases(actor=CUSTOMER)["items"]
        part = part_of(order, "shop-1")
        for line in part["lines"]:
            left = line["quantity"] - line["refunded_quantity"]
            about = [
                claim["left"]
                for case in cases
                if case["status"] in GOING_ON
                for claim in case["lines"]
                if claim["line_id"] == line["line_id"]
            ]
            assert sum(about) <= left, "two cases are about one unit"
            # Rule 5: in parts as at once, to the cent.
            share = line["paid"]["amount"] * line["refunded_quantity"] // line["quantity"]
            assert line["refunded"]["amount"] == share
        told = self.platform.published("RefundIssued")
        assert sum(event["amount"]["amount"] for event in told) == order["refunded"]["amount"]
        by_cases = {case["refund_id"]: case["refunded"]["amount"] for case in cases if case["refund_id"]}
        assert by_cases.items() <= {e["refund_id"]: e["amount"]["amount"] for e in told}.items()
        assert {case["status"] for case in cases if case["refund_id"]} <= {"refunded"}
        types = self.platform.types_published()
        assert types.count("OrderCompleted") == (order["status"] == "completed")


@pytest.mark.parametrize("seed", range(5))
def test_whatever_people_and_the_clock_do_the_laws_hold(platform: Platform, seed: int) -> None:
    life = Life(platform, seed)
    for _ in range(30):
        going_on = _going_on(platform)
        was = platform.order(life.order_id)["status"]
        life.act()
        if life.chance.random() < 0.2:
            life.pass_time()
            if was == "delivered" and platform.order(life.order_id)["status"] == "completed":
                assert not _going_on(platform), f"completed although {going_on} went on"
        life.check()
    assert life.done > 3
    assert life.refused > 0
    # Left alone, everything but what waits for an operator comes to an end, and then the order does.
    for case in platform.service.cases_waiting(actor=OPERATOR)["items"]:
        platform.service.arbitrate_case(
            actor=OPERATOR, case_id=case["case_id"], decision="reject", words="No.", borne_by="shop"
        )
    for _ in range(4):
        platform.clock.advance(timedelta(days=4))
        platform.service.decide_overdue_cases()
    platform.service.complete_delivered()
    life.check()
    assert _going_on(platform) == []
    assert platform.order(life.order_id)["status"] == "completed"
    platform.service.send_refunds()
    seen = platform.order(life.order_id)
    assert platform.money_taken() == seen["total"]["amount"] - seen["refunded"]["amount"]


def _going_on(platform: Platform) -> list[Wire]:
    return [case for case in platform.service.cases(actor=CUSTOMER)["items"] if case["status"] in GOING_ON]
