"""What is asked of after-sale cases. Its id makes opening a case idempotent; moves repeat harmlessly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.ordering.domain.commands import Actor


class Decision(StrEnum):
    REFUND = "refund"
    RESEND = "resend"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """``lines`` maps line ids to quantities; ``words`` are needed where the reason is "other"."""

    actor: Actor
    case_id: str
    order_id: str
    lines: Mapping[str, int]
    reason: str
    words: str | None


@dataclass(frozen=True, kw_only=True)
class AnswerCase:
    actor: Actor
    case_id: str
    decision: Decision
    words: str | None


@dataclass(frozen=True, kw_only=True)
class MoveCase:
    """Something that needs no more than who says it, and perhaps why."""

    actor: Actor
    case_id: str
    words: str | None = None


@dataclass(frozen=True, kw_only=True)
class ConfirmCase:
    """Whether what was sent again has arrived."""

    actor: Actor
    case_id: str
    arrived: bool
    words: str | None


@dataclass(frozen=True, kw_only=True)
class ArbitrateCase:
    """``borne_by`` names whose fault it was: the shop's, the platform's or the courier's."""

    actor: Actor
    case_id: str
    decision: Decision
    borne_by: str
    return_delivery_fee: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class KeepPicture:
    """``owner_id`` is the case or the review that the picture belongs to."""

    actor: Actor
    owner_id: str
    photo_id: str
    content: bytes
