"""The events of the platform, for analysts, where no broker has a stream of them."""

from __future__ import annotations

import time
from typing import Any

import orjson

from services.gateway.application import events
from services.gateway.contracts.event_forms import EventPage, ReadEvents
from services.gateway.domain.accounts import Role
from services.gateway.domain.events import AskEvents
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import OPERATOR, Routes

routes = Routes("Events")


@routes.get(
    "/v1/events",
    summary="What has happened, from an offset on",
    description="Every event of every service, once, in one order that stays; each service's own order is"
    " kept in it. With `wait_seconds` the answer comes as soon as there is an event. A platform with a broker"
    " answers 404 `events-are-streamed` and says how the same events are read there.",
    roles=OPERATOR | {Role.ANALYST},
    query=ReadEvents,
    answer=EventPage,
    refusals=("events-are-streamed",),
)
def read_events(call: Call) -> dict[str, Any]:
    query = dict(call.query)
    wait_seconds = query.pop("wait_seconds")
    page = events.read_events(
        AskEvents(**query), wait_seconds, archive=call.parts.archive, now=time.monotonic
    )
    return {
        "items": [{"offset": one.offset, "event": orjson.Fragment(one.body)} for one in page.events],
        "next_offset": page.next_offset,
        "first_offset": page.first_offset,
        "last_offset": page.last_offset,
    }
