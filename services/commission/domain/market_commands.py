"""What can be asked of distribution, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.commission.domain.commands import Actor
from services.commission.domain.verdicts import Relation


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishOffer:
    """``terms`` are those of :class:`Offer`."""

    actor: Actor
    offer_id: str
    listing_id: str
    currency: str
    terms: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeOffer:
    """What is left out stays as it is; with ``version``, only if that is the newest."""

    actor: Actor
    offer_id: str
    version: int | None
    terms: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class EndOffer:
    actor: Actor
    offer_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WithdrawLink:
    actor: Actor
    shop_id: str
    link_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowLink:
    """``visitor`` is what an earlier click answered; ``click_id`` names the visitor of a first one."""

    actor: Actor | None
    code: str
    visitor: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NameRecruiter:
    actor: Actor
    shop_id: str
    recruiter_shop_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Relate:
    actor: Actor
    shop_id: str
    account_id: str
    relation: Relation | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskPromoterPage:
    actor: Actor
    shop_id: str
    currency: str
    since: datetime | None
    until: datetime | None
