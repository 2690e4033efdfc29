"""A campaign: who pays for which reduction, for whom, until when, and up to how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.campaigns.domain.errors import CampaignNotValid
from shared.kernel.money import Money


class Kind(StrEnum):
    """How a customer comes by it."""

    COUPON = "coupon"
    FULL_REDUCTION = "full_reduction"


class Funder(StrEnum):
    """Who pays for it."""

    SHOP = "shop"
    PLATFORM = "platform"


class Obstacle(StrEnum):
    """Why a campaign gives nothing, the least telling first."""

    NOT_FOUND = "not-found"
    OTHER_CURRENCY = "other-currency"
    ENDED = "ended"
    NOT_STARTED = "not-started"
    TOTAL_LIMIT = "total-limit-reached"
    CUSTOMER_LIMIT = "customer-limit-reached"
    BUDGET = "budget-exhausted"
    NOTHING_LEFT = "nothing-left"
    BELOW_THRESHOLD = "below-threshold"
    NOT_COMBINABLE = "not-combinable"
    TOO_MUCH = "more-than-the-campaign-gives"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """``off`` goes off once what is left to pay in scope reaches ``threshold``."""

    threshold: Money
    off: Money


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """The terms, fixed at launch; only ``ended_at`` is set later, and only once.

    ``shop_id`` limits it to one shop's lines; ``None`` means every shop's. A limit of ``None`` is none.
    """

    campaign_id: str
    shop_id: str | None
    kind: Kind
    funder: Funder
    name: str
    rule: Rule
    budget: Money
    per_customer_limit: int | None
    total_limit: int | None
    starts_at: datetime
    ends_at: datetime
    code: str | None
    ended_at: datetime | None = None

    @property
    def currency(self) -> str:
        return self.budget.currency

    def check_terms(self, now: datetime) -> None:
        """Raise :class:`CampaignNotValid`, naming every field that is wrong."""
        wrong = [
            {"field": field, "message": message} for field, message, broken in self._terms(now) if broken
        ]
        if wrong:
            raise CampaignNotValid(wrong[0]["message"], errors=wrong)

    def _terms(self, now: datetime) -> list[tuple[str, str, bool]]:
        off, threshold, budget = self.rule.off, self.rule.threshold, self.budget
        one_currency = off.currency == threshold.currency == budget.currency
        coupon = self.kind is Kind.COUPON
        return [
            ("budget", "Threshold, reduction and budget need one currency.", not one_currency),
            ("rule.off", "The reduction must be above zero.", off.amount <= 0),
            ("rule.threshold", "The threshold must not be below zero.", threshold.amount < 0),
            ("rule.threshold", "A full reduction takes no more than its threshold.",
             not coupon and off.amount > threshold.amount),
            ("budget", "The budget must pay for one reduction at least.", budget.amount < off.amount),
            ("ends_at", "A campaign ends after it starts.", self.ends_at <= self.starts_at),
            ("ends_at", "A campaign ends in the future.", self.ends_at <= now),
            ("code", "A coupon needs a code.", coupon and not self.code),
            ("code", "A full reduction has no code.", not coupon and self.code is not None),
            ("shop_id", "What a shop pays for is limited to that shop.",
             self.funder is Funder.SHOP and self.shop_id is None),
        ]  # fmt: skip

    def same_terms(self, other: Campaign) -> bool:
        """True when both were launched with the same words."""
        return self._launched() == other._launched()

    def _launched(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "ended_at"}

    def runs_at(self, now: datetime) -> Obstacle | None:
        """What keeps it from running at ``now``."""
        if now < self.starts_at:
            return Obstacle.NOT_STARTED
        if now >= self.ends_at or self.ended_at is not None:
            return Obstacle.ENDED
        return None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How much of a campaign is taken: by everybody, and by the customer at hand."""

    spent: int = 0
    uses: int = 0
    uses_by_customer: int = 0


@dataclass(frozen=True, kw_only=True)
class CampaignAccount:
    """A campaign beside what is taken of it."""

    campaign: Campaign
    usage: Usage


def obstacle(campaign: Campaign, usage: Usage, amount: Money, now: datetime) -> Obstacle | None:
    """What keeps ``campaign`` from giving ``amount`` once more at ``now``; ``None`` when nothing does."""
    stopped = campaign.runs_at(now)
    if stopped:
        return stopped
    if amount.currency != campaign.currency:
        return Obstacle.OTHER_CURRENCY
    if amount > campaign.rule.off:
        return Obstacle.TOO_MUCH
    if campaign.total_limit is not None and usage.uses >= campaign.total_limit:
        return Obstacle.TOTAL_LIMIT
    if campaign.per_customer_limit is not None and usage.uses_by_customer >= campaign.per_customer_limit:
        return Obstacle.CUSTOMER_LIMIT
    if usage.spent + amount.amount > campaign.budget.amount:
        return Obstacle.BUDGET
    return None


def normal_code(text: str) -> str:
    """A code as it is compared: without spaces around it, in capitals."""
    return text.strip().upper()
