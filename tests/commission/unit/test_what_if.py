"""What everybody would have earned under other rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.commission.application.what_if import what_if
from services.commission.contracts.rate_requests import terms_of_file
from services.commission.domain.commands import Actor, AskWhatIf
from services.commission.domain.errors import BooksClosed, TooManyOrders
from services.commission.domain.facts import OrderFacts, Trip
from services.commission.domain.guarantee import Shift
from services.commission.domain.rates import RatePlan, TakeRateBase
from services.commission.domain.what_if import CUSTOMERS, Outcome, Party
from shared.kernel.errors import InvalidInput
from shared.messaging.envelope import Event
from tests.commission.builders import COURIER, NOON, Order, a_plan, a_promoted_order, an_order
from tests.commission.unit.test_settlement import FLORIST, RATES, facts_of, histories

OPERATOR = Actor(account_id="operator-1", role="operator")


@dataclass
class Past:
    """The history of a few orders and shifts (the History port)."""

    known: list[tuple[OrderFacts, RatePlan]] = field(default_factory=list)
    worked: list[Shift] = field(default_factory=list)

    def count(self, since: datetime, until: datetime, currency: str) -> int:
        return len(self.known)

    def orders(
        self, since: datetime, until: datetime, currency: str
    ) -> Iterator[tuple[OrderFacts, RatePlan]]:
        return iter(self.known)

    def shifts(self, since: datetime, until: datetime) -> list[Shift]:
        return self.worked

    def trips(self, shift_id: str, currency: str) -> list[tuple[Trip, RatePlan]]:
        return [(trip, plan) for facts, plan in self.known for trip in facts.trips]

    def plan_at(self, currency: str, at: datetime) -> RatePlan | None:
        return a_plan()


def asking(past: Past, actor: Actor = OPERATOR, most: int | None = None, **terms: Any) -> Outcome:
    ask = AskWhatIf(actor=actor, currency="CNY", since=NOON, until=NOON + timedelta(days=1), terms=terms)
    return what_if(ask, history=past, most=most)


def delivered(order: Order, *more: Event) -> tuple[OrderFacts, RatePlan]:
    return facts_of(order.paid(), order.delivered(), order.trip(), *more, links=(FLORIST,)), a_plan()


def differences(found: Outcome) -> dict[Party, int]:
    return {party: after - before for party, before, after in found.rows() if before != after}


def test_a_higher_take_rate_moves_money_from_shops_to_the_platform() -> None:
    found = asking(Past([delivered(an_order())]), take_rate_bp=1000)
    assert differences(found) == {
        Party("shop", "fruit"): -290,
        Party("shop", "bakery"): -90,
        Party("platform", "revenue:take_rate"): 380,
    }
    assert found.totals()[CUSTOMERS] == (-8000, -8000)


def test_an_order_that_was_paid_under_the_terms_asked_for_does_not_change() -> None:
    past = Past([delivered(an_order()), (delivered(an_order())[0], a_plan(plan_id="b", take_rate_bp=1000))])
    found = asking(past, take_rate_bp=1000)
    assert found.orders == 2
    assert differences(found)[Party("shop", "bakery")] == -90


def test_a_promoter_and_a_courier_are_among_those_who_earn() -> None:
    pay = replace(a_plan().courier_pay, per_drop=400)
    found = asking(Past([delivered(a_promoted_order("link-1"))]), distribution_bp=500, courier_pay=pay)
    assert differences(found) == {
        Party("promoter", "florist"): -120,
        Party("shop", "sourced"): 120,
        Party("courier", COURIER): 100,
        Party("platform", "expense:courier_pay"): -100,
    }


def test_a_guarantee_is_derived_anew_from_the_deliveries_of_the_shift() -> None:
    shift = Shift(shift_id="shift-1", courier_id=COURIER, started_at=NOON, ended_at=NOON + timedelta(hours=1))
    past = Past([delivered(an_order())], [shift])
    promised = replace(a_plan().courier_pay, guaranteed_per_hour=2000)
    found = asking(past, courier_pay=promised)
    # 20.00 for the hour; 6.51 are paid for the delivery.
    assert differences(found) == {
        Party("courier", COURIER): 1349,
        Party("platform", "expense:courier_guarantee"): -1349,
    }
    found = asking(past, courier_pay=replace(promised, per_drop=1300))
    assert differences(found)[Party("courier", COURIER)] == 2000 - 651


@given(st.lists(histories(), max_size=3), RATES)
def test_the_same_terms_change_nothing_for_anybody(
    lives: list[tuple[Order, list[Event]]], plan: dict[str, Any]
) -> None:
    past = Past([(facts_of(*events, links=(FLORIST,)), a_plan(**plan)) for _, events in lives])
    assert differences(asking(past, **plan)) == {}
    assert differences(asking(past)) == {}


@given(st.lists(histories(), min_size=1, max_size=3), RATES, RATES)
def test_whatever_changes_customers_pay_the_same_and_everything_adds_up(
    lives: list[tuple[Order, list[Event]]], plan: dict[str, Any], other: dict[str, Any]
) -> None:
    past = Past([(facts_of(*events, links=(FLORIST,)), a_plan(**plan)) for _, events in lives])
    found = asking(past, **other)
    assert sum(found.before.values()) == sum(found.after.values()) == 0
    before, after = found.totals().get(CUSTOMERS, (0, 0))
    assert before == after
    assert sum(after - before for _, before, after in found.rows()) == 0


def test_only_those_who_read_all_books_may_ask() -> None:
    with pytest.raises(BooksClosed):
        asking(Past(), actor=Actor(account_id="owner", role="merchant"))


def test_too_many_orders_are_refused_before_any_is_read() -> None:
    with pytest.raises(TooManyOrders, match="1 orders"):
        asking(Past([delivered(an_order())]), most=0)


def test_a_file_names_the_terms_that_change() -> None:
    ask = terms_of_file({"take_rate_base": "before_discounts"}, "CNY", NOON, NOON, OPERATOR)
    assert ask.terms == {"take_rate_base": TakeRateBase.BEFORE_DISCOUNTS}


@pytest.mark.parametrize(
    "wire", [[], {"take_rate": 5}, {"take_rate_bp": -1}, {"take_rate_bp": "5"}, {"currency": "EUR"}]
)
def test_a_file_that_makes_no_sense_is_refused(wire: Any) -> None:
    with pytest.raises(InvalidInput):
        terms_of_file(wire, "CNY", NOON, NOON, OPERATOR)


def test_the_sample_of_rates_can_be_asked_about() -> None:
    sample = Path(__file__).resolve().parents[3] / "samples" / "rates" / "lunch.json"
    ask = terms_of_file(orjson.loads(sample.read_bytes()), "CNY", NOON, NOON, OPERATOR)
    found = asking(Past([delivered(an_order())]), **ask.terms)
    # The delivery is completed at 12:40 on a Monday: (3.20 + 1.20 + 2.51) x 1.25.
    assert differences(found)[Party("courier", COURIER)] == 864 - 651
