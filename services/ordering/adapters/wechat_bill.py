"""WeChat Pay's bill of a day's trades (bill type ``ALL``), as rows of a provider's settlement file.

The file is text: a header, a line for each payment and each refund, a second header and the totals. Every
field of a line has a back-tick before it, so that a spreadsheet leaves it alone. Amounts are yuan, times
Beijing's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from services.ordering.domain.payment import ProviderRow
from shared.kernel.errors import InvalidInput

BEIJING = timezone(timedelta(hours=8))

_AT, _STATE, _CURRENCY = "交易时间", "交易状态", "货币种类"
_TRADE, _ATTACHED, _ORDERED = "微信订单号", "商户数据包", "订单金额"
_REFUND, _OUR_REFUND, _ASKED_BACK = "微信退款单号", "商户退款单号", "申请退款金额"
_FEE = "手续费"
_NEEDED = (_AT, _STATE, _CURRENCY, _TRADE, _ATTACHED, _ORDERED, _REFUND, _OUR_REFUND, _ASKED_BACK, _FEE)
_TOTALS = "总交易单数"
_FEN = Decimal(100)


def rows_of(bill: str) -> Iterator[ProviderRow]:
    """The charges, refunds and fees of a bill; raises :class:`InvalidInput` for what is none."""
    lines = bill.lstrip("\ufeff").splitlines()
    header = lines[0].split(",") if lines else []
    if missing := [name for name in _NEEDED if name not in header]:
        raise InvalidInput(f"The bill of WeChat Pay lacks {', '.join(missing)}.")
    for line in lines[1:]:
        if line.startswith(_TOTALS):
            return
        values = line.removeprefix("`").split(",`")
        if len(values) != len(header):
            raise InvalidInput(f"A line of WeChat Pay's bill has {len(values)} fields, not {len(header)}.")
        yield from _rows(dict(zip(header, values, strict=True)))
    raise InvalidInput("The bill of WeChat Pay ends before its totals.")


def _rows(line: dict[str, str]) -> Iterator[ProviderRow]:
    at = datetime.strptime(line[_AT], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC)
    currency, payment_id = line[_CURRENCY], line[_ATTACHED]
    if line[_STATE] == "SUCCESS":
        kind, provider_id, reference_id, amount = "charge", line[_TRADE], payment_id, _fen(line[_ORDERED])
    else:
        refund_id = line[_OUR_REFUND].partition("*")[0]
        kind, provider_id, reference_id, amount = "refund", line[_REFUND], refund_id, _fen(line[_ASKED_BACK])
    yield ProviderRow(
        kind=kind,
        provider_id=provider_id,
        reference_id=reference_id,
        amount=amount,
        currency=currency,
        at=at,
    )
    if fee := _fen(line[_FEE]):
        yield ProviderRow(
            kind="fee",
            provider_id=provider_id,
            reference_id=reference_id,
            amount=fee,
            currency=currency,
            at=at,
        )


def _fen(yuan: str) -> int:
    try:
        return int((Decimal(yuan) * _FEN).quantize(Decimal(1), ROUND_HALF_UP))
    except InvalidOperation as error:
        raise InvalidInput(f"{yuan!r} in WeChat Pay's bill is no amount.") from error
