"""Offers, acceptances, clicks and attributions in PostgreSQL, on one open connection."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from services.commission.adapters.offers_json import offer_from_row, offer_to_json
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
from services.commission.domain.verdicts import Grounds, Related, Relation

_LINKS = """
SELECT l.link_id, l.code, l.shop_id, l.owner_id, l.listing_id, l.rate_bp, l.created_at, COALESCE((
    SELECT jsonb_agg(jsonb_build_object('since', a.since, 'offer_id', a.offer_id, 'rate_bp', a.rate_bp,
        'price', a.price, 'withdrawn', a.withdrawn) ORDER BY a.acceptance_id)
    FROM acceptance AS a WHERE a.link_id = l.link_id), '[]') AS acceptances
FROM promotion_link AS l WHERE
"""
_LINKS_AROUND = text(_LINKS + "l.listing_id = ANY(:listings) OR l.link_id = ANY(:links) ORDER BY l.link_id")
_LINKS_OF_SHOP = text(_LINKS + "l.shop_id = :shop_id ORDER BY l.created_at, l.link_id")
_LINKS_OF_OFFER = text(
    _LINKS + "l.link_id IN (SELECT link_id FROM acceptance WHERE offer_id = :offer_id)"
    " ORDER BY l.created_at, l.link_id"
)
_CLICKS = text(
    "SELECT account_id AS customer_id, link_id, shop_id, clicked_at, known_at FROM link_click"
    " WHERE account_id = ANY(:customers) ORDER BY clicked_at, click_id"
)
_ATTRIBUTED = (
    "SELECT order_id, line_id, customer_id, listing_id, link_id, promoter_shop_id, promoter_owner_id, by,"
    " paid_at FROM attribution WHERE "
)
_ATTRIBUTED_TO = text(_ATTRIBUTED + "customer_id = ANY(:customers) ORDER BY paid_at, order_id, line_id")
_BOUGHT = text(
    _ATTRIBUTED + "customer_id = ANY(:owners) AND promoter_owner_id = ANY(:customers)"
    " ORDER BY paid_at, order_id, line_id"
)
_UNBOUND = text(
    "SELECT customer_id, at FROM unbinding WHERE customer_id = ANY(:customers) ORDER BY customer_id, at"
)
_RECRUITED = (
    "SELECT shop_id, recruiter_shop_id, recruiter_owner_id, since FROM recruitment"
    " WHERE shop_id = ANY(:shops) ORDER BY shop_id, since"
)
_KEEP_ATTRIBUTED = text("""
INSERT INTO attribution (order_id, line_id, customer_id, listing_id, link_id, promoter_shop_id,
    promoter_owner_id, by, paid_at)
SELECT order_id, line_id, customer_id, listing_id, link_id, promoter_shop_id, promoter_owner_id, by, paid_at
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS a (order_id text, line_id text, customer_id text,
    listing_id text, link_id text, promoter_shop_id text, promoter_owner_id text, by text,
    paid_at timestamptz)
