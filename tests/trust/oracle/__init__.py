"""The oracle: what must hold when all is quiet, order by order.

It judges from the client's log and the books."""

from __future__ import annotations

from tests.trust.oracle import commissions, desk, earnings, hands, messages, money, orders, trade, trips
from tests.trust.oracle.case import Case, Verdict

CHECKS = (
    *orders.CHECKS,
    *money.CHECKS,
    *trade.CHECKS,
    *earnings.CHECKS,
    *commissions.CHECKS,
    *messages.CHECKS,
    *desk.CHECKS,
    *hands.CHECKS,
    *trips.CHECKS,
)


NOT_JUDGED = "not judged"


def judge(case: Case) -> list[Verdict]:
    """Every invariant; one that cannot be judged does not hold."""
    verdicts = []
    for check in CHECKS:
        try:
            verdicts.append(check(case))
        except Exception as error:  # a check that dies must not hide the others
            name = check.__name__.replace("_", "-")
            verdicts.append(
                Verdict(name=name, holds=False, looked_at=0, offenders=(f"{NOT_JUDGED}: {error!r}",))
            )
    return verdicts


__all__ = ["CHECKS", "NOT_JUDGED", "Case", "Verdict", "judge"]
