"""Many buyers at once, through two replicas of the storefront on one database."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.storefront.domain.errors import OutOfStock, ReservationReleased
from shared.persistence import Database
from tests.storefront.builders import Street
from tests.storefront.integration.test_ordering_events import hear, paid

BUYERS = 24


@pytest.fixture
def replicas(service_database: Callable[[str], Database]) -> Iterator[list[Street]]:
    database = service_database("storefront")
    other = Database(database.url, "storefront")
    yield [Street(database), Street(other)]
    other.close()


def at_once(work: Callable[[int], object], times: int) -> list[object]:
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(work, range(times)))


def test_of_many_buyers_of_the_last_unit_exactly_one_gets_it(replicas: list[Street]):
    replicas[0].open_shop()
    replicas[0].list_goods("apple", stock=1)

    def buy(buyer: int) -> bool:
        try:
            return bool(replicas[buyer % 2].reserve(f"order-{buyer}", apple=1))
        except OutOfStock:
            return False

    assert at_once(buy, BUYERS).count(True) == 1
    assert replicas[0].level() == (1, 1)


def test_five_units_and_many_buyers_who_sometimes_give_up_sell_exactly_five(replicas: list[Street]):
    replicas[0].open_shop()
    replicas[0].list_goods("apple", stock=5)

    def buy_until_sold_out(buyer: int) -> int:
        street, chance, bought = replicas[buyer % 2], random.Random(buyer), 0
        for attempt in range(60):
            order_id = f"order-{buyer}-{attempt}"
            try:
                street.reserve(order_id, apple=1)
            except OutOfStock:
                street.service.release(order_id=order_id, reason="out-of-stock")
                if street.level()[0] == 0:
                    break
                continue
            if chance.random() < 0.5:
                street.service.release(order_id=order_id, reason="changed my mind")
            else:
                hear(street, paid(order_id, apple=1))
                bought += 1
        return bought

    assert sum(at_once(buy_until_sold_out, BUYERS)) == 5
    assert replicas[0].level() == (0, 0)


def test_one_order_sent_many_times_at_once_is_held_once(replicas: list[Street]):
    replicas[0].open_shop()
    replicas[0].list_goods("apple", stock=100)
    at_once(lambda n: replicas[n % 2].reserve("order", apple=3), 8)
    assert replicas[0].level() == (100, 3)
    assert len(replicas[0].published("StockReserved")) == 1


def test_a_release_and_a_reservation_that_race_leave_nothing_held(replicas: list[Street]):
    replicas[0].open_shop()
    replicas[0].list_goods("apple", stock=100)

    def race(n: int) -> None:
        order_id = f"order-{n // 2}"
        try:
            if n % 2:
                replicas[0].service.release(order_id=order_id, reason="gave up")
            else:
                replicas[1].reserve(order_id, apple=1)
        except ReservationReleased:
            pass

    at_once(race, 16)
    assert replicas[0].level() == (100, 0)


def test_baskets_and_batches_that_overlap_in_any_order_never_deadlock(replicas: list[Street]):
    replicas[0].open_shop()
    goods = [f"goods-{number}" for number in range(6)]
    for listing_id in goods:
        replicas[0].list_goods(listing_id, stock=10_000)

    def trade(buyer: int) -> int:
        street, chance, held = replicas[buyer % 2], random.Random(buyer), []
        for attempt in range(15):
            basket = dict.fromkeys(chance.sample(goods, 4), 1)
            street.reserve(f"order-{buyer}-{attempt}", **basket)
            held.append((f"order-{buyer}-{attempt}", basket))
            if len(held) == 5:
                hear(street, *(paid(order_id, **basket) for order_id, basket in held))
                held.clear()
        return 15 * 4

    with replicas[0].database.read() as connection:
        statement = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        before = connection.exec_driver_sql(statement).scalar()
        sold = sum(at_once(trade, 8))
        assert connection.exec_driver_sql(statement).scalar() == before
        levels = connection.exec_driver_sql("SELECT sum(stock), sum(reserved) FROM stock_level").one()
    assert tuple(levels) == (6 * 10_000 - sold, 0)
