"""The OpenAPI 3.1 document, made from the table of routes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from services.gateway.contracts.fields import Id, Instant
from services.gateway.contracts.shapes import Problem
from services.gateway.domain.accounts import Role
from services.gateway.entrypoints.routing import Anyone, Key, Limit, Route

_ABOUT = """\
One order over many shops of a neighbourhood: look around, price a basket, place and pay an order, run a
shop, deliver, operate the platform.

**Conventions.** JSON in `snake_case`. Money is `{"amount": 1250, "currency": "CNY"}` in minor units. Times
are RFC 3339. Unknown fields and parameters are refused. Lists are pages: send `next_cursor` back as `cursor`.

**Signing in.** `POST /v1/accounts` or `POST /v1/tokens` give an access token, good for ten minutes, and a
refresh token. Send `Authorization: Bearer <access token>`.

**Doing things once.** A call that creates or pays needs an `Idempotency-Key` of your own. The same key with
the same request gets the same answer again, marked `Idempotency-Replayed: true`; with another request it is
refused (422); while the first is still running it is told to wait (409). Keys are kept for two days.

**Changing things safely.** Shops and listings carry an `ETag`; send it back as `If-Match` and the change is
made only if nobody else was faster (412 otherwise).

**Problems.** Whatever is refused is answered as `application/problem+json` with a stable `code`. `instance`
is the correlation id that every log line of the request carries; it is in `X-Correlation-Id` of every answer.
A UUID that you send in that header is taken over.
"""


def document(routes: Iterable[Route], version: str = "1.0.0") -> dict[str, Any]:
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    spec = APISpec(
        title="Linli",
        version=version,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": _ABOUT},
        servers=[{"url": "/"}],
    )
    converter = plugin.converter
    assert converter is not None
    converter.map_to_openapi_type(Id, "string", "uuid")
    converter.map_to_openapi_type(Instant, "string", "date-time")
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.schema("Problem", schema=Problem)
    tags: list[str] = []
    for route in routes:
        if not route.documented:
            continue
        if route.tag not in tags:
            tags.append(route.tag)
            spec.tag({"name": route.tag})
        spec.path(path=route.path, operations={route.method.lower(): _operation(route)})
    made: dict[str, Any] = spec.to_dict()
    return made


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "security": _security(route),
        "x-roles": _roles(route),
        "responses": _responses(route),
    }
    if route.description:
        operation["description"] = route.description
    if parameters := _parameters(route):
        operation["parameters"] = parameters
    if route.raw_body:
        taken = route.takes or ("application/json",)
        operation["requestBody"] = {"required": True, "content": {media: {"schema": {}} for media in taken}}
    elif route.body is not None:
        required = any(field.required for field in route.body().fields.values())
        operation["requestBody"] = {
            "required": required,
            "content": {"application/json": {"schema": route.body}},
        }
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"type": "string", "format": "uuid"} if name.endswith("_id") else {"type": "string"},
        }
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    if route.query is not None:
        parameters.append({"in": "query", "schema": route.query})
    if route.key is not Key.NONE:
        parameters.append(
            {
                "in": "header",
                "name": "Idempotency-Key",
                "required": True,
                "description": "Any text of your own that is new for each new request.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        )
    if route.versioned and route.method == "PATCH":
        parameters.append(
            {
                "in": "header",
                "name": "If-Match",
                "description": "The ETag of what is being changed.",
                "schema": {"type": "string"},
            }
        )
    return parameters


def _responses(route: Route) -> dict[str, Any]:
    status = route.status if route.answer is not None or route.gives else 204
    done: dict[str, Any] = {"description": "Done" if status != 201 else "Made"}
    headers: dict[str, Any] = {}
    if route.answer is not None:
        done["content"] = {"application/json": {"schema": route.answer}}
    elif route.gives:
        done["content"] = {media: {"schema": {}} for media in route.gives}
    if route.versioned:
        headers["ETag"] = _header("The version of what is answered.")
    if route.location is not None:
        headers["Location"] = _header("Where it can be read.")
    if route.key is not Key.NONE:
        headers["Idempotency-Replayed"] = _header("`true` when the answer was given before.")
    if headers:
        done["headers"] = headers
    responses = {str(status): done}
    refusals = list(route.refusals)
    if isinstance(route.roles, Anyone) is False:
        responses["401"] = _problem("Not signed in, or no longer")
        responses["403"] = _problem("Not open to this role")
    if route.key is not Key.NONE:
        responses["409"] = _problem("The state does not allow it, or the same request is still running")
    if "{" in route.path:
        responses["404"] = _problem("There is no such thing, or the caller may not see it")
    if route.versioned and route.method == "PATCH":
        responses["412"] = _problem("It was changed in the meantime")
    if route.body is not None or route.query is not None:
        responses["422"] = _problem("Understood, and refused; `errors` names the fields at fault")
    responses["429"] = _problem("Too many requests; `Retry-After` says when to come back")
    codes = f" Codes: {', '.join(f'`{code}`' for code in refusals)}." if refusals else ""
    responses["default"] = _problem(f"Refused, or failed.{codes}")
    return responses


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": {"schema": "Problem"}}}


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _security(route: Route) -> list[dict[str, list[str]]]:
    if not isinstance(route.roles, Anyone):
        return [{"bearer": []}]
    return [] if route.limit is Limit.SIGN_INS or route.raw_body else [{}, {"bearer": []}]


def _roles(route: Route) -> list[str]:
    if isinstance(route.roles, Anyone):
        return ["anyone"]
    return [role.value for role in Role if role in route.roles]


def _schema_name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return cls.__name__
