"""The part of RabbitMQ's management API that gives rights and sets policies, in memory."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote


class FakeManagement:
    """Listens on 127.0.0.1 while it is entered; ``user`` with ``password`` may do everything."""

    def __init__(self, user: str, password: str) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.permissions: dict[tuple[str, str], dict[str, Any]] = {}
        self.policies: dict[tuple[str, str], dict[str, Any]] = {}
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Authorization") != f"Basic {login}":
                    status, answer = 401, None
                else:
                    path = [unquote(part) for part in self.path.removeprefix("/api/").split("/")]
                    status, answer = fake.answer(self.command, path, json.loads(body) if body else None)
                content = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_DELETE = _answer

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://{user}:{password}@127.0.0.1:{self._server.server_port}"

    def answer(self, method: str, path: list[str], body: Any) -> tuple[int, Any]:
        match method, path:
            case "GET", ["users", name]:
                return (200, self.users[name]) if name in self.users else (404, None)
            case "GET", ["users", name, "permissions"]:
                held = self.permissions.items()
                return 200, [rights | {"vhost": vhost} for (vhost, user), rights in held if user == name]
            case "PUT", ["users", name]:
                self.users[name] = body
            case "DELETE", ["users", name]:
                del self.users[name]
                self.permissions = {key: held for key, held in self.permissions.items() if key[1] != name}
            case "PUT", ["permissions", vhost, name] if name in self.users:
                self.permissions[vhost, name] = body
            case "GET", ["policies", vhost, name] if (vhost, name) in self.policies:
                return 200, self.policies[vhost, name]
            case "PUT", ["policies", vhost, name]:
                self.policies[vhost, name] = body
            case _:
                return 400, None
        return 204, None

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
