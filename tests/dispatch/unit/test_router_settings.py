"""Whom planners ask for travel times: said in the environment, and checked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from environs import EnvValidationError

from services.dispatch.application.travelling import TravelMemory
from services.dispatch.settings import read_settings
from shared.observability.ops import ops_application


def test_without_an_address_there_is_no_router(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().router is None
    monkeypatch.setenv("LINLI_DISPATCH_ROUTER_URL", "")
    assert read_settings().router is None


def test_a_router_is_read_with_all_that_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_DISPATCH_ROUTER_URL", "http://osrm:5000/backend")
    monkeypatch.setenv("LINLI_DISPATCH_ROUTER_PROFILE", "car")
    monkeypatch.setenv("LINLI_DISPATCH_ROUTER_PATIENCE_SECONDS", "0.25")
    monkeypatch.setenv("LINLI_DISPATCH_ROUTER_TABLE_LIMIT", "50")
    router = read_settings().router
    assert router is not None
    assert (router.url, router.profile, router.limit) == ("http://osrm:5000/backend", "car", 50)
    assert (router.travel.patience_seconds, router.travel.at_once) == (0.25, 50)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL", "osrm:5000"),
        ("URL", "ftp://osrm"),
        ("PROFILE", "bike/../car"),
        ("TIMEOUT_SECONDS", "0"),
        ("PATIENCE_SECONDS", "-1"),
        ("TABLE_LIMIT", "0"),
        ("CACHE_PAIRS", "3"),
    ],
)
def test_what_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("LINLI_DISPATCH_ROUTER_URL", "http://osrm:5000")
    monkeypatch.setenv(f"LINLI_DISPATCH_ROUTER_{name}", value)
    with pytest.raises(EnvValidationError, match=f"LINLI_DISPATCH_ROUTER_{name}"):
        read_settings()


def test_operators_are_told_how_travel_stands_and_it_decides_nothing() -> None:
    application = ops_application({"planner": lambda: True}, {"travel": TravelMemory(None).describe})
    said: list[str] = []

    def start(status: str, _headers: Any) -> None:
        said.append(status)

    (body,) = application({"PATH_INFO": "/health/ready"}, start)
    assert said == ["200 OK"]
    assert json.loads(body)["details"] == {"travel": "great_circle"}
