from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from linli.day.api import Api, ApiRefusal, Person
from linli.day.format import Day
from linli.day.importing import Cast, import_day
from linli.day.journal import Journal, JournalMismatch
from linli.day.made_up import Size, write_day
from linli.day.reader import read_day
from shared.kernel.clock import AcceleratedClock
from tests.day.fake_gateway import FakeGateway, No


@pytest.fixture
def day(tmp_path: Path) -> Day:
    write_day(tmp_path / "made-up", 7, Size(orders=6, couriers=3))
    return read_day(tmp_path / "made-up")


def a_gateway() -> FakeGateway:
    return FakeGateway(AcceleratedClock(datetime(2026, 1, 5, tzinfo=UTC), 1767571200.0, 60.0))


async def imported(day: Day, gateway: FakeGateway, journal: Path, seen: Counter | None = None) -> Cast:
    api = Api(gateway.base_url)
    books = Journal(journal, day, gateway.base_url)

    def progress(kind: str, count: int) -> None:
        if seen is not None:
            seen[kind] += count

    try:
        return await import_day(day, api, Person("operator@example.org", "x"), books, progress)
    finally:
        books.close()
        await api.close()


def test_everything_of_the_day_is_made_and_counted(day: Day, tmp_path: Path):
    async def story() -> None:
        async with a_gateway() as gateway:
            seen: Counter[str] = Counter()
            cast = await imported(day, gateway, tmp_path / "journal", seen)
            assert seen == {"shops": 8, "listings": 32, "couriers": 3, "customers": len(cast.customers)}
            assert len(gateway.shops) == 8
            assert {shop["status"] for shop in gateway.shops.values()} == {"open"}
            assert len(gateway.listings) == 32

    asyncio.run(story())


def test_importing_again_makes_nothing_twice(day: Day, tmp_path: Path):
    async def story() -> None:
        async with a_gateway() as gateway:
            first = await imported(day, gateway, tmp_path / "journal")
            again = await imported(day, gateway, tmp_path / "journal")
            assert first.listing_ids == again.listing_ids
            assert len(gateway.shops) == 8
            # Whoever was registered can still sign in.
            api = Api(gateway.base_url)
            person = next(iter(again.merchants.values()))
            await api.post("/v1/shops", person, "another-shop", {"name": "x"})
            await api.close()

    asyncio.run(story())


def test_an_import_that_was_interrupted_goes_on_where_it_stopped(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def story() -> None:
        async with a_gateway() as gateway:
            honest = gateway.post_shops
            left = iter(range(20))

            def failing(who: str, path: list[str], given: dict) -> object:
                if next(left, None) is None:
                    raise No(422, "out-of-luck")
                return honest(who, path, given)

            monkeypatch.setattr(gateway, "post_shops", failing)
            with pytest.raises(ExceptionGroup) as caught:
                await imported(day, gateway, tmp_path / "journal")
            assert caught.group_contains(ApiRefusal)
            monkeypatch.setattr(gateway, "post_shops", honest)
            gateway.kept = {key: kept for key, kept in gateway.kept.items() if kept[0] < 400}
            cast = await imported(day, gateway, tmp_path / "journal")
            assert len(cast.listing_ids) == 32
            assert len(gateway.shops) == 8
            assert len(gateway.listings) == 32

    asyncio.run(story())


def test_a_torn_last_line_of_the_journal_is_dropped(day: Day, tmp_path: Path):
    journal = Journal(tmp_path / "journal", day, "http://here")
    journal.add("shop", "s1", {"shop_id": "1"})
    journal.close()
    with (tmp_path / "journal").open("a") as file:
        file.write('{"kind": "shop", "na')
    again = Journal(tmp_path / "journal", day, "http://here")
    assert again.get("shop", "s1") == {"shop_id": "1"}
    assert again.password("s1") == journal.password("s1")
    again.add("shop", "s2", {"shop_id": "2"})
    again.close()
    third = Journal(tmp_path / "journal", day, "http://here")
    assert third.get("shop", "s2") == {"shop_id": "2"}
    third.close()


def test_a_journal_serves_one_day_on_one_platform(day: Day, tmp_path: Path):
    Journal(tmp_path / "journal", day, "http://here").close()
    with pytest.raises(JournalMismatch):
        Journal(tmp_path / "journal", day, "http://elsewhere")


def test_the_journal_holds_a_secret_and_is_for_its_owner_alone(day: Day, tmp_path: Path):
    Journal(tmp_path / "journal", day, "http://here").close()
    assert (tmp_path / "journal").stat().st_mode & 0o077 == 0
