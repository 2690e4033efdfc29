"""Faults follow from the seed; the client's log survives the client."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

from linli.day.town import Record
from tests.trust.blows import scheduled
from tests.trust.client_log import ClientLog, read_log
from tests.trust.fault import Fault, Struck
from tests.trust.neighbourhood import PLANS, Size, neighbourhood
from tests.trust.process_faults import FAULTS
from tests.trust.stage import Stage


class Harmless:
    """A fault of some kind that does nothing."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def fits(self, stage: Stage) -> bool:
        return True

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        return Struck(kind=self.kind, target="nobody", begun=0, over=0)


def test_every_kind_strikes_often_enough_and_the_seed_decides_when() -> None:
    faults: list[Fault] = [Harmless(f"kind {number}") for number in range(12)]
    first = [fault.kind for fault in scheduled(faults, 1, 200, 10)]
    assert len(first) >= 200
    assert min(Counter(first).values()) >= 10
    assert first == [fault.kind for fault in scheduled(faults, 1, 200, 10)]
    assert first != [fault.kind for fault in scheduled(faults, 2, 200, 10)]


def test_a_short_run_takes_faults_as_they_come() -> None:
    assert len(scheduled([Harmless("a"), Harmless("b")], 1, 3, 0)) == 3
    assert scheduled([], 1, 200, 10) == []


def test_every_kind_of_process_fault_has_a_name_of_its_own() -> None:
    kinds = [fault.kind for fault in FAULTS]
    assert len(kinds) == len(set(kinds))


def test_the_log_gives_back_what_was_asked_and_answered(tmp_path: Path) -> None:
    log = ClientLog(tmp_path / "log.jsonl")
    first = log.asks("POST /v1/orders", "/v1/orders", "k1", "me", {"quote_id": "q"})
    second = log.asks("POST /v1/orders", "/v1/orders", "k2", "me", {})
    log.asks("POST /v1/orders", "/v1/orders", "k3", "me", {})
    log.hears(first, "ok", answer={"order_id": "o", "lines": ["long"]}, took=0.25)
    log.hears_again(first, {"order_id": "o"})
    log.hears(second, "refused", code="out-of-stock")
    log.close()
    read = read_log(log.path)
    assert [wish.outcome for wish in read] == ["ok", "refused", "unknown"]
    assert (read[0].answer, read[0].again) == ({"order_id": "o"}, [{"order_id": "o"}])
    assert read[0].answered_at == read[0].asked_at + 0.25
    assert (read[1].code, read[2].answered_at) == ("out-of-stock", None)


def test_a_wish_is_on_file_before_it_is_answered_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    log = ClientLog(tmp_path / "log.jsonl")
    log.asks("POST /v1/orders", "/v1/orders", "k1", "me", {})
    assert json.loads(log.path.read_text())["key"] == "k1"
    log.close()
    with log.path.open("a") as file:
        file.write('{"n": 0, "outco')
    assert [wish.outcome for wish in read_log(log.path)] == ["unknown"]


def told(record: Record) -> tuple[object, ...]:
    return record.order, record.plan, record.coupon_codes


def test_the_same_seed_orders_the_same_and_another_seed_something_else() -> None:
    size = Size(shops=5, listings=3, customers=10, couriers=2)
    hoods = [neighbourhood(seed, size, 100) for seed in (1, 1, 2)]
    first, same, other = ([told(hood.order(number, 0)) for number in range(50)] for hood in hoods)
    assert first == same
    assert first != other


def test_orders_are_of_three_shops_and_meet_mishaps_as_often_as_they_should() -> None:
    hood = neighbourhood(7, Size(shops=6, listings=3, customers=10, couriers=2), 100)
    records = [hood.order(number, 0) for number in range(2_000)]
    assert all(len(record.order.ready_minute) == 3 for record in records)
    plans = Counter(record.plan for record in records)
    for plan, share in PLANS.items():
        assert abs(plans[plan] / len(records) - share) < 0.02, plan


def test_what_lasts_does_not_come_last() -> None:
    faults: list[Fault] = [Harmless("poison message"), *(Harmless(f"kind {number}") for number in range(4))]
    for seed in range(20):
        kinds = [fault.kind for fault in scheduled(faults, seed, 0, 10)]
        assert len(kinds) == 50
        assert "poison message" not in kinds[-10:]
