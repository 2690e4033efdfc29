"""Substitutions, falls of a price and steps of a history as JSON documents, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.ordering.adapters.moments import moment_of, text_of
from services.ordering.domain.falls import Fall
from services.ordering.domain.history import By, Step, Subject
from services.ordering.domain.substitution import Substitute, Substitution, SubstitutionStatus

Document = dict[str, Any]


def falls_document(falls: Iterable[Fall]) -> list[Document]:
    return [vars(fall) | {"discounts": list(fall.discounts)} for fall in falls]


def falls_from(documents: Iterable[Mapping[str, Any]]) -> tuple[Fall, ...]:
    return tuple(Fall(**{**document, "discounts": tuple(document["discounts"])}) for document in documents)


def substitutions_document(substitutions: Iterable[Substitution]) -> list[Document]:
    return [
        vars(one)
        | {
            "substitute": vars(one.substitute),
            "status": str(one.status),
            "proposed_at": text_of(one.proposed_at),
            "decide_by": text_of(one.decide_by),
            "decided_at": text_of(one.decided_at),
        }
        for one in substitutions
    ]


def substitutions_from(documents: Iterable[Mapping[str, Any]]) -> tuple[Substitution, ...]:
    return tuple(
        Substitution(
            **{
                **document,
                "substitute": Substitute(**document["substitute"]),
                "status": SubstitutionStatus(document["status"]),
                "proposed_at": datetime.fromisoformat(document["proposed_at"]),
                "decide_by": datetime.fromisoformat(document["decide_by"]),
                "decided_at": moment_of(document["decided_at"]),
            }
        )
        for document in documents
    )


def steps_document(steps: Sequence[Step]) -> list[Document]:
    return [
        {
            "nth": nth,
            "subject": str(step.subject),
            "subject_id": step.subject_id,
            "store_order_id": step.store_order_id,
            "before": step.before,
            "after": step.after,
            "at": text_of(step.at),
            "by_role": step.by.role,
            "by_account_id": step.by.account_id,
            "reason": step.reason,
        }
        for nth, step in enumerate(steps, 1)
    ]


def step_from(row: Mapping[Any, Any]) -> Step:
    return Step(
        subject=Subject(row["subject"]),
        subject_id=row["subject_id"],
        store_order_id=row["store_order_id"],
        before=row["before"],
        after=row["after"],
        at=row["at"],
        by=By(role=row["by_role"], account_id=row["by_account_id"]),
        reason=row["reason"],
    )
