"""What the gateway publishes: that an account exists, and nothing that tells whose it is."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.gateway.domain.accounts import Account, Role
from shared.kernel.clock import to_wire


class AccountRegistered(Schema):
    """Somebody may sign in from now on, in one role."""

    account_id = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf([role.value for role in Role]))
    registered_at = fields.AwareDateTime(required=True)


def account_registered(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "role": account.role.value,
        "registered_at": to_wire(account.registered_at),
    }
