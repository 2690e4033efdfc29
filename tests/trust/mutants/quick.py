"""Checks of single parts, for mutants that need no platform to be noticed.

`python -m tests.trust.mutants.start MUTANT tests.trust.mutants.quick CHECK…` ends with 1 and a sentence when
the part is broken.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.kernel.ids import UuidV7
from shared.messaging import inbox
from shared.messaging.envelope import Event
from shared.messaging.outbox import Outbox
from shared.persistence import Database
from tests.trust.mutants.broken import Broken
from tests.trust.mutants.quick_money import MONEY_CHECKS
from tests.waiting import wait_until

warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")


OPERATOR = {"account_id": "operator-1", "role": "operator"}


def shares() -> None:
    """Reductions of baskets add up to what was taken off."""
    from services.ordering.domain import pricing
    from services.ordering.domain.places import Position
    from services.ordering.domain.quote import QuotedShop, Shop
    from tests.ordering.builders import a_line

    def quoted(number: int) -> QuotedShop:
        terms = Shop(
            shop_id=f"shop-{number}",
            name="s",
            category=None,
            position=Position(lat=30.27, lon=120.15),
            preparation_minutes=10,
            merchant_id=f"merchant-{number}",
        )
        lines = [
            a_line(nth, "fruit", 3, chance.randrange(300, 3000), line_id=f"line-{number}-{nth}")
            for nth in range(2)
        ]
        return QuotedShop(shop=terms, lines=tuple(lines))

    chance = random.Random(5)
    for _ in range(100):
        amount = chance.randrange(1, 600)
        given = pricing.CampaignDiscount(
            campaign_id="c", name="c", funder="platform", shop_id=None, amount=amount
        )
        reduced = pricing.apply_discounts([quoted(number) for number in range(3)], [given])
        taken = sum(shop.discount for shop in reduced)
        if taken != amount:
            raise Broken(f"{amount} were taken off a basket, and its lines cost {taken} less")


def refunds() -> None:
    """A line that goes back unit by unit gives back what it cost."""
    from tests.ordering.builders import a_line, by_shop

    for price in range(100, 130):
        line = left = a_line(0, "fruit", 3, price, by_shop(1))
        back = 0
        for _ in range(3):
            left, part = left.give_back(1)
            back += part.amount
        if back != line.paid:
            raise Broken(f"a line of {line.paid} gave back {back} unit by unit")


def once() -> None:
    """An event that comes twice has its effect once."""
    database = _database("crm")
    with database.transaction() as transaction:
        transaction.connection.execute(text("CREATE TABLE IF NOT EXISTS effect (event_id text)"))

    def handler(transaction: Any, event: Event) -> None:
        transaction.connection.execute(text("INSERT INTO effect VALUES (:id)"), {"id": event.id})

    event = Event(
        id=UuidV7().new(),
        type="Thing",
        source="campaigns",
        subject="s",
        time="2026-01-05T10:00:00Z",
        version=1,
        sequence=1,
        data={},
    )
    for _ in range(2):
        inbox.consume(database, "crm.from.campaigns", handler, [event])
    with database.read() as connection:
        effects = connection.scalar(text("SELECT count(*) FROM effect"))
    if effects != 1:
        raise Broken(f"an event that came twice had {effects} effects")


def late() -> None:
    """A row that commits after later ones were sent is sent as well."""
    database = _database("crm")
    early, later = (Database(database.url, "crm") for _ in range(2))
    with closing(Outbox(database.url, "crm")) as outbox:
        _write(database, "first")
        outbox.mark_sent(outbox.take())
        with early.engine.connect() as held:
            held.exec_driver_sql("BEGIN")
            held.exec_driver_sql(_ROW, {"id": "early"})
            _write(later, "later")
            outbox.mark_sent(outbox.take())
            held.exec_driver_sql("COMMIT")
        found = [row.id for row in outbox.take()]
    early.close()
    later.close()
    if found != ["early"]:
        raise Broken(f"a row that committed late is not sent: {found} are")


def kept() -> None:
    """What a relay took and did not mark, the next one takes."""
    database = _database("crm")
    _write(database, "only")
    with closing(Outbox(database.url, "crm")) as dies:
        dies.take()
    with closing(Outbox(database.url, "crm")) as successor:
        if not successor.take():
            raise Broken("a relay that died took its rows with it")


def stock() -> None:
    """Two buyers at once hold two units."""
    from services.storefront.adapters.stock_sql import SqlReservations
    from tests.storefront.builders import NOON, Street

    database = _database("storefront")
    street = Street(database)
    street.open_shop()
    street.list_goods("apple", stock=5)
    other = Database(database.url, "storefront")

    def reserve(where: Database, order_id: str, between: Callable[[], None] = lambda: None) -> None:
        with where.transaction() as transaction:
            until = NOON + timedelta(hours=1)
            SqlReservations(transaction.connection).open(order_id, {"apple": 1}, until, NOON)
            between()

    second = threading.Thread(target=reserve, args=(other, "second"))

    def begin_the_second() -> None:
        second.start()
        wait_until(lambda: _waits_for_a_lock(database))

    reserve(database, "first", begin_the_second)
    second.join(20)
    with database.read() as connection:
        held = connection.scalar(text("SELECT reserved FROM stock_level WHERE listing_id = 'apple'"))
    other.close()
    if held != 2:
        raise Broken(f"two buyers at once hold {held} units")


def lease() -> None:
    """A planner that has lost a zone keeps no plan for it."""
    from services.dispatch.application.ports import LeaseLostError
    from tests.dispatch.world import World

    world = World(_database("dispatch"))
    world.open_zone()
    world.on_shift("courier-1")
    late, now = world.desk("late"), world.clock.now()
    due = late.claim(now, now)
    if due is None:
        raise Broken("a zone with a courier on shift is never planned")
    world.call("pause_zone", actor=OPERATOR, zone_id=due.zone.zone_id, reason="r")
    try:
        with late.keeping(due) as keeping:
            keeping.finish(due, {}, now, None)
    except LeaseLostError:
        return
    raise Broken("a planner whose lease was taken away has kept its plan")


_ROW = """
INSERT INTO outbox (id, type, subject, sequence, partitionkey, version, time, correlationid, data)
VALUES (%(id)s, 'Thing', %(id)s, 1, 'k', 1, '2026-01-05T10:00:00Z', 'c', '{}')
"""


def _write(database: Database, event_id: str) -> None:
    with database.transaction() as transaction:
        transaction.connection.exec_driver_sql(_ROW, {"id": event_id})


def _waits_for_a_lock(database: Database) -> bool:
    with database.read() as connection:
        return bool(
            connection.scalar(
                text(
                    "SELECT EXISTS (SELECT 1 FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock')"
                )
            )
        )


def _database(service: str) -> Database:
    return Database(os.environ[f"LINLI_{service.upper()}_DATABASE_URL"], service)


CHECKS: Mapping[str, Callable[[], None]] = {
    check.__name__: check for check in (shares, refunds, once, late, kept, stock, lease)
} | dict(MONEY_CHECKS)


def main() -> None:
    try:
        for check in sys.argv[1:]:
            CHECKS[check]()
    except Broken as found:
        sys.exit(f"{found}.")


if __name__ == "__main__":
    main()
