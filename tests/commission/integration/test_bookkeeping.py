"""From events to balances, on a real database."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event as sqlalchemy_event

from shared.messaging.envelope import Event
from tests.commission.builders import (
    SECOND_COURIER,
    Order,
    a_listing_published,
    a_promoted_order,
    a_shop_opened,
    an_order,
    merchant,
)
from tests.commission.integration.conftest import Platform


def promotes(platform: Platform) -> str:
    """The florist gets a link to rare fruit of the sourced shop; returns the link's id."""
    platform.hears(
        a_shop_opened("florist"),
        a_shop_opened("sourced"),
        a_listing_published("rare-fruit", "sourced"),
    )
    link = platform.service.create_promotion_link(
        actor=merchant("florist"), link_id="link-1", shop_id="florist", listing_id="rare-fruit"
    )
    return str(link["link_id"])


@contextmanager
def counting_statements(platform: Platform) -> Iterator[list[str]]:
    statements: list[str] = []

    def executed(_: Any, __: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    sqlalchemy_event.listen(platform.database.engine, "before_cursor_execute", executed)
    yield statements
    sqlalchemy_event.remove(platform.database.engine, "before_cursor_execute", executed)


def test_a_paid_order_costs_two_statements_beside_the_inbox(platform: Platform) -> None:
    order = an_order()
    with counting_statements(platform) as statements:
        platform.hears_at_once(order.paid())
    assert [statement.split()[0:3] for statement in statements[1:]] == [
        ["INSERT", "INTO", "order_book"],
        ["WITH", "posting", "AS"],
    ]
    assert platform.sums() == {"cash:provider": 8000, "liability:orders": -8000}


def test_a_batch_of_paid_orders_costs_no_more_statements_than_one(platform: Platform) -> None:
    orders = [an_order() for _ in range(7)]
    with counting_statements(platform) as statements:
        platform.hears_at_once(*(order.paid() for order in orders))
    assert len(statements) == 3, statements
    assert platform.sums() == {"cash:provider": 7 * 8000, "liability:orders": -7 * 8000}
    with counting_statements(platform) as statements:
        platform.hears_at_once(*(order.delivered() for order in orders))
    # The inbox, the books, what is posted and what to post, and one outbox for all causes.
    assert len(statements) == 5, statements
    assert platform.is_sound()


def test_events_of_one_order_in_a_batch_take_effect_one_after_another(platform: Platform) -> None:
    one, two = an_order(), an_order()
    settling = [one.delivered(), one.refund(one.parts[1]), two.delivered()]
    events = [one.paid(), *settling[:2], two.paid(), settling[2]]
    platform.hears_at_once(*events)
    keys = platform.rows("SELECT natural_key FROM ledger_transaction")
    assert {key for (key,) in keys} == {f"event:{event.id}" for event in events}
    causes = platform.rows("SELECT DISTINCT causationid FROM outbox")
    assert {cause for (cause,) in causes} == {event.id for event in settling}
    assert platform.is_sound()


def test_the_main_line_ends_with_everybody_paid(platform: Platform) -> None:
    order = an_order()
    platform.hears(order.paid(), order.delivered(), order.trip(), order.completed())
    assert platform.sums() == {
        "cash:provider": 8000,
        "payable:shop:fruit": -5510,
        "payable:shop:bakery": -1710,
        "revenue:take_rate": -380,
        "revenue:delivery_fee": -700,
        "expense:platform_discount": 300,
        "expense:courier_pay": 651,
        "payable:courier:courier-1": -651,
    }
    assert platform.is_sound()


def test_every_entry_quotes_its_rate_and_its_plan(platform: Platform) -> None:
    order = an_order()
    platform.hears(order.paid(), order.delivered())
    rows = platform.rows(
        "SELECT e.store_order_id, e.rate_bp, e.base, e.amount, t.rate_plan FROM ledger_entry e"
        " JOIN ledger_transaction t USING (transaction_id)"
        " WHERE account = 'revenue:take_rate' ORDER BY e.base DESC"
    )
    fruit, bakery = order.parts
    assert rows == [
        (fruit.store_order_id, 500, 5800, -290, 1),
        (bakery.store_order_id, 500, 1800, -90, 1),
    ]


def test_a_correction_names_what_it_takes_back(platform: Platform) -> None:
    order = an_order()
    delivered, refund = order.delivered(), order.refund(order.parts[1])
    platform.hears(order.paid(), delivered, refund)
    (settled,) = platform.rows(
        "SELECT transaction_id FROM ledger_transaction WHERE natural_key = :key", key=f"event:{delivered.id}"
    )
    reversals = platform.rows(
        "SELECT DISTINCT e.kind, e.reverses"
        " FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)"
        " WHERE t.natural_key = :key AND account = 'payable:shop:bakery' ORDER BY kind",
        key=f"event:{refund.id}",
    )
    assert reversals == [("sale", settled[0]), ("take_rate", settled[0])]


def test_a_cancelled_order_ends_with_nothing_owed(platform: Platform) -> None:
    order = an_order()
    refunds = [order.refund(order.parts[0], delivery_fee=700), order.refund(order.parts[1])]
    platform.hears(order.paid(), order.cancelled(), *refunds)
    assert platform.sums() == {}
    assert platform.is_sound()


def test_facts_wait_for_the_payment(platform: Platform) -> None:
    order = an_order()
    platform.hears(order.refund(order.parts[1]), order.trip(), order.delivered(order.parts[0]))
    assert platform.sums() == {}
    platform.hears(order.paid())
    assert platform.sums()["cash:provider"] == 6200
    assert platform.is_sound()


def test_settlements_are_announced_per_payee(platform: Platform) -> None:
    order = an_order()
    platform.hears(order.paid(), order.delivered(), order.trip())
    found = {
        (posted["kind"], posted["payee"]["id"]): posted["amount"]["amount"]
        for posted in platform.published("SettlementPosted")
    }
    assert found == {
        ("store_order", "fruit"): 5510,
        ("store_order", "bakery"): 1710,
        ("delivery_fee", None): 700,
        ("courier_pay", "courier-1"): 651,
    }


def test_a_commission_accrues_shrinks_and_is_released(platform: Platform) -> None:
    order = a_promoted_order(promotes(platform))
    fruit = order.parts[0]
    refund = order.refund(fruit, {fruit.lines[0].line_id: (800, 0)})
    platform.hears(order.paid())
    assert platform.published("CommissionAccrued") == []
    platform.hears(order.delivered())
    (accrued,) = platform.published("CommissionAccrued")
    assert accrued["amount"]["amount"] == 240
    assert platform.sums()["frozen:promoter:florist"] == -240
    platform.hears(refund)
    (reversed_,) = platform.published("CommissionReversed")
    assert (reversed_["amount"]["amount"], reversed_["refund_id"]) == (80, refund.data["refund_id"])
    platform.hears(order.completed())
    (released,) = platform.published("CommissionReleased")
    assert released["amount"]["amount"] == 160
    assert platform.sums()["payable:promoter:florist"] == -160
    assert "frozen:promoter:florist" not in platform.sums()
    assert platform.is_sound()


def test_a_refund_after_the_release_is_taken_back_from_what_is_payable(platform: Platform) -> None:
    order = a_promoted_order(promotes(platform))
    platform.hears(order.paid(), order.delivered(), order.completed(), order.refund(order.parts[0]))
    assert not any("promoter" in account for account in platform.sums())
    assert platform.is_sound()


def test_an_order_in_a_currency_without_rates_waits_and_is_not_guessed(platform: Platform) -> None:
    order = an_order()
    foreign = Event.from_json(order.paid().to_json().replace(b'"CNY"', b'"EUR"'))
    platform.hears_at_once(foreign)
    assert platform.sums() == {}
    ((reason,),) = platform.rows("SELECT reason FROM inbox_retry")
    assert "NoRatePlan" in reason


@pytest.mark.parametrize("field", ["total", "delivery_fee"])
def test_an_event_whose_figures_do_not_add_up_is_put_aside(platform: Platform, field: str) -> None:
    paid = an_order().paid()
    wrong = dict(paid.data) | {field: {"amount": 1, "currency": "CNY"}}
    platform.hears_at_once(Event(**(vars(paid) | {"data": wrong})))
    assert platform.sums() == {}
    ((reason,),) = platform.rows("SELECT reason FROM inbox_retry")
    assert "ContradictoryEvent" in reason


def test_the_audit_finds_what_a_sum_of_zero_does_not(platform: Platform) -> None:
    order = an_order()
    platform.hears(order.paid(), order.delivered())
    with platform.database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE order_book SET refunds = '{\"r\": [null, 5, 5, []]}'")
    found = platform.service.check()
    assert found["sums_to_zero"]
    assert not found["sound"]
    assert found["per_order_mismatches"][0]["order_id"] == order.order_id


def test_the_audit_finds_money_still_held_for_a_finished_order(platform: Platform) -> None:
    order = an_order()
    platform.hears(order.paid(), order.delivered(order.parts[0]))
    found = platform.service.check()
    assert found["per_order_mismatch_count"] == 0
    assert [each["found"] for each in found["unsettled_orders"]] == [1800]


# -- convergence ---------------------------------------------------------------------------------------------


def stories(link_id: str) -> list[list[Event]]:
    """What can happen to an order, each as the events that it causes."""

    def third(order: Order) -> Event:
        line = order.parts[0].lines[0]
        return order.refund(order.parts[0], {line.line_id: (line.paid // 3, line.platform_discount // 3)})

    told = []
    for build in (an_order, lambda: a_promoted_order(link_id)):
        order = build()
        told.append([order.paid(), order.delivered(), order.trip(), order.completed()])
        order = build()
        told.append(
            [order.paid(), third(order), order.delivered(), order.trip(), order.completed(), third(order)]
        )
        order = build()
        rejected = order.refund(order.parts[1])
        told.append(
            [order.paid(), rejected, order.delivered(order.parts[0]), order.trip(), order.completed()]
        )
        order = build()
        everything = [order.refund(part) for part in order.parts]
        told.append([order.paid(), order.cancelled(), *everything, order.refund(delivery_fee=700)])
        order = replace(build(), tip=501)
        by_two = order.delivered(courier_id=SECOND_COURIER)
        told.append([order.paid(), order.earlier_trip(), order.last_trip(), by_two, order.completed()])
        order = replace(build(), tip=501)
        earlier, lost = order.earlier_trip(), order.refund(order.parts[1])
        told.append([order.paid(), earlier, lost, order.told_again(earlier), order.delivered(order.parts[0])])
    return told


def state_of(platform: Platform, order_id: str) -> tuple[Any, ...]:
    """Everything that must not depend on how the events came."""
    return (
        platform.sums(order_id),
        platform.rows(
            "SELECT account, kind, store_order_id, rate_bp, promotion_link_id, sum(amount)::bigint"
            " FROM ledger_entry WHERE order_id = :id GROUP BY 1, 2, 3, 4, 5 HAVING sum(amount) <> 0"
            " ORDER BY 1, 2, 3, 4, 5",
            id=order_id,
        ),
        platform.rows(
            "SELECT currency, rate_plan, paid, delivered, trip, refunds, completed_at, cancelled_at,"
            " earlier_trips"
            " FROM order_book WHERE order_id = :id",
            id=order_id,
        ),
        platform.rows(
            "SELECT accrual_id, status, full_amount, amount, reason FROM accrual WHERE order_id = :id",
            id=order_id,
        ),
    )


def renamed(events: list[Event], suffix: str) -> list[Event]:
    """The same story told of another order: every id of its own, so that both can be in one database."""
    order_id = str(events[0].data["order_id"])
    copies = []
    for event in events:
        body = event.to_json().decode().replace(f'"{order_id}"', f'"{order_id}{suffix}"')
        for part in events[0].data["store_orders"]:
            body = body.replace(f'"{part["store_order_id"]}"', f'"{part["store_order_id"]}{suffix}"')
        copies.append(Event(**(vars(Event.from_json(body)) | {"id": event.id + suffix})))
    return copies


def normalised(state: Any, suffix: str) -> str:
    return repr(state[:3]).replace(suffix, "") + repr([row[1:] for row in state[3]])


@pytest.mark.parametrize("number", range(12))
def test_any_order_and_any_repetition_of_events_end_in_the_same_books(
    platform: Platform, number: int
) -> None:
    events = stories(promotes(platform))[number]
    platform.hears(*events)
    order_id = str(events[0].data["order_id"])
    wanted = normalised(state_of(platform, order_id), "~never~")
    tries = iter(range(1_000_000))

    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.data())
    def converges(data: st.DataObject) -> None:
        suffix = f"~{next(tries)}~"
        copies = renamed(events, suffix)
        repeated = copies + data.draw(st.lists(st.sampled_from(copies), max_size=4))
        arrival = data.draw(st.permutations(repeated))
        for batch in in_batches(arrival, data):
            platform.hears_at_once(*batch)
        assert platform.rows("SELECT reason FROM inbox_retry UNION ALL SELECT reason FROM parked") == []
        assert normalised(state_of(platform, order_id + suffix), suffix) == wanted

    converges()
    assert platform.is_sound()


def in_batches(events: list[Event], data: st.DataObject) -> list[list[Event]]:
    """Neighbours of one publisher, sometimes in one transaction."""
    batches: list[list[Event]] = []
    for event in events:
        joins = batches and batches[-1][0].source == event.source and data.draw(st.booleans())
        if joins:
            batches[-1].append(event)
        else:
            batches.append([event])
    return batches


def test_replicas_that_work_at_once_on_the_same_orders_end_in_the_same_books(platform: Platform) -> None:
    orders = [an_order() for _ in range(12)]
    told = [[order.paid(), order.delivered(), order.refund(order.parts[1])] for order in orders]
    from_ordering = [event for events in told for event in events]
    from_dispatch = [order.trip() for order in orders]
    failures: list[BaseException] = []

    def replica(seed: int) -> None:
        shuffled = random.Random(seed)
        feeds = [from_ordering, from_dispatch]
        try:
            for feed in feeds if seed % 2 else reversed(feeds):
                arrival = shuffled.sample(feed, len(feed))
                for start in range(0, len(arrival), 6):
                    platform.hears_at_once(*arrival[start : start + 6])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=replica, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    platform.retry_until_nothing_is_left()
    assert {order.order_id: platform.sums(order.order_id) for order in orders} == {
        order.order_id: {
            "cash:provider": 6200,
            "payable:shop:fruit": -5510,
            "revenue:take_rate": -290,
            "revenue:delivery_fee": -700,
            "expense:platform_discount": 300,
            "expense:courier_pay": 651,
            "payable:courier:courier-1": -651,
        }
        for order in orders
    }
    assert platform.is_sound()
