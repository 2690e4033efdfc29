"""Refunds at the platform's cost, on a real database, in any order of their events."""

from __future__ import annotations

import random

import pytest

from tests.commission.builders import a_promoted_order, an_order
from tests.commission.integration.conftest import Platform
from tests.commission.integration.test_bookkeeping import promotes


@pytest.mark.parametrize("seed", range(3))
def test_the_platform_bears_what_is_not_the_shops_fault_in_whatever_order_it_is_heard(
    platform: Platform, seed: int
) -> None:
    order = an_order()
    bread = order.parts[1].lines[0]
    events = [
        order.paid(),
        order.delivered(),
        order.trip(),
        order.refund(order.parts[1], {bread.line_id: (600, 0)}, borne_by="courier"),
        order.refund(order.parts[1], {bread.line_id: (600, 0)}, borne_by="platform"),
        order.refund(order.parts[1], {bread.line_id: (600, 0)}),
        order.completed(),
    ]
    chance = random.Random(seed)
    chance.shuffle(events)
    platform.hears(*events, *chance.sample(events, 3))
    assert platform.sums() == {
        "cash:provider": 8000 - 1800,
        "expense:courier_pay": 651,
        "expense:goodwill": 1200,
        "expense:platform_discount": 300,
        "payable:courier:courier-1": -651,
        "payable:shop:bakery": -(1200 - 60),
        "payable:shop:fruit": -(5800 - 290),
        "revenue:delivery_fee": -700,
        "revenue:take_rate": -(290 + 60),
    }
    kinds = platform.rows(
        "SELECT kind, sum(amount)::bigint FROM ledger_entry WHERE account = 'expense:goodwill'"
        " GROUP BY kind ORDER BY kind"
    )
    assert kinds == [("courier_fault", 600), ("goodwill", 600)]
    assert platform.is_sound()


def test_after_the_release_the_shops_fault_claws_back_and_the_platforms_does_not(platform: Platform) -> None:
    """Rule 22: what was released is taken back; what stands is not."""
    order = a_promoted_order(promotes(platform))
    bought = order.parts[0].lines[0]
    platform.hears(order.paid(), order.delivered(), order.completed())
    assert platform.sums()["payable:promoter:florist"] == -240
    platform.hears(order.refund(order.parts[0], {bought.line_id: (800, 0)}, borne_by="platform"))
    assert platform.sums()["payable:promoter:florist"] == -240
    assert platform.published("CommissionReversed") == []
    platform.hears(order.refund(order.parts[0], {bought.line_id: (800, 0)}, borne_by="shop"))
    assert platform.sums()["payable:promoter:florist"] == -160
    assert len(platform.published("CommissionReversed")) == 1
    assert platform.is_sound()
