"""A platform's archive of events in memory, which speaks `GET /v1/events` and `POST /v1/tokens`."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

EMAIL, PASSWORD = "ana@example.org", "p@ss/word"


class FakeArchive:
    """Listens on 127.0.0.1 from :meth:`start` to :meth:`stop`, at the same port each time."""

    def __init__(self) -> None:
        self.first = 0
        self.events: list[bytes] = []
        self.tokens: set[str] = set()
        self._news = threading.Condition()
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    def publish(self, *bodies: bytes) -> None:
        with self._news:
            self.events += bodies
            self._news.notify_all()

    def forget_before(self, offset: int) -> None:
        """Keep no event before ``offset``."""
        self.first = offset

    def sign_everybody_out(self) -> None:
        self.tokens.clear()

    def start(self) -> None:
        archive = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                login = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if login != {"email": EMAIL, "password": PASSWORD}:
                    self._say(401, {"detail": "Unknown, or another password."})
                    return
                token = f"token-{len(archive.tokens)}-{id(login)}"
                archive.tokens.add(token)
                self._say(201, {"access_token": token})

            def do_GET(self) -> None:
                if self.headers["Authorization"].removeprefix("Bearer ") not in archive.tokens:
                    self._say(401, {"detail": "Sign in."})
                    return
                self._say(200, archive.page(parse_qs(urlsplit(self.path).query)))

            def _say(self, status: int, answer: Any) -> None:
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Be gone, with every connection that there is."""
        if self._server is not None:
            self._server.shutdown()
            self._server.close_connections()
            self._server.server_close()
            self._server = None

    def page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        asked, limit = int(query["offset"][0]), int(query["limit"][0])
        types = set(filter(None, query.get("types", [""])[0].split(",")))
        subjects = set(filter(None, query.get("subjects", [""])[0].split(",")))
        with self._news:
            if asked >= len(self.events):
                self._news.wait(float(query.get("wait_seconds", ["0"])[0]))
            items: list[dict[str, Any]] = []
            offset = max(asked, self.first)
            while offset < len(self.events) and len(items) < limit:
                event = json.loads(self.events[offset])
                if (not types or event["type"] in types) and (not subjects or event["subject"] in subjects):
                    items.append({"offset": offset, "event": event})
                offset += 1
            return {
                "items": items,
                "next_offset": offset,
                "first_offset": self.first,
                "last_offset": len(self.events) - 1,
            }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *arguments: Any) -> None:
        self._open: set[Any] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        for request in list(self._open):
            self.shutdown_request(request)

    def handle_error(self, *_: object) -> None:
        """A client that has gone is no news."""
