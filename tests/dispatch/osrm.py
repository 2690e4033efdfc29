"""A server that answers as OSRM's table service does, over loopback, and fails as it is told to."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from services.dispatch.domain.places import Position

_PATH = re.compile(r"/table/v1/(?P<profile>[a-z]+)/(?P<coordinates>[^/]+)\Z")


class FakeOsrm:
    """Streets are ``detour`` times as long as the great circle, and ridden at ``metres_per_second``.

    ``fails`` are what it does to the next requests instead: a code of OSRM's, a status, ``garbage``,
    ``short`` (a table too small), ``hang`` (until :meth:`release`) or ``drop``. ``cut_off`` has no streets.
    """

    def __init__(self, detour: float = 1.3, metres_per_second: float = 5.0, limit: int = 100) -> None:
        self.detour, self.metres_per_second, self.limit = detour, metres_per_second, limit
        self.fails: list[str | int] = []
        self.fails_always: str | int | None = None
        self.cut_off: set[tuple[float, float]] = set()
        self.asked: list[str] = []
        self.tables: list[tuple[int, int]] = []
        self._released = threading.Event()
        self.url = ""

    def release(self) -> None:
        self._released.set()

    def seconds(self, start: Position, end: Position) -> float:
        return start.metres_to(end) * self.detour / self.metres_per_second

    def answer(self, path: str) -> tuple[int, bytes] | None:
        """Status and body; ``None`` drops the connection."""
        self.asked.append(path)
        fault = self.fails.pop(0) if self.fails else self.fails_always
        if fault is not None:
            return self._fail(fault)
        url = urlsplit(path)
        found = _PATH.match(url.path)
        if found is None:
            return _said("InvalidUrl", "URL string malformed")
        places = [self._place(text) for text in found["coordinates"].split(";")]
        if any(place is None for place in places):
            return _said("InvalidQuery", "Query string malformed")
        query = {name: values[0] for name, values in parse_qs(url.query, separator="&").items()}
        chosen = []
        for name in ("sources", "destinations"):
            numbers = query.get(name, "all")
            try:
                one = range(len(places)) if numbers == "all" else [int(n) for n in numbers.split(";")]
            except ValueError:
                return _said("InvalidQuery", "Query string malformed")
            if any(not 0 <= number < len(places) for number in one):
                return _said("InvalidOptions", "Index out of bounds")
            chosen.append([place for number in one if (place := places[number]) is not None])
        sources, destinations = chosen
        if len(sources) * len(destinations) > self.limit**2:
            return _said("TooBig", "Too many table coordinates")
        self.tables.append((len(sources), len(destinations)))
        body: dict[str, Any] = {"code": "Ok", "sources": [], "destinations": []}
        wanted = query.get("annotations", "duration").split(",")
        if "duration" in wanted:
            body["durations"] = [[self._way(a, b, 1 / self.metres_per_second) for b in destinations] for a in sources]  # fmt: skip  # noqa: E501
        if "distance" in wanted:
            body["distances"] = [[self._way(a, b, 1) for b in destinations] for a in sources]
        return 200, json.dumps(body).encode()

    def _way(self, start: Position, end: Position, factor: float) -> float | None:
        if any((round(p.lon, 6), round(p.lat, 6)) in self.cut_off for p in (start, end)) and start != end:
            return None
        return round(start.metres_to(end) * self.detour * factor, 1)

    def _place(self, text: str) -> Position | None:
        try:
            lon, lat = map(float, text.split(","))
            return Position(lat=lat, lon=lon)
        except ValueError:
            return None

    def _fail(self, fault: str | int) -> tuple[int, bytes] | None:
        if isinstance(fault, int):
            return fault, b"<html>Bad Gateway</html>"
        match fault:
            case "drop":
                return None
            case "hang":
                self._released.wait(30)
                return None
            case "garbage":
                return 200, b"{nothing"
            case "short":
                return 200, json.dumps({"code": "Ok", "durations": [[0]]}).encode()
            case code:
                return _said(code, f"told to say {code}")


def _said(code: str, message: str) -> tuple[int, bytes]:
    return 400, json.dumps({"code": code, "message": message}).encode()


@contextmanager
def serving(osrm: FakeOsrm) -> Iterator[FakeOsrm]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = osrm.answer(self.path)
            if answer is None:
                self.close_connection = True
                return
            status, body = answer
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Requests are kept in ``asked``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    osrm.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield osrm
    finally:
        osrm.release()
        server.shutdown()
        server.server_close()
