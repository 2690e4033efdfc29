"""Whom the platform pays: shops, couriers, promoters, each with a cycle, an account, and maybe a hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.commission.domain.errors import BankAccountRefused

CASH_OF_COURIER = "cash:courier:"
_BANK_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{5,63}")
_SHOWN = 4


class PayeeKind(StrEnum):
    SHOP = "shop"
    COURIER = "courier"
    PROMOTER = "promoter"


class Cycle(StrEnum):
    """How often a payee's account is settled."""

    DAILY = "daily"
    WEEKLY = "weekly"


class Maturity(StrEnum):
    """When what a shop earned may be settled.

    ``after_sale``: once its order is completed, that is after receipt and the after-sale window.
    ``delivery``: at once.
    """

    AFTER_SALE = "after_sale"
    DELIVERY = "delivery"


@dataclass(frozen=True, order=True, slots=True)
class Payee:
    """Somebody who is owed money in one currency."""

    kind: PayeeKind
    payee_id: str
    currency: str

    @property
    def payable(self) -> str:
        return f"payable:{self.kind.value}:{self.payee_id}"

    @property
    def accounts(self) -> tuple[str, ...]:
        """What is owed to them, and where it exists what they hold of others' money."""
        if self.kind is PayeeKind.COURIER:
            return (self.payable, CASH_OF_COURIER + self.payee_id)
        return (self.payable,)

    @property
    def key(self) -> str:
        return f"{self.kind.value}:{self.payee_id}:{self.currency}"


def payee_of(account: str, currency: str) -> Payee | None:
    """The payee whom ``account`` belongs to; none for the platform's own accounts."""
    if account.startswith(CASH_OF_COURIER):
        return Payee(PayeeKind.COURIER, account.removeprefix(CASH_OF_COURIER), currency)
    name, _, owner_id = account.rpartition(":")
    if owner_id and name.startswith("payable:") and name.removeprefix("payable:") in set(PayeeKind):
        return Payee(PayeeKind(name.removeprefix("payable:")), owner_id, currency)
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class PayeeTerms:
    """What holds for a payee.

    ``settled_until`` is the end of the last period looked at; ``looked_from`` a moment before which every
    entry is in a statement; ``statements`` how many there are, and ``closing`` what the last one ended on.
    ``bank_account`` is the bank's reference to the account, never its number.
    """

    payee: Payee
    cycle: Cycle | None = None
    held: bool = False
    reason: str | None = None
    bank_account: str | None = None
    settled_until: datetime | None = None
    looked_from: datetime | None = None
    statements: int = 0
    closing: int = 0

    @property
    def masked_account(self) -> str | None:
        """As much of the account as may be shown."""
        if self.bank_account is None:
            return None
        return "•" * 4 + self.bank_account[-_SHOWN:]

    def hold(self, reason: str) -> PayeeTerms:
        return replace(self, held=True, reason=reason)

    def release(self, reason: str) -> PayeeTerms:
        return replace(self, held=False, reason=reason)

    def with_account(self, bank_account: str) -> PayeeTerms:
        """Raises :class:`BankAccountRefused` for what is no reference."""
        if not _BANK_ACCOUNT.fullmatch(bank_account):
            raise BankAccountRefused(
                "The bank's reference to an account has 6 to 64 letters, digits, dots, colons and dashes."
            )
        return replace(self, bank_account=bank_account)
