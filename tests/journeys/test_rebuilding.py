"""What crm knows after real orders follows from the events that analysts can read, on both platforms."""

from __future__ import annotations

import pytest

from linli.events.opening import url_of
from linli.rebuild.comparing import compare
from linli.rebuild.read_side import Rebuild, fresh_database
from linli.rebuild.sources import source_of
from linli.stack import finding
from linli.stack.platform import Platform
from tests.journeys.people import Neighbourhood
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(240)


def test_crm_is_built_again_from_the_first_event_on(platform: Platform, town: Neighbourhood) -> None:
    kept, given_up = town.place(), town.place()
    for order in (kept, given_up):
        town.pay(order)
        town.until_status(order, "paid")
    town.customer.post(f"/v1/orders/{given_up['order_id']}/cancel", {"reason": "changed my mind"})
    paid = town.until_status(kept, "paid")
    town.accept_and_pack(paid)
    town.deliver(paid)
    town.until_status(kept, "delivered", "completed")

    source = source_of(url_of(finding.the_platform(platform.wish.name)))
    with fresh_database("crm") as database:
        made = Rebuild("crm", database)

        def is_the_living_one() -> bool:
            made.take_in(source.read())
            return all(one.is_none for one in compare(platform.database_urls["crm"], database.url))

        wait_until(is_the_living_one, 60)
        found = {one.table: one.equal for one in compare(platform.database_urls["crm"], database.url)}
    source.close()
    assert found["orders"] >= 2
    assert found["store_orders"] >= 6
    assert found["refunds"] >= 3
    assert made.taken_in >= found["orders"] + found["store_orders"] + found["shops"]
