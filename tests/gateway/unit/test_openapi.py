"""The OpenAPI document is made from the routes, is valid, and leaves none out."""

from __future__ import annotations

import re

from openapi_spec_validator import OpenAPIV31SpecValidator

from services.gateway.entrypoints.openapi import document
from services.gateway.entrypoints.routes import ALL
from services.gateway.entrypoints.routing import ANYONE, Key
from tests.gateway.builders import DOCUMENTED, World


def test_the_document_is_valid_openapi_3_1() -> None:
    made = document(ALL)
    assert made["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(made).validate()


def test_every_route_is_in_the_document_with_its_roles_and_schemas() -> None:
    paths = document(ALL)["paths"]
    operations = {(path, method) for path, item in paths.items() for method in item}
    assert operations == {(route.path, route.method.lower()) for route in DOCUMENTED}
    for route in DOCUMENTED:
        operation = paths[route.path][route.method.lower()]
        parameters = {(one["in"], one["name"]) for one in operation.get("parameters", [])}
        expected = {("path", name) for name in re.findall(r"\{(\w+)\}", route.path)}
        if route.query:
            expected |= {("query", name) for name in route.query().fields}
        if route.key is not Key.NONE:
            expected.add(("header", "Idempotency-Key"))
        if route.versioned and route.method == "PATCH":
            expected.add(("header", "If-Match"))
        assert parameters == expected, route.name
        assert ("requestBody" in operation) == (route.body is not None or route.raw_body), route.name
        assert str(route.status if route.answer or route.gives else 204) in operation["responses"]
        assert operation["x-roles"] == (
            ["anyone"]
            if route.roles is ANYONE
            else [role.value for role in type(min(route.roles)) if role in route.roles]
        )
        assert operation["security"] == (
            [{"bearer": []}] if route.roles is not ANYONE else operation["security"]
        )


def test_every_refusal_is_described_as_a_problem() -> None:
    for item in document(ALL)["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    schema = response["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}


def test_unknown_fields_are_refused_by_the_document_too() -> None:
    made = document(ALL)
    schema = made["components"]["schemas"]["Basket"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["lines", "drop_off"] or set(schema["required"]) == {"lines", "drop_off"}


def test_the_document_is_served() -> None:
    response = World().ask("GET", "/openapi.json")
    assert response.status_code == 200
    assert response.json == document(ALL)