ON CONFLICT DO NOTHING
""")
_RELATED = text(
    "SELECT shop_id, account_id, relation FROM related_account"
    " WHERE account_id = ANY(:accounts) OR shop_id = :shop_id ORDER BY shop_id, account_id"
)
_LOCK = text("SELECT offer_id FROM offer WHERE offer_id = ANY(:offers) ORDER BY offer_id FOR UPDATE")
_VERSIONS = (
    "SELECT v.offer_id, v.version, o.listing_id, v.currency, v.since, v.terms"
    " FROM offer AS o JOIN offer_version AS v USING (offer_id) WHERE "
)
_VERSIONS_AROUND = text(
    _VERSIONS + "o.listing_id = ANY(:listings) OR o.offer_id = ANY(:offers) ORDER BY v.offer_id, v.version"
)
_NEWEST = _VERSIONS + (
    "v.version = (SELECT max(n.version) FROM offer_version AS n WHERE n.offer_id = o.offer_id)"
    " AND (CAST(:offer_id AS text) IS NULL OR o.offer_id = :offer_id)"
    " AND (CAST(:listing_id AS text) IS NULL OR o.listing_id = :listing_id)"
    " AND (CAST(:category AS text) IS NULL OR EXISTS (SELECT FROM listing AS l"
    " WHERE l.listing_id = o.listing_id AND (l.category = :category OR l.category = '' OR :category = '')))"
    " ORDER BY v.offer_id"
)
_OFFERS = text(_NEWEST)
_USED = text(
    "SELECT a.offer_id, l.shop_id, sum(a.units) AS units, sum(a.amount) AS commission"
    " FROM accrual AS a JOIN promotion_link AS l ON l.link_id = a.promotion_link_id"
    " WHERE a.offer_id = ANY(:offers) AND a.status IN ('accrued', 'released') GROUP BY a.offer_id, l.shop_id"
)
_ADD_OFFER = text(
    "INSERT INTO offer (offer_id, listing_id) VALUES (:offer_id, :listing_id) ON CONFLICT DO NOTHING"
)
_ADD_VERSION = text(
    "INSERT INTO offer_version (offer_id, version, since, currency, terms)"
    " VALUES (:offer_id, :version, :since, :currency, CAST(:terms AS jsonb)) ON CONFLICT DO NOTHING"
)
_VERSION = text(_VERSIONS + "v.offer_id = :offer_id AND v.version = :version")
_ACCEPT = text(
    "INSERT INTO acceptance (link_id, since, offer_id, rate_bp, price, withdrawn)"
    " VALUES (:link_id, :since, :offer_id, :rate_bp, :price, :withdrawn)"
)
_CLICK = text(
    "INSERT INTO link_click (link_id, shop_id, visitor, account_id, clicked_at, known_at)"
    " SELECT link_id, shop_id, :visitor, :account_id, :at, :known_at FROM promotion_link"
    " WHERE link_id = :link_id"
)
_COUNT = text(
    "INSERT INTO link_clicks_of_day AS d (link_id, day, clicks)"
    " VALUES (:link_id, CAST(:at AS timestamptz) AT TIME ZONE 'Asia/Shanghai', 1)"
    " ON CONFLICT (link_id, day) DO UPDATE SET clicks = d.clicks + 1"
)
_JOIN = text(
    "UPDATE link_click SET account_id = :account_id, known_at = :at"
    " WHERE visitor = :visitor AND account_id IS NULL"
)
_FORGET = text("DELETE FROM link_click WHERE clicked_at < :before")
_RECRUIT = text(
    "INSERT INTO recruitment (shop_id, recruiter_shop_id, recruiter_owner_id, since)"
    " VALUES (:shop_id, :recruiter_shop_id, :recruiter_owner_id, :since)"
    " ON CONFLICT (shop_id, since) DO UPDATE SET recruiter_shop_id = excluded.recruiter_shop_id,"
    " recruiter_owner_id = excluded.recruiter_owner_id"
)
_RELATE = text(
    "INSERT INTO related_account (shop_id, account_id, relation, since)"
    " VALUES (:shop_id, :account_id, :relation, :at)"
    " ON CONFLICT (shop_id, account_id) DO UPDATE SET relation = excluded.relation"
)
_UNRELATE = text("DELETE FROM related_account WHERE shop_id = :shop_id AND account_id = :account_id")
_UNBIND = text("INSERT INTO unbinding (customer_id, at) VALUES (:customer_id, :at) ON CONFLICT DO NOTHING")
_FIGURES = text("""
WITH mine AS (
    SELECT link_id FROM promotion_link WHERE shop_id = :shop_id
    UNION SELECT promotion_link_id FROM accrual WHERE promoter_shop_id = :shop_id AND level = 2
), clicks AS (
    SELECT link_id, day, clicks FROM link_clicks_of_day JOIN mine USING (link_id)
    WHERE link_id IN (SELECT link_id FROM promotion_link WHERE shop_id = :shop_id)
      AND day >= CAST(CAST(:since AS timestamptz) AT TIME ZONE 'Asia/Shanghai' AS date)
      AND day <= CAST(CAST(:until AS timestamptz) AT TIME ZONE 'Asia/Shanghai' AS date)
), sales AS (
    SELECT a.promotion_link_id AS link_id, a.order_id, a.status, a.level, a.amount,
        CAST((CAST(b.paid ->> 'paid_at' AS timestamptz) AT TIME ZONE 'Asia/Shanghai') AS date) AS day
    FROM accrual AS a JOIN order_book AS b USING (order_id)
    WHERE a.promoter_shop_id = :shop_id AND CAST(b.paid ->> 'paid_at' AS timestamptz) >= :since
      AND CAST(b.paid ->> 'paid_at' AS timestamptz) < :until
), money AS (
    SELECT link_id, day, jsonb_object_agg(status, amount) AS money
    FROM (SELECT link_id, day, status, sum(amount) AS amount FROM sales GROUP BY link_id, day, status) AS s
    GROUP BY link_id, day
), orders AS (
    SELECT link_id, day, count(DISTINCT order_id) AS orders FROM sales
    WHERE level = 1 AND status <> 'denied' GROUP BY link_id, day
)
SELECT link_id, day, COALESCE(clicks, 0) AS clicks, COALESCE(orders, 0) AS orders,
    COALESCE(money, '{}') AS money
