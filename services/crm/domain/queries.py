"""What others ask of crm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.crm.domain.profile import Actor


@dataclass(frozen=True, kw_only=True)
class AfterTally:
    """Where a page of customers ended."""

    last_seen: datetime
    customer_id: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class AfterMoment:
    """Where a page of a timeline ended."""

    at: datetime
    key: str


@dataclass(frozen=True, kw_only=True)
class AskProfile:
    """One customer of one shop, with up to ``limit`` facts after ``after``, newest first."""

    actor: Actor
    shop_id: str
    customer_id: str
    limit: int
    after: AfterMoment | None


@dataclass(frozen=True, kw_only=True)
class AskCustomers:
    """A shop's customers, last seen first; ``prefix`` is how their ids begin."""

    actor: Actor
    shop_id: str
    prefix: str
    limit: int
    after: AfterTally | None


@dataclass(frozen=True, kw_only=True)
class AskShop:
    actor: Actor
    shop_id: str
