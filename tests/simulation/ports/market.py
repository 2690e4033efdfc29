"""Commission's market in memory: offers, acceptances, clicks and attributions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.commission.application.market import Figures, Held
from services.commission.domain.attribution import (
    Acceptance,
    Attributed,
    Click,
    KnownLink,
    Recruitment,
    Surroundings,
    Unbinding,
)
from services.commission.domain.offers import Offer, Used
from services.commission.domain.promotion import Accrual
from services.commission.domain.verdicts import Grounds, Related
from tests.simulation.database import MemoryConnection

_HERE = ZoneInfo("Asia/Shanghai")
_EARNED = {"accrued", "released"}


@dataclass(frozen=True, kw_only=True)
class _Followed:
    visitor: str
    shop_id: str
    link_id: str
    account_id: str | None
    clicked_at: datetime
    known_at: datetime | None


class MemoryMarket:
    """:class:`services.commission.application.market.Market`."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def _rows(self, table: str) -> dict[Any, Any]:
        return self._connection.rows(table)

    def _add(self, table: str, row: Any) -> None:
        self._connection.put(table, self._connection.database.next_of(table), row)

    def around(
        self, customers: Collection[str], listings: Collection[str], links: Collection[str]
    ) -> Surroundings:
        if not customers:
            return Surroundings()
        known = sorted(
            (each for each in self._links() if each.listing_id in listings or each.link_id in links),
            key=lambda each: each.link_id,
        )
        accepted = {each.offer_id for link in known for each in link.acceptances}
        return Surroundings(
            links=tuple(known),
            offers=tuple(
                each
                for _, each in sorted(self._rows("offer_version").items())
                if each.listing_id in listings or each.offer_id in accepted
            ),
            clicks=tuple(
                Click(
                    customer_id=each.account_id,
                    link_id=each.link_id,
                    shop_id=each.shop_id,
                    clicked_at=each.clicked_at,
                    known_at=each.known_at,
                )
                for each in sorted(self._rows("link_click").values(), key=lambda each: each.clicked_at)
                if each.account_id in customers
            ),
            attributed=tuple(each for each in self._attributed() if each.customer_id in customers),
            unbound=tuple(
                Unbinding(customer_id=customer_id, at=at)
                for customer_id, at in sorted(self._rows("unbinding"))
                if customer_id in customers
            ),
            recruitments=tuple(
                each
                for _, each in sorted(self._rows("recruitment").items())
                if each.shop_id in {link.shop_id for link in known}
            ),
        )

    def _links(self) -> Iterator[KnownLink]:
        for link in self._rows("promotion_link").values():
            yield KnownLink(
                link_id=link.link_id,
                shop_id=link.shop_id,
                owner_id=link.owner_id,
                listing_id=link.listing_id,
                rate_bp=link.rate_bp,
                created_at=self._rows("promotion_link_made")[link.link_id],
                acceptances=tuple(
                    each
                    for _, (link_id, each) in sorted(self._rows("acceptance").items())
                    if link_id == link.link_id
                ),
            )

    def _attributed(self) -> list[Attributed]:
        rows = self._rows("attribution").values()
        return sorted(rows, key=lambda each: (each.paid_at, each.order_id, each.line_id))

    def keep_attributed(self, rows: Sequence[Attributed]) -> None:
        for row in rows:
            if (row.order_id, row.line_id) not in self._rows("attribution"):
                self._connection.put("attribution", (row.order_id, row.line_id), row)

    def grounds(
        self, customers: Collection[str], owners: Collection[str], offers: Collection[str]
    ) -> Grounds:
        if not customers:
            return Grounds()
        used: dict[tuple[str, str], Used] = {}
        for accrual in self._accruals():
            offer_id = accrual.offer_id
            if offer_id is not None and offer_id in offers and accrual.status.value in _EARNED:
                key = offer_id, self._rows("promotion_link")[accrual.promotion_link_id].shop_id
                used[key] = used.get(key, Used()).plus(accrual.units, accrual.amount)
        return Grounds(
            related=frozenset(
                each for each in self._rows("related_account").values() if each.account_id in customers
            ),
            purchases=tuple(
                each
                for each in self._attributed()
                if each.customer_id in owners and each.promoter_owner_id in customers
            ),
            offers={
                key: offer for key, offer in self._rows("offer_version").items() if offer.offer_id in offers
            },
            used=used,
        )

    def _accruals(self) -> Iterator[Accrual]:
        for kept in self._rows("accrual").values():
            yield from kept.values()

    def lock_offer(self, offer_id: str) -> None:
        """A transaction in memory is alone anyway."""

    def add_offer(self, offer: Offer) -> Offer:
        there = self._rows("offer_version").get((offer.offer_id, offer.version))
        if there is None:
            self._connection.put("offer_version", (offer.offer_id, offer.version), offer)
            return offer
        return there  # type: ignore[no-any-return]

    def offer(self, offer_id: str) -> Offer | None:
        return self._newest().get(offer_id)

    def offers(self, *, listing_id: str | None = None, category: str | None = None) -> list[Offer]:
        found = []
        for _, offer in sorted(self._newest().items()):
            of_goods = self._category(offer.listing_id)
            fits = category is None or of_goods in {category, ""} or (category == "" and of_goods is not None)
            if fits and listing_id in {None, offer.listing_id}:
                found.append(offer)
        return found

    def _category(self, listing_id: str) -> str | None:
        kept = self._rows("listing").get(listing_id)
        return None if kept is None else kept[1].category

    def _newest(self) -> dict[str, Offer]:
        return {offer_id: offer for (offer_id, _), offer in sorted(self._rows("offer_version").items())}

    def accept(self, link_id: str, acceptance: Acceptance) -> None:
        self._add("acceptance", (link_id, acceptance))

    def held(self, *, shop_id: str | None = None, offer_id: str | None = None) -> list[Held]:
        found = []
        for link in sorted(self._links(), key=lambda each: (each.created_at, each.link_id)):
            accepted = link.acceptances[-1] if link.acceptances else None
            code = self._rows("promotion_link")[link.link_id].code
            if shop_id in {None, link.shop_id} and (
                offer_id is None or (accepted is not None and accepted.offer_id == offer_id)
            ):
                found.append(Held(link=link, code=code, accepted=accepted))
        return found

    def click(self, click: Click | None, link_id: str, visitor: str, at: datetime) -> None:
        row = _Followed(
            visitor=visitor,
            shop_id=self._rows("promotion_link")[link_id].shop_id,
            link_id=link_id,
            account_id=click.customer_id if click else None,
            clicked_at=at,
            known_at=click.known_at if click else None,
        )
        self._add("link_click", row)
        key = link_id, _day(at)
        self._connection.put("link_clicks_of_day", key, self._rows("link_clicks_of_day").get(key, 0) + 1)

    def join(self, visitor: str, account_id: str, at: datetime) -> int:
        joined = 0
        for key, row in list(self._rows("link_click").items()):
            if row.visitor == visitor and row.account_id is None:
                self._connection.put("link_click", key, replace(row, account_id=account_id, known_at=at))
                joined += 1
        return joined

    def forget_clicks(self, before: datetime) -> int:
        old = [key for key, row in self._rows("link_click").items() if row.clicked_at < before]
        for key in old:
            self._connection.drop("link_click", key)
        return len(old)

    def recruit(self, recruitment: Recruitment) -> None:
        self._connection.put("recruitment", (recruitment.shop_id, recruitment.since), recruitment)

    def recruiter(self, shop_id: str) -> Recruitment | None:
        rows = [each for each in self._rows("recruitment").values() if each.shop_id == shop_id]
        return max(rows, key=lambda each: each.since, default=None)

    def relate(self, related: Related, at: datetime) -> None:
        self._connection.put("related_account", (related.shop_id, related.account_id), related)

    def unrelate(self, shop_id: str, account_id: str) -> None:
        if (shop_id, account_id) in self._rows("related_account"):
            self._connection.drop("related_account", (shop_id, account_id))

    def related(self, shop_id: str) -> list[Related]:
        rows = sorted(self._rows("related_account").items())
        return [row for (of_shop, _), row in rows if of_shop == shop_id]

    def unbind(self, unbinding: Unbinding) -> None:
        self._connection.put("unbinding", (unbinding.customer_id, unbinding.at), True)

    def figures(self, shop_id: str, since: datetime, until: datetime) -> list[Figures]:
        own = {key for key, link in self._rows("promotion_link").items() if link.shop_id == shop_id}
        clicks = {
            key: count
            for key, count in self._rows("link_clicks_of_day").items()
            if key[0] in own and _day(since) <= key[1] <= _day(until)
        }
        orders: dict[tuple[str, date], set[str]] = {}
        money: dict[tuple[str, date], dict[str, int]] = {}
        for accrual in self._accruals():
            paid = self._rows("order_book")[accrual.order_id].facts.paid
            if accrual.promoter_shop_id != shop_id or not since <= paid.paid_at < until:
                continue
            key = accrual.promotion_link_id, _day(paid.paid_at)
            status = accrual.status.value
            by_status = money.setdefault(key, {})
            by_status[status] = by_status.get(status, 0) + accrual.amount
            if accrual.level == 1 and status != "denied":
                orders.setdefault(key, set()).add(accrual.order_id)
        return [
            Figures(
                link_id=key[0],
                day=key[1],
                clicks=clicks.get(key, 0),
                orders=len(orders.get(key, ())),
                money=money.get(key, {}),
            )
            for key in sorted(clicks.keys() | money.keys(), key=lambda each: (each[1], each[0]))
        ]


def _day(moment: datetime) -> date:
    return moment.astimezone(_HERE).date()
