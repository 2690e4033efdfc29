"""A payment provider that charges when it likes and keeps books of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from services.ordering.application.ports import ProviderRefund
from services.ordering.domain.commands import Notice, ProviderNotice
from services.ordering.domain.payment import Payment, ProviderRow
from services.ordering.domain.provider_refund import RefundOutcome, RefundState
from shared.kernel.errors import Unavailable

METHOD = "sandbox"


class Till:
    """:class:`services.ordering.application.ports.PaymentProvider`; it takes no money after it was closed,
    except where a life says that the charge was on its way already.

    It keeps the books of one life, ``name``. Where lives share a database, what falls due in an earlier one
    is asked of the till of a later one: its books are closed."""

    refund_takes = timedelta(minutes=5)

    def __init__(self, name: str) -> None:
        self.name = name
        self.attempts: dict[str, Payment] = {}
        self.closed: set[str] = set()
        self.charges: dict[str, tuple[str, int]] = {}
        self.refunds: dict[str, tuple[str, int]] = {}
        self.is_away = False

    def start(self, payment: Payment, expires_in: timedelta, payer: str | None = None) -> None:
        self.attempts.setdefault(payment.payment_id, payment)

    def close(self, payment_ids: Sequence[str]) -> Sequence[ProviderNotice]:
        self._be_there()
        self.closed.update(payment_ids)
        return [
            self.notice(charge) for charge, (payment, _) in self.charges.items() if payment in payment_ids
        ]

    def refund(self, refunds: Sequence[ProviderRefund]) -> Sequence[RefundOutcome]:
        self._be_there()
        for refund in refunds:
            if refund.payment_id.startswith(f"{self.name}-"):
                self.refunds.setdefault(refund.refund_id, (refund.charge_id, refund.amount))
        return [RefundOutcome(refund_id=refund.refund_id, state=RefundState.CONFIRMED) for refund in refunds]

    def notices(self, headers: Mapping[str, str], body: str) -> Sequence[Notice]:
        raise NotImplementedError("a life hears what was charged without a signature")

    def statement(self, day: date) -> Sequence[ProviderRow]:
        raise NotImplementedError("nobody reconciles a life")

    def charge(self, payment_id: str) -> ProviderNotice:
        """Take the money of an attempt, once more if it was taken before."""
        charge_id = f"charge-{len(self.charges) + 1}-{payment_id}"
        self.charges[charge_id] = payment_id, self.attempts[payment_id].amount
        return self.notice(charge_id)

    def notice(self, charge_id: str) -> ProviderNotice:
        payment_id, amount = self.charges[charge_id]
        return ProviderNotice(
            payment_id=payment_id,
            succeeded=True,
            charge_id=charge_id,
            amount=amount,
            currency=self.attempts[payment_id].currency,
        )

    @property
    def kept(self) -> int:
        """What was charged less what went back."""
        charged = sum(amount for _, amount in self.charges.values())
        return charged - sum(amount for _, amount in self.refunds.values())

    def _be_there(self) -> None:
        if self.is_away:
            raise Unavailable("The provider does not answer.")
