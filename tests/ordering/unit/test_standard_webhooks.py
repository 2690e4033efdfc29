"""Signatures as the Standard Webhooks specification gives them."""

from __future__ import annotations

import pytest

from services.ordering.adapters.standard_webhooks import key_of, sign, verify
from services.ordering.domain.errors import BadSignature

# The example of the specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_example_is_signed_as_published() -> None:
    assert sign(key_of(SECRET), MESSAGE, AT, BODY)["webhook-signature"] == SIGNATURE


def test_one_good_signature_among_several_is_enough() -> None:
    headers = {
        "Webhook-Id": MESSAGE,
        "Webhook-Timestamp": str(AT),
        "Webhook-Signature": f"v1,bad v1a,other {SIGNATURE}",
    }
    verify(key_of(SECRET), headers, BODY, now=AT + 10)


@pytest.mark.parametrize(
    ("changes", "body", "now"),
    [
        ({}, BODY + " ", AT),
        ({}, BODY, AT + 301),
        ({}, BODY, AT - 301),
        ({"webhook-id": "msg_other"}, BODY, AT),
        ({"webhook-timestamp": str(AT + 1)}, BODY, AT),
        ({"webhook-timestamp": "yesterday"}, BODY, AT),
        ({"webhook-signature": "v1,"}, BODY, AT),
        ({"webhook-signature": ""}, BODY, AT),
        ({"webhook-signature": "v1,ü"}, BODY, AT),
    ],
)
def test_anything_else_is_refused(changes: dict[str, str], body: str, now: float) -> None:
    headers = sign(key_of(SECRET), MESSAGE, AT, BODY) | changes
    with pytest.raises(BadSignature):
        verify(key_of(SECRET), headers, body, now)


@pytest.mark.parametrize("secret", ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64"])
def test_a_weak_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        key_of(secret)
