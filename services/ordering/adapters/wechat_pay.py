"""WeChat Pay (API v3) as a payment provider, through the library ``wechatpayv3``.

The library signs what is asked, verifies what is answered and opens what is notified. Here is what it leaves
open: which calls make one of the port's, how old a notification may be, and how our ids are named there.
"""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha1, sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from wechatpayv3 import WeChatPay, WeChatPayType

from services.ordering.adapters.wechat_bill import BEIJING, rows_of
from services.ordering.adapters.wechat_settings import WeChatSettings
from services.ordering.application.ports import ProviderRefund
from services.ordering.domain.commands import Notice, ProviderNotice
from services.ordering.domain.errors import BadSignature, MethodNotOffered, ProviderUnavailable
from services.ordering.domain.payment import Action, Payment, ProviderRow
from services.ordering.domain.provider_refund import RefundOutcome, RefundState
from shared.kernel.errors import InvalidInput

# As WeChat Pay's documentation has it: what is older may be somebody's recording.
TOLERANCE_SECONDS = 300
CURRENCY = "CNY"
_TIMEOUTS = (3, 10)
_TRADE_NO = re.compile(r"[0-9A-Za-z_\-]{6,32}\Z")
_LEAST_TIME = timedelta(minutes=2)
# A refund that was closed there is asked for anew under another number; so often, then a person looks.
_GENERATIONS = 5
_STATES = {
    "SUCCESS": RefundState.CONFIRMED,
    "PROCESSING": RefundState.SENT,
    "CLOSED": RefundState.FAILED,
    "ABNORMAL": RefundState.FAILED,
}
_PAID = frozenset({"SUCCESS", "REFUND"})


def wechat_pay(settings: WeChatSettings) -> WeChatPayProvider:
    """The provider for ``settings``. Without a public key, platform certificates are fetched first."""
    client = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=settings.merchant_id,
        private_key=settings.private_key,
        cert_serial_no=settings.certificate_serial,
        appid=settings.app_id,
        apiv3_key=settings.api_v3_key,
        notify_url=settings.notify_url,
        cert_dir=settings.certificates_dir,
        public_key=settings.public_key,
        public_key_id=settings.public_key_id,
        timeout=_TIMEOUTS,
    )
    if settings.gateway is not None:
        # WeChat Pay has a second address for when its first is away; the library knows one alone.
        client._core._gate_way = settings.gateway.rstrip("/")
    return WeChatPayProvider(client, settings)


