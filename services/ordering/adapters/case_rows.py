"""After-sale cases as rows and JSON documents, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.ordering.domain.case import Case, CaseStatus, Claim, Party, Step

Row = Mapping[Any, Any]


def case_body(case: Case) -> dict[str, Any]:
    """What is read with the case and asked for by nothing."""
    return {
        "claims": [vars(claim) for claim in case.claims],
        "steps": [
            {"at": step.at.isoformat(), "by": step.by, "status": step.status, "words": step.words}
            for step in case.steps
        ],
        "photo_ids": list(case.photo_ids),
        "fault": case.fault,
    }


def case_from(row: Row) -> Case:
    body = row["body"]
    return Case(
        case_id=row["case_id"],
        order_id=row["order_id"],
        store_order_id=row["store_order_id"],
        shop_id=row["shop_id"],
        merchant_id=row["merchant_id"],
        customer_id=row["customer_id"],
        currency=row["currency"],
        reason=row["reason"],
        claims=tuple(Claim(**claim) for claim in body["claims"]),
        opened_at=row["opened_at"],
        status=CaseStatus(row["status"]),
        due_at=row["due_at"],
        steps=tuple(
            Step(
                at=datetime.fromisoformat(step["at"]),
                by=Party(step["by"]),
                status=CaseStatus(step["status"]),
                words=step["words"],
            )
            for step in body["steps"]
        ),
        photo_ids=tuple(body["photo_ids"]),
        fault=body["fault"],
        borne_by=row["borne_by"],
        refunded=row["refunded"],
    )
