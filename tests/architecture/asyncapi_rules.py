"""The rules of AsyncAPI 3.0 that our document can break, checked with Python alone.

Where npm is, the specification's own schema is asked too (``test_asyncapi.py``); this is for everywhere else,
and for what a schema cannot say: that every reference leads somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

_ROOT = {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
_INFO = {"title", "version", "description", "termsOfService", "contact", "license", "tags", "externalDocs"}
_CHANNEL = {
    "address",
    "messages",
    "title",
    "summary",
    "description",
    "servers",
    "parameters",
    "tags",
    "bindings",
}
_OPERATION = {
    "action",
    "channel",
    "title",
    "summary",
    "description",
    "security",
    "tags",
    "bindings",
    "messages",
}
_MESSAGE = {
    *("headers", "payload", "correlationId", "contentType", "name", "title", "summary", "description"),
    *("tags", "externalDocs", "bindings", "examples", "traits"),
}
_EXAMPLE = {"headers", "payload", "name", "summary"}
_AMQP_CHANNEL = {"is", "exchange", "queue", "bindingVersion"}
_EXCHANGE = {"name", "type", "durable", "autoDelete", "vhost"}
_QUEUE = {"name", "durable", "exclusive", "autoDelete", "vhost"}
_AMQP_OPERATION = {
    *("expiration", "userId", "cc", "priority", "deliveryMode", "mandatory", "bcc", "timestamp", "ack"),
    "bindingVersion",
}
_AMQP_MESSAGE = {"contentEncoding", "messageType", "bindingVersion"}
_TYPES = {"topic", "direct", "fanout", "default", "headers"}
_KEY = re.compile(r"[A-Za-z0-9._-]+")


def broken_rules(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with ``document``, in sentences; nothing when it is valid."""
    return [*_header(document), *_references(document, document), *_parts(document)]


def _header(document: Mapping[str, Any]) -> Iterator[str]:
    yield from _only(document, _ROOT, "the document")
    if document.get("asyncapi") != "3.0.0":
        yield "it is not of version 3.0.0"
    info = document.get("info", {})
    yield from _only(info, _INFO, "info")
    yield from (f"info has no {name}" for name in ("title", "version") if not isinstance(info.get(name), str))
    for name, server in document.get("servers", {}).items():
        yield from (f"server {name} has no {key}" for key in ("host", "protocol") if key not in server)
        variables = set(re.findall(r"\{(\w+)\}", server.get("host", "")))
        if variables != set(server.get("variables", {})):
            yield f"server {name} names other variables than it explains"


def _parts(document: Mapping[str, Any]) -> Iterator[str]:
    channels, components = document.get("channels", {}), document.get("components", {})
    for kind, named in {
        "channels": channels,
        "operations": document.get("operations", {}),
        **components,
    }.items():
        yield from (f"{kind} has a key that is none: {key}" for key in named if not _KEY.fullmatch(key))
    for name, channel in channels.items():
        yield from _channel(name, channel)
    for name, operation in document.get("operations", {}).items():
        yield from _operation(name, operation, channels)
    for name, message in components.get("messages", {}).items():
        yield from _message(name, message)
    for name, schema in components.get("schemas", {}).items():
        yield from _schema(name, schema)


def _channel(name: str, channel: Mapping[str, Any]) -> Iterator[str]:
    yield from _only(channel, _CHANNEL, f"channel {name}")
    amqp = channel.get("bindings", {}).get("amqp", {})
    yield from _only(amqp, _AMQP_CHANNEL, f"channel {name}")
    if amqp.get("is") == "routingKey":
        yield from _only(amqp.get("exchange", {}), _EXCHANGE, f"the exchange of {name}")
        if amqp.get("exchange", {}).get("type") not in _TYPES:
            yield f"the exchange of {name} has no type that there is"
    elif amqp.get("is") == "queue":
        yield from _only(amqp.get("queue", {}), _QUEUE, f"the queue of {name}")
    else:
        yield f"channel {name} is neither a routing key nor a queue"


def _operation(name: str, operation: Mapping[str, Any], channels: Mapping[str, Any]) -> Iterator[str]:
    yield from _only(operation, _OPERATION, f"operation {name}")
    yield from _only(operation.get("bindings", {}).get("amqp", {}), _AMQP_OPERATION, f"operation {name}")
    if operation.get("action") not in {"send", "receive"}:
        yield f"operation {name} neither sends nor receives"
    channel = operation.get("channel", {}).get("$ref", "")
    if channel.removeprefix("#/channels/") not in channels:
        yield f"operation {name} has no channel"
    for message in operation.get("messages", ()):
        if not message.get("$ref", "").startswith(f"{channel}/messages/"):
            yield f"operation {name} speaks of a message that is not its channel's"


def _message(name: str, message: Mapping[str, Any]) -> Iterator[str]:
    yield from _only(message, _MESSAGE, f"message {name}")
    yield from _only(message.get("bindings", {}).get("amqp", {}), _AMQP_MESSAGE, f"message {name}")
    yield from _schema(f"the payload of {name}", message.get("payload", {}))
    for example in message.get("examples", ()):
        yield from _only(example, _EXAMPLE, f"an example of {name}")
        if not {"headers", "payload"} & set(example):
            yield f"an example of {name} shows nothing"


def _schema(name: str, schema: Any) -> Iterator[str]:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield f"{name} is no JSON Schema: {error.message}"


def _references(part: Any, document: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(part, Mapping):
        reference = part.get("$ref")
        if isinstance(reference, str) and not _leads_somewhere(reference, document):
            yield f"{reference} leads nowhere"
        for inner in part.values():
            yield from _references(inner, document)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner, document)


def _leads_somewhere(reference: str, document: Any) -> bool:
    here = document
    for step in reference.removeprefix("#/").split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(here, Mapping) or key not in here:
            return False
        here = here[key]
    return reference.startswith("#/")


def _only(part: Mapping[str, Any], known: set[str], where: str) -> Iterator[str]:
    yield from (
        f"{where} has a field that there is not: {key}"
        for key in set(part) - known
        if not key.startswith("x-")
    )
