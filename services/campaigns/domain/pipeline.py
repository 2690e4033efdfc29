"""The order in which discounts are taken, and what each of them takes from which line.

1. full reductions that shops pay for
2. coupons that shops pay for
3. full reductions that the platform pays for
4. coupons that the platform pays for

A step works on what the steps before it left to pay: thresholds are compared with that, and nothing
takes more than that. Within a step a line is taken from once; where several campaigns reach for the
same line, the one that takes most goes first, ties to the lower campaign id. A reduction is shared over
its lines in proportion to what they still cost, by largest remainder, ties to the lower line id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.campaigns.domain.campaign import (
    Campaign,
    CampaignAccount,
    Funder,
    Kind,
    Obstacle,
    normal_code,
    obstacle,
)
from shared.kernel.money import Money, share_capped

STEPS: tuple[tuple[str, Funder, Kind], ...] = (
    ("shop_full_reduction", Funder.SHOP, Kind.FULL_REDUCTION),
    ("shop_coupon", Funder.SHOP, Kind.COUPON),
    ("platform_full_reduction", Funder.PLATFORM, Kind.FULL_REDUCTION),
    ("platform_coupon", Funder.PLATFORM, Kind.COUPON),
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a basket before any discount; ``line_id`` is unique in the basket."""

    line_id: str
    shop_id: str
    goods: Money


@dataclass(frozen=True, kw_only=True)
class LineShare:
    line_id: str
    amount: Money


@dataclass(frozen=True, kw_only=True)
class Discount:
    """What a campaign takes: ``amount`` is the sum of its shares, and no share is zero."""

    campaign: Campaign
    amount: Money
    line_shares: tuple[LineShare, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a step did with one campaign: took ``amount``, or nothing for a reason."""

    step: str
    campaign: Campaign
    amount: Money
    reason: Obstacle | None


@dataclass(frozen=True, kw_only=True)
class RefusedCode:
    code: str
    reason: Obstacle


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    discounts: tuple[Discount, ...]
    refused: tuple[RefusedCode, ...]
    outcomes: tuple[Outcome, ...]


@dataclass
class _Remaining:
    """What each line still costs while the steps run."""

    lines: list[Line]
    left: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.left = {line.line_id: line.goods.amount for line in self.lines}

    def scope(self, campaign: Campaign) -> list[Line]:
        return [line for line in self.lines if campaign.shop_id in (None, line.shop_id)]

    def of(self, lines: Iterable[Line]) -> int:
        return sum(self.left[line.line_id] for line in lines)

    def take(self, campaign: Campaign, amount: Money) -> Discount:
        lines = self.scope(campaign)
        weights = [self.left[line.line_id] for line in lines]
        shares = []
        for line, part in zip(lines, share_capped(amount.amount, weights, weights), strict=True):
            self.left[line.line_id] -= part
            if part:
                shares.append(LineShare(line_id=line.line_id, amount=Money(part, amount.currency)))
        return Discount(campaign=campaign, amount=amount, line_shares=tuple(shares))


def evaluate(
    lines: Sequence[Line], codes: Sequence[str], offers: Sequence[CampaignAccount], now: datetime
) -> Evaluation:
    """What every offer takes from which line, and why the others take nothing.

    ``offers`` holds the full reductions of these shops and the campaigns of ``codes``. Every code that
    took nothing is refused once, with the reason that tells most. Lines need one currency.
    """
    remaining = _Remaining(sorted(lines, key=lambda line: line.line_id))
    discounts: list[Discount] = []
    outcomes: list[Outcome] = []
    for step, funder, kind in STEPS:
        chosen = [o for o in offers if o.campaign.funder is funder and o.campaign.kind is kind]
        taken, said = _run_step(step, chosen, remaining, now)
        discounts += taken
        outcomes += said
    return Evaluation(
        discounts=tuple(discounts), refused=_refused_codes(codes, outcomes), outcomes=tuple(outcomes)
    )


def _run_step(
    step: str, offers: Sequence[CampaignAccount], remaining: _Remaining, now: datetime
) -> tuple[list[Discount], list[Outcome]]:
    weighed = [(offer.campaign, *_weigh(offer, remaining, now)) for offer in offers]
    weighed.sort(key=lambda row: (-row[1].amount, row[0].campaign_id))
    discounts: list[Discount] = []
    outcomes: list[Outcome] = []
    touched: set[str] = set()
    for campaign, wanted, obstructed in weighed:
        scope = {line.line_id for line in remaining.scope(campaign)}
        reason = obstructed or (Obstacle.NOT_COMBINABLE if scope & touched else None)
        amount = Money.zero(wanted.currency) if reason else wanted
        if reason is None:
            touched |= scope
            discounts.append(remaining.take(campaign, amount))
        outcomes.append(Outcome(step=step, campaign=campaign, amount=amount, reason=reason))
    return discounts, outcomes


def _weigh(offer: CampaignAccount, remaining: _Remaining, now: datetime) -> tuple[Money, Obstacle | None]:
    """What the offer would take from what is left, or zero and the reason."""
    campaign = offer.campaign
    nothing = Money.zero(campaign.currency)
    lines = remaining.scope(campaign)
    if not lines:
        return nothing, Obstacle.NOT_FOUND
    if lines[0].goods.currency != campaign.currency:
        return nothing, Obstacle.OTHER_CURRENCY
    left = remaining.of(lines)
    amount = Money(min(campaign.rule.off.amount, left), campaign.currency)
    reason = obstacle(campaign, offer.usage, amount, now)
    if reason is None and left < campaign.rule.threshold.amount:
        reason = Obstacle.BELOW_THRESHOLD
    if reason is None and left == 0:
        reason = Obstacle.NOTHING_LEFT
    return (nothing, reason) if reason else (amount, None)


def _refused_codes(codes: Sequence[str], outcomes: Sequence[Outcome]) -> tuple[RefusedCode, ...]:
    telling = list(Obstacle)
    refused = []
    for code in dict.fromkeys(codes):
        mine = [o.reason for o in outcomes if o.campaign.code == normal_code(code)]
        if None in mine:
            continue
        reasons = [reason for reason in mine if reason is not None]
        refused.append(
            RefusedCode(code=code, reason=max(reasons, key=telling.index, default=Obstacle.NOT_FOUND))
        )
    return tuple(refused)
