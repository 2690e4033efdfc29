"""Days of a shop over HTTP: sold, settled, paid out, refunded after that, in debt, and out of it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from linli.stack.platform import Platform
from tests.journeys import other_days
from tests.journeys.people import Neighbourhood, Refused, eventually, open_neighbourhood

pytestmark = pytest.mark.timeout(400)

SPEED = 60.0
NAME = "journeys-settling"
# Noon in Shanghai.
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
# Twenty minutes past midnight there: the day before is over, and its stragglers are in.
NIGHT = NOON + timedelta(hours=12, minutes=20)
SETTINGS = {"LINLI_COMMISSION_SHOP_MATURITY": "delivery", "LINLI_COMMISSION_PAYOUT_FEE": "20"}


def amount(money: Any) -> int:
    return int(money["amount"])


def running_at(moment: datetime) -> AbstractContextManager[Platform]:
    return other_days.running_at(moment, NAME, speed=SPEED, settings=SETTINGS)


@contextmanager
def back_in(town: Neighbourhood, moment: datetime) -> Iterator[Neighbourhood]:
    with running_at(moment) as platform, other_days.back_in(town, platform) as again:
        yield again


def sells_and_delivers(town: Neighbourhood) -> Any:
    order = town.place_and_pay(town.basket(shops=1))
    town.accept_and_pack(order)
    town.deliver(order)
    shop = town.shops[0]
    eventually(
        lambda: f"payable:shop:{shop.shop_id}" in town.ledger_of(order) or None, 30, "the ledger to settle"
    )
    return order


def statements(town: Neighbourhood, number: int) -> list[Any]:
    """A shop's statements, the oldest first, once there are so many."""
    shop = town.shops[0]

    def look() -> list[Any] | None:
        found = shop.merchant.get(f"/v1/shops/{shop.shop_id}/settlements")["items"]
        return list(reversed(found)) if len(found) == number else None

    return eventually(look, 90, f"statement {number}")


def confirmed(town: Neighbourhood, number: int) -> list[Any]:
    shop = town.shops[0]

    def look() -> list[Any] | None:
        path = f"/v1/shops/{shop.shop_id}/payouts"
        found = shop.merchant.get(path, status="confirmed")["items"]
        return list(reversed(found)) if len(found) == number else None

    return eventually(look, 60, f"payout {number} to be confirmed")


def test_a_refund_after_the_payout_is_a_debt_that_the_next_sales_fill(state_of_platforms: Any) -> None:
    with running_at(NOON) as platform, open_neighbourhood(platform) as town:
        shop = town.shops[0]
        town.operator.post(
            f"/v1/payees/shop/{shop.shop_id}/changes",
            {"action": "bank_account", "value": "icbc-ref-6222000011112345", "reason": "contract signed"},
        )
        order = sells_and_delivers(town)
    with back_in(town, NIGHT) as night:
        (first,) = statements(night, 1)
        earned = amount(first["closing"])
        assert (amount(first["opening"]), amount(first["earned"]) > 0) == (0, True)
        (payout,) = confirmed(night, 1)
        assert (amount(payout["amount"]), amount(payout["fee"])) == (earned - 20, 20)
        assert payout["bank_account"] == "••••2345"
        part = order["store_orders"][0]
        lines = [{"line_id": line["line_id"], "quantity": line["quantity"]} for line in part["lines"]]
        night.shops[0].merchant.post(
            f"/v1/store-orders/{part['store_order_id']}/refunds", {"lines": lines, "reason": "bruised"}
        )
        eventually(
            lambda: not night.ledger_of(order).get(f"payable:shop:{shop.shop_id}") or None, 30, "the refund"
        )
        _reads_the_statement(night, first)
    with back_in(town, NIGHT + timedelta(days=1)) as night:
        _, second = statements(night, 2)
        assert amount(second["closing"]) == -earned
        assert amount(second["debt"]) == earned
        assert amount(second["paid_out"]) == earned - 20
        # Nothing negative is paid out.
        assert len(confirmed(night, 1)) == 1
        night.courier.post(
            "/v1/courier/shift",
            {
                "zone_id": night.zone_id,
                "ends_at": night.in_minutes(24 * 60),
                "position": night.place_at(0.0, 0.0),
            },
        )
        for _ in range(2):
            sells_and_delivers(night)
    with back_in(town, NIGHT + timedelta(days=2)) as night:
        third = statements(night, 3)[-1]
        assert (amount(third["opening"]), amount(third["closing"])) == (-earned, earned)
        assert amount(confirmed(night, 2)[-1]["amount"]) == earned - 20
        assert night.operator.get("/v1/ledger/check")["sound"]
        _reconciles_with_the_bank(night)


def _reads_the_statement(town: Neighbourhood, head: Any) -> None:
    merchant, path = town.shops[0].merchant, f"/v1/settlements/{head['statement_id']}"
    document = merchant.get(path)
    assert sum(amount(line["amount"]) for line in document["lines"]) == amount(head["closing"])
    assert all(line["formula"] for line in document["lines"])
    assert merchant.fetch(f"{path}/pdf").content.startswith(b"%PDF-")
    sheet = merchant.fetch(f"{path}/csv").content.decode("utf-8-sig")
    assert "Shop 0" in sheet
    with pytest.raises(Refused) as refused:
        town.shops[1].merchant.get(path)
    assert refused.value.status == 404


def _reconciles_with_the_bank(town: Neighbourhood) -> None:
    period = {
        "since": (NOON - timedelta(days=1)).isoformat(),
        "until": (NOON + timedelta(days=9)).isoformat(),
    }
    content = town.operator.get_text("/v1/ledger/bank-file", **period)
    made = town.operator.post_text("/v1/ledger/reconciliations", content, "text/csv", source="bank", **period)
    assert (made["clean"], made["matched"]) == (True, 2)
    made = town.operator.post_text(
        "/v1/ledger/reconciliations", content.splitlines()[0] + "\n", "text/csv", source="bank", **period
    )
    assert made["problems"] == {"missing_in_file": 2}
