"""A payment provider with books of its own: it charges once, twice, late or never and tells when it likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import orjson

from services.ordering.adapters import standard_webhooks
from services.ordering.adapters.sandbox_notices import notices
from services.ordering.application.ports import ProviderRefund
from services.ordering.domain.commands import Notice, ProviderNotice
from services.ordering.domain.payment import Payment, ProviderRow
from services.ordering.domain.provider_refund import RefundOutcome, RefundState
from shared.kernel.clock import to_wire
from shared.kernel.errors import Refusal, Unavailable
from shared.kernel.ids import derived_id
from tests.simulation.broker import Wire
from tests.simulation.scheduler import Process, Scheduler

KEY = b"simulation-key-of-32-bytes------"


class Provider:
    """:class:`services.ordering.application.ports.PaymentProvider`; nothing of it is ever forgotten."""

    refund_takes = timedelta(minutes=5)

    def __init__(self, world: Scheduler, wire: Wire, outside: Process) -> None:
        self._world = world
        self._wire = wire
        self._outside = outside
        self.attempts: dict[str, Payment] = {}
        self.closed: set[str] = set()
        self.charges: dict[str, tuple[str, int]] = {}
        self.refunds: dict[str, tuple[str, int]] = {}
        self.busy = 0

    # -- what ordering asks --------------------------------------------------------------------------

    def start(self, payment: Payment, expires_in: timedelta, payer: str | None = None) -> None:
        self._perhaps_away("before the provider began")
        if payment.payment_id not in self.attempts:
            self.attempts[payment.payment_id] = payment
            self._begin(payment, max(0.0, expires_in.total_seconds()))
        self._perhaps_away("after the provider began")

    def close(self, payment_ids: Sequence[str]) -> Sequence[ProviderNotice]:
        self._perhaps_away("before the provider closed")
        self.closed.update(payment_ids)
        charged = [
            self._notice(charge_id)
            for charge_id, (payment_id, _) in self.charges.items()
            if payment_id in payment_ids
        ]
        self._perhaps_away("after the provider closed")
        return charged

    def refund(self, refunds: Sequence[ProviderRefund]) -> Sequence[RefundOutcome]:
        self._perhaps_away("before the provider refunded")
        for refund in refunds:
            if refund.refund_id in self.refunds:
                continue
            back = sum(amount for charge_id, amount in self.refunds.values() if charge_id == refund.charge_id)
            if back + refund.amount > self.charges[refund.charge_id][1]:
                raise ValueError(f"refund {refund.refund_id} exceeds the charge {refund.charge_id}")
            self._world.note(f"provider pays {refund.amount} back ({refund.reason})")
            self.refunds[refund.refund_id] = refund.charge_id, refund.amount
        self._perhaps_away("after the provider refunded")
        return [RefundOutcome(refund_id=refund.refund_id, state=RefundState.CONFIRMED) for refund in refunds]

    def notices(self, headers: Mapping[str, str], body: str) -> Sequence[Notice]:
        return notices(KEY, headers, body)

    def statement(self, day: date) -> Sequence[ProviderRow]:
        raise NotImplementedError("nobody asks this provider for a day")

    def _perhaps_away(self, where: str) -> None:
        self._world.step(where, 6.0)
        if self._world.happens(4 * self._world.faults.lose, f"provider away {where}"):
            raise Unavailable("The provider does not answer.")

    # -- what it does by itself ----------------------------------------------------------------------

    def _begin(self, payment: Payment, left: float) -> None:
        soon = self._world.chance.choice((0.0, 1.0, 30.0))
        match payment.scenario:
            case "success":
                self._later(soon, payment, "1")
            case "double_success":
                self._later(soon, payment, "1")
                self._later(soon + self._world.chance.choice((0.1, 60.0)), payment, "2")
            case "late_success":
                self._later(left + self._world.chance.choice((1.0, 60.0, 300.0)), payment, "1", late=True)
            case "failure":
                self._later(soon, payment, None)

    def _later(self, seconds: float, payment: Payment, nth: str | None, *, late: bool = False) -> None:
        self.busy += 1

        def act() -> None:
            charge_id = None if nth is None else derived_id("charge", payment.payment_id, nth)
            if charge_id is not None:
                if payment.payment_id in self.closed and not late:
                    self.busy -= 1
                    return
                self.charges[charge_id] = payment.payment_id, payment.amount
                self._world.note(f"provider charges {payment.amount} for {payment.order_id}")
            self._world.spawn(self._outside, "notification", lambda: self._tell(payment, charge_id))

        self._world.after(seconds, act)

    def _tell(self, payment: Payment, charge_id: str | None) -> None:
        world = self._world
        body = orjson.dumps(
            {
                "type": "payment.failed" if charge_id is None else "payment.succeeded",
                "timestamp": to_wire(world.now()),
                "data": {
                    "payment_id": payment.payment_id,
                    "charge_id": charge_id,
                    "amount": {"amount": payment.amount, "currency": payment.currency},
                },
            }
        ).decode()
        wait = 0.25
        for _ in range(30):
            if world.faults.late and world.happens(world.faults.late, "notification late"):
                world.pause(world.chance.random() * world.faults.latest)
            if self._told(payment.payment_id, body) and not world.happens(
                world.faults.double, "notification doubled"
            ):
                break
            world.pause(wait)
            wait = min(60.0, wait * 2)
        else:
            world.fail(f"the provider gave up telling of {payment.payment_id}")
        self.busy -= 1

    def _told(self, payment_id: str, body: str) -> bool:
        seconds = int(wall(self._world))
        headers = standard_webhooks.sign(KEY, payment_id, seconds, body)
        try:
            self._wire.call(
                "ordering", "payment_notification", provider="sandbox", headers=headers, body=body
            )
        except Refusal:
            return False
        return True

    def _notice(self, charge_id: str) -> ProviderNotice:
        payment_id, amount = self.charges[charge_id]
        return ProviderNotice(
            payment_id=payment_id,
            succeeded=True,
            charge_id=charge_id,
            amount=amount,
            currency=self.attempts[payment_id].currency,
        )


def wall(world: Scheduler) -> float:
    """The wall's time in seconds since the epoch."""
    return (world.now() - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
