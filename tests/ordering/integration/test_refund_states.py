"""Refunds go back to where the money came from, are asked for until that is confirmed, and can be seen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.ordering.domain.errors import ProviderUnavailable
from services.ordering.domain.provider_refund import RefundOutcome, RefundState
from shared.kernel.errors import Refusal
from tests.ordering.integration.conftest import CUSTOMER, OPERATOR, Platform

Wire = dict[str, Any]


def cancelled(platform: Platform, scenario: str) -> str:
    """A paid order that its customer has withdrawn from."""
    order = platform.placed()
    platform.pay(order["order_id"], scenario)
    platform.tell()
    platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="no")
    return str(order["order_id"])


def states(platform: Platform, order_id: str) -> set[str]:
    page = platform.service.refunds(actor=CUSTOMER, order_id=order_id)
    return {item["state"] for item in page["items"]}


def due_again(platform: Platform) -> None:
    platform.sql("UPDATE provider_refund SET next_at = clock_timestamp()")


def test_a_refund_that_fails_first_is_tried_again_and_its_customer_sees_how_far_it_is(
    platform: Platform,
) -> None:
    order_id = cancelled(platform, "refund_fails_first")
    assert states(platform, order_id) == {"pending"}
    taken = platform.money_taken()
    platform.service.send_refunds()
    assert states(platform, order_id) == {"failed"}
    assert platform.money_taken() == taken > 0
    failed = platform.service.provider_refunds(actor=OPERATOR, state="failed")["items"]
    assert {item["failure"] for item in failed} == {"NOT_NOW"}
    platform.service.watch_refunds()
    assert REGISTRY.get_sample_value("linli_refunds_waiting", {"state": "failed"}) == len(failed)
    platform.service.send_refunds()
    assert states(platform, order_id) == {"failed"}, "it is not due again yet"
    due_again(platform)
    platform.service.send_refunds()
    assert states(platform, order_id) == {"confirmed"}
    assert platform.money_taken() == 0
    page = platform.service.refunds(actor=CUSTOMER, order_id=order_id)
    assert all(item["confirmed_at"] and item["expected_at"] for item in page["items"])
    assert sum(item["amount"]["amount"] for item in page["items"]) == page["refunded"]["amount"]
    platform.service.watch_refunds()
    assert REGISTRY.get_sample_value("linli_refunds_waiting", {"state": "failed"}) == 0
    assert platform.service.provider_refunds(actor=OPERATOR)["items"] == []


def test_a_refund_is_asked_about_until_the_provider_confirms_it(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = cancelled(platform, "success")
    asked = []

    def accept(refunds: Any) -> list[RefundOutcome]:
        asked.append(len(refunds))
        return [RefundOutcome(refund_id=each.refund_id, state=RefundState.SENT) for each in refunds]

    with monkeypatch.context() as instead:
        instead.setattr(platform.sandbox, "refund", accept)
        platform.service.send_refunds()
        due_again(platform)
        platform.service.send_refunds()
    assert len(asked) == 2
    assert states(platform, order_id) == {"sent"}
    due_again(platform)
    platform.service.send_refunds()
    assert states(platform, order_id) == {"confirmed"}


def test_a_notice_that_comes_late_takes_nothing_back(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = cancelled(platform, "success")
    platform.service.send_refunds()
    page = platform.service.refunds(actor=CUSTOMER, order_id=order_id)["items"]
    late = [
        RefundOutcome(refund_id=item["refund_id"], state=state)
        for item in page
        for state in (RefundState.FAILED, RefundState.SENT)
    ]
    monkeypatch.setattr(platform.sandbox, "notices", lambda _headers, _body: late)
    platform.service.payment_notification(provider="sandbox", headers={}, body="")
    assert states(platform, order_id) == {"confirmed"}


def test_a_notice_confirms_what_was_sent(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id = cancelled(platform, "success")
    page = platform.service.refunds(actor=CUSTOMER, order_id=order_id)["items"]
    told = [RefundOutcome(refund_id=item["refund_id"], state=RefundState.CONFIRMED) for item in page]
    monkeypatch.setattr(platform.sandbox, "notices", lambda _headers, _body: told)
    platform.service.payment_notification(provider="sandbox", headers={}, body="")
    assert states(platform, order_id) == {"confirmed"}
    platform.service.send_refunds()
    assert platform.sql("SELECT count(*) FROM sandbox_refund") == [(0,)], "nobody had to be asked"


def test_nobody_else_sees_an_orders_refunds(platform: Platform) -> None:
    order_id = cancelled(platform, "success")
    with pytest.raises(Refusal) as caught:
        platform.service.refunds(actor={"account_id": "somebody", "role": "customer"}, order_id=order_id)
    assert caught.value.code == "order-not-found"
    with pytest.raises(Refusal) as caught:
        platform.service.provider_refunds(actor=CUSTOMER)
    assert caught.value.code == "not-for-this-role"


def test_the_providers_file_of_a_day_names_what_it_took_and_gave_back(platform: Platform) -> None:
    """Rule 29: what the books are compared with."""
    order_id = cancelled(platform, "success")
    platform.service.send_refunds()
    today = datetime.now(UTC).date().isoformat()
    told = platform.service.provider_statement(actor=OPERATOR, method="sandbox", day=today)
    total = platform.order(order_id)["total"]["amount"]
    charges = [row for row in told["items"] if row["kind"] == "charge"]
    back = [row for row in told["items"] if row["kind"] == "refund"]
    assert [(row["amount"], row["currency"]) for row in charges] == [(total, "CNY")]
    assert sum(row["amount"] for row in back) == total
    page = platform.service.refunds(actor=CUSTOMER, order_id=order_id)["items"]
    assert {row["reference_id"] for row in back} == {item["refund_id"] for item in page}
    file = platform.service.provider_statement_file(actor=OPERATOR, method="sandbox", day=today)
    assert file["media_type"] == "text/csv"
    empty = platform.service.provider_statement(actor=OPERATOR, method="sandbox", day="2020-01-01")
    assert empty["items"] == []
    with pytest.raises(Refusal) as caught:
        platform.service.provider_statement(actor=OPERATOR, method="wechat", day=today)
    assert caught.value.code == "payment-provider-not-found"


def test_a_provider_that_is_away_holds_up_no_other_order(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, untried = platform.placed(), platform.placed()
    platform.pay(tried["order_id"], "silent")
    platform.sql("UPDATE orders SET expires_at = placed_at - interval '1 minute'")

    def away(_: Any) -> Any:
        raise ProviderUnavailable

    with monkeypatch.context() as instead:
        instead.setattr(platform.sandbox, "close", away)
        platform.service.expire_unpaid()
    assert platform.order(untried["order_id"])["status"] == "expired"
    assert platform.order(tried["order_id"])["status"] == "pending_payment"
    platform.service.expire_unpaid()
    assert platform.order(tried["order_id"])["status"] == "expired"
