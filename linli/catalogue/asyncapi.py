"""The catalogue as an AsyncAPI 3.0 document, complete in itself."""

from __future__ import annotations

import json
from typing import Any

from linli.catalogue.envelope import envelope_schema
from linli.catalogue.published import Published
from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.retention import STREAM

# The version of the AMQP 0-9-1 binding that is spoken here.
_BINDING = "0.3.0"
_SCHEMAS = "#/components/schemas/"


def asyncapi(events: list[Published]) -> dict[str, Any]:
    """Every event as a message, the exchange it is published to, who hears it, and the analysts' stream."""
    messages, channels, operations = {}, {}, {}
    schemas: dict[str, Any] = {"Envelope": _bare(envelope_schema())}
    for event in events:
        name = f"{event.source}.{event.type}"
        schemas |= _schemas(event, name)
        messages[name] = _message(event, name)
        channels[name] = _exchange(event, name)
        operations[f"{event.source}.publishes.{event.type}"] = _operation(
            "send",
            name,
            event,
            f"{event.source} tells that {event.type} has happened",
            {"deliveryMode": 2, "mandatory": True},
        )
        for listener in event.subscribers:
            operations[f"{listener}.hears.{name}"] = _operation(
                "receive", name, event, f"{listener} takes {event.type} in, once", {"ack": True}
            )
    channels[STREAM] = _stream(events)
    operations["analysts.read"] = {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{STREAM}"},
        "summary": "Analysts read every event from any offset",
        "bindings": {"amqp": {"ack": True, "bindingVersion": _BINDING}},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Linli events",
            "version": "1.0.0",
            "description": "What the services of a Linli platform tell each other, and analysts. Written by"
            " `make docs` from the schemas and samples of the services.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "amqp",
                "protocolVersion": "0-9-1",
                "description": "RabbitMQ 3.10 or newer.",
                "variables": {
                    "host": {"default": "localhost"},
                    "port": {"default": "5672"},
                },
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "correlationIds": {
                "request": {
                    "location": "$message.payload#/correlationid",
                    "description": "The request or timer that everything started with.",
                }
            },
        },
    }


def _message(event: Published, name: str) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.type,
        "summary": event.promise,
        "contentType": CONTENT_TYPE,
        "correlationId": {"$ref": "#/components/correlationIds/request"},
        "bindings": {"amqp": {"messageType": event.type, "bindingVersion": _BINDING}},
        "payload": {
            "allOf": [
                {"$ref": f"{_SCHEMAS}Envelope"},
                {
                    "type": "object",
                    "properties": {
                        "source": {"const": event.source},
                        "type": {"const": event.type},
                        "dataschema": {"const": event.dataschema},
                        "data": {"$ref": f"{_SCHEMAS}{name}"},
                    },
                },
            ]
        },
        "examples": [{"name": "sample", "payload": event.sample}],
    }


def _exchange(event: Published, name: str) -> dict[str, Any]:
    return {
        "address": event.type,
        "title": name,
        "messages": {event.type: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": f"{event.source}.events",
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _stream(events: list[Published]) -> dict[str, Any]:
    names = [f"{event.source}.{event.type}" for event in events]
    return {
        "address": STREAM,
        "title": "The stream of all events",
        "description": "A RabbitMQ stream (`x-queue-type: stream`) that keeps everything for a while; read it"
        " with `x-stream-offset`.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {"name": STREAM, "durable": True, "exclusive": False, "autoDelete": False},
                "bindingVersion": _BINDING,
            }
        },
    }


def _operation(
    action: str, name: str, event: Published, summary: str, amqp: dict[str, Any]
) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{name}/messages/{event.type}"}],
        "bindings": {"amqp": amqp | {"bindingVersion": _BINDING}},
    }


def _schemas(event: Published, name: str) -> dict[str, Any]:
    """The event's schema and its parts, under names of their own in one list of schemas."""
    text = json.dumps(event.schema).replace('"#/$defs/', f'"{_SCHEMAS}{name}.')
    schema = json.loads(text)
    parts = schema.pop("$defs", {})
    return {name: _bare(schema)} | {f"{name}.{part}": body for part, body in parts.items()}


def _bare(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in {"$schema", "$id"}}
