"""What is asked of reviews; each names the one thing that is reviewed, so saying it again is harmless."""

from __future__ import annotations

from dataclasses import dataclass

from services.ordering.domain.commands import Actor


@dataclass(frozen=True, kw_only=True)
class ReviewShop:
    actor: Actor
    store_order_id: str
    stars: int
    words: str | None


@dataclass(frozen=True, kw_only=True)
class ReviewDelivery:
    actor: Actor
    order_id: str
    stars: int
    words: str | None


@dataclass(frozen=True, kw_only=True)
class AnswerReview:
    actor: Actor
    review_id: str
    words: str


@dataclass(frozen=True, kw_only=True)
class HideReview:
    """``reason`` is one of the codes that everybody is told."""

    actor: Actor
    review_id: str
    reason: str
