"""Every published event has a schema that its sample, and its envelope, keep to."""

from __future__ import annotations

import importlib
import json
import re
from datetime import datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from linli.catalogue.published import Published, catalogue
from linli.stack.state import ROOT
from shared.messaging.envelope import envelope

FOLDER = ROOT / "docs" / "schemas"
EVENTS = catalogue()
INDEX: dict[str, str] = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))

each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
_formats = FormatChecker()


@_formats.checks("date-time", raises=ValueError)
def _is_a_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def _written(path: str) -> Any:
    return json.loads((FOLDER / path).read_text(encoding="utf-8"))


def _complaints(identifier: str, instance: object) -> list[str]:
    """What the schema of that name says; an analyst has the folder, and nothing of the platform."""
    validator = Draft202012Validator(_written(INDEX[identifier]), format_checker=_formats)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]


@each_event
def test_a_sample_keeps_the_schema_that_its_envelope_names(event: Published) -> None:
    assert _complaints("linli:envelope/1", event.sample) == []
    assert _complaints(event.sample["dataschema"], event.sample["data"]) == []


@each_event
def test_a_schema_is_found_by_the_name_in_the_envelope(event: Published) -> None:
    written = _written(INDEX[event.sample["dataschema"]])
    assert written["$id"] == event.sample["dataschema"]
    assert INDEX[event.dataschema] == f"{event.source}/{event.type}.v{event.version}.json"
    Draft202012Validator.check_schema(written)
    assert written["description"], "an event says in a sentence what has happened"


@each_event
def test_a_schema_refuses_data_that_lacks_something(event: Published) -> None:
    for name in event.sample["data"]:
        poorer = {key: value for key, value in event.sample["data"].items() if key != name}
        required = name in event.schema["required"]
        assert bool(_complaints(event.dataschema, poorer)) == required


@each_event
def test_a_schema_lets_later_fields_pass(event: Published) -> None:
    assert _complaints(event.dataschema, {**event.sample["data"], "of_a_later_version": 1}) == []


@each_event
def test_patterns_mean_the_same_in_every_dialect(event: Published) -> None:
    patterns = re.findall(r'"pattern": "(.*?)"', json.dumps(event.schema))
    assert not [pattern for pattern in patterns if re.search(r"\\[AZzG]", pattern)]


def test_every_schema_of_a_service_is_in_the_catalogue() -> None:
    for source in {event.source for event in EVENTS}:
        module = importlib.import_module(f"services.{source}.contracts.published")
        listed = {event.type for event in EVENTS if event.source == source}
        assert set(getattr(module, "SCHEMAS", listed)) == listed


def test_the_envelope_that_is_sent_is_the_one_that_is_described() -> None:
    sent = json.loads(
        envelope(
            event_id="019b8d40-0000-7000-8000-000000000001",
            type="OrderPaid",
            source="ordering",
            subject="019b8d3f-5a00-7c11-8a01-0000000000a1",
            time="2026-01-05T10:00:00.000Z",
            version=1,
            sequence=1,
            correlationid="019b8d40-0000-7000-8000-000000000101",
            causationid="019b8d40-0000-7000-8000-000000000201",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            partitionkey="019b8d3f-5a00-7c11-8a01-0000000000a1",
            data={},
        )
    )
    assert _complaints("linli:envelope/1", sent) == []
    assert set(sent) == set(_written("envelope.v1.json")["properties"])
    assert _complaints("linli:envelope/1", sent | {"sequence": 0})
