"""Who sees which cases, and their pictures."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from shared.testing.pictures import a_jpeg
from tests.ordering.integration.conftest import CUSTOMER, OPERATOR, Platform, Wire, merchant
from tests.ordering.integration.test_cases import STRANGER, ask, code_of, line, open_case
from tests.ordering.integration.test_fulfilment import completed


@pytest.fixture
def delivered(platform: Platform) -> Wire:
    order = platform.paid()
    completed(platform, order)
    platform.clock.advance(timedelta(hours=1))
    return platform.order(order["order_id"])


def test_a_case_is_seen_by_those_concerned_and_says_nothing_of_where_the_customer_lives(
    platform: Platform, delivered: Wire
) -> None:
    case = open_case(platform, delivered, words="Crushed.")
    for actor in (CUSTOMER, merchant(1), OPERATOR):
        seen = ask(platform, "case", case, actor)
        assert seen["steps"][0]["words"] == "Crushed."
        assert not {"drop_off", "contact", "address", "customer_id"} & set(seen)
    for actor in (STRANGER, merchant(2)):
        assert code_of(lambda actor=actor: ask(platform, "case", case, actor)) == "case-not-found"
    assert (
        code_of(lambda: ask(platform, "answer_case", case, merchant(2), decision="refund"))
        == "case-not-found"
    )
    assert code_of(lambda: ask(platform, "withdraw_case", case, STRANGER)) == "case-not-found"
    assert code_of(lambda: open_case(platform, delivered, actor=STRANGER)) == "order-not-found"
    assert code_of(lambda: platform.service.cases_waiting(actor=merchant(1))) == "not-for-this-role"
    own = platform.service.cases_of_shop(actor=merchant(1), shop_id="shop-1")
    assert [item["case_id"] for item in own["items"]] == [case["case_id"]]
    assert platform.service.cases_of_shop(actor=merchant(2), shop_id="shop-1")["items"] == []
    assert platform.service.cases(actor=STRANGER)["items"] == []


def test_pages_of_cases_go_on_where_they_ended(platform: Platform, delivered: Wire) -> None:
    made = []
    for place in (0, 1):
        made.append(
            open_case(platform, delivered, lines=[{"line_id": line(delivered, 1, place), "quantity": 1}])
        )
        platform.clock.advance(timedelta(minutes=1))
    first = platform.service.cases(actor=CUSTOMER, limit=1)
    second = platform.service.cases(actor=CUSTOMER, limit=1, cursor=first["next_cursor"])
    seen = [page["items"][0]["case_id"] for page in (first, second)]
    assert seen == [case["case_id"] for case in reversed(made)]
    assert second["next_cursor"] is None
    assert platform.service.cases(actor=CUSTOMER, status="refunded")["items"] == []


def test_pictures_are_for_those_concerned_and_are_forgotten(platform: Platform, delivered: Wire) -> None:
    case = open_case(platform, delivered)
    content = base64.b64encode(a_jpeg()).decode()

    def send(photo_id: str, actor: Wire = CUSTOMER) -> Wire:
        return platform.service.keep_case_photo(
            actor=actor, owner_id=case["case_id"], photo_id=photo_id, content=content
        )

    def show(actor: Wire) -> Wire:
        return platform.service.case_photo(actor=actor, owner_id=case["case_id"], photo_id="photo-0")

    assert send("photo-0")["media_type"] == "image/jpeg"
    send("photo-0")
    for number in range(1, 6):
        send(f"photo-{number}")
    assert code_of(lambda: send("photo-6")) == "too-many-photos"
    assert code_of(lambda: send("photo-7", STRANGER)) == "case-not-found"
    assert ask(platform, "case", case, merchant(1))["photo_ids"] == [f"photo-{n}" for n in range(6)]
    assert b"Exif" not in base64.b64decode(show(merchant(1))["content"])
    assert code_of(lambda: show(merchant(2))) == "case-not-found"
    platform.clock.advance(timedelta(days=91))
    platform.service.forget_old_photos()
    assert code_of(lambda: show(CUSTOMER)) == "photo-not-found"


def test_an_operator_forgets_the_pictures_of_a_customer(platform: Platform, delivered: Wire) -> None:
    case = open_case(platform, delivered)
    content = base64.b64encode(a_jpeg()).decode()
    platform.service.keep_case_photo(
        actor=CUSTOMER, owner_id=case["case_id"], photo_id="photo-0", content=content
    )
    asked = {"customer_id": CUSTOMER["account_id"]}
    assert (
        code_of(lambda: platform.service.forget_customer_photos(actor=CUSTOMER, **asked))
        == "not-for-this-role"
    )
    assert platform.service.forget_customer_photos(actor=OPERATOR, **asked) == {"forgotten": 1}
    assert platform.service.forget_customer_photos(actor=OPERATOR, **asked) == {"forgotten": 0}
