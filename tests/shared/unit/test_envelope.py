"""An event survives the wire; what is no event is refused with a reason. So does a refusal."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.errors import Conflict, InvalidInput, RemoteRefusal
from shared.messaging.envelope import Event

words = st.text(min_size=1, max_size=20)
events = st.builds(
    Event,
    id=words,
    type=words,
    source=st.sampled_from(["ordering", "dispatch"]),
    subject=words,
    time=st.just("2026-01-05T08:00:00.000Z"),
    version=st.integers(1, 9),
    sequence=st.integers(1, 10**9),
    data=st.dictionaries(words, st.integers(-(2**53), 2**53), max_size=5),
    correlationid=words,
    causationid=st.none() | words,
    traceparent=st.none() | words,
    partitionkey=words,
)


@given(events)
def test_an_event_survives_the_wire(event: Event) -> None:
    assert Event.from_json(event.to_json()) == event


def test_the_body_is_a_structured_cloud_event() -> None:
    event = Event(
        id="e1",
        type="OrderPaid",
        source="ordering",
        subject="o1",
        time="t",
        version=2,
        sequence=3,
        data={"a": 1},
    )
    wire = orjson.loads(event.to_json())
    assert wire["specversion"] == "1.0"
    assert wire["dataschema"] == "linli:ordering:OrderPaid/2"
    assert wire["datacontenttype"] == "application/json"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"\xff\xfe", "not JSON"),
        (b"[]", "a JSON object"),
        (b'{"specversion": "1.0", "id": "e"}', "lacks type, source"),
        (
            b'{"specversion":"1.0","id":"e","type":"T","source":"s","subject":"x","time":"t","sequence":1,"data":[]}',
            "data is not an object",
        ),
        (
            b'{"specversion":"1.0","id":"e","type":"T","source":"s","subject":"x","time":"t","sequence":"a","data":{}}',
            "not valid",
        ),
    ],
)
def test_what_is_no_event_is_refused_with_a_reason(body: bytes, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        Event.from_json(body)


def test_a_refusal_arrives_as_it_was_said() -> None:
    said = Conflict(
        "Too late.", errors=[{"field": "status", "message": "It is delivered."}], status="delivered"
    )
    heard = RemoteRefusal.from_wire(said.to_wire())
    assert (heard.code, heard.kind, heard.detail) == ("conflict", "conflict", "Too late.")
    assert heard.errors == said.errors
    assert heard.extra == {"status": "delivered"}
