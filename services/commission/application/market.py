"""What distribution needs of the outside: offers, who accepted them, who clicked, and who knows whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.commission.domain.attribution import (
    Acceptance,
    Attributed,
    Click,
    KnownLink,
    Recruitment,
    Surroundings,
    Unbinding,
)
from services.commission.domain.offers import Offer
from services.commission.domain.verdicts import Grounds, Related


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A promotion link as its promoter knows it, with what was accepted last, if anything was."""

    link: KnownLink
    code: str
    accepted: Acceptance | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What one link did on one day: ``money`` by status of what was earned by orders paid on that day."""

    link_id: str
    day: date
    clicks: int = 0
    orders: int = 0
    money: Mapping[str, int] | None = None


class Market(Protocol):
    """Inside one transaction. Asked for nothing, it does nothing."""

    def around(
        self, customers: Collection[str], listings: Collection[str], links: Collection[str]
    ) -> Surroundings:
        """What may decide whose sale the listings are, bought by those customers through those links."""

    def keep_attributed(self, rows: Sequence[Attributed]) -> None:
        """Remember attributions, each line's first one for good."""

    def grounds(
        self, customers: Collection[str], owners: Collection[str], offers: Collection[str]
    ) -> Grounds:
        """What may speak against commissions of those ``owners``; ``offers`` stay locked until the end."""

    def lock_offer(self, offer_id: str) -> None:
        """Nobody else accepts, changes or uses up the offer until the transaction ends."""

    def add_offer(self, offer: Offer) -> Offer:
        """Add a version, or return the one that there is."""

    def offer(self, offer_id: str) -> Offer | None:
        """Its newest version."""

    def offers(self, *, listing_id: str | None = None, category: str | None = None) -> list[Offer]:
        """The newest version of each offer, of a listing or for a category of goods, by id."""

    def accept(self, link_id: str, acceptance: Acceptance) -> None:
        """Add what was agreed to."""

    def held(self, *, shop_id: str | None = None, offer_id: str | None = None) -> list[Held]:
        """The links of a shop, or those that accepted an offer last, by when they were made."""

    def click(self, click: Click | None, link_id: str, visitor: str, at: datetime) -> None:
        """Count a click of a visitor, who is a customer where ``click`` says so."""

    def join(self, visitor: str, account_id: str, at: datetime) -> int:
        """The visitor's clicks turn out to be the customer's; says how many did."""

    def forget_clicks(self, before: datetime) -> int:
        """Forget who clicked before that; the counts stay. Says how many clicks were forgotten."""

    def recruit(self, recruitment: Recruitment) -> None: ...

    def recruiter(self, shop_id: str) -> Recruitment | None:
        """The newest of the shop."""

    def relate(self, related: Related, at: datetime) -> None: ...

    def unrelate(self, shop_id: str, account_id: str) -> None: ...

    def related(self, shop_id: str) -> list[Related]: ...

    def unbind(self, unbinding: Unbinding) -> None: ...

    def figures(self, shop_id: str, since: datetime, until: datetime) -> list[Figures]:
        """By link and day, for the shop's own links and for the links of those it recruited."""
