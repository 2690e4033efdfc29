from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from linli.day.format import Day
from linli.day.made_up import Size, write_day
from linli.day.platform import RunningPlatform
from linli.day.reader import read_day
from linli.day.replay import Moment, Outcome, replay_day
from linli.day.town import FINAL, Habits, plans_of
from shared.kernel.clock import AcceleratedClock
from tests.day.fake_gateway import FakeGateway


@pytest.fixture
def day(tmp_path: Path) -> Day:
    write_day(tmp_path / "made-up", 7, Size(orders=20, couriers=5, minutes=60))
    return read_day(tmp_path / "made-up")


def played(
    day: Day,
    journal: Path,
    habits: Habits,
    *,
    trouble: float = 0.0,
    seen: list[Moment] | None = None,
    wait_place: dict[str, float] | None = None,
) -> tuple[FakeGateway, Outcome]:
    clock = AcceleratedClock(datetime(2026, 1, 5, tzinfo=UTC), datetime.now(UTC).timestamp(), 2400.0)

    async def play() -> tuple[FakeGateway, Outcome]:
        async with FakeGateway(clock, trouble=trouble) as gateway:
            gateway.wait_place = wait_place
            platform = RunningPlatform(
                gateway.base_url, clock=clock, operator=("operator@example.org", "irrelevant")
            )
            watch = None if seen is None else seen.append
            outcome = await replay_day(day, platform, journal=journal, habits=habits, watch=watch)
            return gateway, outcome

    return asyncio.run(asyncio.wait_for(play(), 90))


CALM = Habits(payment_fails_first=0, payment_comes_late=0, customer_cancels=0, shop_rejects=0, shop_refunds=0)


def test_a_calm_day_ends_with_every_order_delivered(day: Day, tmp_path: Path):
    seen: list[Moment] = []
    _, outcome = played(day, tmp_path / "journal.jsonl", CALM, seen=seen)
    assert {record.status for record in outcome.records.values()} == {"delivered"}
    assert outcome.unfinished == []
    assert all(record.delivered_at > record.placed_at for record in outcome.records.values())
    assert sum(courier.metres for courier in outcome.couriers.values()) > 0
    assert seen
    assert not outcome.traffic.refusals


def test_couriers_without_work_wait_where_they_are_told_and_come_when_they_are_asked(
    day: Day, tmp_path: Path
):
    there = day.shops[0].position.to_wire()
    gateway, outcome = played(day, tmp_path / "journal.jsonl", CALM, wait_place=there)
    assert {record.status for record in outcome.records.values()} == {"delivered"}
    assert (there["lat"], there["lon"]) in gateway.seen_at
    assert all(courier.metres > 0 for courier in outcome.couriers.values())


def test_every_kind_of_mishap_is_played_and_ends_in_a_last_state(day: Day, tmp_path: Path):
    habits = Habits(
        payment_fails_first=0.2,
        payment_comes_late=0.1,
        customer_cancels=0.1,
        shop_rejects=0.2,
        shop_refunds=0.2,
        shop_substitutes=0.2,
    )
    gateway, outcome = played(day, tmp_path / "journal.jsonl", habits)
    assert all(record.status in FINAL for record in outcome.records.values())
    done = " ".join(gateway.effects)
    assert "reject" in done
    assert "refunds" in done
    assert "offered" in done
    assert "accept substitution" in done or "decline substitution" in done


def test_a_platform_in_trouble_is_asked_again_and_does_nothing_twice(day: Day, tmp_path: Path):
    gateway, outcome = played(day, tmp_path / "journal.jsonl", CALM, trouble=0.06)
    assert {record.status for record in outcome.records.values()} == {"delivered"}
    assert outcome.traffic.retries
    placed = sum(count for effect, count in gateway.effects.items() if effect.startswith("placed by"))
    assert placed == len(day.orders)
    assert max(count for effect, count in gateway.effects.items() if not effect.startswith("placed")) == 1


def test_the_shares_of_mishaps_are_met_and_fixed_by_the_seed(day: Day):
    habits = Habits(seed=3, shop_rejects=0.1, shop_refunds=0.05)
    plans = plans_of(day, habits)
    assert plans == plans_of(day, habits)
    assert list(plans.values()).count("reject") == 2
    assert list(plans.values()).count("refund") == 1
