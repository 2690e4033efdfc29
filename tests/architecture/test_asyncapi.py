"""The AsyncAPI document is valid: by the specification's own schema, and by rules that need Python alone."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for

from linli.definitions import definitions
from linli.stack.state import ROOT
from tests.architecture.asyncapi_rules import broken_rules

DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs" / "asyncapi.json").read_text(encoding="utf-8"))

# Here the AsyncAPI Initiative publishes the JSON Schemas of its specification, and nowhere but on npm.
_PACKAGE, _VERSION = "@asyncapi/specs", "6.11.1"


@pytest.fixture(scope="module")
def official() -> Any:
    """A validator with the specification's own schema; fetched once, with npm."""
    kept = ROOT / ".linli" / "npm" / f"asyncapi-{_VERSION}.json"
    if not kept.exists():
        _fetch(kept)
    schema = json.loads(kept.read_text(encoding="utf-8"))
    return validator_for(schema)(schema)


def _fetch(kept: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not here: only the rules in Python were asked")
    kept.parent.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(
        [npm, "pack", "--silent", "--ignore-scripts", f"{_PACKAGE}@{_VERSION}"],
        cwd=kept.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if packed.returncode != 0:
        pytest.skip(f"npm cannot fetch {_PACKAGE}: only the rules in Python were asked")
    file = kept.parent / packed.stdout.strip().splitlines()[-1]
    with tarfile.open(file) as tar:
        schema = tar.extractfile("package/schemas/3.0.0.json")
        assert schema is not None
        part = kept.with_suffix(".part")
        part.write_bytes(schema.read())
    part.rename(kept)
    file.unlink()


def _first(part: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def find(document: dict[str, Any]) -> dict[str, Any]:
        within = document
        for step in part.split("/"):
            within = within[step]
        found: dict[str, Any] = next(iter(within.values()))
        return found

    return find


def _spoilt(spoil: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    spoil(document)
    return document


_CHANNEL, _OPERATION, _MESSAGE = _first("channels"), _first("operations"), _first("components/messages")
SPOILT = {
    "another version": lambda d: d.update(asyncapi="2.6.0"),
    "no title": lambda d: d["info"].pop("title"),
    "an unknown field": lambda d: d.update(topics={}),
    "an action that is none": lambda d: _OPERATION(d).update(action="publish"),
    "a binding that is none": lambda d: _CHANNEL(d)["bindings"]["amqp"].update({"is": "topic"}),
    "an exchange of no type": lambda d: _CHANNEL(d)["bindings"]["amqp"]["exchange"].update(type="star"),
    "a field that messages lack": lambda d: _MESSAGE(d).update(body={}),
    "a payload that is no schema": lambda d: _MESSAGE(d)["payload"].update(type="objekt"),
    "an example that shows nothing": lambda d: _MESSAGE(d).update(examples=[{"name": "empty"}]),
}
DANGLING = {
    "a channel that is not there": lambda d: _OPERATION(d).update(channel={"$ref": "#/channels/nowhere"}),
    "a schema that is not there": lambda d: _MESSAGE(d)["payload"]["allOf"].append(
        {"$ref": "#/components/schemas/X"}
    ),
    "another channel's message": lambda d: _OPERATION(d).update(
        messages=[{"$ref": "#/channels/ordering.OrderPaid/messages/OrderPaid"}]
    ),
}


def test_the_specification_s_own_schema_accepts_the_document(official: Any) -> None:
    assert [error.message for error in official.iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_the_specification_s_own_schema_would_refuse(official: Any, spoil: Callable[[Any], object]) -> None:
    assert not official.is_valid(_spoilt(spoil))


def test_the_document_breaks_no_rule() -> None:
    assert broken_rules(DOCUMENT) == []


@pytest.mark.parametrize("spoil", (SPOILT | DANGLING).values(), ids=SPOILT | DANGLING)
def test_the_rules_would_refuse(spoil: Callable[[Any], object]) -> None:
    assert broken_rules(_spoilt(spoil))


def test_the_document_and_the_broker_s_definitions_speak_of_the_same_things() -> None:
    declared = definitions()
    exchanges = {exchange["name"] for exchange in declared["exchanges"]}
    queues = {queue["name"] for queue in declared["queues"]}
    bound = {(one["source"], one["destination"], one["routing_key"]) for one in declared["bindings"]}
    bindings = {name: channel["bindings"]["amqp"] for name, channel in DOCUMENT["channels"].items()}
    assert {one["exchange"]["name"] for one in bindings.values() if "exchange" in one} <= exchanges
    assert {one["queue"]["name"] for one in bindings.values() if "queue" in one} <= queues
    heard = [name.split(".hears.") for name in DOCUMENT["operations"] if ".hears." in name]
    assert heard
    for listener, heard_of in heard:
        source, _, type_ = heard_of.partition(".")
        assert (f"{source}.events", f"{listener}.from.{source}", type_) in bound