class WeChatPayProvider:
    """:class:`services.ordering.application.ports.PaymentProvider`."""

    refund_takes = timedelta(days=3)

    def __init__(self, client: WeChatPay, settings: WeChatSettings) -> None:
        self._client = client
        self._settings = settings

    def start(self, payment: Payment, expires_in: timedelta, payer: str | None = None) -> Action:
        """A code to scan, or, for a known ``payer``, what the page inside WeChat hands to WeChat."""
        if payment.currency != CURRENCY:
            raise MethodNotOffered(f"WeChat Pay takes {CURRENCY} alone.")
        expires_at = datetime.now(BEIJING) + max(expires_in, _LEAST_TIME)
        begun = self._done(
            *self._ask(
                self._client.pay,
                description=f"邻里 {payment.order_id[-8:]}",
                out_trade_no=trade_no(payment.payment_id),
                attach=payment.payment_id,
                amount={"total": payment.amount, "currency": payment.currency},
                payer=None if payer is None else {"openid": payer},
                time_expire=expires_at.isoformat(timespec="seconds"),
                pay_type=WeChatPayType.NATIVE if payer is None else WeChatPayType.JSAPI,
            )
        )
        if payer is None:
            return {"kind": "code_url", "code_url": begun["code_url"]}
        return {"kind": "jsapi", "parameters": self._signed(f"prepay_id={begun['prepay_id']}", payment)}

    def close(self, payment_ids: Sequence[str]) -> Sequence[ProviderNotice]:
        found = [self._close(payment_id) for payment_id in payment_ids]
        return [notice for notice in found if notice is not None]

    def refund(self, refunds: Sequence[ProviderRefund]) -> Sequence[RefundOutcome]:
        """What is not answered for is left out, and asked again later."""
        outcomes = []
        for refund in refunds:
            try:
                outcomes.append(self._refund(refund))
            except ProviderUnavailable:
                continue
        return outcomes

    def notices(self, headers: Mapping[str, str], body: str) -> Sequence[Notice]:
        told = self._opened({name.lower(): value for name, value in headers.items()}, body)
        try:
            resource = told["resource"]
            if told["event_type"] == "TRANSACTION.SUCCESS":
                return [self._notice(resource)]
            if told["event_type"].startswith("REFUND."):
                self._require_ours(resource)
                return [_outcome(resource["out_refund_no"], resource["refund_status"])]
        except (KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(f"The notification of WeChat Pay lacks {error}.") from error
        return []

    def statement(self, day: date) -> Sequence[ProviderRow]:
        """A day of UTC lies in two of Beijing's, so two bills are read."""
        since = datetime(day.year, day.month, day.day, tzinfo=UTC)
        until = since + timedelta(days=1)
        rows = [row for each in (day, day + timedelta(days=1)) for row in self._rows_of(each)]
        within = [row for row in rows if since <= row.at < until]
        return sorted(within, key=lambda row: (row.at, row.provider_id, row.kind))

    # -- pieces of the above -------------------------------------------------------------------------

    def _close(self, payment_id: str, *, looks_again: bool = True) -> ProviderNotice | None:
        number = trade_no(payment_id)
        status, answer = self._ask(self._client.query, out_trade_no=number)
        if status == 404:
            return None
        trade = self._done(status, answer)
        if trade["trade_state"] in _PAID:
            return self._notice(trade)
        if trade["trade_state"] in {"CLOSED", "REVOKED"}:
            return None
        status, answer = self._ask(self._client.close, out_trade_no=number)
        if status != 204 and looks_again:
            # It was paid between the question and the closing: the second look shows it.
            return self._close(payment_id, looks_again=False)
        self._done(status, answer)
        return None

    def _refund(self, refund: ProviderRefund) -> RefundOutcome:
        for generation in range(1, _GENERATIONS + 1):
            number = refund_no(refund.refund_id, generation)
            if refund.attempt > 1:
                status, answer = self._ask(self._client.query_refund, number)
                if status == 200 and answer["status"] == "CLOSED":
                    continue
                if status == 200:
                    return _outcome(number, answer["status"])
                if status != 404:
                    self._done(status, answer)
            status, answer = self._ask(
                self._client.refund,
                out_refund_no=number,
                transaction_id=refund.charge_id,
                amount={"refund": refund.amount, "total": refund.charged, "currency": refund.currency},
                reason=refund.reason[:80],
            )
            if status == 200:
                return _outcome(number, answer["status"])
            return _failed(refund.refund_id, str(answer.get("code", status)))
        return _failed(refund.refund_id, "CLOSED")

    def _notice(self, trade: Mapping[str, Any]) -> ProviderNotice:
        self._require_ours(trade)
        payment_id = trade["attach"]
        if trade["trade_state"] not in _PAID or trade["out_trade_no"] != trade_no(payment_id):
            raise InvalidInput("The trade of WeChat Pay is not paid, or bears another attempt's number.")
        return ProviderNotice(
            payment_id=payment_id,
            succeeded=True,
            charge_id=trade["transaction_id"],
            amount=trade["amount"]["total"],
            currency=trade["amount"]["currency"],
        )

    def _opened(self, headers: Mapping[str, str], body: str) -> Mapping[str, Any]:
        try:
            age = abs(time.time() - int(headers.get("wechatpay-timestamp", "")))
        except ValueError as error:
            raise BadSignature("The signature headers are missing or malformed.") from error
        if age > TOLERANCE_SECONDS:
            raise BadSignature("The notification is too old, or from the future.")
        if self._settings.certificates_dir is None and (
            headers.get("wechatpay-serial") != self._settings.public_key_id
        ):
            # The library would go and fetch certificates for whatever a stranger names.
            raise BadSignature("The notification is signed with a key that is not known here.")
        try:
            told = self._client.callback(headers, body)
        except Exception as error:
            # The library raises whatever its parts raise, for each thing that can be wrong with a post.
            raise BadSignature("The notification cannot be verified or opened.") from error
        if not told:
            raise BadSignature("No signature fits the notification, or it is sealed with another key.")
        return told  # type: ignore[no-any-return]

    def _require_ours(self, resource: Mapping[str, Any]) -> None:
        if resource.get("mchid", self._settings.merchant_id) != self._settings.merchant_id:
            raise InvalidInput("The notification is for another merchant.")

    def _signed(self, package: str, payment: Payment) -> dict[str, str]:
        moment = str(int(time.time()))
        nonce = sha256(f"{payment.payment_id}.{moment}".encode()).hexdigest()[:32]
        signature = self._client.sign([self._settings.app_id, moment, nonce, package])
        return {
            "appId": self._settings.app_id,
            "timeStamp": moment,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": signature,
        }

    def _rows_of(self, day: date) -> Sequence[ProviderRow]:
        """A day of Beijing's, on which there may have been no trade."""
        status, answer = self._ask(self._client.trade_bill, bill_date=day.isoformat())
        if answer.get("code") == "NO_STATEMENT_EXIST":
            return ()
        bill = self._done(status, answer)
        place = urlsplit(bill["download_url"])
        status, content = self._raw(self._client.download_bill, f"{place.path}?{place.query}")
        try:
            text = gzip.decompress(content)
        except (OSError, EOFError, TypeError) as error:
            raise ProviderUnavailable(f"WeChat Pay answers {status} instead of a bill.") from error
        # The digest is that of the bill before it was compressed.
        if sha1(text, usedforsecurity=False).hexdigest() != bill["hash_value"].lower():
            raise ProviderUnavailable("WeChat Pay's bill did not arrive whole.")
        return tuple(rows_of(text.decode()))

    def _ask(self, call: Any, *given: Any, **named: Any) -> tuple[int, dict[str, Any]]:
        status, content = self._raw(call, *given, **named)
        if status >= 500 or status == 429:
            raise ProviderUnavailable(f"WeChat Pay answers {status}.")
        try:
            answer = orjson.loads(content) if content else {}
        except orjson.JSONDecodeError as error:
            raise ProviderUnavailable("WeChat Pay's answer is no JSON.") from error
        return status, answer

    def _raw(self, call: Any, *given: Any, **named: Any) -> tuple[int, Any]:
        try:
            status, content = call(*given, **named)
        except Exception as error:
            # What requests raises, and the library's own bare exception for an answer that is signed wrongly.
            raise ProviderUnavailable(f"WeChat Pay: {error}") from error
        return status, content

    def _done(self, status: int, answer: dict[str, Any]) -> dict[str, Any]:
        if not 200 <= status < 300:
            raise ProviderUnavailable(f"WeChat Pay refuses: {answer.get('code')} {answer.get('message')}")
        return answer


def trade_no(payment_id: str) -> str:
    """Our payment's id as WeChat Pay takes numbers: 6 to 32 letters and digits."""
    try:
        return UUID(payment_id).hex
    except ValueError:
        if _TRADE_NO.match(payment_id):
            return payment_id
        return sha256(payment_id.encode()).hexdigest()[:32]


def refund_no(refund_id: str, generation: int) -> str:
    """A number that was not used before for the refund's next try, and leads back to its id."""
    return refund_id if generation == 1 else f"{refund_id}*{generation}"


def _outcome(number: str, status: str) -> RefundOutcome:
    state = _STATES.get(status)
    if state is None:
        raise InvalidInput(f"WeChat Pay knows no refund that is {status}, as far as known here.")
    refund_id = number.partition("*")[0]
    return (
        _failed(refund_id, status)
        if state is RefundState.FAILED
        else RefundOutcome(refund_id=refund_id, state=state)
    )


def _failed(refund_id: str, why: str) -> RefundOutcome:
    return RefundOutcome(refund_id=refund_id, state=RefundState.FAILED, failure=why)
