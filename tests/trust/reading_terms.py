"""Reading what decides about money: lines and their falls, cases, rates, links, and statements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from linli.day.quiet import Databases
from tests.trust.booked_orders import AfterSale, Back, Claim, Discount, Fall, Line, Proposal
from tests.trust.books import Accrual, Books, Link, Plan, Statement

Document = Mapping[str, Any]


def line_of(document: Document) -> Line:
    return Line(
        line_id=document["line_id"],
        listing_id=document["listing_id"],
        quantity=document["quantity"],
        paid=document["paid"],
        refunded_quantity=document["refunded_quantity"],
        unit_price=document["unit_price"],
        category=document["category"] or "",
        discounts=_discounts(document),
        falls=tuple(
            Fall(
                first=fall["first"],
                units=fall["units"],
                goods=fall["goods"],
                amount=fall["amount"],
                discounts=tuple(fall["discounts"]),
                substitution_id=fall["substitution_id"],
            )
            for fall in document.get("falls", ())
        ),
        unit_grams=document.get("unit_grams"),
        grams=document.get("grams"),
        promotion_link_id=document["promotion_link_id"],
    )


def proposal_of(document: Document) -> Proposal:
    return Proposal(
        substitution_id=document["substitution_id"],
        line_id=document["line_id"],
        quantity=document["quantity"],
        unit_price=document["substitute"]["unit_price"],
        status=document["status"],
        listing_id=document["substitute"]["listing_id"],
    )


def back_of(document: Document) -> Back:
    return Back(
        line_id=document["line_id"],
        quantity=document["quantity"],
        amount=document["amount"],
        discounts=_discounts(document),
        substitution_id=document.get("substitution_id"),
        listing_id=document["listing_id"],
    )


def _discounts(document: Document) -> tuple[Discount, ...]:
    return tuple(Discount(d["campaign_id"], d["funder"], d["amount"]) for d in document["discounts"])


def read_terms(books: Books, databases: Databases) -> None:
    """After-sale cases, and what commission keeps besides its entries."""
    for row in databases.rows(
        "ordering",
        "SELECT case_id, order_id, store_order_id, status, borne_by, refunded, body FROM after_sale_case",
    ):
        claims = tuple(
            Claim(line_id=one["line_id"], quantity=one["quantity"], left=one["left"])
            for one in row[6]["claims"]
        )
        steps = tuple((datetime.fromisoformat(step["at"]), step["status"]) for step in row[6]["steps"])
        books.cases.append(
            AfterSale(
                case_id=row[0],
                order_id=row[1],
                store_order_id=row[2],
                status=row[3],
                borne_by=row[4],
                refunded=row[5],
                claims=claims,
                steps=steps,
            )
        )
    _read_rates(books, databases)
    _read_statements(books, databases)


def _of_a_trip(pay: Document) -> tuple[int, int, int] | None:
    if pay.get("peaks"):
        return None
    return pay["per_drop"], pay["per_extra_pickup"], pay["per_km"]


def _read_rates(books: Books, databases: Databases) -> None:
    for version, terms in databases.rows("commission", "SELECT version, terms FROM rate_plan"):
        books.plans[version] = Plan(
            take_rate_bp=terms["take_rate_bp"],
            take_rate_base=terms["take_rate_base"],
            distribution_bp=terms["distribution_bp"],
            distribution_min_bp=terms.get("distribution_min_bp", 0),
            distribution_max_bp=terms["distribution_max_bp"],
            by_category=terms["take_rate_by_category"],
            by_shop=terms["take_rate_by_shop"],
            trip=_of_a_trip(terms["courier_pay"]),
        )
    books.plan_of = dict(
        databases.rows("commission", "SELECT order_id, rate_plan FROM order_book WHERE rate_plan IS NOT NULL")
    )
    for (sourcing,) in databases.rows(
        "commission", "SELECT paid->'sourcing' FROM order_book WHERE jsonb_array_length(paid->'sourcing') > 0"
    ):
        books.attributed |= {line_id: (link_id, by) for line_id, _, link_id, by, _ in sourcing}
    for row in databases.rows(
        "commission", "SELECT link_id, shop_id, owner_id, listing_id, rate_bp FROM promotion_link"
    ):
        books.links[row[0]] = Link(
            link_id=row[0], shop_id=row[1], owner_id=row[2], listing_id=row[3], rate_bp=row[4]
        )
    books.accruals = [
        Accrual(order_id=a, store_order_id=b, link_id=c, status=d, amount=e, reason=f)
        for a, b, c, d, e, f in databases.rows(
            "commission",
            "SELECT order_id, store_order_id, promotion_link_id, status, amount, reason FROM accrual",
        )
    ]


def _read_statements(books: Books, databases: Databases) -> None:
    books.statements = [
        Statement(
            statement_id=row[0],
            opening=row[1],
            earned=row[2],
            paid_out=row[3],
            closing=row[4],
            lines=row[5],
            listed=row[6],
            moved=int(row[7]),
        )
        for row in databases.rows(
            "commission",
            "SELECT s.statement_id, s.opening, s.earned, s.paid_out, s.closing, s.line_count,"
            " count(e.entry_id), COALESCE(-sum(e.amount), 0) FROM statement AS s"
            " LEFT JOIN statement_line AS l USING (statement_id) LEFT JOIN ledger_entry AS e USING (entry_id)"
            " GROUP BY s.statement_id",
        )
    ]
    # What shops sold matures later than it is posted. The others' entries are due at once, and in the next
    # statement when a process was away for a while.
    books.unstated = [
        f"entry {entry_id} of {account}" for entry_id, account in databases.rows("commission", _UNSTATED)
    ]


_UNSTATED = """
SELECT e.entry_id, e.account FROM payee AS p JOIN ledger_entry AS e
    ON e.currency = p.currency
    AND e.posted_at < CASE p.payee_kind WHEN 'shop' THEN p.looked_from
                                        ELSE p.settled_until - interval '3 hours' END
    AND e.account IN ('payable:' || p.payee_kind || ':' || p.payee_id,
                      CASE p.payee_kind WHEN 'courier' THEN 'cash:courier:' || p.payee_id END)
WHERE NOT EXISTS (SELECT FROM statement_line AS l WHERE l.entry_id = e.entry_id)
"""


def read_audit(books: Books, commission_url: str) -> None:
    """What commission's own audit says: every order derived anew from its facts, every seal computed anew."""
    from services.commission.adapters.chain_sql import SqlChain
    from services.commission.adapters.ledger_sql import SqlLedger
    from services.commission.application.audit import audit
    from services.commission.application.verification import verify
    from shared.persistence import Database

    database = Database(commission_url, "commission", pool_size=1)
    try:
        with database.transaction() as transaction:
            found = audit(SqlLedger(transaction.connection))
        with database.snapshot() as connection:
            chain = verify(SqlChain(connection))
    finally:
        database.close()
    books.wrong_in_ledger = [
        f"{wrong.order_id}: {wrong.problem}: expected {wrong.expected}, found {wrong.found}"
        for wrong in (*found.mismatches, *found.unsettled)
    ]
    books.wrong_in_ledger += [f"{order_id}: nobody has heard of it" for order_id in found.orphans]
    books.sealed = chain.sealed
    books.wrong_in_chain = [f"transaction {name}: {problem}" for name, problem in chain.strangers]
    if chain.broken is not None:
        broken = chain.broken
        books.wrong_in_chain.append(f"seal {broken.position}, {broken.transaction_id}: {broken.problem}")
