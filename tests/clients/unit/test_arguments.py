"""What makes no sense is refused in a sentence, before anybody is contacted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from linli_events import Event, NotAnEvent, NotPermitted, OffsetGone, WrongAddress, connect
from tests.clients.fake_archive import EMAIL
from tests.clients.places import Archive
from tests.clients.publishing import envelope


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("kafka://host", "kafka:// is no address of events"),
        ("host:5672", "is no address of events"),
        ("amqp://a:b@host:many/", "no address of a broker"),
        ("http://host:many", "no address of a platform"),
        ("http://host", "wants to know who asks"),
    ],
)
def test_an_address_that_makes_no_sense(url: str, sentence: str) -> None:
    with pytest.raises(WrongAddress, match=sentence):
        connect(url)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"start": "beginning"}, "not 'beginning'"),
        ({"start": -1}, "not -1"),
        ({"start": True}, "not True"),
        ({"start": datetime(2026, 1, 1)}, "needs its time zone"),  # noqa: DTZ001
        ({"types": "OrderPaid"}, r"write types=\['OrderPaid'\]"),
        ({"stop": "5"}, "stop is an offset"),
        ({"unique_within": -1}, "0 or more"),
    ],
)
def test_a_question_that_makes_no_sense(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WrongAddress, match=sentence):
        connect("amqp://a:b@127.0.0.1:1/").read(**arguments)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"\xff", "offset 3 is no event"),
        (b"[]", "is no event"),
        (b"{}", "it has no 'time'"),
        (envelope(1).replace(b"2026-01-05T", b"noon "), "Invalid isoformat"),
        (envelope(1).replace(b'"sequence":1', b'"sequence":"x"'), "invalid literal"),
    ],
)
def test_what_is_no_event_says_why(raw: bytes, sentence: str) -> None:
    with pytest.raises(NotAnEvent, match=sentence):
        Event.from_json(3, raw)


def test_what_is_no_longer_kept_is_not_passed_over() -> None:
    place = Archive()
    place.publish(*range(1200))
    with place.connect() as events:
        reading = events.read(0)
        assert next(reading).offset == 0
        place.fake.forget_before(700)
        with pytest.raises(OffsetGone) as gone:
            list(reading)
        assert (gone.value.wanted, gone.value.first) == (500, 700)
        with pytest.raises(OffsetGone, match="Offset 600 is no longer kept"):
            events.read(600)
        assert next(events.read("first")).offset == 700
    place.remove()


def test_a_wrong_password_and_a_worn_out_token_are_said() -> None:
    place = Archive()
    place.publish(0)
    with pytest.raises(NotPermitted, match=r"does not let 'ana@example\.org' in"):
        connect(f"http://{EMAIL.replace('@', '%40')}:wrong@127.0.0.1:{place.fake.port}").read()
    with pytest.raises(NotPermitted, match=r"does not accept the token: Sign in\."):
        connect(f"http://127.0.0.1:{place.fake.port}", token="old").read()
    place.fake.tokens.add("fresh")
    tokens = iter(["old", "fresh", "fresh"])
    with connect(f"http://127.0.0.1:{place.fake.port}", token=lambda: next(tokens)) as events:
        assert events.bounds() == (0, 0)
    place.remove()
