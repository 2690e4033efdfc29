"""Idempotency keys on a real PostgreSQL, and the same rules on the fake."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from services.gateway.adapters.idempotency_sql import KeyRecordsSql
from services.gateway.application.once import once
from services.gateway.application.ports import KeyRecords
from services.gateway.domain.errors import IdempotencyKeyReused, RequestStillRunning
from services.gateway.domain.idempotency import KeptAnswer, KeyUse
from shared.kernel.ids import UuidV7
from shared.persistence import Database
from tests.gateway.builders import World
from tests.gateway.fakes import KeyRecordsInMemory

ANSWER = KeptAnswer(status=201, body=b'{"order_id":"1"}', headers={"Location": "/v1/orders/1"})


def use(key: str = "k", fingerprint: bytes = b"one", account_id: str = "lan") -> KeyUse:
    return KeyUse(account_id=account_id, operation="place_order", key=key, fingerprint=fingerprint)


@pytest.fixture
def database(service_database: Callable[[str], Database]) -> Database:
    return service_database("gateway")


@pytest.fixture(params=["postgresql", "memory"])
def records(request: pytest.FixtureRequest) -> KeyRecords:
    if request.param == "memory":
        return KeyRecordsInMemory()
    return KeyRecordsSql(request.getfixturevalue("database"))


def test_a_key_is_claimed_once_and_its_answer_is_kept(records: KeyRecords) -> None:
    assert records.claim(use(), "a") is None
    running = records.claim(use(), "b")
    assert running is not None
    assert running.answer is None
    records.keep(use(), "a", ANSWER)
    kept = records.claim(use(), "c")
    assert kept is not None
    assert kept.answer == ANSWER
    assert kept.fingerprint == b"one"


def test_an_answer_without_headers_comes_back_without(records: KeyRecords) -> None:
    records.claim(use(), "a")
    records.keep(use(), "a", KeptAnswer(status=422, body=b"\x00\xff"))
    kept = records.claim(use(), "b")
    assert kept is not None
    assert kept.answer == KeptAnswer(status=422, body=b"\x00\xff")


def test_another_fingerprint_is_seen_whatever_the_state(records: KeyRecords) -> None:
    records.claim(use(), "a")
    other = records.claim(use(fingerprint=b"two"), "b")
    assert other is not None
    assert other.fingerprint == b"one"
    records.give_up(use(), "a")
    other = records.claim(use(fingerprint=b"two"), "c")
    assert other is not None
    assert other.fingerprint == b"one"


def test_what_was_given_up_may_be_claimed_again_and_the_first_may_keep_nothing_any_more(
    records: KeyRecords,
) -> None:
    records.claim(use(), "a")
    records.give_up(use(), "a")
    assert records.claim(use(), "b") is None
    records.keep(use(), "a", ANSWER)
    running = records.claim(use(), "c")
    assert running is not None
    assert running.answer is None


def test_keys_of_different_accounts_have_nothing_to_do_with_each_other(records: KeyRecords) -> None:
    assert records.claim(use(), "a") is None
    assert records.claim(use(account_id="mei"), "b") is None


def test_a_claim_whose_process_died_is_abandoned_after_a_while(database: Database) -> None:
    records = KeyRecordsSql(database)
    records.claim(use(), "a")
    assert records.claim(use(), "b") is not None
    with database.transaction() as tx:
        tx.connection.execute(text("UPDATE idempotency_keys SET abandoned_at = now() - interval '1 second'"))
    assert records.claim(use(), "c") is None


def test_keys_are_kept_for_a_day_at_least_and_then_deleted(database: Database) -> None:
    records = KeyRecordsSql(database)
    for key, age in (("old", "49 hours"), ("yesterday", "25 hours"), ("new", "0 hours")):
        records.claim(use(key), key)
        records.keep(use(key), key, ANSWER)
        with database.transaction() as tx:
            statement = text(
                "UPDATE idempotency_keys SET claimed_at = now() - CAST(:age AS interval) WHERE key = :key"
            )
            tx.connection.execute(statement, {"age": age, "key": key})
    assert records.purge() == 1
    assert records.purge() == 0
    assert records.claim(use("yesterday"), "x") is not None
    assert records.claim(use("old"), "x") is None


def test_of_many_at_once_one_runs_and_the_others_wait_or_get_its_answer(database: Database) -> None:
    records, ids = KeyRecordsSql(database), UuidV7()
    ran: list[int] = []
    together = threading.Barrier(8)

    def ask(number: int) -> str:
        def work() -> tuple[KeptAnswer, bool]:
            ran.append(number)
            return ANSWER, True

        together.wait()
        try:
            done = once(use(), work, records=records, attempt=ids.new())
        except RequestStillRunning:
            return "wait"
        assert done.answer == ANSWER
        return "replayed" if done.replayed else "ran"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(8)))
    assert len(ran) == 1
    assert outcomes.count("ran") == 1
    assert once(use(), lambda: pytest.fail("ran twice"), records=records, attempt="z").replayed


def test_many_keys_of_many_accounts_at_once_do_not_mix(database: Database) -> None:
    records, ids = KeyRecordsSql(database), UuidV7()

    def ask(number: int) -> bytes:
        key = use(f"k{number % 10}", account_id=f"account {number % 3}")
        mine = KeptAnswer(status=201, body=f"{key.account_id} {key.key}".encode())
        for _ in range(200):
            try:
                return once(key, lambda: (mine, True), records=records, attempt=ids.new()).answer.body
            except RequestStillRunning:
                continue
        raise AssertionError("never ended")

    with ThreadPoolExecutor(6) as pool:
        for number, body in enumerate(pool.map(ask, range(120))):
            assert body == f"account {number % 3} k{number % 10}".encode()


def test_a_request_that_differs_is_refused_while_the_first_runs(database: Database) -> None:
    records = KeyRecordsSql(database)
    records.claim(use(), "a")
    with pytest.raises(IdempotencyKeyReused):
        once(use(fingerprint=b"two"), lambda: (ANSWER, True), records=records, attempt="b")


def test_a_replay_over_http_is_exact_to_the_byte(database: Database) -> None:
    world = World(records=KeyRecordsSql(database))
    world.rpc.otherwise = {
        "order_id": "019b8d02-0000-7000-8000-0000000000c1",
        "status": "pending_payment",
        "store_orders": [{"store_order_id": "s1", "shop_name": "邻里果铺"}],
    }

    def place() -> Any:
        body = {"quote_id": "019b8d02-0000-7000-8000-0000000000c2"}
        return world.ask("POST", "/v1/orders", role="customer", key="k", json=body)

    first, second = place(), place()
    assert first.status_code == second.status_code == 201
    assert first.data == second.data
    assert first.headers["Location"] == second.headers["Location"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(world.rpc.asked) == 1
