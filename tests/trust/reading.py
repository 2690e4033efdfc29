"""Reading the books: the services' databases, the stream, and the queues that have to be empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pika

from linli.day.quiet import Databases, subscriptions
from shared.messaging.topology import DEAD_LETTERS, STREAM, UNROUTED
from tests.trust.booked_orders import BookedOrder, Part, Refund
from tests.trust.books import Books, Campaign, Charge, Entry, Level, Parked, Published, Returned, Taken, Told
from tests.trust.reading_dispatch import read_dispatch
from tests.trust.reading_terms import back_of, line_of, proposal_of, read_terms
from tests.trust.replayed import read_stream


def read_books(databases: Databases) -> Books:
    """The services' databases as they are now; the stream and the broker's queues are read elsewhere."""
    books = Books()
    _read_ordering(books, databases)
    _read_money(books, databases)
    read_terms(books, databases)
    read_dispatch(books, databases)
    _read_goods(books, databases)
    _read_messages(books, databases)
    return books


def _read_ordering(books: Books, databases: Databases) -> None:
    parts: dict[str, list[Part]] = {}
    for row in databases.rows(
        "ordering",
        "SELECT order_id, store_order_id, shop_id, status, paid, refunded, lines, merchant_id, substitutions"
        " FROM store_order ORDER BY order_id, position",
    ):
        part = Part(
            store_order_id=row[1],
            shop_id=row[2],
            status=row[3],
            paid=row[4],
            refunded=row[5],
            lines=tuple(map(line_of, row[6])),
            merchant_id=row[7],
            proposals=tuple(map(proposal_of, row[8])),
        )
        parts.setdefault(row[0], []).append(part)
    for row in databases.rows(
        "ordering",
        "SELECT order_id, quote_id, customer_id, status, discount, total, refunded, delivery_fee,"
        " paid_at, tip, payment_method, charge_id, delivered_at, (SELECT max(at) FROM order_history AS h"
        " WHERE h.order_id = orders.order_id AND h.after = 'completed') FROM orders",
    ):
        books.orders[row[0]] = BookedOrder(
            order_id=row[0],
            quote_id=row[1],
            customer_id=row[2],
            status=row[3],
            discount=row[4],
            total=row[5],
            refunded=row[6],
            delivery_fee=row[7],
            paid_at=row[8],
            tip=row[9],
            method=row[10],
            charge_id=row[11],
            delivered_at=row[12],
            completed_at=row[13],
            parts=tuple(parts.get(row[0], ())),
        )


def _read_money(books: Books, databases: Databases) -> None:
    books.charges = [
        Charge(charge_id=a, payment_id=b, order_id=c, amount=d, captured=e)
        for a, b, c, d, e in databases.rows(
            "ordering", "SELECT charge_id, payment_id, order_id, amount, captured FROM charge"
        )
    ]
    books.refunds = [
        Refund(
            refund_id=row[0],
            command_id=row[1],
            order_id=row[2],
            store_order_id=row[3],
            goods=row[4],
            delivery_fee=row[5],
            restock=row[6],
            lines=tuple(map(back_of, row[7])),
            tip=row[8],
            reason=row[9],
            borne_by=row[10],
            issued_at=row[11],
        )
        for row in databases.rows(
            "ordering",
            "SELECT refund_id, command_id, order_id, store_order_id, goods, delivery_fee, restock, lines,"
            " tip, reason, borne_by, issued_at FROM refund ORDER BY issued_at, refund_id",
        )
    ]
    books.returns = [
        Returned(refund_id=a, charge_id=b, amount=c, sent=d, by_hand=e)
        for a, b, c, d, e in databases.rows(
            "ordering",
            "SELECT provider_refund_id, charge_id, amount, state = 'confirmed', method = 'cash'"
            " FROM provider_refund",
        )
    ]
    books.provider_charges = [
        Charge(charge_id=a, payment_id=b, order_id="", amount=c)
        for a, b, c in databases.rows(
            "ordering",
            "SELECT charge_id, payment_id, amount FROM sandbox_charge WHERE charged_at <= clock_timestamp()",
        )
    ]
    books.provider_returns = [
        Returned(refund_id=a, charge_id=b, amount=c)
        for a, b, c in databases.rows("ordering", "SELECT refund_id, charge_id, amount FROM sandbox_refund")
    ]
    books.entries = [
        Entry(
            transaction_id=row[0],
            order_id=row[1],
            store_order_id=row[2],
            account=row[3],
            kind=row[4],
            currency=row[5],
            amount=int(row[6]),
            link_id=row[7],
        )
        for row in databases.rows(
            "commission",
            "SELECT transaction_id, order_id, store_order_id, account, kind, currency, sum(amount),"
            " promotion_link_id FROM ledger_entry GROUP BY 1, 2, 3, 4, 5, 6, 8",
        )
    ]
    books.campaigns = {
        row[0]: Campaign(
            campaign_id=row[0],
            budget=row[1],
            spent=row[2],
            uses=row[3],
            total_limit=row[4],
            per_customer_limit=row[5],
            off=row[6],
        )
        for row in databases.rows(
            "campaigns",
            "SELECT campaign_id, budget, spent, uses, total_limit, per_customer_limit,"
            " CASE WHEN off <= threshold THEN off END FROM campaigns",
        )
    }
    books.taken = [
        Taken(order_id=a, campaign_id=b, customer_id=c, amount=d, counted=e, uses=f)
        for a, b, c, d, e, f in databases.rows(
            "campaigns",
            "SELECT t.order_id, t.campaign_id, o.customer_id, t.amount, t.counted, t.uses"
            " FROM taken AS t JOIN orders AS o USING (order_id)",
        )
    ]
    books.tallies = {
        (shop_id, customer_id): (int(paid), int(refunded))
        for shop_id, customer_id, paid, refunded in databases.rows(
            "crm", "SELECT shop_id, customer_id, sum(paid), sum(refunded) FROM tallies GROUP BY 1, 2"
        )
    }


def _read_goods(books: Books, databases: Databases) -> None:
    books.levels = {
        row[0]: Level(stock=row[1], reserved=row[2], short=row[3])
        for row in databases.rows("storefront", "SELECT listing_id, stock, reserved, short FROM stock_level")
    }
    for order_id, status, lines, returns in databases.rows(
        "storefront", "SELECT order_id, status, lines, returns FROM reservation"
    ):
        if status in {"held", "unknown"}:
            books.open_reservations.append(order_id)
        if status != "sold":
            continue
        for listing_id, quantity in lines.items():
            back = min(quantity, sum(given.get(listing_id, 0) for given in returns.values()))
            books.units_sold[listing_id] = books.units_sold.get(listing_id, 0) + quantity - back


def _read_messages(books: Books, databases: Databases) -> None:
    for wanted in subscriptions():
        books.subscriptions[wanted.name] = (wanted.source, frozenset(wanted.types))
        books.inbox[wanted.name] = set()
    for service in databases.urls:
        for row in databases.rows(
            service, "SELECT id, type, subject, sequence, sent_at IS NOT NULL FROM outbox"
        ):
            books.outbox[row[0]] = Published(
                source=service, type=row[1], subject=row[2], sequence=row[3], sent=row[4]
            )
        for subscription, event_id in databases.rows(service, "SELECT subscription, event_id FROM inbox"):
            books.inbox.setdefault(subscription, set()).add(event_id)
        books.waiting += databases.rows(service, "SELECT subscription, event_id FROM inbox_retry")
        books.parked += [
            Parked(subscription=a, event_id=b, reason=c, body=d)
            for a, b, c, d in databases.rows(
                service, "SELECT subscription, event_id, reason, body FROM parked"
            )
        ]


def told(body: bytes) -> Mapping[str, Any]:
    """The data of an event as it came over the stream; nothing where it is no event."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    data = found.get("data") if isinstance(found, dict) else None
    return data if isinstance(data, dict) else {}


