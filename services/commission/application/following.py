"""Following promotion links: clicks, who is bound to whom, who belongs together, and what came of it all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.commission.application.market import Figures, Held, Market
from services.commission.application.offers import own_shop
from services.commission.application.ports import Catalogue, Ledger
from services.commission.application.rights import operators_only
from services.commission.domain import ledger as accounts
from services.commission.domain.attribution import (
    CLICK_COUNTS,
    Click,
    Recruitment,
    Unbinding,
    bound_to,
)
from services.commission.domain.commands import Actor
from services.commission.domain.errors import CircularRecruitment, LinkNotFound, ShopNotFound
from services.commission.domain.market_commands import AskPromoterPage, FollowLink, NameRecruiter, Relate
from services.commission.domain.verdicts import Related
from shared.kernel.clock import Clock

PAGE_DAYS = timedelta(days=30)
CUSTOMER = "customer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Earned:
    """Clicks, orders and money by status; ``paid`` is what left the platform, by the ledger."""

    clicks: int = 0
    orders: int = 0
    money: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, figures: Iterable[Figures]) -> Earned:
        clicks = orders = 0
        money: dict[str, int] = {}
        for each in figures:
            clicks, orders = clicks + each.clicks, orders + each.orders
            for status, amount in (each.money or {}).items():
                money[status] = money.get(status, 0) + amount
        return cls(clicks=clicks, orders=orders, money=money)


@dataclass(frozen=True, kw_only=True, slots=True)
class PromoterPage:
    ask: AskPromoterPage
    since: datetime
    until: datetime
    links: list[Held]
    figures: list[Figures]
    payable: int
    frozen: int
    paid: int


def follow(command: FollowLink, *, catalogue: Catalogue, market: Market, clock: Clock) -> None:
    """Count the click; of who is signed in as a customer it is known at once whose it is."""
    link = catalogue.link_by_code(command.code.strip().lower())
    if link is None:
        raise LinkNotFound("There is no such promotion link.")
    now, actor = clock.now(), command.actor
    click = None
    if actor is not None and actor.role == CUSTOMER:
        click = Click(
            customer_id=actor.account_id,
            link_id=link.link_id,
            shop_id=link.shop_id,
            clicked_at=now,
            known_at=now,
        )
    market.click(click, link.link_id, command.visitor, now)


def join(actor: Actor, visitor: str, *, market: Market, clock: Clock) -> int:
    """The clicks of a visitor who has signed in are the customer's from now on."""
    return market.join(visitor, actor.account_id, clock.now())


def forget_clicks(*, market: Market, clock: Clock) -> int:
    """Forget who clicked what when no payment looks at it any more; events may be a day late."""
    return market.forget_clicks(clock.now() - CLICK_COUNTS - timedelta(days=1))


def name_recruiter(
    command: NameRecruiter, *, catalogue: Catalogue, market: Market, clock: Clock
) -> Recruitment:
    """The shop that led this one to distribution; it shares what this one earns from now on."""
    shop = own_shop(command.actor, command.shop_id, catalogue)
    recruiter = catalogue.shop(command.recruiter_shop_id)
    if recruiter is None:
        raise ShopNotFound("There is no such shop to have been recruited by.")
    back = market.recruiter(recruiter.shop_id)
    if recruiter.owner_id == shop.owner_id or (back is not None and back.recruiter_owner_id == shop.owner_id):
        raise CircularRecruitment("Shops do not recruit themselves or each other.")
    wanted = Recruitment(
        shop_id=shop.shop_id,
        recruiter_shop_id=recruiter.shop_id,
        recruiter_owner_id=recruiter.owner_id,
        since=clock.now(),
    )
    known = market.recruiter(shop.shop_id)
    if known is not None:
        if known.recruiter_shop_id == wanted.recruiter_shop_id:
            return known
        # A shop is recruited once; only operators correct that.
        operators_only(command.actor)
    market.recruit(wanted)
    return wanted


def relate(command: Relate, *, catalogue: Catalogue, market: Market, clock: Clock) -> list[Related]:
    """Staff and household of a shop's owner, whose purchases earn the shop no commission."""
    own_shop(command.actor, command.shop_id, catalogue)
    if command.relation is None:
        market.unrelate(command.shop_id, command.account_id)
    else:
        related = Related(shop_id=command.shop_id, account_id=command.account_id, relation=command.relation)
        market.relate(related, clock.now())
    return market.related(command.shop_id)


def related(actor: Actor, shop_id: str, *, catalogue: Catalogue, market: Market) -> list[Related]:
    own_shop(actor, shop_id, catalogue)
    return market.related(shop_id)


def binding(actor: Actor, customer_id: str, *, market: Market, clock: Clock) -> str | None:
    """The shop that a customer is bound to now."""
    operators_only(actor)
    return bound_to(customer_id, clock.now(), market.around({customer_id}, (), ()))


def unbind(actor: Actor, customer_id: str, *, market: Market, clock: Clock) -> None:
    """The customer is bound to nobody until another first order."""
    operators_only(actor)
    market.unbind(Unbinding(customer_id=customer_id, at=clock.now()))


def promoter_page(
    ask: AskPromoterPage, *, catalogue: Catalogue, market: Market, ledger: Ledger, clock: Clock
) -> PromoterPage:
    """What a promoter's links did in a period of days, and what stands on its accounts now."""
    own_shop(ask.actor, ask.shop_id, catalogue)
    until = ask.until or clock.now()
    since = ask.since or until - PAGE_DAYS
    payable, frozen = accounts.promoter_payable(ask.shop_id), accounts.promoter_frozen(ask.shop_id)
    sums = ledger.sums([payable, frozen], ask.currency)
    # What left the payable account other than by a correction was paid out.
    paid = sum(
        amount
        for (account, kind), amount in sums.items()
        if account == payable and kind not in {accounts.Kind.RELEASE.value}
    )
    return PromoterPage(
        ask=ask,
        since=since,
        until=until,
        links=market.held(shop_id=ask.shop_id),
        figures=market.figures(ask.shop_id, since, until),
        payable=-sum(amount for (account, _), amount in sums.items() if account == payable),
        frozen=-sum(amount for (account, _), amount in sums.items() if account == frozen),
        paid=paid,
    )
