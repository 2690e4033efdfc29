"""What exposes each mutant: a little load and the one thing that goes wrong at the wrong moment."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from linli.day.quiet import subscriptions
from linli.day.town import Record
from linli.stack.databases import connect
from linli.stack.platform import declare_topology
from shared.kernel.failpoints import Place
from shared.kernel.ids import UuidV7, derived_id
from shared.messaging.topology import STREAM, UNROUTED
from tests.trust import messages
from tests.trust.failpoint_faults import failpoints
from tests.trust.fault import Injected
from tests.trust.message_faults import Doubled
from tests.trust.mutants.ground import Ground, Scenario
from tests.trust.mutants.money_scenarios import MONEY_SCENARIOS
from tests.trust.neighbourhood import BURST, COUPON, SHOP_COUPON
from tests.trust.stage import Stage

_PATIENCE_SECONDS = 20.0


def _plain(record: Record) -> Record:
    return replace(record, plan="plain")


async def _while_ordering(ground: Ground, what: Awaitable[Any]) -> None:
    """Orders keep coming until ``what`` is over."""
    task = asyncio.ensure_future(what)
    while not task.done():
        await ground.orders(1, _plain)
    await task


async def _died(ground: Ground, process: str, place: Place, times: int) -> None:
    points = failpoints(ground.stage)
    for _ in range(times):
        await points.until_hit(process, place, patience=_PATIENCE_SECONDS)
        await ground.stage.until_ready(process)


def dies_at(process: str, place: Place, times: int = 2) -> Scenario:
    """The process dies there while people order."""

    async def scenario(ground: Ground) -> None:
        await _while_ordering(ground, _died(ground, process, place, times))

    return scenario


async def events_come_twice(ground: Ground) -> None:
    await ground.orders(4, _plain)
    await Doubled().strike(ground.stage, ground.chance)


async def coupons_are_shared(ground: Ground) -> None:
    """Two coupons on three shops' goods: amounts that no weights divide."""
    codes = (COUPON, SHOP_COUPON)
    await ground.orders(8, lambda record: replace(record, plan="plain", coupon_codes=codes))


async def units_go_back_one_by_one(ground: Ground) -> None:
    """Lines of three units whose price three does not divide, refunded unit by unit."""

    def change(record: Record) -> Record:
        lines = tuple(replace(line, quantity=3) for line in record.order.lines)
        order = replace(record.order, lines=lines)
        return replace(record, order=order, plan="refund-all", coupon_codes=(COUPON, SHOP_COUPON))

    await ground.orders(8, change)
    # The shop looks for what was damaged when the order has been at the door for a while.
    await ground.load.settle(30.0)
    await asyncio.sleep(3.0)


async def many_want_the_same(ground: Ground) -> None:
    for _ in range(2 * BURST):
        record = ground.load.hood.hot_order(ground.load.hot, ground.load.town.time.minute())
        ground.load.hot += 1
        ground.load._begin(record)
    await asyncio.sleep(3.0)


async def commits_late(ground: Ground) -> None:
    """A transaction takes its place in the outbox and commits when later ones have long been sent."""
    url = ground.stage.servers.database_urls["storefront"]
    event_id, subject = UuidV7().new(), f"late-{derived_id('late', str(ground.specials))}"
    ground.specials += 1
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(_LATE_EVENT, {"id": event_id, "subject": subject})
        position = cursor.fetchone()[0]  # type: ignore[index]
        await _while_ordering(ground, _passed(ground.stage, position))
        cursor.execute("COMMIT")
    await ground.orders(2, _plain)


_LATE_EVENT = """
WITH counted AS (INSERT INTO outbox_sequence (subject, last) VALUES (%(subject)s, 1))
INSERT INTO outbox (id, type, subject, sequence, partitionkey, version, time, correlationid, data)
SELECT %(id)s, type, %(subject)s, 1, partitionkey, version, time, correlationid, data
FROM outbox WHERE type = 'ShopOpened' ORDER BY position LIMIT 1 RETURNING position
"""


