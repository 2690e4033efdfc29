"""The load: customers who order at a rhythm of their own, and the shops and couriers who serve them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from linli.day.api import ApiRefusal, OutOfPatience
from linli.day.couriers import play_courier, watch_board
from linli.day.customers import play_customer
from linli.day.format import DayCourier, DayOrder, Position
from linli.day.importing import Progress, import_day, unwatched
from linli.day.journal import Journal
from linli.day.promoting import Promotions, make_links
from linli.day.replay import OFFER_WALL_SECONDS
from linli.day.timeline import Timeline
from linli.day.town import Habits, Record, Town
from shared.kernel.ids import derived_id
from tests.trust.client_log import ClientLog, Wish
from tests.trust.forgetful_api import ForgetfulApi
from tests.trust.neighbourhood import (
    BURST,
    Neighbourhood,
    launch_campaigns,
    open_next_door,
    put_on_scales,
)
from tests.trust.operators import Operators
from tests.trust.stage import Stage
from tests.trust.trades import Complaints, Pickers

_SCREENS_EVERY_SECONDS = 5.0
_IN_A_SLOT = 0.15
CHECKOUT = ("POST /v1/quotes", "POST /v1/orders", "POST /v1/orders/{id}/payments")


@dataclass(kw_only=True)
class Load:
    """Everybody on the stage. Orders begin with :meth:`order_for`, and are carried on until :meth:`close`."""

    stage: Stage
    hood: Neighbourhood
    town: Town
    log: ClientLog
    merchants: Pickers
    group: asyncio.TaskGroup
    operators: Operators
    complaints: Complaints
    meddling: asyncio.Task[None] | None = None
    numbers: int = 0
    hot: int = 0
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def order_for(self, seconds: float, rate: float, hot_bursts: int = 0) -> None:
        """`rate` orders a second, whatever the answers do; bursts for the hot listing spread in between."""
        began, count = time.monotonic(), int(seconds * rate)
        chance = random.Random(derived_id("bursts", str(self.hood.seed), str(self.numbers)))
        bursts = sorted(chance.randrange(count) for _ in range(hot_bursts)) if count else []
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            self._begin(self._in_a_slot(self.hood.order(self.numbers, self.town.time.minute())))
            self.numbers += 1
            while bursts and bursts[0] <= number:
                bursts.pop(0)
                for _ in range(BURST):
                    self._begin(self.hood.hot_order(self.hot, self.town.time.minute()))
                    self.hot += 1
        await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))

    def begin_meddling(self) -> None:
        """From now on until :meth:`settle` operators do more than look on."""
        self.meddling = self.group.create_task(self.operators.meddle())

    async def settle(self, patience: float) -> float:
        """Nobody orders any more: wait until every customer has seen the end of the own order, and every shop
        has given back what it means to.

        Returns the seconds it took; whoever has not by then gives up looking.
        """
        began = time.monotonic()
        self.operators.over.set()
        if self.meddling is not None:
            await asyncio.wait([self.meddling], timeout=patience)
        if self.under_way:
            left = max(1.0, patience - (time.monotonic() - began))
            _, late = await asyncio.wait(self.under_way, timeout=left)
            for task in late:
                task.cancel()
        await self.merchants.finish_refunds(max(10.0, patience - (time.monotonic() - began)))
        return time.monotonic() - began

    def checkouts(self, since: float, until: float) -> list[Wish]:
        """The calls of checkouts that were asked for in this time."""
        return [w for w in self.log.wishes if w.call in CHECKOUT and since <= w.asked_at < until]

    def _in_a_slot(self, record: Record) -> Record:
        """Few want it later than soon."""
        chance = random.Random(derived_id("slot", str(self.hood.seed), str(self.numbers)))
        slot_id = self.operators.slot_for(chance) if chance.random() < _IN_A_SLOT else None
        return record if slot_id is None else replace(record, slot_id=slot_id)

    def _begin(self, record: Record) -> None:
        self.town.records[record.order.order] = record
        task = self.group.create_task(self._guarded(record))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def _guarded(self, record: Record) -> None:
        try:
            await play_customer(self.town, self.merchants, record)
            if record.plan.startswith("complain") and record.status == "delivered":
                await self.complaints.complain(record, record.plan.partition(" ")[2] or None)
                if record.method == "cash":
                    await self.complaints.hand_back(record)
        except ApiRefusal as refusal:
            self.town.surprise(f"a customer met {refusal.code}")
        except OutOfPatience:
            self.town.surprise("a customer gave up")


@asynccontextmanager
async def load(
    stage: Stage, hood: Neighbourhood, log: ClientLog, progress: Progress = unwatched
) -> AsyncIterator[Load]:
    """Open the shops, start the shifts; at the end everybody goes home."""
    api = ForgetfulApi(stage.base_url, log, hood.seed)
    run = derived_id("trust", str(hood.seed))
    books = Journal(stage.folder / "journal.jsonl", hood.day, stage.base_url)
    speed = 1 / stage.clock.wall_seconds(timedelta(seconds=1))
    cast = await import_day(
        hood.day,
        api,
        stage.operator(),
        books,
        progress,
        max(60.0, OFFER_WALL_SECONDS * speed),
        sourced=hood.sourced,
    )
    hood = replace(hood, codes=await make_links(api, cast, Promotions(promoters=hood.sourced), books))
    books.close()
    await put_on_scales(api, cast, hood, run)
    await launch_campaigns(api, cast, hood.size, stage.clock, run)
    town = Town(
        day=hood.day,
        cast=cast,
        api=api,
        time=Timeline(clock=stage.clock, start=stage.clock.now()),
        habits=Habits(seed=hood.seed),
        run=run,
        records={},
    )
    operators = Operators(
        town=town,
        next_door=await open_next_door(api, cast, hood.day, run),
        chance=random.Random(derived_id("operators", str(hood.seed))),
    )
    async with asyncio.TaskGroup() as group:
        played = Load(
            operators=operators,
            stage=stage,
            hood=hood,
            town=town,
            log=log,
            merchants=Pickers(town, group),
            group=group,
            complaints=Complaints(town, cast.operator),
        )
        board = group.create_task(_outliving(town, lambda: watch_board(town)))
        screens = group.create_task(_outliving(town, lambda: _watch_screens(played)))
        shifts = [group.create_task(_guarded_shift(town, courier)) for courier in hood.day.couriers]
        try:
            yield played
        finally:
            town.closed.set()
            for wake in town.wakes:
                wake.set()
            await asyncio.wait(shifts, timeout=30.0)
            meddling = [] if played.meddling is None else [played.meddling]
            for task in (*shifts, *played.under_way, *meddling, board, screens):
                task.cancel()
    await api.close()


async def _outliving(town: Town, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except (ApiRefusal, OutOfPatience):
            town.surprise("a watcher began anew")
            await asyncio.sleep(1.0)


async def _guarded_shift(town: Town, courier: DayCourier) -> None:
    while not town.closed.is_set():
        try:
            await play_courier(town, courier)
            return
        except (ApiRefusal, OutOfPatience):
            town.surprise("a courier began anew")
            await asyncio.sleep(1.0)


async def _watch_screens(played: Load) -> None:
    """Every shop looks at its screen now and then: an order whose customer got no answer is served too."""
    town = played.town
    while True:
        for shop, shop_id in town.cast.shop_ids.items():
            await asyncio.sleep(_SCREENS_EVERY_SECONDS / len(town.cast.shop_ids))
            page = await town.api.get(
                f"/v1/shops/{shop_id}/store-orders", town.cast.merchants[shop], status="placed", limit=100
            )
            for part in page["items"]:
                record = town.by_order_id.get(str(part["order_id"]))
                if record is None or shop not in record.order.ready_minute:
                    record = _stranger(str(part["order_id"]), town)
                played.merchants.tell(record, part)


def _stranger(order_id: str, town: Town) -> Record:
    """An order that the platform knows of and nobody here does."""
    minute = town.time.minute()
    order = DayOrder(
        order=order_id,
        customer="",
        placed_minute=minute,
        drop_off=Position(lat=0, lon=0),
        lines=(),
        ready_minute=dict.fromkeys(town.cast.shop_ids, minute + 1),
    )
    record = Record(order=order, order_id=order_id, paid_at=minute)
    town.by_order_id[order_id] = record
    return record
