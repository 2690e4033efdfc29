"""Plays a day: everybody wakes at their minute and does what the day says, until all is quiet."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from linli.day.api import Api, OutOfPatience, Person, Traffic
from linli.day.couriers import play_courier, watch_board
from linli.day.customers import play_customer
from linli.day.format import Day, DayCourier
from linli.day.importing import Cast, Progress, import_day, unwatched
from linli.day.journal import Journal
from linli.day.merchants import Merchants
from linli.day.platform import Platform
from linli.day.promoting import make_links, promotions_of
from linli.day.timeline import Timeline
from linli.day.town import CourierRecord, Habits, Record, Town, plans_of
from shared.kernel.ids import UuidV7

# The day begins a little after the import, so that the first shifts and orders are in time.
WARM_UP_SECONDS = 2.0
# A courier answers within a fraction of a second of the wall, however many minutes of the day that is.
OFFER_WALL_SECONDS = 4.0


@dataclass(frozen=True, kw_only=True)
class Moment:
    """How far the replay has come, for those who watch."""

    minute: float
    last_minute: float
    counts: Counter[str]
    couriers_on: int
    requests: int
    retries: int


Watch = Callable[[Moment], None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the people of the day saw; what the platform says of it is asked afterwards."""

    day: Day
    cast: Cast
    records: dict[str, Record]
    couriers: dict[str, CourierRecord]
    surprises: Counter[str]
    traffic: Traffic
    seconds_of_import: float
    seconds_of_day: float
    speed: float
    unfinished: list[str] = field(default_factory=list)


async def replay_day(
    day: Day,
    platform: Platform,
    *,
    journal: Path,
    habits: Habits,
    progress: Progress = unwatched,
    watch: Watch | None = None,
    deadline_minutes: float = 240.0,
    patience: float = 240.0,
) -> Outcome:
    """Import the day where that is not done yet, play it, and give what everybody saw.

    The day ends when every order has reached a last state, or `deadline_minutes` after its last minute; the
    orders still open then are named in `unfinished`.
    """
    api = Api(platform.base_url, patience=patience)
    books = Journal(journal, day, platform.base_url)
    try:
        began = time.monotonic()
        clock = platform.clock
        speed = 1 / clock.wall_seconds(timedelta(seconds=1))
        offer_seconds = max(60.0, OFFER_WALL_SECONDS * speed)
        promotions = promotions_of(day, habits.lines_promoted, habits.seed)
        cast = await import_day(
            day, api, Person(*platform.operator), books, progress, offer_seconds, promotions.promoters
        )
        codes = await make_links(api, cast, promotions, books)
        imported = time.monotonic()
        timeline = Timeline(clock=clock, start=clock.now() + timedelta(seconds=WARM_UP_SECONDS * speed))
        plans = plans_of(day, habits)
        town = Town(
            day=day,
            cast=cast,
            api=api,
            time=timeline,
            habits=habits,
            run=UuidV7().new(),
            records={
                x.order: Record(order=x, plan=plans[x.order], promotion_codes=promotions.codes(x, codes))
                for x in day.orders
            },
        )
        unfinished = await _play(town, watch, day.last_minute + deadline_minutes)
        return Outcome(
            day=day,
            cast=cast,
            records=town.records,
            couriers=town.couriers,
            surprises=town.surprises,
            traffic=api.traffic,
            seconds_of_import=imported - began,
            seconds_of_day=time.monotonic() - imported,
            speed=speed,
            unfinished=unfinished,
        )
    finally:
        books.close()
        await api.close()


async def _play(town: Town, watch: Watch | None, last_minute: float) -> list[str]:
    async with asyncio.TaskGroup() as group:
        merchants = Merchants(town, group)
        orders = [
            group.create_task(_guarded(town, record, merchants), name=f"order {record.order.order}")
            for record in town.records.values()
        ]
        couriers = [group.create_task(_guarded_courier(town, courier)) for courier in town.day.couriers]
        board = group.create_task(watch_board(town))
        observer = group.create_task(_observe(town, watch, last_minute)) if watch else None
        left = town.time.seconds(last_minute - town.time.minute())
        _, late = await asyncio.wait(orders, timeout=left)
        for task in late:
            task.cancel()
        town.closed.set()
        for record in town.records.values():
            if record.final:
                record.at_the_door.set()
        for wake in town.wakes:
            wake.set()
        _, slow = await asyncio.wait(couriers, timeout=60.0)
        for task in slow:
            town.surprise("a courier did not get home")
            task.cancel()
        board.cancel()
        if observer is not None:
            observer.cancel()
    return [name for name, record in town.records.items() if not record.final]


async def _guarded(town: Town, record: Record, merchants: Merchants) -> None:
    """One customer's misfortune is that customer's alone: it is noted, and the others go on."""
    try:
        await play_customer(town, merchants, record)
    except OutOfPatience as error:
        record.note = str(error)
        town.surprise("a customer ran out of patience")


async def _guarded_courier(town: Town, courier: DayCourier) -> None:
    try:
        await play_courier(town, courier)
    except OutOfPatience:
        town.surprise("a courier ran out of patience")


async def _observe(town: Town, watch: Watch, last_minute: float) -> None:
    while True:
        counts = Counter(record.status for record in town.records.values())
        on = sum(x.on_at is not None and x.off_at is None for x in town.couriers.values())
        watch(
            Moment(
                minute=town.time.minute(),
                last_minute=last_minute,
                counts=counts,
                couriers_on=on,
                requests=town.api.traffic.requests,
                retries=sum(town.api.traffic.retries.values()),
            )
        )
        await asyncio.sleep(0.25)
