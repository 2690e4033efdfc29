"""The mutants by name: what is broken, in which process, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.trust.mutants import broken_business, broken_messaging, broken_money, broken_planning


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """``breaks`` is called in the processes ``where``, before they import anything of a service."""

    name: str
    where: tuple[str, ...]
    breaks: Callable[[], None]

    @property
    def what(self) -> str:
        return (self.breaks.__doc__ or "").strip()


_OF_ORDERING = (
    broken_money.substitute_at_list_price,
    broken_money.weighed_difference_kept,
    broken_money.completed_without_cases,
)
_OF_COMMISSION = (
    broken_money.borne_by_ignored,
    broken_money.tip_kept,
    broken_money.refunded_cash_collected,
    broken_money.commission_not_clawed_back,
    broken_money.take_rate_of_everything,
    broken_money.subsidy_stays,
)


def _of_money(process: str, ways: Sequence[Callable[[], None]]) -> list[Mutant]:
    return [Mutant(name=way.__name__.replace("_", "-"), where=(process,), breaks=way) for way in ways]


_ALL = (
    Mutant(name="no-inbox", where=("crm",), breaks=broken_messaging.no_inbox),
    Mutant(name="no-outbox", where=("ordering",), breaks=broken_messaging.publish_without_outbox),
    Mutant(name="ack-first", where=("crm",), breaks=broken_messaging.acknowledge_before_commit),
    Mutant(name="mark-first", where=("relay",), breaks=broken_messaging.mark_before_confirm),
    Mutant(name="poll-by-last-id", where=("relay",), breaks=broken_messaging.poll_by_last_id),
    Mutant(name="naive-rounding", where=("ordering",), breaks=broken_business.naive_rounding),
    Mutant(name="refund-on-its-own", where=("ordering",), breaks=broken_business.refund_on_its_own),
    Mutant(name="commit-in-worker-result", where=("crm",), breaks=broken_messaging.commit_in_worker_result),
    Mutant(name="requeue-for-ever", where=("crm",), breaks=broken_messaging.requeue_without_limit),
    Mutant(name="not-mandatory", where=("relay",), breaks=broken_messaging.not_mandatory),
    Mutant(name="plan-without-lease", where=("planner",), breaks=broken_planning.plan_without_lease),
    *_of_money("ordering", _OF_ORDERING),
    *_of_money("commission", _OF_COMMISSION),
    # Last, since what it has broken goes on breaking.
    Mutant(
        name="stock-read-modify-write", where=("storefront",), breaks=broken_business.stock_read_modify_write
    ),
)
MUTANTS = {mutant.name: mutant for mutant in _ALL}