async def _passed(stage: Stage, position: int) -> None:
    """Wait until rows behind ``position`` have been sent."""
    with closing(connect(stage.servers.database_urls["storefront"])) as connection:
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT EXISTS (SELECT 1 FROM outbox WHERE position > %s AND sent_at IS NOT NULL)",
                    [position],
                )
                if cursor.fetchone()[0]:  # type: ignore[index]
                    return
            await asyncio.sleep(0.1)


async def one_is_poison(ground: Ground) -> None:
    event_id = UuidV7().new()
    wanted = next(s for s in subscriptions() if s.name == "crm.from.ordering")
    body = messages.poison(wanted, "OrderPlaced", event_id, ground.stage)
    ground.injected.append(Injected(subscription=wanted.name, event_id=event_id, body=event_id))
    await ground.orders(2, _plain)

    def put() -> None:
        with messages.channel(ground.stage) as channel:
            messages.to_queue(channel, wanted.name, [body])

    await asyncio.to_thread(put)
    await ground.orders(6, _plain)


async def a_queue_is_missing(ground: Ground) -> None:
    """Somebody registers while nobody at the broker wants to hear of it, until the queues are declared."""
    stage, source = ground.stage, "gateway"
    # Its reader would declare the queue anew.
    stage.kill("dispatch", signal.SIGSTOP)
    try:
        await asyncio.to_thread(_take_away, stage, source)
        await _register(ground)
        await asyncio.sleep(2.0)
    finally:
        # Nothing is sent while some queues are there and some are not.
        stage.kill("relay", signal.SIGSTOP)
        await asyncio.to_thread(declare_topology, stage.servers.amqp_url)
        stage.kill("relay", signal.SIGCONT)
        stage.kill("dispatch", signal.SIGCONT)
    await ground.orders(2, _plain)


def _take_away(stage: Stage, source: str) -> None:
    """The queues of ``source``, and the net under them: what it publishes is unroutable."""
    with messages.channel(stage) as channel:
        channel.queue_unbind(STREAM, f"{source}.events", "#")
        for wanted in subscriptions():
            if wanted.source == source:
                channel.queue_delete(wanted.name)
        channel.exchange_delete(UNROUTED)


async def leases_are_lost(ground: Ground) -> None:
    """Three times the zone is taken from its planner while it plans, as a pause does it."""
    url = ground.stage.servers.database_urls["dispatch"]
    await _while_ordering(ground, asyncio.to_thread(_take_leases_away, url, 3))
    await ground.orders(2, _plain)


def _take_leases_away(url: str, times: int) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        while times and time.monotonic() < until:
            cursor.execute(_TAKE_LEASE_AWAY)
            times -= cursor.rowcount
            # Every moment of a plan is as good as any other.
            time.sleep(0.003)


_TAKE_LEASE_AWAY = """
UPDATE zone_plan SET token = token + 1, holder = NULL, leased_until = NULL WHERE zone_id IN (
    SELECT zone_id FROM zone_plan WHERE leased_until > clock_timestamp() LIMIT 1 FOR UPDATE SKIP LOCKED
)
"""


async def _register(ground: Ground) -> None:
    ground.specials += 1
    name = derived_id("newcomer", str(ground.load.hood.seed), str(ground.specials))
    body = {
        "email": f"{name}@trust.linli",
        "password": f"pass-{name}",
        "name": "newcomer",
        "role": "customer",
    }
    await ground.load.town.api.post("/v1/accounts", None, name, body)


SCENARIOS: Mapping[str, Scenario] = {
    "no-inbox": events_come_twice,
    "no-outbox": dies_at("ordering", "outbox.committed"),
    "ack-first": dies_at("crm", "transaction.before-commit"),
    "mark-first": dies_at("relay", "relay.sent"),
    "poll-by-last-id": commits_late,
    "naive-rounding": coupons_are_shared,
    "refund-on-its-own": units_go_back_one_by_one,
    "stock-read-modify-write": many_want_the_same,
    "commit-in-worker-result": dies_at("crm", "transaction.before-commit"),
    "requeue-for-ever": one_is_poison,
    "not-mandatory": a_queue_is_missing,
    "plan-without-lease": leases_are_lost,
    **MONEY_SCENARIOS,
}
"""By the mutant that each is made for."""
