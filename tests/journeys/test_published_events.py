"""What the platform really published keeps its schemas and tells of nobody, not only what the samples say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import create_engine, text

from linli.documents import SCHEMAS
from linli.stack.platform import Platform
from shared.messaging.outbox import Outbox
from tests.architecture.personal_data import doubts_about_sample
from tests.journeys.people import Neighbourhood

pytestmark = pytest.mark.timeout(240)


def _envelopes(platform: Platform) -> Iterator[dict[str, Any]]:
    """Every event of every service, as its relay would send it."""
    for service, url in platform.database_urls.items():
        engine = create_engine(url)
        outbox = Outbox(url, service)
        with engine.connect() as connection:
            moment = connection.scalar(text("SELECT min(sent_at) FROM outbox"))
        if moment is not None:
            yield from (json.loads(row.body) for row in outbox.sent_since(moment))
        outbox.close()
        engine.dispose()


def test_every_event_that_was_sent_keeps_its_schema_and_tells_of_nobody(
    platform: Platform, town: Neighbourhood
) -> None:
    order = town.place()
    town.pay(order)
    town.until_status(order, "paid")
    words = "changed my mind, ring Mrs Wang at 13800138000"
    town.customer.post(f"/v1/orders/{order['order_id']}/cancel", {"reason": words})
    town.until_status(order, "cancelled")

    def written(name: str) -> Any:
        return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))

    index = written("index.json")
    validators = {name: Draft202012Validator(written(path)) for name, path in index.items()}
    wrong: dict[str, object] = {}
    seen = set()
    for event in _envelopes(platform):
        seen.add(event["type"])
        validator = validators[event["dataschema"]]
        complaints = [error.message for error in validators["linli:envelope/1"].iter_errors(event)]
        complaints += [
            f"{error.json_path}: {error.message}" for error in validator.iter_errors(event["data"])
        ]
        complaints += doubts_about_sample(event["data"], validator.schema)
        if complaints:
            wrong[event["type"]] = (complaints, event)
    assert wrong == {}
    assert {"OrderPlaced", "OrderPaid", "StoreOrderSplit", "OrderCancelled", "RefundIssued"} <= seen
