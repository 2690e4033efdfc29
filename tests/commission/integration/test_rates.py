"""Rate plans, guarantees, charges and what-ifs on a real database, through the service."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.commission.adapters.history_sql import SqlHistory
from services.commission.domain.errors import (
    BooksClosed,
    OperatorsOnly,
    RatePlanInForce,
    RatePlanNotFound,
    TooManyOrders,
)
from services.commission.domain.shop_contract import begin_of, day_of
from shared.kernel.clock import to_wire
from shared.kernel.errors import InvalidInput
from shared.messaging.envelope import Event
from tests.commission.builders import (
    COURIER,
    NOON,
    SECOND_COURIER,
    a_promoted_order,
    a_shop_opened,
    an_event,
    an_order,
    merchant,
    operator,
    yuan,
)
from tests.commission.formulas import results
from tests.commission.integration.conftest import Platform

PAY = {
    "per_drop": yuan(300),
    "per_extra_pickup": yuan(100),
    "per_km": yuan(80),
    "guaranteed_per_hour": yuan(2000),
    "peaks": [{"name": "noon", "days": ["mon"], "starts": "11:00", "ends": "14:00", "factor_bp": 15000}],
}


def sets(platform: Platform, plan_id: str = "plan-2", **terms: Any) -> dict[str, Any]:
    return platform.service.set_rate_plan(actor=operator(), plan_id=plan_id, **terms)


def on_shift(shift_id: str, minutes: float, courier_id: str = COURIER) -> Event:
    return _shift("CourierOnShift", shift_id, courier_id, started_at=_at(minutes), ends_at=_at(minutes + 60))


def off_shift(shift_id: str, minutes: float, courier_id: str = COURIER) -> Event:
    return _shift("CourierOffShift", shift_id, courier_id, ended_at=_at(minutes))


def _at(minutes: float) -> str:
    return to_wire(NOON + timedelta(minutes=minutes))


def _shift(type: str, shift_id: str, courier_id: str, **data: str) -> Event:
    of = {"shift_id": shift_id, "courier_id": courier_id, "zone_id": "zone-1"}
    return an_event(type, courier_id, {**of, **data}, source="dispatch")


# -- versions ------------------------------------------------------------------------------------------------


def test_a_scheduled_plan_can_be_withdrawn_and_the_one_before_goes_on(platform: Platform) -> None:
    tomorrow = platform.clock.now() + timedelta(days=1)
    plan = sets(platform, effective_from=to_wire(tomorrow), take_rate_bp=1000)
    assert plan["standing"] == "scheduled"
    withdrawn = platform.service.withdraw_rate_plan(actor=operator(), version=plan["version"])
    assert (withdrawn["standing"], withdrawn["withdrawn_at"]) == ("withdrawn", to_wire(platform.clock.now()))
    assert platform.service.withdraw_rate_plan(actor=operator(), version=plan["version"]) == withdrawn
    platform.clock.advance(timedelta(days=2))
    order = an_order(paid_at=platform.clock.now())
    platform.hears(order.paid(), order.delivered())
    assert platform.sums(order.order_id)["revenue:take_rate"] == -380
    listed = platform.service.rate_plans(actor=operator())["items"]
    assert [(each["plan_id"], each["standing"]) for each in listed] == [
        ("plan-2", "withdrawn"),
        ("first", "in_force"),
    ]


def test_what_was_in_force_is_not_withdrawn(platform: Platform) -> None:
    plan = sets(platform, take_rate_bp=1000)
    for version in (1, plan["version"]):
        with pytest.raises(RatePlanInForce):
            platform.service.withdraw_rate_plan(actor=operator(), version=version)
    with pytest.raises(RatePlanNotFound):
        platform.service.withdraw_rate_plan(actor=operator(), version=99)
    with pytest.raises(OperatorsOnly):
        platform.service.withdraw_rate_plan(actor=merchant("bakery"), version=1)


def test_a_withdrawal_is_a_row_for_good(platform: Platform) -> None:
    later = to_wire(platform.clock.now() + timedelta(days=1))
    plan = sets(platform, effective_from=later, take_rate_bp=1000)
    platform.service.withdraw_rate_plan(actor=operator(), version=plan["version"])
    with pytest.raises(Exception, match="append-only"), platform.database.transaction() as tx:
        tx.connection.exec_driver_sql("DELETE FROM rate_plan_withdrawal")


def test_two_versions_are_compared_term_by_term(platform: Platform) -> None:
    plan = sets(platform, take_rate_by_shop={"bakery": 300}, courier_pay=PAY)
    found = platform.service.compare_rate_plans(actor=operator(), version=plan["version"])
    assert found["before"]["plan_id"] == "first"
    assert found["differences"] == [
        {"term": "courier_pay.guaranteed_per_hour", "before": 0, "after": 2000},
        {"term": "courier_pay.peaks.noon", "before": None, "after": "mon 11:00-14:00: x 1.5"},
        {"term": "take_rate_by_shop.bakery", "before": None, "after": 300},
    ]
    with pytest.raises(RatePlanNotFound):
        platform.service.compare_rate_plans(actor=operator(), version=1)
    with pytest.raises(BooksClosed):
        platform.service.rate_plan(actor=merchant("bakery"), version=1)


def test_a_plan_is_answered_as_it_was_set(platform: Platform) -> None:
    terms = {
        "take_rate_base": "before_discounts",
        "take_rate_on_delivery_fee": True,
        "distribution_min_bp": 100,
        "courier_pay": PAY,
        "subscription_fees": {"shelf planner": yuan(19800)},
        "placement_fees": {"front page": {"per_day": yuan(500), "per_order": yuan(30)}},
    }
    plan = sets(platform, **terms)
    wanted = terms | {
        "courier_pay": PAY | {"peaks": [PAY["peaks"][0] | {"zones": [], "supplement": yuan(0)}]}
    }  # type: ignore[index]
    assert {name: plan[name] for name in terms} == wanted
    assert platform.service.rate_plan(actor=operator(), version=plan["version"]) == plan
    assert sets(platform, **terms) == plan


@pytest.mark.parametrize(
    "pay",
    [
        PAY | {"per_km": {"amount": 80, "currency": "EUR"}},
        PAY | {"peaks": [{"name": "x", "days": ["mon"], "starts": "25:00", "ends": "26:00"}]},
        PAY | {"peaks": [{"name": "x", "days": ["noday"], "starts": "11:00", "ends": "12:00"}]},
        PAY | {"peaks": [{"name": "x", "days": ["mon"], "starts": "11:00", "ends": "12:00", "factor_bp": 1}]},
    ],
)
def test_courier_pay_that_makes_no_sense_is_refused(platform: Platform, pay: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        sets(platform, courier_pay=pay)


def test_a_peak_pays_more_and_the_entry_says_why(platform: Platform) -> None:
    version = sets(platform, courier_pay=PAY)["version"]
    order = an_order(paid_at=platform.clock.now())
    platform.hears(order.paid(), order.delivered(), order.trip())
    # It is brought at 13:40 on a Monday.
    ((note, plan),) = platform.rows(
        "SELECT note, rate_plan FROM ledger_entry JOIN ledger_transaction USING (transaction_id)"
        " WHERE account = 'expense:courier_pay'"
    )
    assert (note, plan) == ("peak noon: (300 + 1 x 100 + 3 140 m x 80 / 1 000 m) x 1.5 = 977", version)


# -- guarantees ----------------------------------------------------------------------------------------------


@pytest.fixture
def guaranteeing(platform: Platform) -> Platform:
    """Twenty yuan an hour, since an hour before anything happens."""
    platform.clock.advance(timedelta(hours=-2))
    sets(platform, courier_pay=PAY | {"peaks": []})
    platform.clock.advance(timedelta(hours=6))
    return platform


def test_a_finished_shift_is_made_up_for(guaranteeing: Platform) -> None:
    order = an_order(paid_at=NOON)
    guaranteeing.hears(on_shift("shift-1", 0), order.paid(), order.delivered(), order.trip())
    assert guaranteeing.sums()["payable:courier:courier-1"] == -651
    guaranteeing.hears(off_shift("shift-1", 90))
    assert guaranteeing.sums()["payable:courier:courier-1"] == -3000
    assert guaranteeing.sums()["expense:courier_guarantee"] == 3000 - 651
    ((key, note),) = guaranteeing.rows(
        "SELECT natural_key, note FROM ledger_entry JOIN ledger_transaction USING (transaction_id)"
        " WHERE account = 'expense:courier_guarantee'"
    )
    assert key == "journal:guarantee:shift-1:0"
    assert note == "5 400 s / 3 600 s x 2 000 - 651 = 2 349"
    assert guaranteeing.is_sound()


def test_a_payment_that_is_heard_of_last_settles_the_shift_too(guaranteeing: Platform) -> None:
    order = an_order(paid_at=NOON)
    guaranteeing.hears(on_shift("shift-1", 0), off_shift("shift-1", 90), order.trip())
    assert guaranteeing.sums()["payable:courier:courier-1"] == -3000
    guaranteeing.hears(order.paid())
    assert guaranteeing.sums()["payable:courier:courier-1"] == -3000
    assert guaranteeing.sums()["expense:courier_guarantee"] == 3000 - 651
    notes = guaranteeing.rows(
        "SELECT note, reverses IS NOT NULL FROM ledger_entry WHERE account = 'expense:courier_guarantee'"
        " ORDER BY entry_id"
    )
    assert [(results(note), reverses) for note, reverses in notes] == [
        ([3000], False),
        ([2349, -651], True),
    ]


def test_replicas_that_hear_of_one_courier_at_once_end_in_the_same_guarantee(
    guaranteeing: Platform,
) -> None:
    orders = [an_order(paid_at=NOON) for _ in range(6)]
    from_ordering = [event for order in orders for event in (order.paid(), order.delivered())]
    from_dispatch = [on_shift("shift-1", 0), off_shift("shift-1", 240), *(order.trip() for order in orders)]
    failures: list[BaseException] = []

    def replica(seed: int) -> None:
        shuffled = random.Random(seed)
        feeds = [from_ordering, from_dispatch]
        try:
            for feed in feeds if seed % 2 else reversed(feeds):
                arrival = shuffled.sample(feed, len(feed))
                for start in range(0, len(arrival), 4):
                    guaranteeing.hears_at_once(*arrival[start : start + 4])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=replica, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    guaranteeing.retry_until_nothing_is_left()
    assert guaranteeing.sums()["payable:courier:courier-1"] == -8000
    assert guaranteeing.sums()["expense:courier_guarantee"] == 8000 - 6 * 651
    assert guaranteeing.is_sound()


# -- charges -------------------------------------------------------------------------------------------------


def test_a_shop_is_charged_for_what_it_booked_and_sees_why(platform: Platform) -> None:
    platform.hears(a_shop_opened("bakery"))
    sets(
        platform,
        subscription_fees={"shelf planner": yuan(19800)},
        placement_fees={"front page": {"per_day": yuan(500), "per_order": yuan(30)}},
    )
    today = day_of(platform.clock.now())
    of_shop = {"actor": merchant("bakery"), "shop_id": "bakery", "starts_on": today.isoformat()}
    platform.service.book_subscription(**of_shop, contract_id="contract-1", tool="shelf planner")
    platform.service.book_placement(
        **of_shop, contract_id="contract-2", placement="front page", ends_on=today.isoformat()
    )
    order = an_order(paid_at=platform.clock.now())
    platform.hears(order.paid(), order.delivered(), order.refund(order.parts[1]))
    platform.clock.advance(begin_of(today) + timedelta(days=1, hours=1) - platform.clock.now())
    platform.service.charge_shops()
    platform.service.charge_shops()
    # 27 of the 31 days of January; a day on the front page with one order, which was given back later.
    assert platform.sums()["revenue:subscription"] == -17245
    assert platform.sums()["revenue:advertising"] == -530
    assert platform.sums()["payable:shop:bakery"] == 17245 + 530
    lines = platform.service.statement(actor=merchant("bakery"), account_kind="shop", owner_id="bakery")
    reasons = {line["kind"]: line["reason"] for line in lines["lines"]}
    assert "shelf planner, 2026-01-01: 19 800 x 27 d / 31 d = 17 245" in reasons["subscription"]
    assert "front page, 2026-01-05: 500 + 1 x 30 = 530" in reasons["advertising"]
    assert reasons["subscription"].startswith("Subscription: shelf planner, ")
    own = platform.service.balance(actor=operator(), kind="platform", owner_id="")
    assert {"account": "revenue:subscription", "balance": yuan(17245)} in own["accounts"]
    ended = platform.service.end_contract(
        actor=operator(), contract_id="contract-1", ends_before="2026-01-06", reason="closed"
    )
    assert ended["charged"] == yuan(639)
    assert platform.sums()["revenue:subscription"] == -639
    found = platform.service.contracts(actor=merchant("bakery"), shop_id="bakery")
    assert [each["charged"] for each in found["items"]] == [yuan(639), yuan(530)]
    assert platform.is_sound()


def test_the_audit_derives_guarantees_and_charges_anew(guaranteeing: Platform) -> None:
    order = an_order(paid_at=NOON)
    guaranteeing.hears(on_shift("shift-1", 0), off_shift("shift-1", 90), order.paid(), order.trip())
    guaranteeing.hears(a_shop_opened("bakery"))
    today = day_of(guaranteeing.clock.now()).isoformat()
    guaranteeing.service.book_subscription(
        actor=operator(),
        contract_id="contract-1",
        shop_id="bakery",
        tool="shelf planner",
        starts_on=today,
        monthly_fee=yuan(3100),
    )
    guaranteeing.service.charge_shops()
    assert guaranteeing.is_sound()
    with guaranteeing.database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE courier_trip SET pay = pay - 1")
        tx.connection.exec_driver_sql(
            "INSERT INTO shop_contract_end (contract_id, ends_before, reason, ended_by, ended_at)"
            " SELECT contract_id, starts_on + 1, 'nobody charged it', 'somebody', now() FROM shop_contract"
        )
    found = guaranteeing.service.check()
    assert [(each["problem"], each["expected"], each["found"]) for each in found["per_order_mismatches"]] == [
        ("the guarantee of shift shift-1 is not what its facts call for", 2350, 2349),
        ("the charge contract-1:2026-01-01 is not what its facts call for", 100, 2700),
    ]


# -- what-if -------------------------------------------------------------------------------------------------


def ask(platform: Platform, **changes: Any) -> dict[str, Any]:
    period = {"since": to_wire(NOON), "until": to_wire(NOON + timedelta(days=1))}
    return platform.service.what_if(**({"actor": operator()} | period | changes))


def test_what_everybody_earned_is_what_the_ledger_says(guaranteeing: Platform) -> None:
    orders = [an_order(paid_at=NOON), a_promoted_order("no-link", paid_at=NOON + timedelta(minutes=1))]
    for order in orders:
        guaranteeing.hears(order.paid(), order.delivered(), order.trip())
    guaranteeing.hears(on_shift("shift-1", 0), off_shift("shift-1", 90), orders[0].refund(orders[0].parts[1]))
    # One more is brought by two couriers.
    split = replace(an_order(paid_at=NOON + timedelta(minutes=2)), tip=501)
    guaranteeing.hears(split.paid(), split.earlier_trip(), split.last_trip())
    guaranteeing.hears(split.delivered(courier_id=SECOND_COURIER))
    guaranteeing.hears(on_shift("shift-2", 0, SECOND_COURIER), off_shift("shift-2", 90, SECOND_COURIER))
    found = ask(guaranteeing)
    ledger: dict[tuple[str, str], int] = {}
    for account, amount in guaranteeing.sums().items():
        kind = account.split(":")[1] if account.startswith("payable:") else "platform"
        owner = account.rpartition(":")[2] if kind != "platform" else account
        if account.startswith(("cash:", "liability:")):
            kind, owner = "customers", ""
        ledger[kind, owner] = ledger.get((kind, owner), 0) - amount
    told = {(row["party"], row["owner_id"]): row["before"]["amount"] for row in found["parties"]}
    assert told == ledger
    assert (found["orders"], found["shifts"]) == (3, 2)
    assert guaranteeing.is_sound()
    assert all(row["difference"]["amount"] == 0 for row in found["parties"])
    assert found["sum"] == {"before": yuan(0), "after": yuan(0), "difference": yuan(0)}


def test_other_rates_change_what_everybody_earns_and_not_what_customers_pay(platform: Platform) -> None:
    early, order = an_order(paid_at=NOON - timedelta(seconds=1)), an_order(paid_at=NOON)
    platform.hears(early.paid(), early.delivered(), order.paid(), order.delivered(), order.trip())
    before = platform.sums()
    found = ask(platform, take_rate_bp=1000, courier_pay=PAY)
    changes = {
        (row["party"], row["owner_id"]): row["difference"]["amount"]
        for row in found["parties"]
        if row["difference"]["amount"]
    }
    assert found["orders"] == 1
    assert changes == {
        ("shop", "fruit"): -290,
        ("shop", "bakery"): -90,
        ("courier", COURIER): 326,
        ("platform", "revenue:take_rate"): 380,
        ("platform", "expense:courier_pay"): -326,
    }
    assert found["sum"]["difference"] == yuan(0)
    assert platform.sums() == before


def test_a_question_is_for_those_who_read_all_books_and_of_bounded_size(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BooksClosed):
        ask(platform, actor=merchant("bakery"))
    with pytest.raises(InvalidInput):
        ask(platform, until=to_wire(NOON))
    monkeypatch.setattr(SqlHistory, "count", lambda *_: 5001)
    with pytest.raises(TooManyOrders):
        ask(platform)
