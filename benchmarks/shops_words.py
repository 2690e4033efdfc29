"""What it is worth to know shops by their past: simulated evenings whose shops do not keep their word.

    .venv/bin/python -m benchmarks.shops_words --evenings 6

Fourteen shops, some of which take up to 1.6 times as long as they say, and all of which err. The planner of
dispatch plans the same evenings believing their word, by what it assumes of any shop, and by their history.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import mean

from rich.console import Console
from rich.progress import track
from rich.table import Table

from services.dispatch.domain.facts import Part
from services.dispatch.domain.planning.outlook import ZoneState
from services.dispatch.domain.preparation import Kitchen, Preparation, Prepared, pooled
from services.dispatch.domain.stop import Stop
from services.dispatch.domain.zone import Zone
from tests.dispatch.builders import NOON, a_zone, place
from tests.dispatch.simulation import Day, DayOrder, DayRider, DeskInMemory

SHOPS, ORDERS, RIDERS, HISTORY = 14, 90, 24, 100


@dataclass(frozen=True, kw_only=True)
class Believing(Preparation):
    """As dispatch did before it learnt: a shop's word, and what is overdue is ready now."""

    def ready_at(
        self, *, shop_id: str, part: Part, usual: float, now: datetime, load: int = 0, share: float = 0.55
    ) -> datetime:
        del shop_id, load, share
        return part.ready_at or part.ready_estimate or now + timedelta(minutes=usual)


@dataclass(frozen=True)
class Evening:
    orders: Sequence[DayOrder]
    riders: Sequence[DayRider]
    # By store order: when it is ready, in minutes, and whose it is.
    truth: dict[str, float]
    shop_of: dict[str, str]
    history: dict[str, list[Prepared]]


def an_evening(seed: int) -> Evening:
    chance = random.Random(seed)

    def anywhere(most: int) -> tuple[int, int]:
        return chance.randint(-most, most), chance.randint(-most, most)

    shops = [place(*anywhere(2500)) for _ in range(SHOPS)]
    habits = [chance.choice([0.8, 1.0, 1.0, 1.2, 1.6]) for _ in shops]

    def said_and_took(shop: int) -> tuple[float, float]:
        said = chance.uniform(8, 20)
        return said, said * habits[shop] * chance.lognormvariate(-0.03, 0.25)

    orders, truth, shop_of = [], {}, {}
    for number in range(ORDERS):
        placed, first = chance.uniform(0, 180), chance.choice(shops)
        near = sorted(range(SHOPS), key=lambda shop: first.metres_to(shops[shop]))
        told = []
        for part, shop in enumerate(near[: chance.choice([1, 1, 2, 2, 3])]):
            said, took = said_and_took(shop)
            told.append((shops[shop], placed + said))
            truth[f"o{number}.{part}"], shop_of[f"o{number}.{part}"] = placed + took, f"shop {shop}"
        orders.append(
            DayOrder(order_id=f"o{number}", placed=placed, shops=tuple(told), door=place(*anywhere(3000)))
        )
    riders = [
        DayRider(
            courier_id=f"c{n}", place=place(*anywhere(2500)), on=30.0 * (n // 8), off=30.0 * (n // 8) + 200
        )
        for n in range(RIDERS)
    ]
    history: dict[str, list[Prepared]] = {}
    for shop in range(SHOPS):
        for number in range(HISTORY):
            said, took = said_and_took(shop)
            begun = NOON - timedelta(days=number % 30 + 1, minutes=chance.uniform(-60, 60))
            history.setdefault(f"shop {shop}", []).append(
                Prepared(
                    store_order_id=f"{shop}.{number}",
                    shop_id=f"shop {shop}",
                    accepted_at=begun,
                    expected_at=begun + timedelta(minutes=said),
                    ready_at=begun + timedelta(minutes=took),
                )
            )
    return Evening(orders, riders, truth, shop_of, history)


class _Desk(DeskInMemory):
    knows: Preparation

    def look(self, zone: Zone) -> ZoneState:
        state = super().look(zone)
        state.preparation = self.knows
        return state


class Played(Day):
    """An evening whose parts are ready when they are, not when it was said."""

    def __init__(self, evening: Evening, knows: Preparation, share: float) -> None:
        zone = a_zone(ready_share=share)
        super().__init__(zone, evening.orders, evening.riders)
        self.evening = evening
        self.desk = _Desk(zone=zone, state=ZoneState(zone=zone))
        self.desk.knows = knows

    def _place(self, order: DayOrder) -> None:
        super()._place(order)
        delivery, of = self.all[order.order_id], self.evening
        delivery.stops = [
            replace(stop, shop_id=of.shop_of[stop.store_order_id]) if stop.store_order_id else stop
            for stop in delivery.stops
        ]
        self.kitchens = [(of.truth[part], order_id, part) for _, order_id, part in self.kitchens]
        heapq.heapify(self.kitchens)

        def truly_ready(stop: Stop, _now: datetime) -> datetime:
            return self._time(of.truth[stop.store_order_id or ""])

        # Whoever rides stands at the counter until the part is there, whatever was said.
        delivery.expected_ready = truly_ready  # type: ignore[method-assign]


def played(evening: Evening, kind: str, share: float) -> tuple[float, ...]:
    match kind:
        case "believed":
            knows: Preparation = Believing()
        case "assumed":
            knows = Preparation()
        case _:
            every = [one for history in evening.history.values() for one in history]
            kitchens = {shop: Kitchen(history) for shop, history in evening.history.items()}
            knows = Preparation(kitchens=kitchens, zone=pooled(every))
    day = Played(evening, knows, share)
    figures = day.play(until=600)
    at_counter, at_shelf = [], []
    for delivery in day.all.values():
        for stop in delivery.stops:
            ready = evening.truth.get(stop.store_order_id or "")
            if ready is None or stop.arrived_at is None or stop.ended_at is None:
                continue
            at_counter.append(max(0.0, ready - day._minute(stop.arrived_at)))
            at_shelf.append(max(0.0, day._minute(stop.ended_at) - ready))
    return (
        figures.mean,
        figures.quantile(0.9),
        figures.delivered,
        mean(at_counter),
        mean(at_shelf),
        figures.kilometres / max(1, figures.delivered),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.shops_words", description=__doc__)
    parser.add_argument("--evenings", type=int, default=6)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.4, 0.5, 0.55, 0.6, 0.7])
    asked = parser.parse_args()
    evenings = [an_evening(seed) for seed in range(1, asked.evenings + 1)]
    ways = [("believed", 0.55), ("assumed", 0.55), *(("learnt", share) for share in asked.shares)]
    table = Table(title=f"{asked.evenings} evenings, {ORDERS} orders each; minutes")
    names = (
        "shops are",
        "share",
        "click to door",
        "p90",
        "delivered",
        "courier waits",
        "part stands",
        "km/order",
    )
    for name in names:
        table.add_column(name, justify="left" if name == "shops are" else "right")
    console = Console()
    for kind, share in track(ways, "Playing", console=console):
        rows = [played(evening, kind, share) for evening in evenings]
        ctd, p90, _, counter, shelf, km = (mean(column) for column in zip(*rows, strict=True))
        delivered = sum(row[2] for row in rows)
        table.add_row(
            kind, f"{share:.2f}", f"{ctd:.2f}", f"{p90:.1f}", f"{delivered:.0f}", f"{counter:.2f}",
            f"{shelf:.2f}", f"{km:.2f}",
        )  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    main()
