"""Every published event, found in the services' contracts: schema, sample, subscribers."""

from __future__ import annotations

import importlib
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linli.processes.discovery import SERVICES, all_services, service_class

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_COMPONENTS = "#/components/schemas/"


@dataclass(frozen=True, kw_only=True)
class Published:
    """One version of one event; ``schema`` is the JSON Schema of its ``data``, complete in itself."""

    type: str
    source: str
    version: int
    promise: str
    schema: dict[str, Any]
    sample: dict[str, Any]
    subscribers: tuple[str, ...]

    @property
    def dataschema(self) -> str:
        """What envelopes name the schema by."""
        return f"linli:{self.source}:{self.type}/{self.version}"

    @property
    def path(self) -> Path:
        """Where the schema lies, below the folder of all schemas."""
        return Path(self.source) / f"{self.type}.v{self.version}.json"

    @property
    def subject(self) -> str:
        """Which id of its data the event is about, as its sample has it."""
        subject = self.sample["subject"]
        return next((key for key, value in self.sample["data"].items() if value == subject), "–")


def catalogue() -> list[Published]:
    """Every published event, by publisher and type."""
    heard = _subscribers()
    return [
        event
        for file in sorted(SERVICES.glob("*/contracts/published.py"))
        for event in _of_service(file.parent.parent.name, heard)
    ]


def _of_service(source: str, heard: dict[tuple[str, str], set[str]]) -> Iterator[Published]:
    module = importlib.import_module(f"services.{source}.contracts.published")
    for type_, sample in sorted(_samples(source).items()):
        schema = getattr(module, "SCHEMAS", {}).get(type_) or getattr(module, type_)
        promise = _first_sentences(schema)
        version = int(sample["dataschema"].rsplit("/", 1)[-1])
        yield Published(
            type=type_,
            source=source,
            version=version,
            promise=promise,
            schema=_json_schema(schema, f"linli:{source}:{type_}/{version}", type_, promise),
            sample=sample,
            subscribers=tuple(sorted(heard.get((source, type_), ()))),
        )


def _subscribers() -> dict[tuple[str, str], set[str]]:
    from shared.messaging.subscription import subscriptions_of

    found: dict[tuple[str, str], set[str]] = {}
    for name in all_services():
        for subscription in subscriptions_of(service_class(name)):
            for type_ in subscription.types:
                found.setdefault((subscription.source, type_), set()).add(name)
    return found


def _samples(source: str) -> dict[str, dict[str, Any]]:
    files = (SERVICES / source / "contracts" / "samples").glob("*.json")
    return {body["type"]: body for body in (json.loads(file.read_text(encoding="utf-8")) for file in files)}


def _json_schema(schema: Any, identifier: str, title: str, promise: str) -> dict[str, Any]:
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(title="events", version="1", openapi_version="3.1.0", plugins=[plugin])
    assert plugin.converter is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        body = plugin.converter.schema2jsonschema(schema())
    head = {"$schema": DIALECT, "$id": identifier, "title": title, "description": promise}
    made = head | _plain(body)
    if spec.components.schemas:
        made["$defs"] = _plain(dict(sorted(spec.components.schemas.items())))
    return made


def _name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return re.sub(r"(Schema|Data|V\d+)$", "", cls.__name__.lstrip("_"))


def _plain(body: Any) -> dict[str, Any]:
    """JSON with references within the schema, open to the fields that later versions gain."""
    made: dict[str, Any] = _open(json.loads(json.dumps(body).replace(_COMPONENTS, "#/$defs/")))
    return made


def _open(body: Any) -> Any:
    if isinstance(body, list):
        return [_open(one) for one in body]
    if isinstance(body, dict):
        return {
            key: _open(value)
            for key, value in body.items()
            if not (key == "additionalProperties" and value is False)
        }
    return body


def _first_sentences(schema: type) -> str:
    own = schema.__dict__.get("__doc__") or ""
    return " ".join(own.replace("``", "`").split("\n\n")[0].split())
