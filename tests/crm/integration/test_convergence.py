"""Whatever order events arrive in, and however often, crm ends in the same state."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.crm.entrypoints.service import CrmService
from shared.messaging.envelope import Event
from shared.persistence import Database
from tests.crm.builders import (
    BAKERY,
    FRUIT,
    OPERATOR,
    a_service,
    bought,
    cancelled,
    delivered,
    placed,
    refunded,
    shop_opened,
    statements_of,
    take_in,
    wire,
)

_RUNS = count()
_FACTS = ("shops", "orders", "store_orders", "refunds", "tallies")
_TROUBLES = "SELECT reason FROM inbox_retry UNION ALL SELECT reason FROM parked"


def _story(run: str) -> list[Event]:
    """A week of one customer with two shops: kept, refunded in parts, cancelled, never paid."""
    fruit, bakery = f"{run}-{FRUIT}", f"{run}-{BAKERY}"
    one, two, three, four = (f"{run}-o{number}" for number in range(4))
    return [
        shop_opened(fruit, "former-owner", id=f"{run}-s1", time="2026-01-01T00:00:00Z"),
        shop_opened(fruit, "owner", id=f"{run}-s2", time="2026-01-02T00:00:00Z"),
        placed(one),
        bought(one, fruit, 5000, at=1),
        bought(one, bakery, 900, at=1),
        delivered(one, fruit, bakery),
        refunded(one, "r1", fruit, 1200),
        refunded(one, "r1", bakery, 900),
        refunded(one, "r2", fruit, 800, at=50),
        placed(two, at=100),
        bought(two, fruit, 3000, at=101),
        bought(two, bakery, 2000, at=101),
        delivered(two, bakery, at=130),
        refunded(two, "r3", fruit, 3000),
        placed(three, at=200),
        bought(three, fruit, 100, at=201),
        cancelled(three, at=202),
        refunded(three, "r4", fruit, 100, at=203),
        refunded(three, "r4", None, at=203),
        placed(four, at=300),
        cancelled(four, at=301),
    ]


def _state(database: Database, run: str) -> dict[str, list[tuple[str, ...]]]:
    """Every row that speaks of ``run``, with its name taken out."""
    with database.read() as connection:
        found = {
            table: [
                tuple(str(value) for value in row)
                for row in connection.execute(text(f"SELECT * FROM {table}"))
            ]
            for table in _FACTS
        }
        troubles = [tuple(row) for row in connection.execute(text(_TROUBLES))]
    return {"troubles": troubles} | {
        table: sorted(
            tuple(value.replace(run, "run") for value in row) for row in rows if run in " ".join(row)
        )
        for table, rows in found.items()
    }


def _play(service: CrmService, run: str, deliveries: list[list[Event]]) -> dict[str, Any]:
    for batch in deliveries:
        take_in(service, *batch)
    return _state(service.database, run)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_and_repetition_of_the_events_gives_the_same_state(
    service_database: Callable[[str], Database], data: st.DataObject
) -> None:
    service = a_service(service_database("crm"))
    plain, mixed = f"<{next(_RUNS)}>", f"<{next(_RUNS)}>"
    expected = _play(service, plain, [[event] for event in _story(plain)])
    assert expected["troubles"] == []

    events = _story(mixed)
    order = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=6))))
    cut = data.draw(st.integers(1, len(order)))
    assert _play(service, mixed, [order[:cut]] + [[event] for event in order[cut:]]) == expected


def test_the_same_facts_under_other_event_ids_count_once(service_database: Callable[[str], Database]) -> None:
    service = a_service(service_database("crm"))
    events = _story("run")
    expected = _play(service, "run", [events])
    again = [Event(**(vars(event) | {"id": f"again/{event.id}"})) for event in events]
    assert _play(service, "run", [again]) == expected


def test_the_same_facts_twice_in_one_batch_count_once(service_database: Callable[[str], Database]) -> None:
    service = a_service(service_database("crm"))
    expected = _play(service, "<one>", [[event] for event in _story("<one>")])
    events = _story("<two>")
    again = [Event(**(vars(event) | {"id": f"again/{event.id}"})) for event in events]
    assert _play(service, "<two>", [events + again]) == expected


def test_a_batch_is_written_in_one_statement_a_kind_however_many_orders_it_is_of(
    service_database: Callable[[str], Database],
) -> None:
    service = a_service(service_database("crm"))
    events = [event for number in range(9) for event in (placed(f"o{number}"), bought(f"o{number}"))]
    with statements_of(service.database) as said:
        take_in(service, *events)
    written = [statement for statement in said if "jsonb_to_recordset" in statement]
    assert len(written) == 2, said


def test_the_story_ends_with_the_figures_right(service_database: Callable[[str], Database]) -> None:
    service = a_service(service_database("crm"))
    take_in(service, *_story("run"), shop_opened("run-bakery", "bao"))
    fruit = service.profile(actor=OPERATOR, shop_id=f"run-{FRUIT}", customer_id="lan")
    assert (fruit["order_count"], fruit["spend"], fruit["delivered_count"], fruit["cancelled_count"]) == (
        3,
        wire(5000 + 3000 + 100 - 1200 - 800 - 3000 - 100),
        1,
        1,
    )
    bakery = service.profile(actor=OPERATOR, shop_id=f"run-{BAKERY}", customer_id="lan")
    assert (bakery["order_count"], bakery["spend"], bakery["delivered_count"]) == (2, wire(2000), 2)


def test_several_consumers_at_once_count_everything_once(service_database: Callable[[str], Database]) -> None:
    service = a_service(service_database("crm"))
    events = [bought(f"o{number % 20}", paid=100, at=number % 20) for number in range(60)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda event: take_in(service, event), events))
    take_in(service, shop_opened())
    profile = service.profile(actor=OPERATOR, shop_id=FRUIT, customer_id="lan")
    assert (profile["order_count"], profile["spend"]) == (20, wire(2000))
