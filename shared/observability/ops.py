"""The address for those who run the platform: ``/metrics``, ``/health/live`` and ``/health/ready``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], bool]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def readiness(checks: Mapping[str, Check]) -> tuple[bool, dict[str, str]]:
    """Run every check; true when all hold, and what each said."""
    said: dict[str, str] = {}
    for name, check in checks.items():
        try:
            said[name] = "ready" if check() else "not ready"
        except Exception as error:
            said[name] = f"not ready: {type(error).__name__}"
    return all(state == "ready" for state in said.values()), said


def ops_application(
    checks: Mapping[str, Check],
    details: Mapping[str, Callable[[], str]] = {},
) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """A WSGI application; ready when every one of ``checks`` holds. ``details`` decide nothing."""

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path == "/metrics":
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [generate_latest()]
        if path == "/health/live":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [orjson.dumps({"status": "live"})]
        if path == "/health/ready":
            ready, said = readiness(checks)
            status = "200 OK" if ready else "503 Service Unavailable"
            start_response(status, [("Content-Type", "application/json")])
            answer: dict[str, Any] = {"status": "ready" if ready else "not ready", "checks": said}
            if details:
                answer["details"] = {name: tell() for name, tell in details.items()}
            return [orjson.dumps(answer)]
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"Try /metrics, /health/live or /health/ready.\n"]

    return application
