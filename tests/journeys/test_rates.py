"""Rates and charges over HTTP: scheduled, compared, withdrawn, tried out; booked, charged and ended."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.journeys.people import Neighbourhood, Refused, eventually

pytestmark = pytest.mark.timeout(240)

SHANGHAI = timezone(timedelta(hours=8))


def yuan(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "CNY"}


def day_in(town: Neighbourhood, minutes: float) -> str:
    return datetime.fromisoformat(town.in_minutes(minutes)).astimezone(SHANGHAI).date().isoformat()


def test_an_operator_schedules_compares_and_withdraws_rates(town: Neighbourhood) -> None:
    plan = town.operator.post(
        "/v1/rate-plans",
        {
            "effective_from": town.in_minutes(60 * 24 * 365),
            "take_rate_base": "before_discounts",
            "take_rate_by_shop": {town.shops[0].shop_id: 300},
        },
    )
    assert plan["standing"] == "scheduled"
    path = f"/v1/rate-plans/{plan['version']}"
    assert town.operator.get(path) == plan
    differences = {each["term"] for each in town.operator.get(f"{path}/differences")["differences"]}
    assert {"take_rate_base", f"take_rate_by_shop.{town.shops[0].shop_id}"} <= differences
    withdrawn = town.operator.post(f"{path}/withdraw")
    assert withdrawn["standing"] == "withdrawn"
    assert withdrawn in town.operator.get("/v1/rate-plans")["items"]
    with pytest.raises(Refused, match="rate-plan-in-force"):
        town.operator.post("/v1/rate-plans/1/withdraw")
    with pytest.raises(Refused, match="rate-plan-not-found"):
        town.operator.get("/v1/rate-plans/first")


def test_rates_are_tried_out_on_the_orders_of_the_day(town: Neighbourhood) -> None:
    since = town.in_minutes(-1)
    order = town.place_and_pay()
    town.accept_and_pack(order)
    town.deliver(order)
    eventually(lambda: town.ledger_of(order).get("revenue:take_rate"), 30, "the order to be settled")
    asked = {"since": since, "until": town.in_minutes(60), "take_rate_bp": 0, "take_rate_by_category": {}}
    found = town.operator.post("/v1/rate-plans/what-if", asked)
    assert found["orders"] >= 1
    totals = {row["party"]: row["difference"]["amount"] for row in found["totals"]}
    assert totals["customers"] == 0 == found["sum"]["difference"]["amount"]
    assert totals["shop"] == -totals["platform"] > 0
    with pytest.raises(Refused, match="role-not-allowed"):
        town.shops[0].merchant.post("/v1/rate-plans/what-if", asked)


def test_a_shop_is_charged_for_a_tool_and_its_end_gives_the_rest_back(town: Neighbourhood) -> None:
    shop, today = town.shops[0], day_in(town, 2)
    with pytest.raises(Refused, match="contract-refused"):
        shop.merchant.post(
            f"/v1/shops/{shop.shop_id}/subscriptions", {"tool": "no such tool", "starts_on": today}
        )
    booked = town.operator.post(
        f"/v1/shops/{shop.shop_id}/subscriptions",
        {"tool": "shelf planner", "starts_on": today, "monthly_fee": yuan(31_000)},
    )

    def charged() -> Any:
        (seen,) = shop.merchant.get(f"/v1/shops/{shop.shop_id}/contracts")["items"]
        return seen if seen["charges"] else None

    seen = eventually(charged, 90, "the timer to charge the shop")
    assert seen["contract_id"] == booked["contract_id"]
    assert "x" in seen["charges"][0]["formula"]
    ended = town.operator.post(
        f"/v1/contracts/{booked['contract_id']}/end", {"ends_before": today, "reason": "booked by mistake"}
    )
    assert ended["charged"] == yuan(0)
    check = town.operator.get("/v1/ledger/check")
    assert check["sums_to_zero"]
    assert not [each for each in check["per_order_mismatches"] if not each["order_id"]]