def read_depths(books: Books, amqp_url: str) -> int:
    """How many messages lie where none may; returns how many the stream holds."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    try:
        channel = connection.channel()
        for name in (UNROUTED, DEAD_LETTERS):
            books.depths[name] = channel.queue_declare(name, passive=True).method.message_count
        return int(channel.queue_declare(STREAM, passive=True).method.message_count)
    finally:
        connection.close()


def read_broker(books: Books, amqp_url: str) -> None:
    """The stream from its first message, and how many messages lie where none may."""
    held = read_depths(books, amqp_url)
    books.stream = {}
    expected = set(books.outbox)
    # A stream that was played again holds many events several times; the first time counts.
    for seen, message in enumerate(read_stream(amqp_url), start=1):
        said = Told(source=message.source, type=message.type, data=told(message.body))
        books.stream.setdefault(message.event_id, said)
        expected.discard(message.event_id)
        # Only where something is missing it is waited for.
        if seen >= held and not expected:
            break


def read_archive(books: Books, databases: Databases) -> None:
    """Where there is no stream, the outboxes hold the same events."""
    books.stream = {
        event_id: Told(source=service, type=type_, data=orjson.loads(data))
        for service in databases.urls
        for event_id, type_, data in databases.rows(
            service, "SELECT id, type, data FROM outbox ORDER BY position"
        )
    }
