"""Writes the documents that follow from the code: the event catalogue, and the broker's definitions.

`python -P -m linli.documents` writes them; with `--check` it only says whether they are fresh.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linli.definitions import definitions
from linli.processes.discovery import SERVICES, all_services, service_class

DOCS = SERVICES.parent / "docs"

_HEAD = """\
# Events

What the services tell each other. Every event is a CloudEvents 1.0 envelope in structured JSON; below is its
`data`. A change is additive or it is a new type. This page is written by `make docs` from the schemas and
samples in `services/*/contracts/`; the same as AsyncAPI 3 is [asyncapi.json](asyncapi.json).
"""


@dataclass(frozen=True, kw_only=True)
class Published:
    """One event type, with everything that is known of it."""

    type: str
    source: str
    promise: str
    schema: dict[str, Any]
    definitions: dict[str, Any]
    sample: dict[str, Any]
    subscribers: tuple[str, ...]


def catalogue() -> Iterator[Published]:
    """Every published event, by publisher and type."""
    listeners = _subscribers()
    for source in sorted(folder.parent.parent.name for folder in SERVICES.glob("*/contracts/published.py")):
        module = importlib.import_module(f"services.{source}.contracts.published")
        samples = _samples(source)
        schemas = {type_: getattr(module, type_) for type_ in samples if hasattr(module, type_)}
        for type_, schema in sorted((schemas | dict(getattr(module, "SCHEMAS", {}))).items()):
            body, definitions = _json_schema(schema)
            yield Published(
                type=type_,
                source=source,
                promise=_first_sentence(schema),
                schema=body,
                definitions=definitions,
                sample=samples.get(type_, {}),
                subscribers=tuple(sorted(listeners.get((source, type_), ()))),
            )


def events_page(events: list[Published]) -> str:
    """The catalogue for people."""
    lines = [_HEAD]
    for source in sorted({event.source for event in events}):
        own = [event for event in events if event.source == source]
        lines += [f"## {source}", "", "| event | subject of the sample | heard by |", "|---|---|---|"]
        for event in own:
            heard = ", ".join(event.subscribers) or "analysts alone"
            lines.append(f"| [{event.type}](#{event.type.lower()}) | `{_subject(event)}` | {heard} |")
        lines.append("")
        for event in own:
            lines += [f"### {event.type}", ""]
            if event.promise:
                lines += [event.promise, ""]
            sample = json.dumps(event.sample.get("data", {}), indent=1, ensure_ascii=False)
            lines += ["```json", sample, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def asyncapi(events: list[Published]) -> dict[str, Any]:
    """The catalogue for machines: AsyncAPI 3.0."""
    channels, messages, operations, schemas = {}, {}, {}, {}
    for event in events:
        name = f"{event.source}.{event.type}"
        for definition, body in event.definitions.items():
            schemas[f"{event.source}.{definition}"] = _renamed(body, event.source)
        schemas[name] = _renamed(event.schema, event.source)
        messages[name] = {
            "name": event.type,
            "contentType": "application/cloudevents+json",
            "summary": event.promise or event.type,
            "payload": {
                "type": "object",
                "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
                "properties": {
                    "specversion": {"const": "1.0"},
                    "source": {"const": event.source},
                    "type": {"const": event.type},
                    "data": {"$ref": f"#/components/schemas/{name}"},
                },
            },
        }
        channels[name] = {
            "address": event.type,
            "messages": {event.type: {"$ref": f"#/components/messages/{name}"}},
            "bindings": {
                "amqp": {
                    "is": "routingKey",
                    "exchange": {"name": f"{event.source}.events", "type": "topic", "durable": True},
                }
            },
        }
        channel = {"$ref": f"#/channels/{name}"}
        operations[f"{event.source} publishes {event.type}"] = {"action": "send", "channel": channel}
        for listener in event.subscribers:
            operations[f"{listener} hears {name}"] = {"action": "receive", "channel": channel}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Linli events", "version": "1.0.0"},
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def documents() -> dict[Path, str]:
    """Every generated document with its text."""
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    events = list(catalogue())
    machine = json.dumps(asyncapi(events), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    broker = json.dumps(definitions(), indent=1, sort_keys=True) + "\n"
    return {
        DOCS / "events.md": events_page(events),
        DOCS / "asyncapi.json": machine,
        SERVICES.parent / "deploy" / "rabbitmq" / "definitions.json": broker,
    }


def main(arguments: list[str]) -> int:
    stale = []
    for path, text in documents().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in arguments:
        print(f"Not fresh: {', '.join(stale)}. Run `make docs`.", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _subscribers() -> dict[tuple[str, str], set[str]]:
    from shared.messaging.subscription import subscriptions_of

    found: dict[tuple[str, str], set[str]] = {}
    for name in all_services():
        for subscription in subscriptions_of(service_class(name)):
            for type_ in subscription.types:
                found.setdefault((subscription.source, type_), set()).add(name)
    return found


def _samples(source: str) -> dict[str, dict[str, Any]]:
    bodies = [
        json.loads(file.read_text()) for file in (SERVICES / source / "contracts/samples").glob("*.json")
    ]
    return {body["type"]: body for body in bodies}


def _json_schema(schema: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    plugin = MarshmallowPlugin()
    spec = APISpec(title="events", version="1", openapi_version="3.1.0", plugins=[plugin])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        body = plugin.converter.schema2jsonschema(schema())
    return json.loads(json.dumps(body)), json.loads(json.dumps(spec.components.schemas))


def _renamed(body: dict[str, Any], source: str) -> dict[str, Any]:
    text = json.dumps(body).replace("#/components/schemas/", f"#/components/schemas/{source}.")
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _first_sentence(schema: type) -> str:
    own = schema.__dict__.get("__doc__") or ""
    return " ".join(own.split("\n\n")[0].split())


def _subject(event: Published) -> str:
    """Which id of its data an event is about."""
    subject = event.sample.get("subject")
    data = event.sample.get("data", {})
    return next((key for key, value in data.items() if value == subject), "–")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