FROM clicks FULL JOIN money USING (link_id, day) FULL JOIN orders USING (link_id, day) ORDER BY day, link_id
""")


class SqlMarket:
    """Implements the Market port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def around(
        self, customers: Collection[str], listings: Collection[str], links: Collection[str]
    ) -> Surroundings:
        if not customers:
            return Surroundings()
        execute, asked = self._connection.execute, {"customers": list(customers)}
        known = [
            _known(row) for row in execute(_LINKS_AROUND, {"listings": list(listings), "links": list(links)})
        ]
        accepted = [each.offer_id for link in known for each in link.acceptances]
        versions = execute(_VERSIONS_AROUND, {"listings": list(listings), "offers": accepted})
        shops = sorted({link.shop_id for link in known})
        return Surroundings(
            links=tuple(known),
            offers=tuple(offer_from_row(row) for row in versions),
            clicks=tuple(Click(**row._mapping) for row in execute(_CLICKS, asked)),
            attributed=tuple(Attributed(**row._mapping) for row in execute(_ATTRIBUTED_TO, asked)),
            unbound=tuple(Unbinding(**row._mapping) for row in execute(_UNBOUND, asked)),
            recruitments=tuple(
                Recruitment(**row._mapping) for row in execute(text(_RECRUITED), {"shops": shops})
            ),
        )

    def keep_attributed(self, rows: Sequence[Attributed]) -> None:
        if rows:
            wire = [{name: getattr(row, name) for name in Attributed.__slots__} for row in rows]
            self._connection.execute(_KEEP_ATTRIBUTED, {"rows": orjson.dumps(wire).decode()})

    def grounds(
        self, customers: Collection[str], owners: Collection[str], offers: Collection[str]
    ) -> Grounds:
        if not customers:
            return Grounds()
        execute = self._connection.execute
        wanted = {"offers": sorted(offers)}
        if offers:
            execute(_LOCK, wanted)
        versions = execute(_VERSIONS_AROUND, {"listings": [], **wanted}) if offers else ()
        used = execute(_USED, wanted) if offers else ()
        related = execute(_RELATED, {"accounts": list(customers), "shop_id": None})
        bought = execute(_BOUGHT, {"owners": list(owners), "customers": list(customers)})
        return Grounds(
            related=frozenset(_related(row) for row in related),
            purchases=tuple(Attributed(**row._mapping) for row in bought),
            offers={(offer.offer_id, offer.version): offer for offer in map(offer_from_row, versions)},
            used={
                (row.offer_id, row.shop_id): Used(units=int(row.units), commission=int(row.commission))
                for row in used
            },
        )

    def lock_offer(self, offer_id: str) -> None:
        self._connection.execute(_LOCK, {"offers": [offer_id]})

    def add_offer(self, offer: Offer) -> Offer:
        terms = orjson.dumps(offer_to_json(offer)).decode()
        row = {name: getattr(offer, name) for name in ("offer_id", "listing_id", "version")}
        self._connection.execute(_ADD_OFFER, row)
        self._connection.execute(
            _ADD_VERSION, {**row, "since": offer.since, "currency": offer.currency, "terms": terms}
        )
        return offer_from_row(self._connection.execute(_VERSION, row).one())

    def offer(self, offer_id: str) -> Offer | None:
        return next(iter(self._newest(offer_id=offer_id)), None)

    def offers(self, *, listing_id: str | None = None, category: str | None = None) -> list[Offer]:
        return self._newest(listing_id=listing_id, category=category)

    def _newest(self, **asked: str | None) -> list[Offer]:
        wanted = {"offer_id": None, "listing_id": None, "category": None} | asked
        return [offer_from_row(row) for row in self._connection.execute(_OFFERS, wanted)]

    def accept(self, link_id: str, acceptance: Acceptance) -> None:
        row = {name: getattr(acceptance, name) for name in Acceptance.__slots__}
        self._connection.execute(_ACCEPT, {"link_id": link_id, **row})

    def held(self, *, shop_id: str | None = None, offer_id: str | None = None) -> list[Held]:
        if shop_id is not None:
            rows = self._connection.execute(_LINKS_OF_SHOP, {"shop_id": shop_id})
        else:
            rows = self._connection.execute(_LINKS_OF_OFFER, {"offer_id": offer_id})
        found = []
        for row in rows:
            link = _known(row)
            accepted = link.acceptances[-1] if link.acceptances else None
            if offer_id is None or (accepted is not None and accepted.offer_id == offer_id):
                found.append(Held(link=link, code=row.code, accepted=accepted))
        return found

    def click(self, click: Click | None, link_id: str, visitor: str, at: datetime) -> None:
        self._connection.execute(
            _CLICK,
            {
                "link_id": link_id,
                "visitor": visitor,
                "at": at,
                "account_id": click.customer_id if click else None,
                "known_at": click.known_at if click else None,
            },
        )
        self._connection.execute(_COUNT, {"link_id": link_id, "at": at})

    def join(self, visitor: str, account_id: str, at: datetime) -> int:
        asked = {"visitor": visitor, "account_id": account_id, "at": at}
        return int(self._connection.execute(_JOIN, asked).rowcount)

    def forget_clicks(self, before: datetime) -> int:
        return int(self._connection.execute(_FORGET, {"before": before}).rowcount)

    def recruit(self, recruitment: Recruitment) -> None:
        row = {name: getattr(recruitment, name) for name in Recruitment.__slots__}
        self._connection.execute(_RECRUIT, row)

    def recruiter(self, shop_id: str) -> Recruitment | None:
        rows = self._connection.execute(text(_RECRUITED), {"shops": [shop_id]}).all()
        return Recruitment(**rows[-1]._mapping) if rows else None

    def relate(self, related: Related, at: datetime) -> None:
        self._connection.execute(
            _RELATE,
            {
                "shop_id": related.shop_id,
                "account_id": related.account_id,
                "relation": related.relation.value,
                "at": at,
            },
        )

    def unrelate(self, shop_id: str, account_id: str) -> None:
        self._connection.execute(_UNRELATE, {"shop_id": shop_id, "account_id": account_id})

    def related(self, shop_id: str) -> list[Related]:
        rows = self._connection.execute(_RELATED, {"accounts": [], "shop_id": shop_id})
        return [_related(row) for row in rows]

    def unbind(self, unbinding: Unbinding) -> None:
        self._connection.execute(_UNBIND, {"customer_id": unbinding.customer_id, "at": unbinding.at})

    def figures(self, shop_id: str, since: datetime, until: datetime) -> list[Figures]:
        asked = {"shop_id": shop_id, "since": since, "until": until}
        return [
            Figures(
                link_id=row.link_id,
                day=row.day,
                clicks=row.clicks,
                orders=row.orders,
                money={status: int(amount) for status, amount in row.money.items()},
            )
            for row in self._connection.execute(_FIGURES, asked)
        ]


def _known(row: Any) -> KnownLink:
    return KnownLink(
        link_id=row.link_id,
        shop_id=row.shop_id,
        owner_id=row.owner_id,
        listing_id=row.listing_id,
        rate_bp=row.rate_bp,
        created_at=row.created_at,
        acceptances=tuple(
            Acceptance(**{**each, "since": datetime.fromisoformat(each["since"])}) for each in row.acceptances
        ),
    )


def _related(row: Any) -> Related:
    return Related(shop_id=row.shop_id, account_id=row.account_id, relation=Relation(row.relation))
