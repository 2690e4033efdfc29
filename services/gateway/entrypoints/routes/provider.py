"""What payment providers send."""

from __future__ import annotations

from typing import Any

from services.gateway.contracts import trade_shapes
from services.gateway.domain.errors import MalformedRequest
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import ANYONE, Routes

routes = Routes("Payment providers")

_SIGNED_HEADERS = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "wechatpay-serial",
    "wechatpay-signature",
    "wechatpay-signature-type",
    "wechatpay-timestamp",
    "wechatpay-nonce",
)


@routes.post(
    "/v1/payment-notifications/{provider}",
    summary="A notification of a payment provider",
    description="Signed over the body's bytes as the provider signs: `sandbox` as Standard Webhooks has it, "
    "`wechat` as WeChat Pay's API v3 has it. Nothing else identifies the provider.",
    roles=ANYONE,
    raw_body=True,
    answer=trade_shapes.Accepted,
)
def payment_notification(call: Call) -> Any:
    try:
        body = call.raw_body.decode()
    except UnicodeDecodeError:
        raise MalformedRequest("The body is not UTF-8.") from None
    headers = {name: value for name in _SIGNED_HEADERS if (value := call.header(name)) is not None}
    return call.ask(
        "ordering", "payment_notification", provider=call.path["provider"], headers=headers, body=body
    )
