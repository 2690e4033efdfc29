"""What has happened to a case; ``contracts/case_messages.py`` says it to others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.ordering.domain.case import Case, Claim, Party


@dataclass(frozen=True, kw_only=True)
class _OfCase:
    case_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    customer_id: str


@dataclass(frozen=True, kw_only=True)
class AfterSaleCaseOpened(_OfCase):
    opened_at: datetime
    due_at: datetime | None
    reason: str
    lines: tuple[Claim, ...]


@dataclass(frozen=True, kw_only=True)
class AfterSaleCaseChanged(_OfCase):
    changed_at: datetime
    status: str
    decided_by: Party
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AfterSaleCaseClosed(_OfCase):
    closed_at: datetime
    status: str
    decided_by: Party
    refund_id: str | None
    borne_by: str | None


Event = AfterSaleCaseOpened | AfterSaleCaseChanged | AfterSaleCaseClosed


def opened(case: Case) -> AfterSaleCaseOpened:
    return AfterSaleCaseOpened(
        **_ids(case), opened_at=case.opened_at, due_at=case.due_at, reason=case.reason, lines=case.claims
    )


def changed(case: Case, by: Party, at: datetime) -> AfterSaleCaseChanged:
    return AfterSaleCaseChanged(
        **_ids(case), changed_at=at, status=str(case.status), decided_by=by, due_at=case.due_at
    )


def closed(case: Case, by: Party, at: datetime) -> AfterSaleCaseClosed:
    return AfterSaleCaseClosed(
        **_ids(case),
        closed_at=at,
        status=str(case.status),
        decided_by=by,
        refund_id=None if case.borne_by is None else case.refund_id,
        borne_by=case.borne_by,
    )


def _ids(case: Case) -> dict[str, str]:
    return {
        "case_id": case.case_id,
        "order_id": case.order_id,
        "store_order_id": case.store_order_id,
        "shop_id": case.shop_id,
        "customer_id": case.customer_id,
    }
