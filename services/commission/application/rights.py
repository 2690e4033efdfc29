"""Who may see and do what. What one may not see does not exist."""

from __future__ import annotations

from services.commission.application.ports import Catalogue
from services.commission.domain import ledger
from services.commission.domain.chart import AccountOwner, in_chart
from services.commission.domain.commands import COURIER, MERCHANT, Actor, Party
from services.commission.domain.errors import AccountNotFound, BooksClosed, OperatorsOnly
from services.commission.domain.promotion import Shop

_PARTIES = {
    AccountOwner.SHOP: Party.SHOP,
    AccountOwner.PROMOTER: Party.SHOP,
    AccountOwner.COURIER: Party.COURIER,
}


def may_see_shop(actor: Actor, shop: Shop) -> bool:
    return actor.is_operator or (actor.role == MERCHANT and shop.owner_id == actor.account_id)


def operators_only(actor: Actor) -> None:
    if not actor.is_operator:
        raise OperatorsOnly("Only operators set rates.")


def readers_of_all_books_only(actor: Actor) -> None:
    if not actor.reads_all_books:
        raise BooksClosed("Only operators and analysts read the platform's books.")


def check_party(actor: Actor, party: Party, owner_id: str, catalogue: Catalogue) -> None:
    """Raises :class:`AccountNotFound` unless ``actor`` may see the accounts of that party."""
    if party is Party.PLATFORM:
        readers_of_all_books_only(actor)
        return
    if actor.reads_all_books:
        return
    if party is Party.COURIER and actor.role == COURIER and actor.account_id == owner_id:
        return
    if party is Party.SHOP:
        shop = catalogue.shop(owner_id)
        if shop is not None and may_see_shop(actor, shop):
            return
    raise AccountNotFound("There is no such account among yours.")


def owner_of(account: str) -> tuple[Party, str]:
    """The party that an account belongs to."""
    known = in_chart(account)
    if known is None or known.code == account or known.owner not in _PARTIES:
        return Party.PLATFORM, ""
    return _PARTIES[known.owner], account.split(":", 2)[2]


def accounts_of(party: Party, owner_id: str) -> tuple[list[str], list[str]]:
    """The accounts with what is payable to a party, and those with what is still frozen."""
    if party is Party.SHOP:
        return (
            [ledger.shop_payable(owner_id), ledger.promoter_payable(owner_id)],
            [ledger.promoter_frozen(owner_id)],
        )
    if party is Party.COURIER:
        return [ledger.courier_payable(owner_id)], []
    return [
        ledger.TAKE_RATE,
        ledger.DELIVERY_FEE,
        ledger.DISTRIBUTION_MARGIN,
        ledger.SUBSCRIPTION,
        ledger.ADVERTISING,
        ledger.COURIER_PAY,
        ledger.COURIER_GUARANTEE,
        ledger.PLATFORM_DISCOUNT,
    ], []
