"""WeChat Pay: what is signed is believed, once; what is asked is asked in its own formats."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from services.ordering.adapters.wechat_pay import WeChatPayProvider, refund_no, trade_no, wechat_pay
from services.ordering.application.ports import ProviderRefund
from services.ordering.domain.commands import ProviderNotice
from services.ordering.domain.errors import BadSignature, MethodNotOffered, ProviderUnavailable
from services.ordering.domain.payment import Payment
from services.ordering.domain.provider_refund import RefundOutcome, RefundState
from shared.kernel.errors import InvalidInput
from tests.ordering import builders as b
from tests.ordering import wechat

NUMBER = trade_no(b.PAYMENT)
IN_TIME = timedelta(minutes=15)


@pytest.fixture
def served() -> Iterator[tuple[WeChatPayProvider, wechat.Books]]:
    with wechat.serving() as (address, books):
        yield wechat_pay(wechat.settings(address)), books


@pytest.fixture
def deaf() -> WeChatPayProvider:
    """One that has nobody to ask: for what is notified nobody needs to be."""
    return wechat_pay(wechat.settings("http://127.0.0.1:9"))


def a_payment(**changes: Any) -> Payment:
    given: dict[str, Any] = {
        "payment_id": b.PAYMENT,
        "order_id": b.ORDER,
        "method": "wechat",
        "scenario": "",
        "amount": 8500,
        "currency": "CNY",
        "started_at": b.NOON,
    }
    return Payment(**(given | changes))


def a_refund(attempt: int = 1) -> ProviderRefund:
    return ProviderRefund(
        refund_id=b.REFUND,
        charge_id="4200001",
        payment_id=b.PAYMENT,
        charged=8500,
        method="wechat",
        amount=1800,
        currency="CNY",
        reason="sold-out",
        attempt=attempt,
    )


def a_success(total: int = 8500, **changes: Any) -> str:
    return wechat.notification("TRANSACTION.SUCCESS", wechat.transaction(b.PAYMENT, NUMBER, total) | changes)


# -- notifications -----------------------------------------------------------------------------------


def test_a_signed_and_sealed_success_is_read(deaf: WeChatPayProvider) -> None:
    body = a_success()
    assert deaf.notices(wechat.signed(body), body) == [
        ProviderNotice(
            payment_id=b.PAYMENT,
            succeeded=True,
            charge_id=f"42000{NUMBER[:20]}",
            amount=8500,
            currency="CNY",
        )
    ]


def test_headers_are_read_in_whatever_case_they_come(deaf: WeChatPayProvider) -> None:
    body = a_success()
    headers = {name.lower(): value for name, value in wechat.signed(body).items()}
    assert len(deaf.notices(headers, body)) == 1


@pytest.mark.parametrize(
    ("status", "state", "failure"),
    [
        ("SUCCESS", RefundState.CONFIRMED, None),
        ("ABNORMAL", RefundState.FAILED, "ABNORMAL"),
        ("CLOSED", RefundState.FAILED, "CLOSED"),
    ],
)
def test_a_notice_of_a_refund_is_read(
    deaf: WeChatPayProvider, status: str, state: RefundState, failure: str | None
) -> None:
    body = wechat.notification(f"REFUND.{status}", wechat.refund_resource(b.REFUND, status))
    expected = RefundOutcome(refund_id=b.REFUND, state=state, failure=failure)
    assert deaf.notices(wechat.signed(body), body) == [expected]


def test_a_notice_of_a_refund_that_was_asked_anew_leads_back_to_it(deaf: WeChatPayProvider) -> None:
    resource = wechat.refund_resource(refund_no(b.REFUND, 2), "SUCCESS")
    body = wechat.notification("REFUND.SUCCESS", resource)
    (outcome,) = deaf.notices(wechat.signed(body), body)
    assert isinstance(outcome, RefundOutcome)
    assert outcome.refund_id == b.REFUND


def _with(headers: dict[str, str], **changes: str | None) -> dict[str, str]:
    named = {f"Wechatpay-{name}": value for name, value in changes.items()}
    return {name: value for name, value in (headers | named).items() if value is not None}


def test_what_is_not_signed_by_wechat_pay_is_not_believed(deaf: WeChatPayProvider) -> None:
    body, other = a_success(), a_success(total=1)
    now, headers = time.time(), wechat.signed(body)
    spoilt: list[tuple[dict[str, str], str]] = [
        (wechat.signed(body, key=wechat.STRANGERS_KEY), body),
        (headers, other),
        (headers, body.replace("SUCCESS", "SUCCES5")),
        (headers, body + " "),
        (_with(headers, Nonce="another"), body),
        (_with(headers, Timestamp=str(int(now) + 1)), body),
        (_with(headers, Timestamp="now"), body),
        (_with(headers, Timestamp=None), body),
        (_with(headers, Signature="AAAA"), body),
        (_with(headers, Signature="no base64!"), body),
        (_with(headers, Signature=None), body),
        (_with(headers, Serial="PUB_KEY_ID_of_somebody"), body),
        (_with(headers, Serial="5157F09EFDC096DE15EBE81A47057A7200000000"), body),
        (_with(headers, Serial=None), body),
        ({}, body),
    ]
    for given, told in spoilt:
        with pytest.raises(BadSignature):
            deaf.notices(given, told)


@pytest.mark.parametrize("away", [-301, 301])
def test_what_was_signed_too_long_ago_or_ahead_is_refused(deaf: WeChatPayProvider, away: int) -> None:
    body = a_success()
    with pytest.raises(BadSignature, match="too old"):
        deaf.notices(wechat.signed(body, at=time.time() + away), body)
    in_time = time.time() + away * 290 // 301
    assert len(deaf.notices(wechat.signed(body, at=in_time), body)) == 1


def test_what_is_sealed_with_another_key_is_refused(deaf: WeChatPayProvider) -> None:
    resource = wechat.transaction(b.PAYMENT, NUMBER, 8500)
    body = wechat.notification("TRANSACTION.SUCCESS", resource, api_v3_key="another-key-of-32-characters-len")
    with pytest.raises(BadSignature, match="another key"):
        deaf.notices(wechat.signed(body), body)


@pytest.mark.parametrize(
    "changes",
    [
        {"mchid": "1900000000"},
        {"out_trade_no": "another"},
        {"trade_state": "NOTPAY"},
        {"amount": {"total": 8500}},
    ],
)
def test_what_is_signed_and_makes_no_sense_is_refused(
    deaf: WeChatPayProvider, changes: dict[str, Any]
) -> None:
    body = a_success(**changes)
    with pytest.raises(InvalidInput):
        deaf.notices(wechat.signed(body), body)


def test_a_notification_of_a_kind_that_is_not_known_changes_nothing(deaf: WeChatPayProvider) -> None:
    body = wechat.notification("PAYSCORE.USER_PAID", {"mchid": wechat.MERCHANT})
    assert deaf.notices(wechat.signed(body), body) == []


# -- calls -------------------------------------------------------------------------------------------


def test_an_attempt_gives_a_code_to_scan(served: tuple[WeChatPayProvider, wechat.Books]) -> None:
    provider, books = served
    action = provider.start(a_payment(), IN_TIME)
    assert action == {"kind": "code_url", "code_url": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}
    ((method, path, asked),) = books.asked
    assert (method, path) == ("POST", "/v3/pay/transactions/native")
    expires_at = datetime.fromisoformat(asked.pop("time_expire"))
    assert abs(expires_at - datetime.now(UTC) - IN_TIME) < timedelta(seconds=30)
    assert asked.pop("description").startswith("邻里")
    assert asked == {
        "appid": wechat.APP,
        "mchid": wechat.MERCHANT,
        "notify_url": "https://shop.example/v1/payment-notifications/wechat",
        "out_trade_no": NUMBER,
        "attach": b.PAYMENT,
        "amount": {"total": 8500, "currency": "CNY"},
    }


def test_a_known_payer_gets_what_the_page_hands_to_wechat(
    served: tuple[WeChatPayProvider, wechat.Books],
) -> None:
    provider, books = served
    action = provider.start(a_payment(), IN_TIME, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
    assert books.asked[0][1] == "/v3/pay/transactions/jsapi"
    assert books.asked[0][2]["payer"] == {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
    told = action["parameters"]
    text = f"{told['appId']}\n{told['timeStamp']}\n{told['nonceStr']}\n{told['package']}\n"
    assert told["package"] == "prepay_id=wx201410272009395522657a690389285100"
    wechat.MERCHANT_KEY.public_key().verify(
        base64.b64decode(told["paySign"]), text.encode(), padding.PKCS1v15(), hashes.SHA256()
    )


def test_only_yuan_are_taken(deaf: WeChatPayProvider) -> None:
    with pytest.raises(MethodNotOffered):
        deaf.start(a_payment(currency="EUR"), IN_TIME)


@pytest.mark.parametrize("answer", [(500, {"code": "SYSTEM_ERROR"}), (400, {"code": "PARAM_ERROR"})])
def test_an_attempt_that_cannot_be_begun_may_be_tried_again(
    served: tuple[WeChatPayProvider, wechat.Books], answer: tuple[int, dict[str, str]]
) -> None:
    provider, books = served
    books.instead["/v3/pay"] = answer
    with pytest.raises(ProviderUnavailable):
        provider.start(a_payment(), IN_TIME)


def test_an_answer_that_wechat_pay_did_not_sign_is_not_believed(
    served: tuple[WeChatPayProvider, wechat.Books],
) -> None:
    provider, books = served
    books.signs_with = wechat.STRANGERS_KEY
    with pytest.raises(ProviderUnavailable, match="signature"):
        provider.start(a_payment(), IN_TIME)


def test_nobody_there_is_no_answer(deaf: WeChatPayProvider) -> None:
    with pytest.raises(ProviderUnavailable):
        deaf.start(a_payment(), IN_TIME)


def test_an_open_attempt_is_closed(served: tuple[WeChatPayProvider, wechat.Books]) -> None:
    provider, books = served
    provider.start(a_payment(), IN_TIME)
    assert provider.close([b.PAYMENT]) == []
    assert books.trades[NUMBER]["trade_state"] == "CLOSED"
    assert provider.close([b.PAYMENT]) == []


def test_an_attempt_that_was_paid_is_found_when_it_is_closed(
    served: tuple[WeChatPayProvider, wechat.Books],
) -> None:
    provider, books = served
    provider.start(a_payment(), IN_TIME)
    books.trades[NUMBER]["trade_state"] = "SUCCESS"
    (notice,) = provider.close([b.PAYMENT])
    assert (notice.payment_id, notice.amount, notice.succeeded) == (b.PAYMENT, 8500, True)


def test_an_attempt_that_is_paid_while_it_is_being_closed_is_found(
    served: tuple[WeChatPayProvider, wechat.Books],
) -> None:
    provider, books = served
    provider.start(a_payment(), IN_TIME)
    books.pays_on_query = True
    (notice,) = provider.close([b.PAYMENT])
    assert notice.payment_id == b.PAYMENT


def test_an_attempt_that_never_reached_wechat_pay_is_closed(
    served: tuple[WeChatPayProvider, wechat.Books],
) -> None:
    assert served[0].close([b.PAYMENT]) == []


def test_a_refund_is_sent_and_confirmed_later(served: tuple[WeChatPayProvider, wechat.Books]) -> None:
    provider, books = served
    assert [outcome.state for outcome in provider.refund([a_refund()])] == [RefundState.SENT]
    ((_, _, asked),) = books.asked
    assert asked["amount"] == {"refund": 1800, "total": 8500, "currency": "CNY"}
    assert (asked["out_refund_no"], asked["transaction_id"]) == (b.REFUND, "4200001")
    books.refunds[b.REFUND]["status"] = "SUCCESS"
    assert [outcome.state for outcome in provider.refund([a_refund(2)])] == [RefundState.CONFIRMED]
    assert [method for method, _, _ in books.asked] == ["POST", "GET"]


def test_a_refund_whose_first_question_got_lost_is_asked_once_more(
    served: tuple[WeChatPayProvider, wechat.Books],
) -> None:
    provider, books = served
    assert [outcome.state for outcome in provider.refund([a_refund(2)])] == [RefundState.SENT]
    assert list(books.refunds) == [b.REFUND]


def test_a_closed_refund_is_asked_for_anew_under_another_number(
    served: tuple[WeChatPayProvider, wechat.Books],
) -> None:
    provider, books = served
    provider.refund([a_refund()])
    books.refunds[b.REFUND]["status"] = "CLOSED"
    (outcome,) = provider.refund([a_refund(2)])
    assert outcome == RefundOutcome(refund_id=b.REFUND, state=RefundState.SENT)
    assert list(books.refunds) == [b.REFUND, refund_no(b.REFUND, 2)]


def test_a_refused_refund_has_failed_for_a_reason(served: tuple[WeChatPayProvider, wechat.Books]) -> None:
    provider, books = served
    books.instead["/v3/refund"] = 403, {"code": "NOT_ENOUGH", "message": "基本账户余额不足"}
    assert provider.refund([a_refund()]) == [
        RefundOutcome(refund_id=b.REFUND, state=RefundState.FAILED, failure="NOT_ENOUGH")
    ]


def test_a_refund_that_is_not_answered_for_is_left_as_it_is(
    served: tuple[WeChatPayProvider, wechat.Books],
) -> None:
    provider, books = served
    books.instead["/v3/refund"] = 502, {"code": "BAD_GATEWAY"}
    assert provider.refund([a_refund()]) == []
