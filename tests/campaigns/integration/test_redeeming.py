"""Redeeming on a real PostgreSQL: all or none, once, and never above a budget or a limit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from services.campaigns.domain.errors import CampaignsRefused, RedemptionClosed, RedemptionDiffers
from services.campaigns.entrypoints.service import CampaignsService
from shared.messaging.inbox import consume
from shared.persistence import Database
from shared.testing.clock import StoppedClock
from tests.campaigns.builders import (
    NOON,
    OPERATOR,
    a_service,
    expired,
    launch_request,
    paid,
    redeem_request,
    refunded,
    wire,
)

AtDatabase = Callable[[str], Database]


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOON)


@pytest.fixture
def service(service_database: AtDatabase, clock: StoppedClock) -> CampaignsService:
    return a_service(service_database("campaigns"), clock)


def _take_in(service: CampaignsService, *events: object) -> None:
    consume(
        service.database,
        "campaigns.from.ordering",
        lambda tx, event: CampaignsService.on_ordering.handle(service, tx, event),
        events,  # type: ignore[arg-type]
    )


def _spent(service: CampaignsService, campaign_id: str = "campaign") -> tuple[int, int]:
    account = service.campaign(actor=OPERATOR, campaign_id=campaign_id)
    return account["spent"]["amount"], account["uses"]


def _told(service: CampaignsService) -> list[str]:
    with service.database.read() as connection:
        return list(
            connection.scalars(text("SELECT type FROM outbox WHERE type LIKE 'Coupon%' ORDER BY position"))
        )


def _uses_of_customers(service: CampaignsService) -> int:
    with service.database.read() as connection:
        return connection.scalar(text("SELECT coalesce(sum(uses), 0) FROM customer_uses")) or 0


def test_what_is_evaluated_can_be_redeemed(service: CampaignsService) -> None:
    service.launch(**launch_request())
    evaluation = service.evaluate(
        customer_id="customer",
        coupon_codes=["campaign"],
        shops=[{"shop_id": "fruit-shop", "lines": [{"line_id": "a", "goods": wire(3000)}]}],
    )
    assert evaluation["refused"] == []
    [discount] = evaluation["discounts"]
    assert discount["line_shares"] == [{"line_id": "a", "amount": wire(1000)}]
    assert service.redeem(**redeem_request("order")) == {"redeemed": True}
    assert _spent(service) == (1000, 1)


def test_redeeming_again_changes_nothing(service: CampaignsService) -> None:
    service.launch(**launch_request())
    service.redeem(**redeem_request("order"))
    assert service.redeem(**redeem_request("order")) == {"redeemed": True}
    assert _spent(service) == (1000, 1)


def test_redeeming_something_else_for_the_same_order_is_a_conflict(service: CampaignsService) -> None:
    service.launch(**launch_request())
    service.redeem(**redeem_request("order"))
    with pytest.raises(RedemptionDiffers):
        service.redeem(**redeem_request("order", campaign=900))
    assert _spent(service) == (1000, 1)


def test_one_campaign_without_room_leaves_the_others_untouched(service: CampaignsService) -> None:
    service.launch(**launch_request("full"))
    service.launch(**launch_request("empty", budget=wire(1000)))
    service.redeem(**redeem_request("first", empty=1000))
    with pytest.raises(CampaignsRefused) as refusal:
        service.redeem(**redeem_request("second", full=1000, empty=1000))
    assert refusal.value.extra["reasons"] == {"empty": "budget-exhausted"}
    assert _spent(service, "full") == (0, 0)
    assert service.redeem(**redeem_request("second", full=1000)) == {"redeemed": True}


@pytest.mark.parametrize(
    ("terms", "amount", "reason"),
    [
        ({"per_customer_limit": 1}, 1000, "customer-limit-reached"),
        ({"total_limit": 1}, 1000, "total-limit-reached"),
        ({"budget": wire(1500), "per_customer_limit": 2}, 1000, "budget-exhausted"),
        ({}, 1001, "more-than-the-campaign-gives"),
    ],
)
def test_the_refusal_says_why(service: CampaignsService, terms: dict, amount: int, reason: str) -> None:
    service.launch(**launch_request(**terms))
    service.redeem(**redeem_request("first"))
    with pytest.raises(CampaignsRefused) as refusal:
        service.redeem(**redeem_request("second", campaign=amount))
    assert refusal.value.extra["reasons"] == {"campaign": reason}
    assert refusal.value.errors[0]["field"] == "discounts.campaign"


def test_what_is_unknown_ended_or_not_started_is_refused(
    service: CampaignsService, clock: StoppedClock
) -> None:
    with pytest.raises(CampaignsRefused) as refusal:
        service.redeem(**redeem_request("order"))
    assert refusal.value.extra["reasons"] == {"campaign": "not-found"}
    service.launch(**launch_request())
    service.end(actor=OPERATOR, campaign_id="campaign")
    with pytest.raises(CampaignsRefused) as refusal:
        service.redeem(**redeem_request("order"))
    assert refusal.value.extra["reasons"] == {"campaign": "ended"}


def test_a_release_gives_back_once(service: CampaignsService) -> None:
    service.launch(**launch_request())
    service.redeem(**redeem_request("order"))
    for _ in range(2):
        assert service.release(order_id="order", reason="slot-full") == {"released": True}
    assert (_spent(service), _uses_of_customers(service)) == ((0, 0), 0)
    with pytest.raises(RedemptionClosed):
        service.redeem(**redeem_request("order"))


def test_a_release_that_overtakes_its_redemption_stops_it(service: CampaignsService) -> None:
    service.launch(**launch_request())
    service.release(order_id="order", reason="out-of-stock")
    with pytest.raises(RedemptionClosed):
        service.redeem(**redeem_request("order"))
    assert _spent(service) == (0, 0)


def test_an_order_without_discounts_can_be_redeemed_and_released(service: CampaignsService) -> None:
    empty = redeem_request("order") | {"discounts": []}
    assert service.redeem(**empty) == {"redeemed": True}
    assert service.redeem(**empty) == {"redeemed": True}
    service.release(order_id="order", reason="changed-my-mind")


def test_a_hold_lapses_long_after_it_ran_out_and_counts_again_when_it_was_paid(
    service: CampaignsService, clock: StoppedClock
) -> None:
    service.launch(**launch_request())
    service.redeem(**redeem_request("order"))
    clock.advance(timedelta(minutes=30))
    service.lapse_holds()
    assert _spent(service) == (1000, 1)
    clock.advance(timedelta(hours=1))
    service.lapse_holds()
    assert (_spent(service), _uses_of_customers(service)) == ((0, 0), 0)
    _take_in(service, paid("order"))
    assert (_spent(service), _uses_of_customers(service)) == ((1000, 1), 1)


def test_payment_and_refund_are_told_once_each(service: CampaignsService) -> None:
    service.launch(**launch_request())
    service.redeem(**redeem_request("order"))
    _take_in(service, paid("order"), paid("order"))
    assert _told(service) == ["CouponRedeemed"]
    _take_in(service, refunded("order", "r1", campaign=400))
    assert _spent(service) == (600, 1)
    _take_in(service, refunded("order", "r2", campaign=600), refunded("order", "r1", campaign=400))
    assert (_spent(service), _uses_of_customers(service)) == ((0, 0), 0)
    assert _told(service) == ["CouponRedeemed", "CouponReturned"]


def test_an_expired_order_gives_back_and_tells_nobody(service: CampaignsService) -> None:
    service.launch(**launch_request())
    service.redeem(**redeem_request("order"))
    _take_in(service, expired("order"))
    assert (_spent(service), _told(service)) == ((0, 0), [])


def _at_once(service: CampaignsService, requests: list[dict]) -> int:
    """Redeem all at the same time; answers how many were granted."""

    def granted(request: dict) -> bool:
        try:
            service.redeem(**request)
        except CampaignsRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(granted, requests))


def test_a_budget_is_never_exceeded_however_many_redeem_at_once(service: CampaignsService) -> None:
    service.launch(**launch_request(budget=wire(5500)))
    assert _at_once(service, [redeem_request(f"order-{n}", f"customer-{n}") for n in range(40)]) == 5
    assert _spent(service) == (5000, 5)


def test_limits_hold_however_many_redeem_at_once(service: CampaignsService) -> None:
    service.launch(**launch_request("one_each", per_customer_limit=1))
    service.launch(**launch_request("few", total_limit=3))
    assert _at_once(service, [redeem_request(f"a-{n}", one_each=100) for n in range(20)]) == 1
    assert _at_once(service, [redeem_request(f"b-{n}", f"c-{n}", few=100) for n in range(20)]) == 3


def test_two_campaigns_in_either_order_never_block_each_other(service: CampaignsService) -> None:
    service.launch(**launch_request("one", budget=wire(1_000_000)))
    service.launch(**launch_request("two", budget=wire(1_000_000)))
    requests = []
    for number in range(40):
        request = redeem_request(f"order-{number}", f"customer-{number % 3}", one=10, two=20)
        request["discounts"] = request["discounts"][:: 1 if number % 2 else -1]
        requests.append(request)
    assert _at_once(service, requests) == 40
    assert (_spent(service, "one"), _spent(service, "two")) == ((400, 40), (800, 40))


def test_the_same_order_redeemed_and_released_at_once_ends_released_and_counts_nothing(
    service: CampaignsService,
) -> None:
    service.launch(**launch_request())
    for number in range(10):
        with ThreadPoolExecutor(3) as pool:
            calls = [
                pool.submit(service.redeem, **redeem_request(f"order-{number}")),
                pool.submit(service.redeem, **redeem_request(f"order-{number}")),
                pool.submit(service.release, order_id=f"order-{number}", reason="slot-full"),
            ]
        for call in calls:
            if call.exception() is not None:
                assert isinstance(call.exception(), RedemptionClosed)
    assert (_spent(service), _uses_of_customers(service)) == ((0, 0), 0)


def test_a_redemption_takes_four_statements_and_an_order_without_discounts_none(
    service: CampaignsService,
) -> None:
    service.launch(**launch_request("one"))
    service.launch(**launch_request("two"))
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    engine = service.database.engine
    sqlalchemy_event.listen(engine, "before_cursor_execute", note)
    try:
        service.redeem(**redeem_request("order", one=100, two=100))
        assert len(seen) == 4
        seen.clear()
        _take_in(service, paid("plain-order", discount=0))
        assert [statement for statement in seen if "inbox" not in statement] == []
    finally:
        sqlalchemy_event.remove(engine, "before_cursor_execute", note)
